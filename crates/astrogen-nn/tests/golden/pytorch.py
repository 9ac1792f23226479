"""Files of `torch.save`, and what they hold as safetensors.

Run with PyTorch 2.13 and safetensors: `python pytorch.py` rewrites the folder `pytorch` beside it,
the same each time but for `legacy.pth`, which numbers its storages by their addresses.

- `plain.pth`, and its tensors in `plain.safetensors`: every element type that both formats know;
  a number, an empty tensor, views (turned, with strides, with an offset, broadcast), two tensors of
  one storage, a parameter
- `deflated.pth`: the same, its entries compressed
- `protocol3.pth`, `protocol4.pth`, `protocol5.pth`: `linear` alone, by newer pickles
- `checkpoint.pth`: `linear` as `model_state_dict` beside the state of an optimizer and numbers
- `linear.safetensors`: the state_dict of a `Linear(3, 2)`
- `two.pth`: two dicts of tensors, `model` and `ema.model`
- `numbers.pth`: no tensor
- `legacy.pth`: `linear` in the way of PyTorch before 1.6
- `function.pth`: what would call `os.system` if it were unpickled
- `module.pth`: a whole module instead of its state_dict
- `complex.pth`, `sparse.pth`, `uint16.pth`: tensors that are not read
"""

import os
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).with_name("pytorch")
TYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "bfloat16", "float16", "float32", "float64"]


class System:
    def __reduce__(self):
        return os.system, ("echo executed",)


def deflate(source, target):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in sorted(old.namelist()):
            new.writestr(zipfile.ZipInfo(entry), old.read(entry), zipfile.ZIP_DEFLATED)


def main():
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    save = lambda value, name, **how: torch.save(value, FOLDER / f"{name}.pth", **how)

    numbers = torch.arange(-6, 6).reshape(3, 4)
    plain = {name: (numbers % 5).to(getattr(torch, name)) for name in TYPES}
    grid = torch.randn(4, 6)
    plain |= {
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 4),
        "transposed": grid.T,
        "steps": grid[1::2, ::3],
        "shared": grid,
        "repeated": grid[0, :3].expand(2, 3),
        "parameter": nn.Parameter(torch.randn(5)),
    }
    save(plain, "plain")
    save_file({name: t.detach().clone().contiguous() for name, t in plain.items()}, FOLDER / "plain.safetensors")
    deflate(FOLDER / "plain.pth", FOLDER / "deflated.pth")

    linear = nn.Linear(3, 2)
    adam = torch.optim.Adam(linear.parameters(), lr=1e-3)
    linear(torch.randn(4, 3)).square().sum().backward()
    adam.step()
    state = linear.state_dict()
    save_file(state, FOLDER / "linear.safetensors")
    for protocol in (3, 4, 5):
        save(state, f"protocol{protocol}", pickle_protocol=protocol)
    save(
        {
            "epoch": 3,
            "step": 1 << 40,
            "model_state_dict": state,
            "optimizer_state_dict": adam.state_dict(),
            "train_loss": -0.5,
            "best": None,
            "resumed": True,
            "columns": ["ra", "dec", "größe"],
            "history": [(1, 2.5), (2, 1.25)],
        },
        "checkpoint",
    )
    save({"model": state, "ema": {"decay": 0.999, "model": state}}, "two")
    save({"epoch": 3, "columns": ["ra", "dec"]}, "numbers")
    save(state, "legacy", _use_new_zipfile_serialization=False)
    save({"x": torch.zeros(1), "y": System()}, "function")
    save(linear, "module")
    save({"x": torch.zeros(2, dtype=torch.complex64)}, "complex")
    save({"x": torch.eye(2).to_sparse()}, "sparse")
    save({"x": torch.zeros(2, dtype=torch.uint16)}, "uint16")


main()
