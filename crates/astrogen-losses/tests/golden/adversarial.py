"""Golden values of the adversarial loss, from PyTorch's BCEWithLogitsLoss.

Run with PyTorch 2.13: `python adversarial.py` rewrites `adversarial.json` beside it.

Everything is in float64. For each `real_label`: the discriminator's two parts and the
gradients of their sum at both sets of logits; and the generator's loss (towards label 1)
with its gradient at the fakes' logits.
"""

import json
from pathlib import Path

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

torch.set_default_dtype(torch.float64)

REAL = [-30.0, -3.5, -0.25, 0.0, 0.7, 4.0, 18.0, 25.0]
FAKE = [-40.0, -21.0, -2.0, -0.1, 0.3, 5.5, 33.0]


def case(real_label):
    real = torch.tensor(REAL, requires_grad=True)
    fake = torch.tensor(FAKE, requires_grad=True)
    real_part = bce(real, torch.full_like(real, real_label))
    fake_part = bce(fake, torch.zeros_like(fake))
    (real_part + fake_part).backward()
    return {
        "real_label": real_label,
        "real": real_part.item(),
        "fake": fake_part.item(),
        "real_gradient": real.grad.tolist(),
        "fake_gradient": fake.grad.tolist(),
    }


def generator():
    fake = torch.tensor(FAKE, requires_grad=True)
    loss = bce(fake, torch.ones_like(fake))
    loss.backward()
    return {"loss": loss.item(), "gradient": fake.grad.tolist()}


golden = {
    "torch": torch.__version__,
    "real_logits": REAL,
    "fake_logits": FAKE,
    "discriminator": [case(label) for label in (1.0, 0.9, 0.5)],
    "generator": generator(),
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
