"""Golden values of RAdam.

Run with PyTorch 2.13 and safetensors: `python radam.py` rewrites `radam.safetensors` beside it.

Keys (float32): `weight` [3, 4], the first weights; `gradients` [12, 3, 4]; `weights` [12, 3, 4], the
weights after each step of `torch.optim.RAdam` with lr 1e-2 and betas (0.9, 0.99).
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

STEPS = 12


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(3, 4))
    values = {"weight": weight.detach().clone(), "gradients": torch.randn(STEPS, 3, 4)}
    optimizer = torch.optim.RAdam([weight], lr=1e-2, betas=(0.9, 0.99))
    weights = []
    for gradient in values["gradients"]:
        weight.grad = gradient.clone()
        optimizer.step()
        weights.append(weight.detach().clone())
    values["weights"] = torch.stack(weights)
    save_file(values, Path(__file__).with_name("radam.safetensors"))


main()
