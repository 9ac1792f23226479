"""State_dicts as `torch.save` writes them, of the flows of `flows.safetensors`.

Run with PyTorch 2.13 and safetensors: `python state_dicts.py` rewrites `state_dicts/MEMBER.pth`
beside it, for each member its case of 3 features and 2 context values (GalacticFlow's of 4 and 2),
with the base's numbers that zuko's modules have. Weights are float32, but for `maf`, which is
float64 and alone in its file; the others are the `model_state_dict` of a checkpoint.
"""

import math
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file

FOLDER = Path(__file__).with_name("state_dicts")
MEMBERS = ["nice", "real_nvp", "maf", "nsf", "nsf_coupling", "ncsf", "sospf", "bpf", "galactic"]


def main():
    FOLDER.mkdir(exist_ok=True)
    golden = load_file(Path(__file__).with_name("flows.safetensors"))
    for member in MEMBERS:
        case = f"{member}.4x2" if member == "galactic" else f"{member}.3x2"
        prefix = f"{case}.weights."
        kind = torch.float64 if member == "maf" else torch.float32
        cast = lambda tensor: tensor.to(kind) if tensor.is_floating_point() else tensor
        state = OrderedDict(
            (name.removeprefix(prefix), cast(tensor).clone())
            for name, tensor in golden.items()
            if name.startswith(prefix)
        )
        one = torch.ones(3, dtype=kind)
        if member == "ncsf":
            end = (math.pi + 1e-5) * one
            state |= {"base.lower": -end, "base.upper": end}
        elif member != "galactic":
            state |= {"base.loc": 0 * one, "base.scale": one}
        if member != "maf":
            state = {"epoch": 3, "model_state_dict": state, "train_loss": 1.5}
        torch.save(state, FOLDER / f"{member}.pth")


main()
