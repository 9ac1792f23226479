"""One training step of GalacticForge's autoencoder, as its program has it."""

import torch
from torch import nn, optim

LATENT, CHANNELS, SIZE, BATCH, WIDTHS = 16, 3, 448, 4, (64, 128, 256, 512, 1024, 2048)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        side = SIZE >> len(WIDTHS)
        numbers = WIDTHS[-1] * side * side
        layers, inputs = [], CHANNELS
        for width in WIDTHS:
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.ReLU()]
            inputs = width
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(numbers, LATENT))
        layers = [nn.Linear(LATENT, numbers), nn.Unflatten(1, (WIDTHS[-1], side, side))]
        for width in reversed(WIDTHS[:-1]):
            layers += [nn.ConvTranspose2d(inputs, width, 4, 2, 1), nn.ReLU()]
            inputs = width
        layers += [nn.ConvTranspose2d(inputs, CHANNELS, 4, 2, 1), nn.Sigmoid()]
        self.decoder = nn.Sequential(*layers)

    def forward(self, images):
        return self.decoder(self.encoder(images))


class Step:
    """`images` [4, 3, 448, 448] in [0, 1], the same in every step."""

    def __init__(self, compiled):
        network = Autoencoder()
        self.state = network.state_dict()
        self.network = compiled(network)
        self.optimizer = optim.Adam(network.parameters(), lr=3e-5)
        self.criterion = nn.MSELoss()
        self.images = torch.rand(BATCH, CHANNELS, SIZE, SIZE)

    def tensors(self):
        return {"images": self.images} | {f"autoencoder.{name}": t for name, t in self.state.items()}

    def run(self):
        self.optimizer.zero_grad()
        loss = self.criterion(self.network(self.images), self.images)
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return {f"reconstruction.{step}": self.run().item() for step in (1, 2)}


ROWS = {"autoencoder_step_448px_b4": Step}
