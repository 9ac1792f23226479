"""The article's DCGAN in PyTorch, as its users train it.

`theirs.py FILE FEATURES BATCH THREADS SEED`: `images` [N, C, H, W] of the file, signed, dealt in a new order
every epoch, mirrored and turned at random as the other side does.

Reads requests and answers each by a line of JSON: `train N`, N steps, by seconds; `save PATH`, which
writes the generator's state_dict, by 0.
"""

import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file, save_file

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import dcgan  # noqa: E402


def batches(images, size):
    while True:
        order = torch.randperm(len(images))
        for rows in order.split(size):
            if len(rows) == size:
                turned = [turn(image, torch.randint(8, ()).item()) for image in images[rows]]
                yield torch.stack(turned)


def turn(image, symmetry):
    image = torch.rot90(image, symmetry % 4, (1, 2))
    return image.flip(2) if symmetry >= 4 else image


def main():
    file, features, batch, threads, seed = sys.argv[1], *map(int, sys.argv[2:6])
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    dcgan.FEATURES, dcgan.BATCH = features, batch
    step = dcgan.Step(lambda network: network)
    data = batches(load_file(file)["images"], batch)
    for line in sys.stdin:
        what, argument = line.split(maxsplit=1)
        started = time.perf_counter()
        if what == "train":
            for _ in range(int(argument)):
                step.real, step.latent = next(data), torch.randn(batch, dcgan.LATENT)
                step.run()
            answer = time.perf_counter() - started
        else:
            state = step.states["generator"]
            save_file({name: tensor.contiguous() for name, tensor in state.items()}, argument.strip())
            answer = 0
        print(json.dumps(answer), flush=True)


main()
