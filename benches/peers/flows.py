"""Conditional normalizing flows: zuko's, and GalacticFlow's layers written out.

10 features, 20 context values and hidden layers of 128-128 (GalacticFlow: 4 context values and
128-128-128). Samples are drawn for 100,000 contexts, one each (sums of squares: 10,000), as zuko's
users do it, in one call; a million are 100,000 at a time, as they do not fit the memory of many
machines at once; GalacticFlow's are 100,000 stars of one galaxy, 10,000 at a time.
"""

import torch
import torch.nn.functional as F
import zuko
from torch import nn, optim

from wgan_gp import Row

FEATURES, CONTEXT, BATCH, MANY, ROWS_A_BATCH = 10, 20, 1024, 100_000, 10_000
WIDTHS = {"hidden_features": (128, 128)}


class Nice(zuko.flows.NICE):
    """zuko's couplings with additive functions."""

    def __init__(self, *args, **kwargs):
        univariate = zuko.transforms.AdditiveTransform
        super().__init__(*args, univariate=univariate, shapes=[()], **kwargs)


def net(inputs, outputs):
    layers, width = [], inputs
    for n in (128, 128, 128, outputs):
        layers += [nn.Linear(width, n), nn.LeakyReLU(0.2)]
        width = n
    return nn.ModuleDict({"network": nn.Sequential(*layers)})


class Splines:
    """Rational-quadratic splines, the identity outside the box."""

    def __init__(self, parameters, bins, bound):
        widths, heights, slopes = parameters.split((bins, bins, bins - 1), dim=-1)
        self.xs, self.ys = self.edges(widths, bound), self.edges(heights, bound)
        self.slopes = F.pad(F.softplus(slopes), (1, 1), value=1.0)
        self.bound = bound

    @staticmethod
    def edges(raw, bound):
        return F.pad(torch.cumsum(raw.softmax(-1) * 2 * bound, -1), (1, 0)) - bound

    def bin(self, edges, values):
        inside = (values > -self.bound) & (values < self.bound)
        k = torch.searchsorted(edges[..., 1:-1].contiguous(), values.unsqueeze(-1))
        at = lambda of, k: of.gather(-1, k).squeeze(-1)
        x0, y0, d0 = at(self.xs, k), at(self.ys, k), at(self.slopes, k)
        x1, y1, d1 = at(self.xs, k + 1), at(self.ys, k + 1), at(self.slopes, k + 1)
        return inside, x0, x1 - x0, y0, y1 - y0, d0, d1

    def forward(self, x):
        inside, x0, width, y0, height, d0, d1 = self.bin(self.xs, x)
        s, t = height / width, (x - x0) / width
        tu = t * (1 - t)
        below = s + (d0 + d1 - 2 * s) * tu
        y = y0 + height * (s * t**2 + d0 * tu) / below
        slope = s**2 * (d1 * t**2 + 2 * s * tu + d0 * (1 - t) ** 2) / below**2
        return torch.where(inside, y, x), torch.where(inside, slope, 1.0).log()

    def inverse(self, y):
        inside, x0, width, y0, height, d0, d1 = self.bin(self.ys, y)
        s, above = height / width, y - y0
        curve = d0 + d1 - 2 * s
        a, b, c = height * (s - d0) + above * curve, height * d0 - above * curve, -s * above
        t = 2 * c / (-b - (b**2 - 4 * a * c).clamp(min=0).sqrt())
        return torch.where(inside, x0 + t * width, y)


class Galactic(nn.Module):
    """Pairs of a linear map and a double coupling."""

    def __init__(self, features=FEATURES, context=4, transforms=14, bins=8, bound=3.0):
        super().__init__()
        self.half, self.bins, self.bound = features // 2, bins, bound
        layers, outputs = [], self.half * (3 * bins - 1)
        for _ in range(transforms):
            p, lower, upper = torch.linalg.lu(nn.init.orthogonal_(torch.empty(features, features)))
            linear = nn.ParameterDict({"S": upper.diagonal(), "L": lower, "U": upper.triu(1)})
            linear.register_buffer("P", p)
            couple = {f"net{i}": net(self.half, outputs) for i in (1, 2)}
            couple |= {f"net_cond{i}": net(context, outputs) for i in (1, 2)}
            layers += [linear, nn.ModuleDict(couple)]
        self.layers = nn.ModuleList(layers)

    def matrix(self, linear):
        lower = linear["L"].tril(-1) + torch.eye(2 * self.half)
        return linear.P @ lower @ (linear["U"].triu(1) + linear["S"].diag())

    def splines(self, couple, i, half, context):
        out = couple[f"net{i}"]["network"](half) * couple[f"net_cond{i}"]["network"](context)
        return Splines(out.unflatten(-1, (self.half, -1)), self.bins, self.bound)

    def log_prob(self, x, context):
        ladj = 0
        for linear, couple in zip(self.layers[::2], self.layers[1::2]):
            first, second = (x @ self.matrix(linear)).split(self.half, -1)
            second, a = self.splines(couple, 1, first, context).forward(second)
            first, b = self.splines(couple, 2, second, context).forward(first)
            x = torch.cat((first, second), -1)
            ladj = ladj + linear["S"].abs().log().sum() + (a + b).sum(-1)
        return torch.distributions.Normal(0, 1).log_prob(x).sum(-1) + ladj

    def inverse(self, z, context):
        layers = list(zip(self.layers[::2], self.layers[1::2]))
        for linear, couple in reversed(layers):
            first, second = z.split(self.half, -1)
            first = self.splines(couple, 2, second, context).inverse(first)
            second = self.splines(couple, 1, first, context).inverse(second)
            z = torch.cat((first, second), -1) @ self.matrix(linear).inverse()
        return z


def flow(name):
    match name:
        case "maf":
            return zuko.flows.MAF(FEATURES, CONTEXT, transforms=10, **WIDTHS)
        case "nice":
            return Nice(FEATURES, CONTEXT, transforms=10, **WIDTHS)
        case "nsf":
            return zuko.flows.NSF(FEATURES, CONTEXT, transforms=5, bins=8, **WIDTHS)
        case "sospf":
            return zuko.flows.SOSPF(FEATURES, CONTEXT, transforms=3, **WIDTHS)
        case "galactic":
            return Galactic()


class FlowRow(Row):
    """A flow, features and contexts. Tensors: `flow...`, `x`, `context`, `latent`, 1,024 rows each."""

    def __init__(self, name):
        module = flow(name)
        self.galactic, self.flow = name == "galactic", module
        values = 4 if self.galactic else CONTEXT
        inputs = {
            "x": torch.randn(BATCH, FEATURES),
            "context": torch.randn(BATCH, values),
            "latent": 0.1 * torch.randn(BATCH, FEATURES),
        }
        super().__init__({"flow": module}, inputs)
        # What the base is made of is a constant.
        state = self.states["flow"]
        self.states["flow"] = {name: of for name, of in state.items() if not name.startswith("base")}

    def log_prob(self, x, context):
        return self.flow.log_prob(x, context) if self.galactic else self.flow(context).log_prob(x)


class Sample(FlowRow):
    """Outputs: the means of what given latents become."""

    def __init__(self, name, rows):
        super().__init__(name)
        context = self.inputs["context"]
        if self.galactic:
            self.contexts = context[:1].expand(rows, -1)
        else:
            self.contexts = torch.randn(rows, context.shape[1])

    @torch.no_grad()
    def run(self):
        if not self.galactic:
            return torch.cat([self.flow(c).sample() for c in self.contexts.split(MANY)])
        parts = self.contexts.split(ROWS_A_BATCH)
        return torch.cat([self.flow.inverse(torch.randn(len(c), FEATURES), c) for c in parts])

    @torch.no_grad()
    def check(self):
        latent, context = self.inputs["latent"], self.inputs["context"]
        if self.galactic:
            made = self.flow.inverse(latent, context)
        else:
            made = self.flow(context).transform.inv(latent)
        return {f"mean.{i}": mean.item() for i, mean in enumerate(made.abs().mean(0))}


class LogProb(FlowRow):
    """Outputs: the mean log-density."""

    def __init__(self, name, rows):
        super().__init__(name)
        self.many = torch.randn(rows, FEATURES), torch.randn(rows, CONTEXT)

    @torch.no_grad()
    def run(self):
        return self.log_prob(*self.many)

    @torch.no_grad()
    def check(self):
        mean = self.log_prob(self.inputs["x"], self.inputs["context"]).mean()
        return {"log_prob": mean.item()}


class Step(FlowRow):
    """A step of training: -mean log p, and Adam. Outputs of the first two steps: `loss`."""

    def __init__(self, name):
        super().__init__(name)
        self.optimizer = optim.Adam(self.flow.parameters(), lr=1e-4)

    def run(self):
        loss = -self.log_prob(self.inputs["x"], self.inputs["context"]).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"loss.{step}": self.run().item() for step in (1, 2)}


ROWS = {
    "maf_sample_1e5": lambda _: Sample("maf", MANY),
    "nsf_sample_1e5": lambda _: Sample("nsf", MANY),
    "sospf_sample_1e4": lambda _: Sample("sospf", 10_000),
    "galactic_sample_1e5": lambda _: Sample("galactic", MANY),
    "forge_sample_1e6": lambda _: Sample("maf", 10 * MANY),
    "maf_log_prob_1e5": lambda _: LogProb("maf", MANY),
    "maf_train_step_b1024": lambda _: Step("maf"),
    "nice_train_step_b1024": lambda _: Step("nice"),
    "nsf_train_step_b1024": lambda _: Step("nsf"),
    "sospf_train_step_b1024": lambda _: Step("sospf"),
    "galactic_train_step_b1024": lambda _: Step("galactic"),
}
# zuko makes distributions anew in every run, which `torch.compile` has nothing to compile of.
PEERS = ["pytorch eager"]
