"""Golden values of the comparison of tables and of profiles, in float64.

Run with numpy, scipy, scikit-learn and safetensors: `python table.py` rewrites
`table.safetensors` beside it. A fixed seed makes the file the same each time.

Keys:

- `real` [60, 3], `fake` [45, 3]: rows in units that differ
- `mean_difference` [2]: the squared distance of the means, as they are and with columns
  standardised by `sklearn.preprocessing.StandardScaler` of the real rows
- `mmd` [4, 2]: bandwidth and the unbiased squared maximum mean discrepancy by
  `sklearn.metrics.pairwise.rbf_kernel`: (0) standardised, with the median of
  `scipy.spatial.distance.pdist` of the real rows; (1) the same, the kernel averaged over 0.5, 1
  and 2 times that bandwidth; (2) standardised, with a bandwidth of 0.7; (3) not standardised,
  with a bandwidth of 40
- `x`, `y`, `w` [N], `edges` [7]: a profile's coordinates, some beyond the edges and some on them,
  values and weights; the fourth bin is empty
- `profile` [4, 6]: count, mean and dispersion by `scipy.stats.binned_statistic`, and the sum of
  the weights by the same
- `weighted` [2, 6]: `numpy.average` of the values of each bin with the weights, and the root of
  that of the squared distances from it
- `surface_density` [6]: the sum of the weights over the area of the ring
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.spatial.distance import pdist
from scipy.stats import binned_statistic
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import StandardScaler


def mmd(real, fake, bandwidths):
    """The U-statistic with the mean of the kernels of these bandwidths."""

    def kernel(a, b):
        return np.mean([rbf_kernel(a, b, gamma=1 / (2 * s**2)) for s in bandwidths], axis=0)

    def among(rows):
        values = kernel(rows, rows)
        return (values.sum() - np.trace(values)) / (len(rows) * (len(rows) - 1))

    return among(real) + among(fake) - 2 * kernel(real, fake).mean()


rng = np.random.default_rng(20240811)
unit = np.array([1.0, 30.0, 0.2])
real = rng.normal(size=(60, 3)) * unit + [3.0, 220.0, -0.4]
fake = rng.standard_t(4.0, size=(45, 3)) * unit + [3.3, 225.0, -0.5]
scaler = StandardScaler().fit(real)
real_units, fake_units = scaler.transform(real), scaler.transform(fake)
median = np.median(pdist(real_units))
golden = {
    "real": real,
    "fake": fake,
    "mean_difference": np.array([
        ((real.mean(0) - fake.mean(0)) ** 2).sum(),
        ((real_units.mean(0) - fake_units.mean(0)) ** 2).sum(),
    ]),
    "mmd": np.array([
        [median, mmd(real_units, fake_units, [median])],
        [median, mmd(real_units, fake_units, [0.5 * median, median, 2 * median])],
        [0.7, mmd(real_units, fake_units, [0.7])],
        [40.0, mmd(real, fake, [40.0])],
    ]),
}

edges = np.array([0.0, 0.5, 1.5, 3.0, 4.0, 6.0, 10.0])
x = rng.gamma(2.0, 2.0, 73)
x = np.concatenate([x[(x <= 3.0) | (x > 4.0)], edges[[0, 1, 2, 4, 5, 6]], [-1.0, 10.5, 12.0]])
y, w = rng.normal(200.0, 30.0, len(x)), rng.uniform(0.5, 2.0, len(x))


def statistic(values, name):
    """One number a bin."""
    return binned_statistic(x, values, name, edges)[0]


def weighted(values, weights):
    """The weighted mean of each bin."""
    place = np.digitize(x, edges) - 1
    place[x == edges[-1]] = len(edges) - 2
    bins = [place == bin for bin in range(len(edges) - 1)]
    return [np.average(values[b], weights=weights[b]) if b.any() else np.nan for b in bins], bins


mean, bins = weighted(y, w)
about = np.zeros_like(y)
for bin_mean, bin in zip(mean, bins):
    about[bin] = (y[bin] - bin_mean) ** 2
variance, _ = weighted(about, w)
golden |= {"x": x, "y": y, "w": w, "edges": edges}
golden["profile"] = np.stack(
    [statistic(y, "count"), statistic(y, "mean"), statistic(y, "std"), statistic(w, "sum")]
)
golden["weighted"] = np.array([mean, np.sqrt(variance)])
golden["surface_density"] = golden["profile"][3] / (np.pi * np.diff(edges**2))
golden = {name: np.ascontiguousarray(value) for name, value in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
print(golden["mean_difference"], golden["mmd"], golden["profile"], golden["weighted"], len(x))
