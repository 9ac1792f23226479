"""Densities of a trained flow by zuko 1.6.0 and by zuko 1.3.1.

The flow is a checkpoint of `MAF(10, 20, transforms=10, hidden_features=(128, 128))`, trained on stars
of simulated galaxies with a zuko between 1.0 and 1.5: `galforge/maf_checkpoint_epoch_29_step_921000.pth`
below the folder that the environment variable ASTROGEN_REAL_DATA names.

Run with PyTorch 2.13 and safetensors, once with each zuko: `pip install --no-deps --target DIR
zuko==VERSION`, `PYTHONPATH=DIR python checkpoint.py`. Each run rewrites its numbers in
`checkpoint.safetensors` beside it:

- `x` [6, 10], `context` [6, 20]: float32 normals
- `log_prob.VERSION` [6]: in float64, from the float32 weights
"""

import os
from importlib.metadata import version
from pathlib import Path

import torch
import zuko
from safetensors.torch import load_file, save_file

DATA = Path(os.environ["ASTROGEN_REAL_DATA"])
OUTPUT = Path(__file__).with_name("checkpoint.safetensors")


def main():
    torch.set_num_threads(1)
    path = DATA / "galforge" / "maf_checkpoint_epoch_29_step_921000.pth"
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state_dict"]
    flow = zuko.flows.MAF(10, 20, transforms=10, hidden_features=(128, 128))
    if "base.loc" in flow.state_dict():
        state["base.loc"], state["base.scale"] = state.pop("base._0"), state.pop("base._1")
    flow.load_state_dict(state)
    torch.manual_seed(0)
    values = load_file(OUTPUT) if OUTPUT.exists() else {}
    values |= {"x": torch.randn(6, 10), "context": torch.randn(6, 20)}
    with torch.no_grad():
        given = flow.double()(values["context"].double())
        values[f"log_prob.{version('zuko')}"] = given.log_prob(values["x"].double())
    save_file(values, OUTPUT)


main()
