"""Golden values of redshift residuals and of densities on a grid, in float64.

Run with numpy, scipy and safetensors: `python redshift.py` rewrites `redshift.safetensors`
beside it. A fixed seed makes the file the same each time.

Keys:

- `estimated`, `truth` [200], `residuals` [5]: numpy's median of `dz`, 1.4826 of `scipy.stats`'s
  median absolute deviation, its interquartile range over 1.349, the parts of outliers beyond
  max(0.06, 3 of that) and beyond 0.15
- `grid` [9], `densities` [12, 9], `observed` [12] (the first below the grid, the last above):
  densities straight between the nodes
- `pit`, `crps` [12], `cde_loss` [1]: by `scipy.integrate.quad` from node to node
- `normal` [6, 3]: mean, standard deviation and observed value
- `normal.crps`, `normal.pit` [6]: in closed form (Gneiting and Raftery 2007)
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats
from scipy.integrate import quad

rng = np.random.default_rng(20240603)
truth = rng.gamma(3.0, 0.4, 200)
estimated = truth + (1 + truth) * (0.01 + 0.03 * rng.standard_t(2.0, 200))
dz = (estimated - truth) / (1 + truth)
iqr = stats.iqr(dz) / 1.349
golden = {
    "estimated": estimated,
    "truth": truth,
    "residuals": np.array([
        np.median(dz),
        1.4826 * stats.median_abs_deviation(dz),
        iqr,
        np.mean(np.abs(dz) > max(0.06, 3 * iqr)),
        np.mean(np.abs(dz) > 0.15),
    ]),
}

grid = np.sort(rng.uniform(0.0, 3.0, 9))
densities = rng.gamma(0.7, 1.0, (12, 9))
densities[3, :5] = 0.0
observed = np.concatenate([[grid[0] - 0.4], rng.uniform(grid[0], grid[-1], 10), [grid[-1] + 0.7]])
pit, crps, losses = [], [], []
for row, z in zip(densities, observed):
    row = row / np.trapezoid(row, grid)

    def integral(function, low, high):
        """Between two places, from node to node."""
        nodes = np.unique(np.clip(np.concatenate([[low, z, high], grid]), low, high))
        return sum(quad(function, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in zip(nodes, nodes[1:]))

    def density(x):
        """Straight between the nodes."""
        return np.interp(x, grid, row, left=0.0, right=0.0)

    def below(x):
        """The distribution function."""
        return integral(density, grid[0], x) if x > grid[0] else 0.0

    low, high = min(z, grid[0]), max(z, grid[-1])
    pit.append(below(z))
    crps.append(integral(lambda x: (below(x) - (x >= z)) ** 2, low, high))
    losses.append(integral(lambda x: density(x) ** 2, grid[0], grid[-1]) - 2 * density(z))
golden |= {"grid": grid, "densities": densities, "observed": observed}
golden |= {"pit": np.array(pit), "crps": np.array(crps), "cde_loss": np.array([np.mean(losses)])}

normal = np.stack([rng.uniform(-1, 1, 6), rng.uniform(0.1, 0.6, 6), rng.uniform(-2, 2, 6)], axis=1)
mean, deviation, z = normal.T
w = (z - mean) / deviation
closed = deviation * (w * (2 * stats.norm.cdf(w) - 1) + 2 * stats.norm.pdf(w) - 1 / np.sqrt(np.pi))
golden |= {"normal": normal, "normal.crps": closed, "normal.pit": stats.norm.cdf(w)}
golden = {name: np.ascontiguousarray(value) for name, value in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
print(golden["residuals"], golden["crps"], golden["cde_loss"])
