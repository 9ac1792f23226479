"""Training steps of a relativistic GAN with R1 and R2 on upsampling networks, 64x64 pixels.

The penalties are written as R3GAN's users write them: the gradient of the scores with
`create_graph=True`, then `backward` through that gradient; here at every second step with twice
the weight.
"""

import torch
from torch import autograd, nn, optim
from torch.nn import functional as F

CHANNELS, SIZE, LATENT, BATCH = 3, 64, 128, 16
WIDTHS = (128, 80, 48, 32, 16)
GAMMA, INTERVAL = 0.1, 2


class Input(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(LATENT, WIDTHS[0] * 16, bias=False)
        self.norm = nn.BatchNorm2d(WIDTHS[0])

    def forward(self, latent):
        images = self.linear(latent).view(-1, WIDTHS[0], 4, 4)
        return F.leaky_relu(self.norm(images), 0.2)


class Noise(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))

    def forward(self, images, noise):
        return images + noise * self.weight.view(1, -1, 1, 1)


class Stage(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        if outputs != WIDTHS[-1]:  # none at full size
            self.noise = Noise(outputs)

    def forward(self, images):
        images = F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
        images = self.norm(self.conv(images))
        if hasattr(self, "noise"):
            noise = torch.randn(images.size(0), 1, images.size(2), images.size(3))
            images = self.noise(images, noise)
        return F.leaky_relu(images, 0.2, inplace=True)


class Generator(nn.Module):
    """[N, 128] -> 128x4x4 -> 80x8x8 -> 48x16x16 -> 32x32x32 -> 16x64x64 -> 3x64x64"""

    def __init__(self):
        super().__init__()
        self.input = Input()
        self.stages = nn.ModuleList(Stage(i, o) for i, o in zip(WIDTHS, WIDTHS[1:]))
        self.output = nn.Conv2d(WIDTHS[-1], CHANNELS, 3, 1, 1)

    def forward(self, latent):
        images = self.input(latent)
        for stage in self.stages:
            images = stage(images)
        return torch.tanh(self.output(images))


class Critic(nn.Module):
    """3x64x64 -> 16x32x32 -> 32x16x16 -> 64x8x8 -> 128x4x4 -> [N]"""

    def __init__(self):
        super().__init__()
        layers, inputs = [], CHANNELS
        for width in (16, 32, 64, 128):
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
            inputs = width
        self.net = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, 1, 0))

    def forward(self, images):
        return self.net(images).view(-1)


def init(module):
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class Steps:
    """Two steps, the first with penalties and the second without.

    Tensors: `generator...`, `critic...`, `real` [2, 32, 3, 64, 64] signed, of which the first half
    is the critic's, and `latent` [2, 16, 128]. Outputs: `critic_loss` and `generator_loss` of both
    steps. Noise comes from torch's generator, seeded with 1 before.
    """

    def __init__(self, compiled):
        generator, critic = Generator().apply(init), Critic().apply(init)
        nn.init.kaiming_normal_(generator.output.weight, 0.2)
        generator.output.weight.data *= 0.5
        self.states = {"generator": generator.state_dict(), "critic": critic.state_dict()}
        self.critic_parameters = list(critic.parameters())
        self.generator, self.critic = compiled(generator), compiled(critic)
        self.optimizer_g = optim.Adam(generator.parameters(), lr=2e-3, betas=(0.0, 0.99))
        self.optimizer_c = optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.99))
        smooth = F.interpolate(torch.randn(4 * BATCH, CHANNELS, 8, 8), SIZE, mode="bilinear")
        self.real = smooth.tanh().view(2, 2 * BATCH, CHANNELS, SIZE, SIZE)
        self.latent = torch.randn(2, BATCH, LATENT)

    def tensors(self):
        tensors = {"real": self.real, "latent": self.latent}
        for network, state in self.states.items():
            tensors |= {f"{network}.{name}": tensor for name, tensor in state.items()}
        return tensors

    def penalty(self, images, scores):
        (gradient,) = autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.square().sum([1, 2, 3]).mean()

    def critic_step(self, real, fake, penalise):
        self.optimizer_c.zero_grad()
        if penalise:
            real = real.detach().requires_grad_(True)
            fake = fake.requires_grad_(True)
        real_scores, fake_scores = self.critic(real), self.critic(fake)
        loss = F.softplus(fake_scores - real_scores).mean()
        if penalise:
            penalties = self.penalty(real, real_scores) + self.penalty(fake, fake_scores)
            loss = loss + 0.5 * GAMMA * INTERVAL * penalties
        loss.backward()
        self.optimizer_c.step()
        return loss

    def generator_step(self, real, fake):
        self.optimizer_g.zero_grad()
        for parameter in self.critic_parameters:
            parameter.requires_grad_(False)
        fake_scores = self.critic(fake)
        with torch.no_grad():
            real_scores = self.critic(real)
        loss = F.softplus(real_scores - fake_scores).mean()
        loss.backward()
        self.optimizer_g.step()
        for parameter in self.critic_parameters:
            parameter.requires_grad_(True)
        return loss

    def run(self):
        losses = []
        for step in range(2):
            real, other_real = self.real[step].split(BATCH)
            fake = self.generator(self.latent[step])
            losses.append(self.critic_step(real, fake.detach(), step % INTERVAL == 0))
            losses.append(self.generator_step(other_real, fake))
        return losses

    def check(self):
        torch.manual_seed(1)
        critic_1, generator_1, critic_2, generator_2 = (loss.item() for loss in self.run())
        return {
            "critic_loss.1": critic_1,
            "generator_loss.1": generator_1,
            "critic_loss.2": critic_2,
            "generator_loss.2": generator_2,
        }


ROWS = {"sharp_step_64px_b16": Steps}
