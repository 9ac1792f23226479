"""Golden values of a small conditional WGAN-GP for tables: networks, penalties, updates.

Run with PyTorch 2.13 and safetensors: `python cwgan_gp.py` rewrites `cwgan_gp.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine.

A row has 6 conditions, 3 true and 3 observed features; latents have 8 values, batches 20 rows.
Generator and critic are three branches of Linear 16-8, called `noise` (`genout` in the critic),
`cond` and `true`, side by side before a trunk `out` of Linear 16-16 and one more, with the
activation behind every layer but the last. First weights are wider than those of a new network,
and biases are not 0, so that scores, slopes and penalties are of order 1.

An update of the critic minimises mean C(fake) - mean C(real) + 10 mean (|g| - 1)^2 with
|g| = sqrt(sum g^2 + 1e-12), the epsilon inside the root, and g = dC/dx at the observed features
x = w real + (1 - w) fake by `autograd.grad(create_graph=True)`: the context is neither
interpolated nor differentiated by. After the third and the fifth one an update of the generator
minimises -mean C(fake) + M mean (fake - real)^2. Adam: lr 1e-4, betas (0.5, 0.999) and eps 1e-4:
reals and fakes share their contexts, so some gradients cancel but for rounding, of which an eps
of 1e-8 would make whole updates.

Keys (float32 but for the penalties, float64, and the shapes, int64):

- `contexts` [5, 20, 9], the conditions first, `reals` [5, 20, 3], `latents` [5, 20, 8], `weights`
  [5, 20]: the inputs of the critic's updates; `generator.latents` [2, 20, 8]: those of the
  generator's, which takes contexts and reals of the critic's last update

For each activation A of `leaky_relu` (slope 0.2), `relu`, `elu`:

- `A.initial.generator.noise.0.weight` ..., `A.initial.critic.genout.0.weight` ...: first weights
- `A.fakes` [20, 3], `A.scores` [20]: features generated from the first batch, and their scores
- `A.penalty.value`, `A.penalty.norm` (mean |g|), `A.penalty.grad...`: the penalty in float64 from
  these float32 numbers, between the first reals and `A.fakes`
- `A.mse_M...` for M of 0 and 1, the weight of the squared error: `.critic_loss`,
  `.gradient_penalty`, `.gradient_norm`, `.wasserstein` [5], `.generator_loss` [2] of each update;
  `.grad.critic...`, `.grad.generator...`, gradients of the loss in the first update of each;
  `.final.generator...`, `.final.critic...`, weights after all updates

At the sizes of Balrog's emulator (branches 128-64, trunk 128-128):

- `shape.generator...`, `shape.critic...`: the shape of every parameter
"""

import copy
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

BATCH, FEATURES, TRUE, CONDITIONS, LATENT, WEIGHT = 20, 3, 3, 6, 8, 10.0
CRITIC_UPDATES, GENERATOR_AFTER = 5, (3, 5)
ACTIVATIONS = {"leaky_relu": lambda: nn.LeakyReLU(0.2), "relu": nn.ReLU, "elu": nn.ELU}


def stack(widths, activation):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return layers


class Network(nn.Module):
    """The branch `first` of what only this network sees, those of the context, and the trunk."""

    def __init__(self, first, inputs, outputs, activation, branch=(16, 8), trunk=(16, 16)):
        super().__init__()
        self.first = first
        for name, width in ((first, inputs), ("cond", CONDITIONS), ("true", TRUE)):
            self.add_module(name, nn.Sequential(*stack((width, *branch), activation)))
        hidden = stack((3 * branch[-1], *trunk), activation)
        self.out = nn.Sequential(*hidden, nn.Linear(trunk[-1], outputs))

    def forward(self, xs, context):
        conditions, true = context.split((CONDITIONS, TRUE), 1)
        branches = (getattr(self, self.first)(xs), self.cond(conditions), self.true(true))
        return self.out(torch.cat(branches, 1))


def pair(activation, **widths):
    return {
        "generator": Network("noise", LATENT, FEATURES, activation, **widths),
        "critic": Network("genout", FEATURES, 1, activation, **widths),
    }


def draw(module):
    """Weights of such a size that signals keep theirs, and biases that are not 0."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, (2.0 / module.in_features) ** 0.5)
        nn.init.normal_(module.bias, 0.0, 0.1)


def gradient_penalty(critic, real, fake, weights, context):
    weights = weights.view(-1, 1)
    points = (weights * real + (1 - weights) * fake).detach().requires_grad_(True)
    scores = critic(points, context)
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    norms = (gradient.square().sum(1) + 1e-12).sqrt()
    return WEIGHT * (norms - 1).square().mean(), norms.detach().mean()


torch.manual_seed(20170331)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


def keep_gradients(prefix, network):
    # A parameter that a penalty does not depend on has no gradient.
    named = network.named_parameters()
    keep(prefix, ((n, torch.zeros_like(p) if p.grad is None else p.grad) for n, p in named))


conditions = torch.randn(CRITIC_UPDATES, BATCH, CONDITIONS)
true = torch.randn(CRITIC_UPDATES, BATCH, TRUE)
contexts = golden["contexts"] = torch.cat((conditions, true), 2)
# Observed is true, with noise and a loss that the conditions set.
noise = (0.4 * conditions[..., :3]).exp() * torch.randn_like(true)
reals = golden["reals"] = true + 0.3 * noise - 0.2 * conditions[..., 3:]
latents = golden["latents"] = torch.randn(CRITIC_UPDATES, BATCH, LATENT)
weights = golden["weights"] = torch.rand(CRITIC_UPDATES, BATCH)
more_latents = golden["generator.latents"] = torch.randn(len(GENERATOR_AFTER), BATCH, LATENT)


def train(prefix, networks, mse_weight):
    generator, critic = networks.values()
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.5, 0.999), eps=1e-4)
        for name, network in networks.items()
    }
    columns = ("critic_loss", "gradient_penalty", "gradient_norm", "wasserstein")
    rows, generator_losses = [], []
    for k in range(CRITIC_UPDATES):
        real, context = reals[k], contexts[k]
        with torch.no_grad():
            fake = generator(latents[k], context)
        optimizers["critic"].zero_grad()
        wasserstein = critic(real, context).mean() - critic(fake, context).mean()
        penalty, norm = gradient_penalty(critic, real, fake, weights[k], context)
        loss = penalty - wasserstein
        loss.backward()
        if k == 0:
            keep_gradients(f"{prefix}.grad.critic", critic)
        optimizers["critic"].step()
        rows.append([value.item() for value in (loss, penalty, norm, wasserstein)])

        if k + 1 in GENERATOR_AFTER:
            optimizers["generator"].zero_grad()
            fake = generator(more_latents[len(generator_losses)], context)
            loss = -critic(fake, context).mean()
            loss = loss + mse_weight * nn.functional.mse_loss(fake, real)
            loss.backward()
            if not generator_losses:
                keep_gradients(f"{prefix}.grad.generator", generator)
            optimizers["generator"].step()
            generator_losses.append(loss.item())
    keep(prefix, zip(columns, torch.tensor(rows).T))
    golden[f"{prefix}.generator_loss"] = torch.tensor(generator_losses)
    for name, network in networks.items():
        keep(f"{prefix}.final.{name}", network.state_dict().items())
    print(prefix, *rows, generator_losses, sep="\n  ")


for name, activation in ACTIVATIONS.items():
    networks = {which: network.apply(draw) for which, network in pair(activation).items()}
    for which, network in networks.items():
        keep(f"{name}.initial.{which}", network.state_dict().items())
    generator, critic = networks.values()
    with torch.no_grad():
        fakes = golden[f"{name}.fakes"] = generator(latents[0], contexts[0])
        golden[f"{name}.scores"] = critic(fakes, contexts[0]).view(-1)
    for mse_weight in (0, 1):
        train(f"{name}.mse_{mse_weight}", copy.deepcopy(networks), mse_weight)

    critic.double()
    points = (tensor.double() for tensor in (reals[0], fakes, weights[0], contexts[0]))
    value, norm = gradient_penalty(critic, *points)
    value.backward()
    keep(f"{name}.penalty", (("value", value), ("norm", norm)))
    keep_gradients(f"{name}.penalty.grad", critic)

for name, network in pair(ACTIVATIONS["leaky_relu"], branch=(128, 64), trunk=(128, 128)).items():
    shapes = {n: torch.tensor(p.shape) for n, p in network.named_parameters()}
    keep(f"shape.{name}", shapes.items())
    print(name, sum(shape.prod().item() for shape in shapes.values()), "parameters")

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
