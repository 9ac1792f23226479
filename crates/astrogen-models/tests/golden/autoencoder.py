"""Golden values of a small autoencoder: latents, reconstructions and five training steps.

Run with PyTorch 2.13 and safetensors: `python autoencoder.py` rewrites `autoencoder.safetensors`
and `autoencoder.pth`, PyTorch's own file of the weights before training, beside it. One thread and a
fixed seed make the files the same each time on one machine.

The network is GalacticForge's with two convolutions instead of six: image 24x24, 3 channels, widths
8 and 16, latent 4, batch 4; Adam with lr 1e-3 on the mean squared error.

Keys (float32):

- `initial.encoder.0.weight` ..., `initial.decoder.0.weight` ...: weights before training
- `images` [5, 4, 3, 24, 24] in [0, 1]: the inputs of the five steps
- `latent` [4, 4], `reconstructed` [4, 3, 24, 24]: of the first images before training
- `losses` [5]: the error of each step, before its update
- `final....`: weights after the five steps
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

STEPS, BATCH, LATENT, SIZE, CHANNELS, WIDTHS = 5, 4, 4, 24, 3, (8, 16)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        a, b = WIDTHS
        side = SIZE // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(CHANNELS, a, 4, 2, 1), nn.ReLU(), nn.Conv2d(a, b, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(b * side * side, LATENT),
        )
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, b * side * side), nn.Unflatten(1, (b, side, side)),
            nn.ConvTranspose2d(b, a, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(a, CHANNELS, 4, 2, 1),
            nn.Sigmoid(),
        )


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Autoencoder()
    torch.save(model.state_dict(), Path(__file__).with_suffix(".pth"))
    tensors = {f"initial.{name}": value.clone() for name, value in model.state_dict().items()}
    images = torch.rand(STEPS, BATCH, CHANNELS, SIZE, SIZE)
    with torch.no_grad():
        latent = model.encoder(images[0])
        tensors |= {"latent": latent, "reconstructed": model.decoder(latent)}
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for batch in images:
        loss = nn.functional.mse_loss(model.decoder(model.encoder(batch)), batch)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.detach())
    tensors |= {f"final.{name}": value.clone() for name, value in model.state_dict().items()}
    tensors |= {"images": images, "losses": torch.stack(losses)}
    save_file(tensors, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
