"""Golden values of a small WGAN-GP: networks, penalties, five critic and two generator updates.

Run with PyTorch 2.13 and safetensors: `python wgan_gp.py` rewrites `wgan_gp.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine.

Images are 64x64 with 1 channel, latents of 16, the generator has 2 features and the critic 4,
batches have 4 samples. The generator is ConvTranspose2d 4x4 without bias, BatchNorm and ReLU
with tanh at the end; the critic is Conv2d 4x4 with bias and LeakyReLU 0.2, without
normalisation. First weights are wider than those of a new network, and biases are not 0, so
that scores, slopes and penalties are of order 1.

An update of the critic minimises mean C(fake) - mean C(real) + 10 mean (|g| - 1)^2 with
|g| = sqrt(sum g^2 + 1e-12), the epsilon inside the root, and g = dC/dx at w real + (1 - w) fake
by `autograd.grad(create_graph=True)`; critic and generator run on each batch by itself, in
train mode. After the third and the fifth one an update of the generator minimises
-mean C(fake). Adam: lr 1e-4, betas (0.0, 0.9), eps 1e-8.

Keys (float32 but for `num_batches_tracked`, int64, and what is said to be float64):

- `initial.generator.net.0.weight` ..., `initial.critic.net.0.weight` ...: weights and buffers
  before training
- `reals` [5, 4, 1, 64, 64] signed, `latents` [5, 4, 16], `weights` [5, 4]: the inputs of the
  critic's updates; `generator.latents` [2, 4, 16]: those of the generator's
- `critic.losses`, `penalties`, `gradient_norms` (mean |g|), `real_scores`, `fake_scores` [5],
  `generator.losses` [2]: the scalars of each update
- `grad.critic...`, `grad.generator...`: gradients of the critic's and of the generator's loss
  in the first update of each
- `final.generator...`, `final.critic...`: weights and buffers after all updates
- `initial.fakes`, `initial.scores`: the first update's fakes, in train mode, and the scores of
  its reals; `final.samples`, `final.scores`: samples of `latents[0]` in eval mode and their
  scores after all updates

Single penalties in float64, from the float32 weights above:

- `penalty.conv.value`, `penalty.conv.norm`, `penalty.conv.grad...`: at w `reals[0]` + (1 - w)
  `initial.fakes`, with the first critic

Variants of the networks, each with 2 features:

- `layer...`, `instance...`: critics with nn.GroupNorm of one group and of one a channel behind
  every convolution but the first and the last: `.state.net...`, `.scores` of `reals[0]`,
  `.penalty` at `reals[0]` and `.grad...`, its gradients
- `spectral...`: a critic with spectral_norm on every convolution: `.state.net...` before,
  `.scores` of a first pass in train mode, `.after.net...` the vectors behind it,
  `.eval_scores` of a pass in eval mode after that, and `.grad...`, the gradients of the mean of
  the first scores
- `nearest...`: a generator that doubles by nn.Upsample and Conv2d 3x3: `.state.net...`,
  `.fakes` of `latents[0]` in train mode
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

BATCH, LATENT, CHANNELS, SIZE, WEIGHT = 4, 16, 1, 64, 10.0
CRITIC_UPDATES, GENERATOR_AFTER = 5, (3, 5)


def conv_transpose(inputs, outputs, stride, padding):
    return nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)


def upsample_conv(inputs, outputs):
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)]


class Generator(nn.Module):
    def __init__(self, features, nearest=False):
        super().__init__()
        f = features

        def double(inputs, outputs):
            if nearest:
                return upsample_conv(inputs, outputs)
            return [conv_transpose(inputs, outputs, 2, 1)]

        self.net = nn.Sequential(
            conv_transpose(LATENT, 8 * f, 1, 0), nn.BatchNorm2d(8 * f), nn.ReLU(True),
            *double(8 * f, 4 * f), nn.BatchNorm2d(4 * f), nn.ReLU(True),
            *double(4 * f, 2 * f), nn.BatchNorm2d(2 * f), nn.ReLU(True),
            *double(2 * f, f), nn.BatchNorm2d(f), nn.ReLU(True),
            *double(f, CHANNELS), nn.Tanh(),
        )

    def forward(self, latent):
        return self.net(latent.view(-1, LATENT, 1, 1))


class Critic(nn.Module):
    def __init__(self, features, groups=None, wrap=lambda layer: layer):
        super().__init__()

        def conv(inputs, outputs, stride, padding):
            return wrap(nn.Conv2d(inputs, outputs, 4, stride, padding))

        layers, inputs = [], CHANNELS
        for i in range(4):
            outputs = features * 2**i
            layers.append(conv(inputs, outputs, 2, 1))
            if groups and i > 0:
                layers.append(nn.GroupNorm(groups(outputs), outputs))
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        self.net = nn.Sequential(*layers, conv(inputs, 1, 1, 0))

    def forward(self, images):
        return self.net(images).view(-1)


def draw(module):
    """Weights of such a size that signals keep theirs, and biases that are not 0."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        down = isinstance(module, nn.Conv2d)
        fan = module.weight[0].numel() if down else module.weight[:, 0].numel() / 4
        nn.init.normal_(module.weight, 0.0, (2.0 / fan) ** 0.5)
    elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
        nn.init.normal_(module.weight, 1.0, 0.1)
    if getattr(module, "bias", None) is not None:
        nn.init.normal_(module.bias, 0.0, 0.1)


def gradient_penalty(critic, points):
    points = points.detach().requires_grad_(True)
    scores = critic(points)
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    norms = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    return WEIGHT * (norms - 1).square().mean(), norms.detach().mean()


def interpolates(real, fake, weights):
    weights = weights.view(-1, 1, 1, 1)
    return weights * real + (1 - weights) * fake


torch.manual_seed(20170331)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


def keep_gradients(prefix, network):
    # A bias that a penalty does not depend on has no gradient, or one of 0.
    named = network.named_parameters()
    keep(prefix, ((n, torch.zeros_like(p) if p.grad is None else p.grad) for n, p in named))


networks = {"generator": Generator(2).apply(draw), "critic": Critic(4).apply(draw)}
generator, critic = networks.values()
for name, network in networks.items():
    keep(f"initial.{name}", network.state_dict().items())
# Smooth blobs with noise: something a critic can tell from a fake.
blobs = torch.randn(CRITIC_UPDATES * BATCH, CHANNELS, 4, 4)
smooth = nn.functional.interpolate(blobs, SIZE, mode="bilinear")
reals = (smooth + 0.1 * torch.randn_like(smooth)).tanh()
reals = golden["reals"] = reals.view(CRITIC_UPDATES, BATCH, CHANNELS, SIZE, SIZE)
latents = golden["latents"] = torch.randn(CRITIC_UPDATES, BATCH, LATENT)
weights = golden["weights"] = torch.rand(CRITIC_UPDATES, BATCH)
more_latents = golden["generator.latents"] = torch.randn(len(GENERATOR_AFTER), BATCH, LATENT)

optimizers = {
    name: torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.0, 0.9), eps=1e-8)
    for name, network in networks.items()
}
columns = ("critic.losses", "penalties", "gradient_norms", "real_scores", "fake_scores")
rows, generator_losses = [], []
for k in range(CRITIC_UPDATES):
    with torch.no_grad():
        fake = generator(latents[k])
    optimizers["critic"].zero_grad()
    real_scores, fake_scores = critic(reals[k]), critic(fake)
    penalty, norm = gradient_penalty(critic, interpolates(reals[k], fake, weights[k]))
    loss = fake_scores.mean() - real_scores.mean() + penalty
    loss.backward()
    if k == 0:
        golden["initial.fakes"], golden["initial.scores"] = fake, real_scores.detach()
        keep_gradients("grad.critic", critic)
    optimizers["critic"].step()
    row = (loss, penalty, norm, real_scores.mean(), fake_scores.mean())
    rows.append([value.item() for value in row])

    if k + 1 in GENERATOR_AFTER:
        optimizers["generator"].zero_grad()
        loss = -critic(generator(more_latents[len(generator_losses)])).mean()
        loss.backward()
        if not generator_losses:
            keep_gradients("grad.generator", generator)
        optimizers["generator"].step()
        generator_losses.append(loss.item())

golden.update(zip(columns, torch.tensor(rows).T))
golden["generator.losses"] = torch.tensor(generator_losses)
for name, network in networks.items():
    keep(f"final.{name}", network.state_dict().items())
with torch.no_grad():
    samples = golden["final.samples"] = generator.eval()(latents[0])
    golden["final.scores"] = critic(samples)


def keep_penalty(name, network, points):
    network.zero_grad()
    value, norm = gradient_penalty(lambda xs: network(xs).view(-1), points)
    value.backward()
    keep(f"penalty.{name}", (("value", value), ("norm", norm)))
    keep_gradients(f"penalty.{name}.grad", network)


first = {n.removeprefix("initial.critic."): t for n, t in golden.items() if "initial.critic" in n}
critic.load_state_dict(first)
points = (reals[0].double(), golden["initial.fakes"].double(), weights[0].double())
keep_penalty("conv", critic.double(), interpolates(*points))

torch.manual_seed(20170332)
for name, groups in (("layer", lambda _: 1), ("instance", lambda channels: channels)):
    variant = Critic(2, groups).apply(draw)
    keep(f"{name}.state", variant.state_dict().items())
    golden[f"{name}.scores"] = variant(reals[0]).detach()
    penalty, _ = gradient_penalty(variant, reals[0])
    penalty.backward()
    golden[f"{name}.penalty"] = penalty.detach()
    keep_gradients(f"{name}.grad", variant)

variant = Critic(2).apply(draw)
variant.net = nn.Sequential(*(
    spectral_norm(layer) if isinstance(layer, nn.Conv2d) else layer for layer in variant.net
))
with torch.no_grad():
    for name, parameter in variant.named_parameters():
        if name.endswith("original"):
            # The vectors lag behind, as they do in training.
            parameter.add_(torch.randn_like(parameter) * parameter.std())
keep("spectral.state", variant.state_dict().items())
scores = variant.train()(reals[0])
scores.mean().backward()
golden["spectral.scores"] = scores.detach()
keep_gradients("spectral.grad", variant)
keep("spectral.after", variant.named_buffers())
with torch.no_grad():
    golden["spectral.eval_scores"] = variant.eval()(reals[0])

variant = Generator(2, nearest=True).apply(draw)
keep("nearest.state", variant.state_dict().items())
with torch.no_grad():
    golden["nearest.fakes"] = variant(latents[0])

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
for name in (*columns, "generator.losses", "layer.penalty", "instance.penalty"):
    print(name, golden[name])
