"""Golden values of a small multilayer perceptron and of its gradient penalty.

Run with PyTorch 2.13 and safetensors: `python mlp.py` rewrites `mlp.safetensors` beside it. One
thread and a fixed seed make the file the same each time on one machine.

The network is Linear 5-8-8-1 with LeakyReLU 0.2; its weights are wider than those of a new one,
so that slopes and penalties are of order 1.

Keys (float32 but for the penalty, which is float64, from the float32 weights):

- `mlp.net.0.weight` ...: weights
- `mlp.points` [6, 5], `mlp.outputs` [6, 1]: inputs and outputs
- `penalty.mlp.value`, `penalty.mlp.norm` (mean |g|), `penalty.mlp.grad...`: 10 mean (|g| - 1)^2
  with |g| = sqrt(sum g^2 + 1e-12), the epsilon inside the root, and g = dC/dx at the points by
  `autograd.grad(create_graph=True)`, and its gradients by every weight and bias
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

WEIGHT = 10.0


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(5, 8), nn.LeakyReLU(0.2), nn.Linear(8, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)
        )

    def forward(self, xs):
        return self.net(xs)


torch.manual_seed(20170331)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


mlp = Mlp()
for layer in mlp.net:
    if isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, 0.0, (2.0 / layer.in_features) ** 0.5)
        nn.init.normal_(layer.bias, 0.0, 0.1)
keep("mlp", mlp.state_dict().items())
points = golden["mlp.points"] = torch.randn(6, 5)
golden["mlp.outputs"] = mlp(points).detach()

mlp.double()
points = points.double().requires_grad_(True)
(gradient,) = torch.autograd.grad(mlp(points).sum(), points, create_graph=True)
norms = (gradient.square().sum(1) + 1e-12).sqrt()
value = WEIGHT * (norms - 1).square().mean()
value.backward()
keep("penalty.mlp", (("value", value), ("norm", norms.mean())))
# A bias that the penalty does not depend on has no gradient, or one of 0.
named = mlp.named_parameters()
keep("penalty.mlp.grad", ((n, torch.zeros_like(p) if p.grad is None else p.grad) for n, p in named))

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
for name in ("penalty.mlp.value", "penalty.mlp.norm"):
    print(name, golden[name])
