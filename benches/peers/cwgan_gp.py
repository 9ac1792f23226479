"""The conditional WGAN-GP that emulates Balrog: training steps and generation.

Written as its users write it: three branches and a trunk of `nn.Sequential`s, the penalty by
`autograd.grad` with `create_graph=True`, Adam.
"""

import torch
from torch import nn, optim

from wgan_gp import Row, WEIGHT, gradient_penalty

FEATURES, TRUE, CONDITIONS, LATENT, BATCH, ROWS_A_BATCH = 3, 3, 6, 8, 200, 10_000


def branch(inputs):
    return nn.Sequential(
        nn.Linear(inputs, 128), nn.LeakyReLU(0.2), nn.Linear(128, 64), nn.LeakyReLU(0.2)
    )


def trunk(outputs):
    return nn.Sequential(
        nn.Linear(192, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, outputs),
    )


class Generator(nn.Module):
    """[N, 8], [N, 6], [N, 3] -> [N, 3]"""

    def __init__(self):
        super().__init__()
        self.noise, self.cond, self.true = branch(LATENT), branch(CONDITIONS), branch(TRUE)
        self.out = trunk(FEATURES)

    def forward(self, noise, cond, true):
        return self.out(torch.cat((self.noise(noise), self.cond(cond), self.true(true)), 1))


class Critic(nn.Module):
    """[N, 3], [N, 6], [N, 3] -> [N, 1]"""

    def __init__(self):
        super().__init__()
        self.genout, self.cond, self.true = branch(FEATURES), branch(CONDITIONS), branch(TRUE)
        self.out = trunk(1)

    def forward(self, features, cond, true):
        return self.out(torch.cat((self.genout(features), self.cond(cond), self.true(true)), 1))


def inputs(rows):
    return {
        "real": torch.randn(rows, FEATURES),
        "cond": torch.randn(rows, CONDITIONS),
        "true": torch.randn(rows, TRUE),
        "latent": torch.randn(rows, LATENT),
    }


class CriticStep(Row):
    """A critic's step: mean D(fake) - mean D(real) + 10 * penalty, and Adam.

    Tensors: `generator.noise...`, `critic.genout...`, `real`, `cond`, `true`, `latent`,
    `epsilon` [200, 1]. Outputs of the first two steps: `critic_loss`.
    """

    def __init__(self, compiled):
        generator, critic = Generator(), Critic()
        super().__init__(
            {"generator": generator, "critic": critic},
            inputs(BATCH) | {"epsilon": torch.rand(BATCH, 1)},
        )
        self.generator, self.critic = compiled(generator), compiled(critic)
        self.optimizer = optim.Adam(critic.parameters(), lr=1e-4, betas=(0.5, 0.999))

    def run(self):
        real, cond, true, latent, epsilon = self.inputs.values()
        self.optimizer.zero_grad()
        fake = self.generator(latent, cond, true).detach()
        real_scores, fake_scores = self.critic(real, cond, true), self.critic(fake, cond, true)
        penalty = gradient_penalty(lambda x: self.critic(x, cond, true), real, fake, epsilon)
        loss = fake_scores.mean() - real_scores.mean() + WEIGHT * penalty
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"critic_loss.{step}": self.run().item() for step in (1, 2)}


class GeneratorStep(Row):
    """A generator's step: -mean D(fake), and Adam. Outputs of the first two steps:
    `generator_loss`."""

    def __init__(self, compiled):
        generator, critic = Generator(), Critic()
        super().__init__({"generator": generator, "critic": critic}, inputs(BATCH))
        self.generator, self.critic = compiled(generator), compiled(critic)
        self.optimizer = optim.Adam(generator.parameters(), lr=1e-4, betas=(0.5, 0.999))

    def run(self):
        _, cond, true, latent = self.inputs.values()
        self.optimizer.zero_grad()
        loss = -self.critic(self.generator(latent, cond, true), cond, true).mean()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"generator_loss.{step}": self.run().item() for step in (1, 2)}


class Generate(Row):
    """A million rows, 10,000 at a time, each with fresh latents. Outputs: the means of what
    given latents of 10,000 rows become."""

    def __init__(self, compiled):
        generator = Generator()
        super().__init__({"generator": generator}, inputs(ROWS_A_BATCH))
        self.generator = compiled(generator)
        self.cond = torch.randn(1_000_000, CONDITIONS)
        self.true = torch.randn(1_000_000, TRUE)

    @torch.no_grad()
    def run(self):
        parts = []
        for cond, true in zip(self.cond.split(ROWS_A_BATCH), self.true.split(ROWS_A_BATCH)):
            parts.append(self.generator(torch.randn(len(cond), LATENT), cond, true))
        return torch.cat(parts)

    @torch.no_grad()
    def check(self):
        _, cond, true, latent = self.inputs.values()
        means = self.generator(latent, cond, true).mean(0)
        return {f"mean.{i}": mean.item() for i, mean in enumerate(means)}


ROWS = {
    "cwgan_gp_critic_step_b200": CriticStep,
    "cwgan_gp_generator_step_b200": GeneratorStep,
    "cwgan_gp_generate_1e6": Generate,
}
