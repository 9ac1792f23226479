"""One training step of the DCGAN, as PyTorch's `dcgan` example has it."""

import torch
from torch import nn, optim

LATENT, FEATURES, CHANNELS, SIZE, BATCH = 100, 64, 3, 64, 64


def weights_init(module):
    name = module.__class__.__name__
    if "Conv" in name:
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif "BatchNorm" in name:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            nn.ConvTranspose2d(LATENT, 8 * f, 4, 1, 0, bias=False),
            nn.BatchNorm2d(8 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(8 * f, 4 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(4 * f, 2 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(2 * f, f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(f),
            nn.ReLU(True),
            nn.ConvTranspose2d(f, CHANNELS, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, latent):
        return self.net(latent)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            nn.Conv2d(CHANNELS, f, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(f, 2 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * f, 4 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * f, 8 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * f, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, images):
        return self.net(images).view(-1)


class Step:
    """`real` [64, 3, 64, 64], signed, and `latent` [64, 100], the same in every step."""

    def __init__(self, compiled):
        generator, discriminator = Generator().apply(weights_init), Discriminator().apply(weights_init)
        self.states = {"generator": generator.state_dict(), "discriminator": discriminator.state_dict()}
        self.generator, self.discriminator = compiled(generator), compiled(discriminator)
        self.optimizer_d = optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizer_g = optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.criterion = nn.BCELoss()
        self.real = torch.rand(BATCH, CHANNELS, SIZE, SIZE) * 2 - 1
        self.latent = torch.randn(BATCH, LATENT)

    def tensors(self):
        tensors = {"real": self.real, "latent": self.latent}
        for network, state in self.states.items():
            tensors |= {f"{network}.{name}": tensor for name, tensor in state.items()}
        return tensors

    def run(self):
        # D: maximise log D(x) + log(1 - D(G(z)))
        self.discriminator.zero_grad()
        label = torch.full((BATCH,), 1.0)
        output = self.discriminator(self.real)
        loss_real = self.criterion(output, label)
        loss_real.backward()
        fake = self.generator(self.latent.view(BATCH, LATENT, 1, 1))
        label.fill_(0.0)
        output = self.discriminator(fake.detach())
        loss_fake = self.criterion(output, label)
        loss_fake.backward()
        self.optimizer_d.step()

        # G: maximise log D(G(z))
        self.generator.zero_grad()
        label.fill_(1.0)
        output = self.discriminator(fake)
        loss_g = self.criterion(output, label)
        loss_g.backward()
        self.optimizer_g.step()
        return loss_real + loss_fake, loss_g

    def check(self):
        outputs = {}
        for step in (1, 2):
            loss_d, loss_g = self.run()
            outputs[f"discriminator_loss.{step}"] = loss_d.item()
            outputs[f"generator_loss.{step}"] = loss_g.item()
        return outputs


ROWS = {"dcgan_step_64px_b64": Step}
