"""Golden values of training steps of networks whose widths are multiples of 16.

Run with PyTorch 2.13 and safetensors: `python wide.py` rewrites `wide.safetensors` beside it. One
thread makes the file the same each time on one machine.

Images are 32x32 with 3 channels, latents of 16, the networks have 16 features, batches 16 samples.
Weights and inputs are numbers by a formula, so that they need not be kept:

    scattered(size, phase)[i] = frac(43758.5453 sin(12.9898 i + phase)), in float64

Parameters of both networks together, sorted by name, have the phases 0, 1, 2, ...; a convolution's weight
is sqrt(3 / fan) scattered, a gain 1 + 0.1 scattered, a bias 0.1 scattered. Step k has reals
scattered(..., 100 + k), latents 2 scattered(..., 200 + k) and interpolation weights
|scattered(..., 300 + k)|.

`dcgan`: four steps as in `astrogen-models/tests/golden/dcgan.py`; `wgan`: five updates of the critic, and
one of the generator after each, with latents 2 scattered(..., 400 + k), as in `wgan_gp.py` there. (The
losses of a fifth step of the DCGAN differ by 2e-4 in PyTorch itself, with oneDNN and without: Adam makes
whole steps of gradients that are rounding alone. Those of four differ by 1e-5.)

Keys (float32): `dcgan.losses` [4, 2], errD and errG; `wgan.losses` [5, 3], the critic's without its penalty,
the penalty, the generator's; `dcgan.final.generator.net.0.weight` ..., `wgan.final...`: the first 200
numbers of each parameter in the end.
"""

from math import prod
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

STEPS, BATCH, LATENT, FEATURES, CHANNELS, SIZE = 5, 16, 16, 16, 3, 32


def scattered(size, phase):
    i = torch.arange(prod(size), dtype=torch.float64)
    return ((i * 12.9898 + phase).sin() * 43758.5453).frac().view(size)


def generator():
    f = FEATURES
    layers, inputs, stride, padding = [], LATENT, 1, 0
    for width in (4 * f, 2 * f, f):
        layers += [nn.ConvTranspose2d(inputs, width, 4, stride, padding, bias=False)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(True)]
        inputs, stride, padding = width, 2, 1
    return layers + [nn.ConvTranspose2d(inputs, CHANNELS, 4, 2, 1, bias=False), nn.Tanh()]


def opponent(normalised):
    layers, inputs = [], CHANNELS
    for i, width in enumerate((FEATURES, 2 * FEATURES, 4 * FEATURES)):
        layers.append(nn.Conv2d(inputs, width, 4, 2, 1, bias=not normalised))
        layers += [nn.BatchNorm2d(width)] if normalised and i else []
        layers.append(nn.LeakyReLU(0.2))
        inputs = width
    return layers + [nn.Conv2d(inputs, 1, 4, 1, 0, bias=not normalised)]


class Net(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, xs):
        return self.net(xs)


def networks(**named):
    named = {name: Net(layers) for name, layers in named.items()}
    parameters = {f"{n}.{p}": t for n, net in named.items() for p, t in net.named_parameters()}
    with torch.no_grad():
        for phase, name in enumerate(sorted(parameters)):
            tensor = parameters[name]
            values = scattered(tensor.shape, phase)
            if tensor.dim() > 1:
                values *= (3 / tensor[0].numel()) ** 0.5
            else:
                values = values * 0.1 + (1 if name.endswith("weight") else 0)
            tensor.copy_(values)
    return named.values(), parameters


def latents(phase):
    return 2 * scattered([BATCH, LATENT, 1, 1], phase).float()


def reals(step):
    return scattered([BATCH, CHANNELS, SIZE, SIZE], 100 + step).float()


def keep(prefix, parameters):
    golden.update((f"{prefix}.final.{n}", t.detach().flatten()[:200].clone()) for n, t in parameters.items())


golden = {}
torch.set_num_threads(1)

(generate, discriminate), parameters = networks(generator=generator(), discriminator=opponent(True))
adam = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (generate, discriminate)]
losses, ones, zeros = [], torch.ones(BATCH), torch.zeros(BATCH)
for step in range(4):
    adam[1].zero_grad()
    on_reals = bce(discriminate(reals(step)).flatten(), ones)
    fakes = generate(latents(200 + step))
    of_discriminator = on_reals + bce(discriminate(fakes.detach()).flatten(), zeros)
    of_discriminator.backward()
    adam[1].step()
    adam[0].zero_grad()
    of_generator = bce(discriminate(fakes).flatten(), ones)
    of_generator.backward()
    adam[0].step()
    losses.append([of_discriminator.item(), of_generator.item()])
golden["dcgan.losses"] = torch.tensor(losses)
keep("dcgan", parameters)

(generate, criticise), parameters = networks(generator=generator(), critic=opponent(False))
adam = [torch.optim.Adam(n.parameters(), lr=1e-4, betas=(0.0, 0.9)) for n in (generate, criticise)]
losses = []
for step in range(STEPS):
    adam[1].zero_grad()
    real, fake = reals(step), generate(latents(200 + step)).detach()
    weights = scattered([BATCH, 1, 1, 1], 300 + step).abs().float()
    points = (weights * real + (1 - weights) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(criticise(points).sum(), points, create_graph=True)
    norms = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    penalty = 10 * (norms - 1).square().mean()
    of_critic = criticise(fake).mean() - criticise(real).mean()
    (of_critic + penalty).backward()
    adam[1].step()
    adam[0].zero_grad()
    of_generator = -criticise(generate(latents(400 + step))).mean()
    of_generator.backward()
    adam[0].step()
    losses.append([of_critic.item(), penalty.item(), of_generator.item()])
golden["wgan.losses"] = torch.tensor(losses)
keep("wgan", parameters)

save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
print(golden["dcgan.losses"], golden["wgan.losses"], sep="\n")
