"""Golden values of normalizing flows: zuko's, and GalacticFlow's layers written out.

Run with PyTorch 2.13, zuko 1.6 and safetensors: `python flows.py` rewrites `flows.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine. All
numbers are float64; weights are those of new networks, each hidden and last layer twice as wide,
so that the transforms are far from the identity.

GalacticFlow's layers are written here from their description: pairs of a linear map
`y = x W` with `W = P L (U + diag S)` and a double coupling. The second half of the features is
transformed given the first, then the first given the transformed second. A spline's parameters
are `net_cond(context) * net(half)`, per feature K widths, K heights and K - 1 slopes: softmax
times twice the bound, and softplus; slopes at the ends are 1, and outside the box the map is the
identity. Every layer of the networks has a LeakyReLU of slope 0.2 behind it.

Keys, for each case `MEMBER.DxC` of D features and C context values (transforms and widths below):

- `CASE.weights...`: the state_dict
- `CASE.x` [20, D], `CASE.context` [20, C] where there is one
- `CASE.z` [20, D], `CASE.ladj` [20], `CASE.log_prob` [20]: what the flow makes of `x`
- `CASE.back` [20, D]: the features of `CASE.latents` [20, D]; zuko finds polynomials' to 1e-6 and
  in [-10, 10] only

The first four rows of `x` hold values beyond every spline's box.

It prints how far zuko in single precision is from these numbers with the same weights.
"""

import copy
import math
from pathlib import Path

import torch
import torch.nn.functional as F
import zuko
from safetensors.torch import save_file
from torch import nn

SIZES = [(2, 0), (3, 2), (5, 3)]
SHAPE = {(2, 0): (2, (8,)), (3, 2): (2, (16, 12)), (5, 3): (3, (12, 12))}
ROWS = 20


class Nice(zuko.flows.NICE):
    """zuko's couplings with additive functions."""

    def __init__(self, features, context, **kwargs):
        super().__init__(
            features, context, univariate=zuko.transforms.AdditiveTransform, shapes=[()], **kwargs
        )


MEMBERS = {
    "nice": Nice,
    "real_nvp": zuko.flows.NICE,
    "maf": zuko.flows.MAF,
    "nsf": zuko.flows.NSF,
    "nsf_coupling": lambda *args, **kwargs: zuko.flows.NSF(*args, passes=2, **kwargs),
    "ncsf": zuko.flows.NCSF,
    "sospf": zuko.flows.SOSPF,
    "bpf": zuko.flows.BPF,
}


def net(inputs, outputs, hidden):
    layers, width = [], inputs
    for n in (*hidden, outputs):
        layers += [nn.Linear(width, n), nn.LeakyReLU(0.2)]
        width = n
    return nn.ModuleDict({"network": nn.Sequential(*layers)})


def spline(x, parameters, bins, bound):
    widths, heights, slopes = parameters.split((bins, bins, bins - 1), dim=-1)
    edges = lambda raw: F.pad(torch.cumsum(raw.softmax(-1) * 2 * bound, -1), (1, 0)) - bound
    xs, ys = edges(widths), edges(heights)
    slopes = F.pad(F.softplus(slopes), (1, 1), value=1.0)
    inside = (x > -bound) & (x < bound)
    k = (torch.where(inside, x, 0.0).unsqueeze(-1) >= xs[..., 1:-1]).sum(-1, keepdim=True)
    at = lambda of, k: of.gather(-1, k).squeeze(-1)
    x0, x1, y0, y1 = at(xs, k), at(xs, k + 1), at(ys, k), at(ys, k + 1)
    d0, d1 = at(slopes, k), at(slopes, k + 1)
    s = (y1 - y0) / (x1 - x0)
    t = (x - x0) / (x1 - x0)
    below = s + (d0 + d1 - 2 * s) * t * (1 - t)
    y = y0 + (y1 - y0) * (s * t**2 + d0 * t * (1 - t)) / below
    slope = s**2 * (d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2) / below**2
    return torch.where(inside, y, x), torch.where(inside, slope.log(), 0.0)


class Galactic(nn.Module):
    def __init__(self, features, context, transforms, hidden, bins=8, bound=3.0):
        super().__init__()
        self.half, self.bins, self.bound = features // 2, bins, bound
        layers = []
        for _ in range(transforms):
            p, lower, upper = torch.linalg.lu(nn.init.orthogonal_(torch.empty(features, features)))
            linear = nn.ParameterDict({"S": upper.diagonal(), "L": lower, "U": upper.triu(1)})
            linear.register_buffer("P", p)
            outputs = self.half * (3 * bins - 1)
            couple = nn.ModuleDict({f"net{i}": net(self.half, outputs, hidden) for i in (1, 2)})
            if context:
                couple.update({f"net_cond{i}": net(context, outputs, hidden) for i in (1, 2)})
            layers += [linear, couple]
        self.layers = nn.ModuleList(layers)

    def matrix(self, linear):
        eye = torch.eye(2 * self.half)
        return linear.P @ (linear["L"].tril(-1) + eye) @ (linear["U"].triu(1) + linear["S"].diag())

    def parameters_of(self, couple, i, half, context):
        out = couple[f"net{i}"]["network"](half)
        if context is not None:
            out = out * couple[f"net_cond{i}"]["network"](context)
        return out.unflatten(-1, (self.half, 3 * self.bins - 1))

    def forward(self, x, context):
        ladj = torch.zeros(len(x))
        for linear, couple in zip(self.layers[::2], self.layers[1::2]):
            x = x @ self.matrix(linear)
            ladj = ladj + linear["S"].abs().log().sum()
            first, second = x[:, : self.half], x[:, self.half :]
            of = lambda i, half: self.parameters_of(couple, i, half, context)
            second, a = spline(second, of(1, first), self.bins, self.bound)
            first, b = spline(first, of(2, second), self.bins, self.bound)
            x, ladj = torch.cat((first, second), -1), ladj + a.sum(-1) + b.sum(-1)
        return x, ladj


def widen(module):
    for name, parameter in module.named_parameters():
        if name.endswith("weight") and not name.endswith(".0.weight"):
            parameter.data *= 2


def inputs(features, context):
    x = torch.randn(ROWS, features)
    x[:4] *= 8
    return x, torch.randn(ROWS, context) if context else None


def single_precision_error(flow, x, context, ladj):
    """The largest error of the log determinant, relative where it is above 1."""
    context = context.float() if context is not None else None
    transform = copy.deepcopy(flow).float()(context).transform
    error = transform.call_and_ladj(x.float())[1].double() - ladj
    return (error.abs() / ladj.abs().clamp_min(1)).max().item()


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    values = {}

    def keep(case, module, x, context, **more):
        for name, tensor in module.state_dict().items():
            if not name.startswith("base."):
                values[f"{case}.weights.{name}"] = tensor.contiguous().clone()
        values[f"{case}.x"] = x
        if context is not None:
            values[f"{case}.context"] = context
        for name, tensor in more.items():
            values[f"{case}.{name}"] = tensor.detach().contiguous().clone()

    for seed, (member, make) in enumerate(MEMBERS.items()):
        for features, context in SIZES:
            torch.manual_seed(seed)
            transforms, hidden = SHAPE[features, context]
            flow = make(features, context, transforms=transforms, hidden_features=hidden)
            widen(flow)
            x, c = inputs(features, context)
            if member == "ncsf":
                x = torch.remainder(x + math.pi, 2 * math.pi) - math.pi
            given = flow(c)
            z, ladj = given.transform.call_and_ladj(x)
            # Behind a soft clip not every latent has features: those of `x` have.
            latents = z.clone() if member == "sospf" else torch.randn(ROWS, features)
            case = f"{member}.{features}x{context}"
            keep(
                case, flow, x, c,
                z=z, ladj=ladj, log_prob=given.log_prob(x),
                latents=latents, back=given.transform.inv(latents),
            )
            print(f"{case}: {single_precision_error(flow, x, c, ladj):.1e}")

    normal = torch.distributions.Normal(0.0, 1.0)
    for features, context in [(2, 0), (4, 2)]:
        torch.manual_seed(100)
        flow = Galactic(features, context, transforms=2, hidden=(10, 10))
        widen(flow)
        x, c = inputs(features, context)
        z, ladj = flow(x, c)
        keep(
            f"galactic.{features}x{context}", flow, x, c,
            z=z, ladj=ladj, log_prob=normal.log_prob(z).sum(-1) + ladj,
            latents=z, back=x,
        )
    save_file(values, Path(__file__).with_name("flows.safetensors"))


main()
