"""Golden values of transposed convolutions whose weights are divided by their spectral norm.

Run with PyTorch 2.13 and safetensors: `python spectral.py` rewrites `spectral.safetensors` beside it.
One thread and a fixed seed make the file the same each time on one machine.

The layers are ConvTranspose2d with kernel 4, stride 2 and padding 1 under
`torch.nn.utils.parametrizations.spectral_norm`: `plain` from 3 to 5 channels, `groups` from 4 to 6 in
2 groups. Their vectors lag behind the weights, as they do in training.

Keys (float32), each behind the layer's name:

- `.state...`: weight, bias and vectors before
- `.images` [2, in, 4, 6], `.trained` [2, out, 8, 12]: inputs, and what a first pass in train mode gives
- `.grad...`: the gradients of the mean of its squares
- `.after...`: the vectors behind it
- `.evaluated` [2, out, 8, 12]: of a pass in eval mode after that
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(20180216)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


for name, inputs, outputs, groups in (("plain", 3, 5, 1), ("groups", 4, 6, 2)):
    layer = spectral_norm(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, groups=groups))
    with torch.no_grad():
        weight = layer.parametrizations.weight.original
        weight.add_(torch.randn_like(weight) * weight.std())
    keep(f"{name}.state", layer.state_dict().items())
    images = torch.randn(2, inputs, 4, 6)
    trained = layer.train()(images)
    trained.square().mean().backward()
    keep(f"{name}.grad", ((n, p.grad) for n, p in layer.named_parameters()))
    keep(f"{name}.after", layer.named_buffers())
    with torch.no_grad():
        evaluated = layer.eval()(images)
    keep(name, (("images", images), ("trained", trained), ("evaluated", evaluated)))

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
for name, tensor in golden.items():
    print(name, list(tensor.shape))
