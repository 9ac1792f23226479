"""Golden values of a small DCGAN: networks, losses, gradients and five training steps.

Run with PyTorch 2.13 and safetensors: `python dcgan.py` rewrites `dcgan.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine.

The networks are those of PyTorch's `dcgan` example with its sigmoid left to the loss:
image 32x32, 3 channels, latent 16, 8 features, batch 4. A training step is: errD =
BCE(D(real), 1) + BCE(D(G(latent).detach()), 0), Adam step of D; errG = BCE(D(fake), 1) on
the same fakes with the new D, Adam step of G; both networks in train mode throughout, Adam
with lr 2e-4, betas (0.5, 0.999), eps 1e-8.

Keys (float32 but for `num_batches_tracked`, int64):

- `initial.generator.net.0.weight` ..., `initial.discriminator.net.0.weight` ...: weights and
  buffers before training
- `latents` [5, 4, 16], `reals` [5, 4, 3, 32, 32] signed: the inputs of the five steps
- `losses` [5, 2]: errD (total) and errG of each step; `losses.parts` [5, 2]: errD's parts on
  reals and on fakes
- `grad.generator...`, `grad.discriminator...`: gradients of errG and errD in the first step
- `final.generator...`, `final.discriminator...`: weights and buffers after the five steps
- `initial.fakes`, `initial.logits`: the first step's fakes, and the first discriminator's
  logits of the first reals, both in train mode
- `final.samples`, `final.sample_logits`: samples of `latents[0]` and their logits after the
  five steps, both in eval mode
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

STEPS, BATCH, LATENT, FEATURES, CHANNELS, SIZE = 5, 4, 16, 8, 3, 32


def conv_transpose(inputs, outputs, stride, padding):
    return nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)


def conv(inputs, outputs, stride, padding):
    return nn.Conv2d(inputs, outputs, 4, stride, padding, bias=False)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            conv_transpose(LATENT, 4 * f, 1, 0), nn.BatchNorm2d(4 * f), nn.ReLU(True),
            conv_transpose(4 * f, 2 * f, 2, 1), nn.BatchNorm2d(2 * f), nn.ReLU(True),
            conv_transpose(2 * f, f, 2, 1), nn.BatchNorm2d(f), nn.ReLU(True),
            conv_transpose(f, CHANNELS, 2, 1), nn.Tanh(),
        )

    def forward(self, latent):
        return self.net(latent.view(-1, LATENT, 1, 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            conv(CHANNELS, f, 2, 1), nn.LeakyReLU(0.2, True),
            conv(f, 2 * f, 2, 1), nn.BatchNorm2d(2 * f), nn.LeakyReLU(0.2, True),
            conv(2 * f, 4 * f, 2, 1), nn.BatchNorm2d(4 * f), nn.LeakyReLU(0.2, True),
            conv(4 * f, 1, 1, 0),
        )

    def forward(self, images):
        return self.net(images).view(-1)


def init(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


torch.manual_seed(20160107)
torch.set_num_threads(1)
networks = {"generator": Generator().apply(init), "discriminator": Discriminator().apply(init)}
generator, discriminator = networks.values()
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


def keep_state(prefix):
    for name, network in networks.items():
        keep(f"{prefix}.{name}", network.state_dict().items())


def keep_gradients(name):
    keep(f"grad.{name}", ((n, p.grad) for n, p in networks[name].named_parameters()))


keep_state("initial")
latents = golden["latents"] = torch.randn(STEPS, BATCH, LATENT)
# Smooth blobs with noise: something a discriminator can tell from a fake.
smooth = nn.functional.interpolate(torch.randn(STEPS * BATCH, CHANNELS, 4, 4), SIZE, mode="bilinear")
reals = (smooth + 0.1 * torch.randn_like(smooth)).tanh().view(STEPS, BATCH, CHANNELS, SIZE, SIZE)
golden["reals"] = reals

optimizers = {
    name: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    for name, network in networks.items()
}
ones, zeros = torch.ones(BATCH), torch.zeros(BATCH)
losses, parts = [], []
for step in range(STEPS):
    optimizers["discriminator"].zero_grad()
    real_logits = discriminator(reals[step])
    fakes = generator(latents[step])
    real_part, fake_part = bce(real_logits, ones), bce(discriminator(fakes.detach()), zeros)
    discriminator_loss = real_part + fake_part
    discriminator_loss.backward()
    if step == 0:
        golden["initial.fakes"], golden["initial.logits"] = fakes.detach(), real_logits.detach()
        keep_gradients("discriminator")
    optimizers["discriminator"].step()

    optimizers["generator"].zero_grad()
    generator_loss = bce(discriminator(fakes), ones)
    generator_loss.backward()
    if step == 0:
        keep_gradients("generator")
    optimizers["generator"].step()

    losses.append([discriminator_loss.item(), generator_loss.item()])
    parts.append([real_part.item(), fake_part.item()])

golden["losses"], golden["losses.parts"] = torch.tensor(losses), torch.tensor(parts)
keep_state("final")
with torch.no_grad():
    samples = generator.eval()(latents[0])
    golden["final.samples"], golden["final.sample_logits"] = samples, discriminator.eval()(samples)

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
print(golden["losses"])
