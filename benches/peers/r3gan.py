"""R3GAN (Huang et al. 2024): the steps of discriminator and generator, 64x64 pixels, batch 32.

Networks and losses are those of the paper, an eighth as wide: the gradient of the scores with
`create_graph=True` for R1 and R2 at every step, then `backward` through that gradient.
"""

import math

import torch
from torch import autograd, nn, optim
from torch.nn import functional as F

CHANNELS, SIZE, LATENT, BATCH = 3, 64, 64, 32
WIDTHS, BLOCKS, EXPANSION, GROUP_WIDTH = (96, 96, 96, 96, 48), 2, 2, 16
GAMMA = 2.0


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


class Doubling(Resampler):
    def forward(self, x):
        kernel = 4 * self.Kernel[None, None]
        y = F.conv_transpose2d(x.flatten(0, 1).unsqueeze(1), kernel, stride=2, padding=1)
        return y.view(*x.shape[:2], *y.shape[2:])


class Halving(Resampler):
    def forward(self, x):
        y = F.conv2d(x.flatten(0, 1).unsqueeze(1), self.Kernel[None, None], stride=2, padding=1)
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
        self.Basis = nn.Parameter(torch.randn(channels, 4, 4))
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
    def __init__(self, *layers):
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
        first = Stage(GenerativeBasis(LATENT, WIDTHS[0]), *blocks(WIDTHS[0]))
        pairs = zip(WIDTHS, WIDTHS[1:])
        others = [Stage(Transition(i, o, Doubling()), *blocks(o)) for i, o in pairs]
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
        pairs = zip(widths, widths[1:])
        stages = [Stage(*blocks(i), Transition(i, o, Halving())) for i, o in pairs]
        last = Stage(*blocks(widths[-1]), DiscriminativeBasis(widths[-1]))
        self.ExtractionLayer = Convolution(CHANNELS, widths[0], 1)
        self.MainLayers = nn.ModuleList([*stages, last])

    def forward(self, x):
        x = self.ExtractionLayer(x)
        for layer in self.MainLayers:
            x = layer(x)
        return x.view(-1)


def init(network):
    """The authors', but that no layer begins at zero, so that every layer has work to do."""
    gain = math.sqrt(2 / 1.04) * (BLOCKS * len(WIDTHS)) ** -0.25
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            scale = 0.1 if "LinearLayer3" in name else gain if ".LinearLayer" in name else 1
            nn.init.normal_(parameter, 0.0, scale / math.sqrt(parameter[0].numel()))
    return network


class Row:
    """Tensors: `generator...` and `critic...` (the discriminator), `real` and `fake`
    [32, 3, 64, 64] signed, `latent` [32, 64]."""

    def __init__(self, compiled):
        generator, critic = init(Generator()), init(Discriminator())
        self.states = {"generator": generator.state_dict(), "critic": critic.state_dict()}
        self.critic_parameters = list(critic.parameters())
        self.generator, self.critic = compiled(generator), compiled(critic)
        adam = {"lr": 2e-4, "betas": (0.0, 0.9)}
        self.optimizer_g = optim.Adam(generator.parameters(), **adam)
        self.optimizer_c = optim.Adam(critic.parameters(), **adam)
        smooth = F.interpolate(torch.randn(2 * BATCH, CHANNELS, 8, 8), SIZE, mode="bilinear")
        self.real, self.fake = smooth.tanh().split(BATCH)
        self.latent = torch.randn(BATCH, LATENT)

    def tensors(self):
        tensors = {"real": self.real, "fake": self.fake, "latent": self.latent}
        for network, state in self.states.items():
            tensors |= {f"{network}.{name}": tensor for name, tensor in state.items()}
        return tensors


class DiscriminatorStep(Row):
    """Outputs: `critic_loss` of two steps, penalties included."""

    def penalty(self, images, scores):
        (gradient,) = autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.square().sum([1, 2, 3])

    def run(self):
        self.optimizer_c.zero_grad()
        real = self.real.detach().requires_grad_(True)
        fake = self.fake.detach().requires_grad_(True)
        real_scores, fake_scores = self.critic(real), self.critic(fake)
        penalties = self.penalty(real, real_scores) + self.penalty(fake, fake_scores)
        loss = (F.softplus(fake_scores - real_scores) + 0.5 * GAMMA * penalties).mean()
        loss.backward()
        self.optimizer_c.step()
        return loss

    def check(self):
        return {f"critic_loss.{step}": self.run().item() for step in (1, 2)}


class GeneratorStep(Row):
    """Outputs: `generator_loss` of two steps."""

    def run(self):
        self.optimizer_g.zero_grad()
        for parameter in self.critic_parameters:
            parameter.requires_grad_(False)
        fake_scores, real_scores = self.critic(self.generator(self.latent)), self.critic(self.real)
        loss = F.softplus(real_scores - fake_scores).mean()
        loss.backward()
        self.optimizer_g.step()
        for parameter in self.critic_parameters:
            parameter.requires_grad_(True)
        return loss

    def check(self):
        return {f"generator_loss.{step}": self.run().item() for step in (1, 2)}


ROWS = {
    "r3gan_discriminator_step_64px_b32": DiscriminatorStep,
    "r3gan_generator_step_64px_b32": GeneratorStep,
}
