"""Golden values of the metrics on features, in float64, and a network for tests of TorchScript.

Run with torch, numpy, safetensors, mpmath (which torch brings) and torch-fidelity 0.4.0 (which
loads torchvision): `python features.py` rewrites `features.safetensors` and `features.pt` beside
it. Fixed seeds make the values the same each time.

Keys:

- `real` [60, 8], `fake` [50, 8]: features that depend on each other
- `frechet` [3]: distance, difference of the means and the rest by torch-fidelity's
  `fid_features_to_statistics` and `fid_statistics_to_metric`
- `copies.real`, `copies.fake` [20, 6]: features that four numbers and a millionth make;
  `copies.frechet` [1]: their distance by the formula with 60 digits
- `subsets.real`, `subsets.fake` [12, 20]: the rows that torch-fidelity's `kid_features_to_metric`
  draws with seed 5; `kernel` [2]: its mean and deviation over them
- `precision_recall` [2, 2]: by torch-fidelity's `prc_features_to_metric`, of 3 neighbours and of 1
- `density_coverage` [2, 2]: by the published formula (Naeem et al. 2020) written out, of 5
  neighbours and of 2
- `directions` [30, 8]: unit vectors; `mind`: of the first 50 real rows and the fake ones along
  them, by the published formula (Berthet et al. 2026), which torch-fidelity has after 0.4.0
- `images` [3, 1, 20, 24] in [0, 100], float32
- `maps`: what `features.pt` makes of them [3, 5], resized to 16 by
  `torch.nn.functional.interpolate` with antialiasing, repeated to three channels, less
  [0.1, 0.2, 0.3] and over [0.5, 0.6, 0.7], its maps averaged over their pixels; `plain` [3, 5]:
  without resizing, mean and deviation

`features.pt` is a convolution with batch normalisation, whose statistics are not those of any
batch, and dropout: in training mode it would make something else.
"""

from pathlib import Path

import mpmath
import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

SUBSETS, SUBSET_SIZE, SEED = 12, 20, 5

rng = np.random.default_rng(20261120)
mixing = rng.normal(size=(8, 8))
real = rng.normal(size=(60, 8)) @ mixing + rng.normal(size=8)
fake = rng.normal(size=(50, 8)) @ (mixing + 0.2 * rng.normal(size=(8, 8))) + 0.3
reals, fakes = torch.from_numpy(real), torch.from_numpy(fake)


def torch_fidelity(*tables):
    statistics = [fid_features_to_statistics(torch.from_numpy(table)) for table in tables]
    return fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]


def exact(*tables):
    mpmath.mp.dps = 60
    means, covariances = [], []
    for table in tables:
        rows = mpmath.matrix(table.tolist())
        n, d = rows.rows, rows.cols
        mean = [mpmath.fsum(rows[:, j]) / n for j in range(d)]
        centred = mpmath.matrix(n, d)
        for i in range(n):
            for j in range(d):
                centred[i, j] = rows[i, j] - mean[j]
        means.append(mean)
        covariances.append(centred.T * centred / (n - 1))
    roots = [mpmath.re(mpmath.sqrt(e)) for e in mpmath.eig(covariances[0] * covariances[1])[0]]
    traces = [s[j, j] for s in covariances for j in range(s.rows)]
    squares = [(a - b) ** 2 for a, b in zip(*means)]
    return float(mpmath.fsum(squares + traces) - 2 * mpmath.fsum(roots))


frechet = torch_fidelity(real, fake)
means = float(((real.mean(0) - fake.mean(0)) ** 2).sum())

mixing = rng.normal(size=(4, 6))
copies_real, copies_fake = (
    rng.normal(size=(20, 4)) @ mixing + 1e-6 * rng.normal(size=(20, 6)) + place for place in (0, 0.3)
)

kid = kid_features_to_metric(
    reals, fakes, kid_subsets=SUBSETS, kid_subset_size=SUBSET_SIZE, rng_seed=SEED, verbose=False
)
state = np.random.RandomState(SEED)
subsets = [
    [state.choice(len(rows), SUBSET_SIZE, replace=False) for rows in (real, fake)]
    for _ in range(SUBSETS)
]


def precision_recall(k):
    found = prc_features_to_metric(
        fakes, reals, prc_neighborhood=k, prc_batch_size=16, save_cpu_ram=False, verbose=False
    )
    return [found["precision"], found["recall"]]


def density_coverage(k):
    def distances(a, b):
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))

    # The row itself is the nearest, at 0.
    radii = np.sort(distances(real, real), axis=1)[:, k]
    across = distances(real, fake)
    density = (across < radii[:, None]).sum(axis=0).mean() / k
    coverage = (across.min(axis=1) < radii).mean()
    return [density, coverage]


directions = rng.normal(size=(30, 8))
directions /= np.linalg.norm(directions, axis=1, keepdims=True)
shadows = [np.sort(directions @ rows[:50].T, axis=1) for rows in (real, fake)]
mind = 3 * 8 * ((shadows[0] - shadows[1]) ** 2).mean()


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 5, 3, 2), nn.BatchNorm2d(5), nn.LeakyReLU(0.2), nn.Dropout(0.5)
        )

    def forward(self, images):
        return self.layers(images)


torch.manual_seed(3)
network = Network()
nn.init.normal_(network.layers[1].running_mean)
nn.init.uniform_(network.layers[1].running_var, 0.5, 2.0)
# Saved in training mode, as some do.
torch.jit.script(network.train()).save(str(Path(__file__).with_suffix(".pt")))
network.eval()
images = torch.rand(3, 1, 20, 24) * 100
unit = images / 100
resized = functional.interpolate(
    unit, (16, 16), mode="bilinear", align_corners=False, antialias=True
)
mean, deviation = [
    torch.tensor(values).view(1, 3, 1, 1) for values in ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7])
]
with torch.no_grad():
    maps = network((resized.repeat(1, 3, 1, 1) - mean) / deviation).mean((2, 3))
    plain = network(unit.repeat(1, 3, 1, 1)).mean((2, 3))

golden = {
    "real": real,
    "fake": fake,
    "frechet": np.array([frechet, means, frechet - means]),
    "copies.real": copies_real,
    "copies.fake": copies_fake,
    "copies.frechet": np.array([exact(copies_real, copies_fake)]),
    "subsets.real": np.array([subset[0] for subset in subsets], dtype=np.int64),
    "subsets.fake": np.array([subset[1] for subset in subsets], dtype=np.int64),
    "kernel": np.array(
        [kid["kernel_inception_distance_mean"], kid["kernel_inception_distance_std"]]
    ),
    "precision_recall": np.array([precision_recall(3), precision_recall(1)]),
    "density_coverage": np.array([density_coverage(5), density_coverage(2)]),
    "directions": directions,
    "mind": np.array([mind]),
    "images": images.numpy(),
    "maps": maps.numpy(),
    "plain": plain.numpy(),
}
golden = {name: np.ascontiguousarray(value) for name, value in golden.items()}
lost = torch_fidelity(copies_real, copies_fake) / golden["copies.frechet"][0] - 1
print("torch-fidelity is off by", lost, "for features that are nearly copies")
save_file(golden, Path(__file__).with_suffix(".safetensors"))
for name in ("frechet", "copies.frechet", "kernel", "precision_recall", "density_coverage", "mind", "maps", "plain"):
    print(name, golden[name])
