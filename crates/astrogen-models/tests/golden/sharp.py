"""Golden values of small sharp networks, and of four steps of a relativistic GAN on them.

Run with PyTorch 2.13 and safetensors: `python sharp.py` rewrites `sharp.safetensors` beside it.
One thread and fixed seeds make the file the same each time on one machine.

Images are 32x32 with 2 channels, latents of 6, generator and critic have 4 features, batches 3
samples. `Generator` is the module whose names and arithmetic the crate has: a fully connected
layer and batch normalisation; stages of bilinear upsampling, a 3x3 convolution without bias,
batch normalisation, noise but in the last and LeakyReLU 0.2; a 3x3 convolution with bias and tanh. `Critic` is
Conv2d 4x4 with bias and LeakyReLU 0.2. Normalisations, biases and noise weights are drawn too, so
that all of them count.

A step is an update of the critic, which minimises

    mean softplus(C(fake) - C(real)) + gamma / 2 (mean |dC/dx(real)|^2 + mean |dC/dx(fake)|^2)

with gamma 0.2, the penalties in steps 0 and 2 only and at twice the weight there, by
`autograd.grad(create_graph=True)`; then one of the generator, which minimises
mean softplus(C(real) - C(fake)) on the same fakes and other reals. Adam: lr 1e-3 in step 0 that falls on
a straight line to a tenth in step 4, betas (0, 0.99), eps 1e-2: with a small one the first update
goes by the signs of gradients, also where they are rounding. Noise is torch.randn of one map
[N, 1, H, W] a stage but the last, from coarse to fine, after torch.manual_seed(100 + step).

Keys (float32 but for `num_batches_tracked`, int64):

- `initial.generator.input.linear.weight` ..., `initial.critic.net.0.weight` ...: before training
- `latent` [3, 6], `noise.0` [3, 1, 8, 8], `noise.1`, `direction` [3, 2, 32, 32] and
  `fakes`, `grad...`, `after...`: images in train mode, the gradients of sum(direction * images),
  and the weights and buffers behind it; `samples`: images in eval mode after that
- `reals` [4, 6, 2, 32, 32] signed, of which the first half is the critic's, `latents` [4, 3, 6]
- `critic.losses`, `penalties` (weight included, where they are taken), `real_scores`,
  `fake_scores`, `generator.losses` [4]
- `final.generator...`, `final.critic...`: after all steps, from the initial weights
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

BATCH, LATENT, CHANNELS, SIZE, FEATURES = 3, 6, 2, 32, 4
WIDTHS = [FEATURES * width for width in (5, 3, 2, 1)]
GAMMA, INTERVAL, STEPS, LR = 0.2, 2, 4, 1e-3


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
    def __init__(self, inputs, outputs, noise):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        if noise:
            self.noise = Noise(outputs)

    def forward(self, images, noise):
        images = F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
        images = self.norm(self.conv(images))
        if noise is not None:
            images = self.noise(images, noise)
        return F.leaky_relu(images, 0.2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = Input()
        self.stages = nn.ModuleList(
            Stage(i, o, noise=o != WIDTHS[-1]) for i, o in zip(WIDTHS, WIDTHS[1:])
        )
        self.output = nn.Conv2d(WIDTHS[-1], CHANNELS, 3, 1, 1)

    def forward(self, latent, noise):
        images = self.input(latent)
        for stage, noise in zip(self.stages, [*noise, None]):
            images = stage(images, noise)
        return torch.tanh(self.output(images))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        layers, inputs = [], CHANNELS
        for width in (FEATURES, 2 * FEATURES, 4 * FEATURES):
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2)]
            inputs = width
        self.net = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, 1, 0))

    def forward(self, images):
        return self.net(images).view(-1)


def draw(module):
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.1)
    elif isinstance(module, Noise):
        nn.init.normal_(module.weight, 0.0, 0.2)
    if getattr(module, "bias", None) is not None:
        nn.init.normal_(module.bias, 0.0, 0.1)


def noise(n):
    return [torch.randn(n, 1, size, size) for size in (8, 16)]


def penalty(images, scores):
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum([1, 2, 3]).mean()


torch.manual_seed(20240613)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


networks = {"generator": Generator().apply(draw), "critic": Critic().apply(draw)}
generator, critic = networks.values()
for name, network in networks.items():
    keep(f"initial.{name}", network.state_dict().items())
initial = {name: tensor.clone() for name, tensor in generator.state_dict().items()}

# One pass.
latent, maps = torch.randn(BATCH, LATENT), noise(BATCH)
direction = torch.randn(BATCH, CHANNELS, SIZE, SIZE)
golden |= {"latent": latent, "direction": direction}
golden |= {f"noise.{i}": noise for i, noise in enumerate(maps)}
fakes = generator(latent, maps)
(fakes * direction).sum().backward()
golden["fakes"] = fakes.detach()
keep("grad", ((name, parameter.grad) for name, parameter in generator.named_parameters()))
keep("after", generator.state_dict().items())
with torch.no_grad():
    golden["samples"] = generator.eval()(latent, maps)
generator.train().load_state_dict(initial)

# Steps.
smooth = F.interpolate(torch.randn(2 * STEPS * BATCH, CHANNELS, 4, 4), SIZE, mode="bilinear")
reals = (smooth + 0.1 * torch.randn_like(smooth)).tanh()
reals = golden["reals"] = reals.view(STEPS, 2 * BATCH, CHANNELS, SIZE, SIZE)
latents = golden["latents"] = torch.randn(STEPS, BATCH, LATENT)
optimizers = {
    name: torch.optim.Adam(network.parameters(), lr=LR, betas=(0.0, 0.99), eps=1e-2)
    for name, network in networks.items()
}
columns = ("critic.losses", "penalties", "real_scores", "fake_scores", "generator.losses")
rows = []
for step in range(STEPS):
    for optimizer in optimizers.values():
        optimizer.param_groups[0]["lr"] = LR * (1 - 0.9 * step / STEPS)

    torch.manual_seed(100 + step)
    fakes = generator(latents[step], noise(BATCH))
    real, other_real = reals[step].split(BATCH)
    real, fake = real.clone().requires_grad_(True), fakes.detach().requires_grad_(True)
    real_scores, fake_scores = critic(real), critic(fake)
    loss, penalties = F.softplus(fake_scores - real_scores).mean(), torch.tensor(0.0)
    if step % INTERVAL == 0:
        penalties = penalty(real, real_scores) + penalty(fake, fake_scores)
        penalties = 0.5 * GAMMA * INTERVAL * penalties
    optimizers["critic"].zero_grad()
    (loss + penalties).backward()
    optimizers["critic"].step()
    row = [loss + penalties, penalties, real_scores.mean(), fake_scores.mean()]

    optimizers["generator"].zero_grad()
    loss = F.softplus(critic(other_real).detach() - critic(fakes)).mean()
    loss.backward()
    optimizers["generator"].step()
    rows.append([value.item() for value in [*row, loss]])

golden.update(zip(columns, torch.tensor(rows).T))
for name, network in networks.items():
    keep(f"final.{name}", network.state_dict().items())

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
for name in columns:
    print(name, golden[name])
