"""Golden values of a small Gaussian regression for tables: network, loss, updates.

Run with PyTorch 2.13 and safetensors: `python gaussian.py` rewrites `gaussian.safetensors`
beside it. One thread and a fixed seed make the file the same each time on one machine.

A row has 6 conditions, 3 true and 3 observed features; batches have 20 rows. The network is a
plain stack called `net` of Linear 9-16-16-6 with the activation behind every layer but the last.
Its first 3 outputs are the means of the observed features, the others, `a`, give the logarithms
of their deviations, 10 tanh(a / 10). First weights are wider than those of a new network, and
biases are not 0, so that the bound shows: the last layer's weights for `a` are 3 times as wide. The loss of such
weights is huge, so the updates begin with a third of the usual width there.

An update minimises the mean over the rows of -sum over the features of the logarithm of
`torch.distributions.Normal(mean, deviation)`. Adam: lr 1e-3, betas (0.9, 0.999) and eps 1e-8.

Keys (float32):

- `contexts` [5, 20, 9], the conditions first, `observed` [5, 20, 3]: the batches

For each activation A of `leaky_relu` (slope 0.2), `relu`, `elu`:

- `A.initial.net.0.weight` ...: first weights
- `A.mean`, `A.log_deviation` [20, 3], `A.nll_of_rows` [20]: of the first batch
- `A.narrow.net.0.weight` ...: weights before the updates
- `A.nll` [5]: the loss of each update
- `A.grad.net.0.weight` ...: gradients of the first one
- `A.final.net.0.weight` ...: weights after all updates
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

BATCH, FEATURES, TRUE, CONDITIONS, UPDATES = 20, 3, 3, 6, 5
ACTIVATIONS = {"leaky_relu": lambda: nn.LeakyReLU(0.2), "relu": nn.ReLU, "elu": nn.ELU}


class Regressor(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(CONDITIONS + TRUE, 16),
            activation(),
            nn.Linear(16, 16),
            activation(),
            nn.Linear(16, 2 * FEATURES),
        )

    def forward(self, context):
        mean, a = self.net(context).chunk(2, 1)
        return mean, 10 * torch.tanh(a / 10)

    def negative_log_likelihood(self, context, observed):
        mean, log_deviation = self(context)
        normal = torch.distributions.Normal(mean, log_deviation.exp())
        return -normal.log_prob(observed).sum(1)


def draw(module):
    """Weights of such a size that signals keep theirs, and biases that are not 0."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, (2.0 / module.in_features) ** 0.5)
        nn.init.normal_(module.bias, 0.0, 0.1)


torch.manual_seed(20170331)
torch.set_num_threads(1)
golden = {}


def keep(prefix, tensors):
    golden.update((f"{prefix}.{name}", tensor.detach().clone()) for name, tensor in tensors)


conditions = torch.randn(UPDATES, BATCH, CONDITIONS)
true = torch.randn(UPDATES, BATCH, TRUE)
contexts = golden["contexts"] = torch.cat((conditions, true), 2)
# Observed is true, with noise and a loss that the conditions set.
noise = (0.4 * conditions[..., :3]).exp() * torch.randn_like(true)
observed = golden["observed"] = true + 0.3 * noise - 0.2 * conditions[..., 3:]

for name, activation in ACTIVATIONS.items():
    regressor = Regressor(activation).apply(draw)
    with torch.no_grad():
        regressor.net[-1].weight[FEATURES:] *= 3
    keep(f"{name}.initial", regressor.state_dict().items())
    with torch.no_grad():
        mean, log_deviation = regressor(contexts[0])
        rows = regressor.negative_log_likelihood(contexts[0], observed[0])
    golden[f"{name}.mean"], golden[f"{name}.log_deviation"] = mean, log_deviation
    golden[f"{name}.nll_of_rows"] = rows
    print(name, "log deviations", log_deviation.min().item(), log_deviation.max().item())

    with torch.no_grad():
        regressor.net[-1].weight[FEATURES:] /= 9
    keep(f"{name}.narrow", regressor.state_dict().items())
    optimizer = torch.optim.Adam(regressor.parameters(), lr=1e-3)
    losses = []
    for k in range(UPDATES):
        optimizer.zero_grad()
        loss = regressor.negative_log_likelihood(contexts[k], observed[k]).mean()
        loss.backward()
        if k == 0:
            keep(f"{name}.grad", ((n, p.grad) for n, p in regressor.named_parameters()))
        optimizer.step()
        losses.append(loss.item())
    golden[f"{name}.nll"] = torch.tensor(losses)
    keep(f"{name}.final", regressor.state_dict().items())
    print(name, losses)

golden = {name: tensor.contiguous() for name, tensor in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"), {"torch": torch.__version__})
