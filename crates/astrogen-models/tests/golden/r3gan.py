"""Golden values of small R3GAN networks, and of four steps of R3GAN on them.

Run with PyTorch 2.13 and safetensors: `python r3gan.py` rewrites `r3gan.safetensors` beside it.
One thread and fixed seeds make the file the same each time on one machine.

`Generator` and `Discriminator` have the arithmetic of the paper (Huang et al. 2024, *The GAN is dead;
long live the GAN!*) and the names of its authors' code. Images are 16x16 with 2 channels, latents of 5,
stages of 8, 8 and 4 channels from 4x4 up with two blocks each, groups of 4 channels, batches 3 samples.
All weights and biases are drawn, those that begin at zero too, so that all of them count.

A step is an update of the discriminator, which minimises

    mean softplus(D(fake) - D(real)) + gamma / 2 (mean |dD/dx(real)|^2 + mean |dD/dx(fake)|^2)

by `autograd.grad(create_graph=True)`; then one of the generator, which minimises
mean softplus(D(real) - D(fake)) on the same fakes and other reals; then the average follows. With
p = step / 4 and c = (1 + cos(pi p)) / 2, each number goes from its first to its last value as
last + (first - last) c: the learning rate of Adam 1e-3 to 2.5e-4, beta2 0.9 to 0.99, gamma 0.4 to 0.04,
the average's half-life 0 to 2 updates (but its decay is at most (1 + step) / (10 + step)). Adam:
beta1 0, eps 1e-2: with a small one the first update goes by the signs of gradients, also where they are
rounding.

Keys (float32):

- `initial.generator.MainLayers.0.Layers.0.Basis` ..., `initial.critic...` (the discriminator): before training
- `latent` [3, 5], `direction` [3, 2, 16, 16] and `fakes`, `grad.generator...`: images, and the gradients
  of sum(direction * images)
- `scores` [3] of `fakes`, `penalty` = 0.2 mean |dD/dx(fakes)|^2, and `grad.critic...`: the
  gradients of sum(weights * scores) + penalty with `weights` [3]
- `reals` [4, 6, 2, 16, 16] signed, of which the first half is the discriminator's, `latents` [4, 3, 5]
- `critic.losses`, `penalties` (weight included), `real_scores`, `fake_scores`, `generator.losses` [4]
- `final.generator...`, `final.critic...`, `final.average...`: after all steps
"""

import copy
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

BATCH, LATENT, CHANNELS, SIZE = 3, 5, 2, 16
WIDTHS, BLOCKS, EXPANSION, GROUP_WIDTH = (8, 8, 4), 2, 2, 4
STEPS = 4


class Convolution(nn.Module):
    def __init__(self, inputs, outputs, kernel, groups=1):
        super().__init__()
        self.Layer = nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2, groups=groups, bias=False)

    def forward(self, x):
        return self.Layer(x)


class Activation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.Bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return F.leaky_relu(x + self.Bias.view(1, -1, 1, 1), 0.2)


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        inside = width * EXPANSION
        self.LinearLayer1 = Convolution(width, inside, 1)
        self.LinearLayer2 = Convolution(inside, inside, 3, inside // GROUP_WIDTH)
        self.LinearLayer3 = Convolution(inside, width, 1)
        self.NonLinearity1, self.NonLinearity2 = Activation(inside), Activation(inside)

    def forward(self, x):
        y = self.NonLinearity1(self.LinearLayer1(x))
        return x + self.LinearLayer3(self.NonLinearity2(self.LinearLayer2(y)))


class Resampler(nn.Module):
    def __init__(self):
        super().__init__()
        axis = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.register_buffer("Kernel", torch.outer(axis, axis) / 64)

    def each(self, x):
        return x.flatten(0, 1).unsqueeze(1)


class Doubling(Resampler):
    def forward(self, x):
        y = F.conv_transpose2d(self.each(x), 4 * self.Kernel[None, None], stride=2, padding=1)
        return y.view(*x.shape[:2], *y.shape[2:])


class Halving(Resampler):
    def forward(self, x):
        y = F.conv2d(self.each(x), self.Kernel[None, None], stride=2, padding=1)
        return y.view(*x.shape[:2], *y.shape[2:])


class Transition(nn.Module):
    def __init__(self, inputs, outputs, resampler):
        super().__init__()
        self.Resampler = resampler
        if inputs != outputs:
            self.LinearLayer = Convolution(inputs, outputs, 1)

    def linear(self, x):
        return self.LinearLayer(x) if hasattr(self, "LinearLayer") else x

    def forward(self, x):
        if isinstance(self.Resampler, Doubling):
            return self.Resampler(self.linear(x))
        return self.linear(self.Resampler(x))


class GenerativeBasis(nn.Module):
    def __init__(self, latent, channels):
        super().__init__()
        self.Basis = nn.Parameter(torch.zeros(channels, 4, 4))
        self.LinearLayer = nn.Linear(latent, channels, bias=False)

    def forward(self, z):
        return self.LinearLayer(z)[:, :, None, None] * self.Basis


class DiscriminativeBasis(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.Basis = nn.Conv2d(channels, channels, 4, groups=channels, bias=False)
        self.LinearLayer = nn.Linear(channels, 1, bias=False)

    def forward(self, x):
        return self.LinearLayer(self.Basis(x).flatten(1))


class Stage(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.Layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.Layers:
            x = layer(x)
        return x


def blocks(width):
    return [ResidualBlock(width) for _ in range(BLOCKS)]


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        first = Stage([GenerativeBasis(LATENT, WIDTHS[0]), *blocks(WIDTHS[0])])
        others = [
            Stage([Transition(i, o, Doubling()), *blocks(o)]) for i, o in zip(WIDTHS, WIDTHS[1:])
        ]
        self.MainLayers = nn.ModuleList([first, *others])
        self.AggregationLayer = Convolution(WIDTHS[-1], CHANNELS, 1)

    def forward(self, x):
        for layer in self.MainLayers:
            x = layer(x)
        return self.AggregationLayer(x)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        widths = WIDTHS[::-1]
        stages = [
            Stage([*blocks(i), Transition(i, o, Halving())]) for i, o in zip(widths, widths[1:])
        ]
        last = Stage([*blocks(widths[-1]), DiscriminativeBasis(widths[-1])])
        self.ExtractionLayer = Convolution(CHANNELS, widths[0], 1)
        self.MainLayers = nn.ModuleList([*stages, last])

    def forward(self, x):
        x = self.ExtractionLayer(x)
        for layer in self.MainLayers:
            x = layer(x)
        return x.view(-1)


def penalty(images, scores):
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum([1, 2, 3]).mean()


torch.manual_seed(20241209)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


networks = {"generator": Generator(), "critic": Discriminator()}
generator, discriminator = networks.values()
for name, network in networks.items():
    for label, parameter in network.named_parameters():
        fan_in = parameter[0].numel() if parameter.dim() in (2, 4) else 1
        scale = 0.1 if label.endswith("Bias") else 1 / math.sqrt(fan_in)
        nn.init.normal_(parameter, 0.0, scale)
    keep(f"initial.{name}", network.state_dict().items())

# One pass of each.
latent, direction = torch.randn(BATCH, LATENT), torch.randn(BATCH, CHANNELS, SIZE, SIZE)
golden |= {"latent": latent, "direction": direction}
fakes = generator(latent)
(fakes * direction).sum().backward()
golden["fakes"] = fakes.detach()
keep("grad.generator", ((name, parameter.grad) for name, parameter in generator.named_parameters()))
images, weights = fakes.detach().requires_grad_(True), torch.randn(BATCH)
scores = discriminator(images)
value = 0.2 * penalty(images, scores)
((weights * scores).sum() + value).backward()
golden |= {"scores": scores.detach(), "weights": weights, "penalty": value.detach()}
keep(
    "grad.critic",
    ((name, parameter.grad) for name, parameter in discriminator.named_parameters()),
)

# Steps.
smooth = F.interpolate(torch.randn(2 * STEPS * BATCH, CHANNELS, 4, 4), SIZE, mode="bilinear")
reals = (smooth + 0.1 * torch.randn_like(smooth)).tanh()
reals = golden["reals"] = reals.view(STEPS, 2 * BATCH, CHANNELS, SIZE, SIZE)
latents = golden["latents"] = torch.randn(STEPS, BATCH, LATENT)
optimizers = {
    name: torch.optim.Adam(network.parameters(), eps=1e-2) for name, network in networks.items()
}
average = copy.deepcopy(generator).requires_grad_(False)
columns = ("critic.losses", "penalties", "real_scores", "fake_scores", "generator.losses")
rows = []
for step in range(STEPS):
    c = (1 + math.cos(math.pi * step / STEPS)) / 2
    lr, beta2, gamma, half_life = (
        last + (first - last) * c
        for first, last in ((1e-3, 2.5e-4), (0.9, 0.99), (0.4, 0.04), (0, 2))
    )
    for optimizer in optimizers.values():
        optimizer.param_groups[0].update(lr=lr, betas=(0.0, beta2))

    fakes = generator(latents[step])
    real, other_real = reals[step].split(BATCH)
    real, fake = real.clone().requires_grad_(True), fakes.detach().requires_grad_(True)
    real_scores, fake_scores = discriminator(real), discriminator(fake)
    loss = F.softplus(fake_scores - real_scores).mean()
    penalties = 0.5 * gamma * (penalty(real, real_scores) + penalty(fake, fake_scores))
    optimizers["critic"].zero_grad()
    (loss + penalties).backward()
    optimizers["critic"].step()
    row = [loss + penalties, penalties, real_scores.mean(), fake_scores.mean()]

    optimizers["generator"].zero_grad()
    loss = F.softplus(discriminator(other_real).detach() - discriminator(fakes)).mean()
    loss.backward()
    optimizers["generator"].step()
    rows.append([value.item() for value in [*row, loss]])

    decay = 0.5 ** (1 / half_life) if half_life > 0 else 0.0
    decay = min(decay, (1 + step) / (10 + step))
    for own, other in zip(average.parameters(), generator.parameters()):
        own.lerp_(other.detach(), 1 - decay)

golden.update(zip(columns, torch.tensor(rows).T))
for name, network in {**networks, "average": average}.items():
    keep(f"final.{name}", network.state_dict().items())

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
for name in columns:
    print(name, golden[name])
