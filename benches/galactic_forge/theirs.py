"""GalacticForge's training of a flow, in PyTorch, as its users write it.

`theirs.py FILE FLOW SCHEDULE STEPS THREADS`: stars and conditions are those that the other side wrote. Features
and conditions are standardised by mean and deviation, the stellar mass as its logarithm; Adam on
batches of 1,024. The schedule `original` is GalacticForge's: 1e-2, to a tenth every 10 steps, below 3e-6
every 120. `cosine` falls from 1e-3 to 0 along a half cosine.

Reads requests and answers each by a line of JSON: `train N` and `sample N` by seconds, `judge` by the
mean log-likelihood of each galaxy's stars, in physical units (null where it is not finite).
"""

import json
import math
import pathlib
import sys
import time

import torch
import zuko
from safetensors.torch import load_file
from torch import optim

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
from flows import FEATURES, Galactic, Nice, WIDTHS  # noqa: E402

BATCH, ROWS_A_PASS = 1024, 10_000


def make(name, context):
    match name:
        case "maf":
            return zuko.flows.MAF(FEATURES, context, transforms=10, **WIDTHS)
        case "nice":
            return Nice(FEATURES, context, transforms=30, **WIDTHS)
        case "real_nvp":
            return zuko.flows.NICE(FEATURES, context, transforms=30, **WIDTHS)
        case "sospf":
            return zuko.flows.SOSPF(FEATURES, context, transforms=10, **WIDTHS)
        case "nsf":
            return zuko.flows.NSF(FEATURES, context, transforms=3, **WIDTHS)
        case "galactic":
            return Galactic(FEATURES, context)


class Training:
    def __init__(self, file, name, schedule, steps):
        torch.manual_seed(0)
        tensors = load_file(file)
        conditions = tensors["conditions"].double()
        conditions[:, 0] = conditions[:, 0].log10()
        self.galaxy, self.judged = tensors["train.galaxy"], tensors["judge.galaxy"]
        known = conditions[self.galaxy.unique()]
        self.conditions = ((conditions - known.mean(0)) / known.std(0)).float()
        stars = tensors["train.stars"].double()
        self.mean, self.std = stars.mean(0), stars.std(0)
        self.stars = self.scaled(stars)
        self.held_out = self.scaled(tensors["judge.stars"].double())

        self.galactic = name == "galactic"
        self.flow = make(name, self.conditions.shape[1])
        self.original, self.steps, self.done = schedule == "original", steps, 0
        self.optimizer = optim.Adam(self.flow.parameters(), lr=1e-2 if self.original else 1e-3)
        if self.original:
            self.schedule = optim.lr_scheduler.ExponentialLR(self.optimizer, 0.1)
        else:
            self.schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.order = self.batches()

    def scaled(self, stars):
        return ((stars - self.mean) / self.std).float()

    def batches(self):
        while True:
            rows = torch.randperm(len(self.stars))
            yield from rows[: len(rows) // BATCH * BATCH].split(BATCH)

    def log_prob(self, stars, context):
        if self.galactic:
            return self.flow.log_prob(stars, context)
        return self.flow(context).log_prob(stars)

    def train(self, steps):
        started = time.perf_counter()
        for _ in range(steps):
            rows = next(self.order)
            context = self.conditions[self.galaxy[rows]]
            loss = -self.log_prob(self.stars[rows], context).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.done += 1
            every = 10 if self.optimizer.param_groups[0]["lr"] > 3e-6 else 120
            if not self.original or self.done % every == 0:
                self.schedule.step()
        return time.perf_counter() - started

    @torch.no_grad()
    def sample(self, count):
        galaxies = self.judged.unique()
        contexts = self.conditions[galaxies[torch.arange(count) % len(galaxies)]]
        started = time.perf_counter()
        made = [
            self.flow.inverse(torch.randn(len(c), FEATURES), c)
            if self.galactic
            else self.flow(c).sample()
            for c in contexts.split(ROWS_A_PASS)
        ]
        torch.cat(made).double() * self.std + self.mean
        return time.perf_counter() - started

    @torch.no_grad()
    def judge(self):
        means = []
        for galaxy in self.judged.unique_consecutive():
            stars = self.held_out[self.judged == galaxy]
            context = self.conditions[galaxy].expand(len(stars), -1)
            parts = zip(stars.split(ROWS_A_PASS), context.split(ROWS_A_PASS))
            log_prob = torch.cat([self.log_prob(*part) for part in parts]).double()
            mean = (log_prob.mean() - self.std.log().sum()).item()
            means.append(mean if math.isfinite(mean) else None)
        return means


def main():
    file, name, schedule, steps, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    training = Training(file, name, schedule, int(steps))
    for line in sys.stdin:
        request, *count = line.split()
        print(json.dumps(getattr(training, request)(*map(int, count))), flush=True)


if __name__ == "__main__":
    main()
