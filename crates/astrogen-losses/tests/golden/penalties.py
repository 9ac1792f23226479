"""Golden values of the gradient penalties, by PyTorch's double backward.

Run with PyTorch 2.13 and safetensors: `python penalties.py` rewrites `penalties.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine.

Critics, with LeakyReLU 0.2 between the layers and biases everywhere:

- `mlp`: Linear 12-16-16-1, batch 8
- `conv`: Conv2d 3-8-16-1 at 16 px, kernel 4, strides 2, 2, 1, padding 1, 1, 0, batch 4
- `wide`: Linear 12-128-128-128-1, batch 200, all values from the formula `wave` below, so
  that only its results are stored; two-sided and in float64 only

Weight 10, target 1. Keys of the first two, all float64 but for `f32.`:

- `CRITIC.weight.0.weight` ...: the critic's parameters, by their names in the Sequential
- `CRITIC.real`, `CRITIC.fake`, `CRITIC.interpolation` [N], `CRITIC.noise`: the inputs
- `CRITIC.KIND.points`: where the penalty is taken (float32 runs take them rounded)
- `CRITIC.KIND.f64.value`, `.norm`, `.gradient.0.weight` ...: the penalty, the mean gradient
  norm, and the penalty's gradients at all weights; `.f32.` the same, all in float32

and `wide.value`, `wide.norm`, `wide.gradient.0.weight` ...
"""

from copy import deepcopy
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

KINDS = ("two_sided", "one_sided", "dragan", "r1", "r2")
WEIGHT, TARGET = 10.0, 1.0

torch.set_num_threads(1)
torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def mlp(*widths):
    layers = [nn.Linear(widths[0], widths[1])]
    for inputs, outputs in zip(widths[1:], widths[2:]):
        layers += [nn.LeakyReLU(0.2), nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)


def conv():
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(8, 16, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(16, 1, 4, 1, 0),
    )


def place(kind, real, fake, weights, noise):
    """Where a penalty is taken."""
    w = weights.view(-1, *[1] * (real.dim() - 1))
    if kind in ("two_sided", "one_sided"):
        return w * real + (1 - w) * fake
    if kind == "dragan":
        return real + (1 - w) * 0.5 * real.std() * noise
    return real if kind == "r1" else fake


def penalise(kind, critic, points):
    """The penalty's value, the mean norm and the penalty's gradients at all weights."""
    points = points.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    squares = gradient.flatten(1).square().sum(1)
    norms = (squares + 1e-12).sqrt()
    if kind in ("two_sided", "dragan"):
        value = WEIGHT * (norms - TARGET).square().mean()
    elif kind == "one_sided":
        value = WEIGHT * (norms - TARGET).relu().square().mean()
        # Both branches must be seen.
        assert 0 < (norms > TARGET).sum() < len(norms), norms
    else:
        value = WEIGHT / 2 * squares.mean()
    names = [name for name, _ in critic.named_parameters() if name.endswith("weight")]
    weights = [dict(critic.named_parameters())[name] for name in names]
    gradients = torch.autograd.grad(value, weights)
    return value.detach(), norms.mean().detach(), dict(zip(names, gradients))


def record(golden, prefix, kind, critic, points):
    # Far enough from the kinks that rounding the points moves none of them across.
    signals = [points]
    for layer in critic:
        if isinstance(layer, nn.LeakyReLU) and points.dtype == torch.float64:
            assert signals[-1].abs().min() > 2e-7, signals[-1].abs().min()
        signals.append(layer(signals[-1]))
    value, norm, gradients = penalise(kind, critic, points)
    golden |= {f"{prefix}.value": value, f"{prefix}.norm": norm}
    golden |= {f"{prefix}.gradient.{name}": gradient for name, gradient in gradients.items()}


def small(golden, name, critic, gain, shape):
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter *= gain
    # An offset a sample spreads the gradient norms to both sides of the target.
    offset = torch.linspace(-2, 2, shape[0]).view(-1, *[1] * (len(shape) - 1))
    real, fake = offset + torch.randn(shape), offset + 0.5 + 0.7 * torch.randn(shape)
    weights, noise = torch.rand(shape[0]), torch.rand(shape)
    golden |= {f"{name}.weight.{key}": p.detach().clone() for key, p in critic.named_parameters()}
    golden |= {
        f"{name}.real": real, f"{name}.fake": fake,
        f"{name}.interpolation": weights, f"{name}.noise": noise,
    }
    for kind in KINDS:
        points = place(kind, real, fake, weights, noise)
        golden[f"{name}.{kind}.points"] = points.clone()
        record(golden, f"{name}.{kind}.f64", kind, critic, points)
        record(golden, f"{name}.{kind}.f32", kind, deepcopy(critic).float(), points.float())


def wave(shape, phase):
    """Values in [-1, 1] that any language can make: sin(phase + 1.7 i + 0.37 i^2)."""
    i = torch.arange(torch.Size(shape).numel())
    return torch.sin(phase + 1.7 * i + 0.37 * (i * i % 9973)).view(shape)


def wide(golden):
    critic = mlp(12, 128, 128, 128, 1)
    with torch.no_grad():
        for i, parameter in enumerate(critic.parameters()):
            fan_in = parameter.shape[-1] if parameter.dim() == 2 else 100
            parameter.copy_(wave(parameter.shape, i) * (3 / fan_in) ** 0.5)
    record(golden, "wide", "two_sided", critic, 2 * wave((200, 12), 0.5))


golden = {}
small(golden, "mlp", mlp(12, 16, 16, 1), 2.2, (8, 12))
small(golden, "conv", conv(), 2.29, (4, 3, 16, 16))
wide(golden)
path = Path(__file__).with_suffix(".safetensors")
save_file({key: value.contiguous() for key, value in golden.items()}, path)
