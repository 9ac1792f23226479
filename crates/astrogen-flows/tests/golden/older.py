"""State_dicts of zuko 1.3.1, whose layout and numbers differ from those of 1.6.

Run with PyTorch 2.13, safetensors and the older zuko: `pip install --no-deps --target DIR
zuko==1.3.1`, `PYTHONPATH=DIR python older.py`. It rewrites `state_dicts/older_MEMBER.pth` beside it
and, in `older.safetensors`:

- `x` [8, 3], `context` [8, 2]
- `MEMBER.log_prob` [8]

All numbers are float64; weights are those of new networks, each hidden and last layer four times as
wide, so that the least slope counts.
"""

from importlib.metadata import version
from pathlib import Path

import torch
import zuko
from safetensors.torch import save_file

MEMBERS = {
    "maf": zuko.flows.MAF,
    "nice": zuko.flows.NICE,
    "nsf": zuko.flows.NSF,
    "sospf": zuko.flows.SOSPF,
    "ncsf": zuko.flows.NCSF,
}


def main():
    assert version("zuko") == "1.3.1", version("zuko")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    folder = Path(__file__).with_name("state_dicts")
    folder.mkdir(exist_ok=True)
    values = {"x": torch.randn(8, 3), "context": torch.randn(8, 2)}
    for member, make in MEMBERS.items():
        flow = make(3, 2, transforms=2, hidden_features=(6,))
        for name, parameter in flow.named_parameters():
            if name.endswith("weight") and not name.endswith(".0.weight"):
                parameter.data *= 4
        torch.save(flow.state_dict(), folder / f"older_{member}.pth")
        with torch.no_grad():
            values[f"{member}.log_prob"] = flow(values["context"]).log_prob(values["x"])
    save_file(values, Path(__file__).with_name("older.safetensors"))


main()
