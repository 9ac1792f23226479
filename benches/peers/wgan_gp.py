"""WGAN-GP: the gradient penalty alone, and the training steps of critic and generator.

The penalty is written as its users write it: the gradient at random interpolates by
`autograd.grad` with `create_graph=True`, then `backward` through that gradient.
"""

import torch
from torch import autograd, nn, optim

CHANNELS, SIZE, LATENT, BATCH, WEIGHT = 3, 128, 128, 16, 10


def init(module):
    """Weights that keep the gradient of a critic at a length that the penalty depends on."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)


class Critic(nn.Module):
    """3x128x128 -> 32x64x64 -> 64x32x32 -> 128x16x16 -> 256x8x8 -> 512x4x4 -> [N]"""

    def __init__(self):
        super().__init__()
        layers, inputs = [], CHANNELS
        for width in (32, 64, 128, 256, 512):
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
            inputs = width
        self.net = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, 1, 0))

    def forward(self, images):
        return self.net(images).view(-1)


class TabularCritic(nn.Module):
    """12 -> 128 -> 128 -> 128 -> [N]"""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(12, 128),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(128, 128),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(128, 128),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(128, 1),
        )

    def forward(self, rows):
        return self.net(rows).view(-1)


class Generator(nn.Module):
    """[N, 128] -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> 32x64x64 -> 3x128x128"""

    def __init__(self):
        super().__init__()
        layers, inputs, stride, padding = [], LATENT, 1, 0
        for width in (512, 256, 128, 64, 32):
            layers += [
                nn.ConvTranspose2d(inputs, width, 4, stride, padding, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(True),
            ]
            inputs, stride, padding = width, 2, 1
        last = nn.ConvTranspose2d(inputs, CHANNELS, 4, 2, 1, bias=False)
        self.net = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, latent):
        return self.net(latent.view(-1, LATENT, 1, 1))


def gradient_penalty(critic, real, fake, epsilon):
    """The mean of (|gradient of the critic| - 1)^2 at epsilon * real + (1 - epsilon) * fake."""
    interpolates = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    scores = critic(interpolates)
    gradients = autograd.grad(
        outputs=scores,
        inputs=interpolates,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.reshape(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


class Row:
    """Named networks with their state dicts, and input tensors that are the same in every run."""

    def __init__(self, networks, inputs):
        self.states = {name: network.state_dict() for name, network in networks.items()}
        self.inputs = inputs

    def tensors(self):
        tensors = dict(self.inputs)
        for network, state in self.states.items():
            tensors |= {f"{network}.{name}": tensor for name, tensor in state.items()}
        return tensors


class Penalty(Row):
    """The penalty's value and its gradient for the critic's weights.

    Tensors: `critic.net...`, `real` and `fake` of one shape, `epsilon` with one number a
    sample. Outputs: `penalty`, and `norm.net.0.weight` and so on, the Euclidean norm of each
    weight's gradient; biases have none to speak of.
    """

    def __init__(self, compiled, critic, shape):
        real, fake = torch.rand(shape) * 2 - 1, torch.randn(shape).mul(0.5).tanh()
        epsilon = torch.rand([shape[0]] + [1] * (len(shape) - 1))
        critic.apply(init)
        super().__init__({"critic": critic}, {"real": real, "fake": fake, "epsilon": epsilon})
        self.parameters = dict(critic.named_parameters())
        self.critic = compiled(critic)

    def run(self):
        self.critic.zero_grad()
        penalty = gradient_penalty(self.critic, **self.inputs)
        penalty.backward()
        return penalty

    def check(self):
        outputs = {"penalty": self.run().item()}
        for name, parameter in self.parameters.items():
            if name.endswith("weight"):
                outputs[f"norm.{name}"] = parameter.grad.norm().item()
        return outputs


class CriticStep(Row):
    """A critic's step: mean D(fake) - mean D(real) + 10 * penalty, and Adam.

    Tensors: `generator.net...`, `critic.net...`, `real` [16, 3, 128, 128] signed, `latent`
    [16, 128], `epsilon` [16, 1, 1, 1]. The generator is in training mode. Outputs of the
    first two steps: `critic_loss`.
    """

    def __init__(self, compiled):
        generator, critic = Generator(), Critic().apply(init)
        inputs = {
            "real": torch.rand(BATCH, CHANNELS, SIZE, SIZE) * 2 - 1,
            "latent": torch.randn(BATCH, LATENT),
            "epsilon": torch.rand(BATCH, 1, 1, 1),
        }
        super().__init__({"generator": generator, "critic": critic}, inputs)
        self.generator, self.critic = compiled(generator), compiled(critic)
        self.optimizer = optim.Adam(critic.parameters(), lr=1e-4, betas=(0.0, 0.9))

    def run(self):
        real, latent, epsilon = self.inputs.values()
        self.optimizer.zero_grad()
        fake = self.generator(latent).detach()
        real_scores, fake_scores = self.critic(real), self.critic(fake)
        penalty = gradient_penalty(self.critic, real, fake, epsilon)
        loss = -real_scores.mean() + fake_scores.mean() + WEIGHT * penalty
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"critic_loss.{step}": self.run().item() for step in (1, 2)}


class GeneratorStep(Row):
    """A generator's step: -mean D(fake), and Adam.

    Tensors: `generator.net...`, `critic.net...`, `latent` [16, 128]. Outputs of the first two
    steps: `generator_loss`.
    """

    def __init__(self, compiled):
        generator, critic = Generator(), Critic().apply(init)
        inputs = {"latent": torch.randn(BATCH, LATENT)}
        super().__init__({"generator": generator, "critic": critic}, inputs)
        self.generator, self.critic = compiled(generator), compiled(critic)
        self.optimizer = optim.Adam(generator.parameters(), lr=1e-4, betas=(0.0, 0.9))

    def run(self):
        self.optimizer.zero_grad()
        loss = -self.critic(self.generator(self.inputs["latent"])).mean()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"generator_loss.{step}": self.run().item() for step in (1, 2)}


ROWS = {
    "gradient_penalty_conv_128px_b16": lambda c: Penalty(c, Critic(), [BATCH, CHANNELS, SIZE, SIZE]),
    "gradient_penalty_mlp_b200": lambda c: Penalty(c, TabularCritic(), [200, 12]),
    "gradient_penalty_mlp_b1000": lambda c: Penalty(c, TabularCritic(), [1000, 12]),
    "gradient_penalty_mlp_b5000": lambda c: Penalty(c, TabularCritic(), [5000, 12]),
    "wgan_gp_critic_step_128px_b16": CriticStep,
    "wgan_gp_generator_step_128px_b16": GeneratorStep,
}
