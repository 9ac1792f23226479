"""Golden values of the adversarial loss families and of LeCam, from PyTorch.

Run with PyTorch 2.13: `python families.py` rewrites `families.json` beside it.

Everything is in float64. For each family: the critic's loss with its gradients at both sets
of scores, and the generator's loss with its gradient at the fakes' scores.
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)

REAL = [-30.0, -3.5, -0.25, 0.1, 0.7, 4.0, 18.0]
FAKE = [-40.0, -21.0, -2.0, -0.1, 0.3, 5.5, 33.0]
REAL_AVERAGE, FAKE_AVERAGE = 1.25, -0.75

FAMILIES = {
    "wasserstein": (
        lambda real, fake: fake.mean() - real.mean(),
        lambda real, fake: -fake.mean(),
    ),
    "hinge": (
        # The margin loss max(0, 1 - y x), as PyTorch has it.
        lambda real, fake: F.margin_ranking_loss(
            real, torch.zeros_like(real), torch.ones_like(real), margin=1.0
        )
        + F.margin_ranking_loss(fake, torch.zeros_like(fake), -torch.ones_like(fake), margin=1.0),
        lambda real, fake: -fake.mean(),
    ),
    "least_squares": (
        lambda real, fake: 0.5 * F.mse_loss(real, torch.ones_like(real))
        + 0.5 * F.mse_loss(fake, torch.zeros_like(fake)),
        lambda real, fake: 0.5 * F.mse_loss(fake, torch.ones_like(fake)),
    ),
    "relativistic": (
        lambda real, fake: F.binary_cross_entropy_with_logits(real - fake, torch.ones_like(real)),
        lambda real, fake: F.binary_cross_entropy_with_logits(fake - real, torch.ones_like(real)),
    ),
    "lecam": (
        lambda real, fake: (real - FAKE_AVERAGE).relu().pow(2).mean()
        + (REAL_AVERAGE - fake).relu().pow(2).mean(),
        None,
    ),
}


def evaluate(loss):
    real = torch.tensor(REAL, requires_grad=True)
    fake = torch.tensor(FAKE, requires_grad=True)
    value = loss(real, fake)
    value.backward()
    gradient = lambda scores: None if scores.grad is None else scores.grad.tolist()
    return {
        "loss": value.item(),
        "real_gradient": gradient(real),
        "fake_gradient": gradient(fake),
    }


golden = {
    "torch": torch.__version__,
    "real_scores": REAL,
    "fake_scores": FAKE,
    "real_average": REAL_AVERAGE,
    "fake_average": FAKE_AVERAGE,
    "families": {
        name: {
            player: evaluate(loss)
            for player, loss in zip(("critic", "generator"), losses)
            if loss is not None
        }
        for name, losses in FAMILIES.items()
    },
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
