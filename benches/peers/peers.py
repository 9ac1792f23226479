"""The peer's side of `cargo xtask peers`: PyTorch as its users write it.

Reads requests from standard input and answers each on standard output, a line of JSON each
way: `{"request": "prepare", ...}` is answered by `{"ok": value}` or `{"error": "message"}`.

A row is a class that is made with a function to pass every network through (`torch.compile`
or nothing), and has

- `tensors()`: inputs, first weights and buffers by name, for the other side to start from,
- `check()`: runs from there and returns the first outputs by name, as floats,
- `run()`: one repetition, which is what is timed.
"""

import json
import os
import sys
import time

import torch
from safetensors.torch import save_file

import autoencoder
import cwgan_gp
import dcgan
import features
import flows
import r3gan
import sharp
import sliced_wasserstein
import wgan_gp

# What each peer passes networks through; torch-fidelity's rows have none.
PEERS = {"pytorch eager": lambda network: network, "torch.compile": torch.compile,
         "torch-fidelity": None}
ROWS = {**dcgan.ROWS, **wgan_gp.ROWS, **sharp.ROWS, **r3gan.ROWS,
        **autoencoder.ROWS, **cwgan_gp.ROWS, **flows.ROWS, **features.ROWS,
        **sliced_wasserstein.ROWS}
# Peers of rows whose peers are not both of PyTorch's.
OTHERS = {row: module.PEERS for module in (flows, features, sliced_wasserstein) for row in module.ROWS}
# A timed repetition has as many runs as fit into this many seconds, but at least one.
SHORTEST = 0.3
# A run of so many seconds or more is warmed up by one.
LONG = 10


class Side:
    """What answers the requests."""

    def hello(self, threads, device):
        torch.set_num_threads(threads)
        torch.set_default_device(device)
        self.wait = lambda: None
        if device != "cpu":
            # In f32, as ours; the fastest way of each convolution is looked for by both.
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cudnn.benchmark = True
            self.wait = lambda: torch.cuda.synchronize(device)
        version = torch.__version__.split("+")[0]
        return {"libtorch": version, "threads": torch.get_num_threads()}

    def rows(self):
        return {name: OTHERS.get(name, ["pytorch eager", "torch.compile"]) for name in ROWS}

    def prepare(self, row, peer, file):
        self.row = None
        torch.manual_seed(1)
        self.row = ROWS[row](PEERS[peer])
        tensors = {name: tensor.detach().contiguous() for name, tensor in self.row.tensors().items()}
        save_file(tensors, file)

    def check(self):
        return self.row.check()

    def warm(self):
        started, self.runs = time.perf_counter(), 1
        self.run(1)
        if time.perf_counter() - started > LONG:
            return
        started, self.runs = time.perf_counter(), 0
        while self.runs == 0 or time.perf_counter() - started < SHORTEST:
            self.run(1)
            self.runs += 1

    def run(self, runs):
        for _ in range(runs):
            self.row.run()
        self.wait()

    def time(self):
        started = time.perf_counter()
        self.run(self.runs)
        return (time.perf_counter() - started) / self.runs


def serve():
    # Whatever else is printed goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    side = Side()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": getattr(side, request.pop("request"))(**request)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve()
