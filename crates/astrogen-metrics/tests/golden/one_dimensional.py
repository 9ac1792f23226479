"""Golden values of the one-dimensional statistics, in float64.

Run with numpy, scipy and safetensors: `python one_dimensional.py` rewrites
`one_dimensional.safetensors` beside it. A fixed seed makes the file the same each time.

Five pairs of samples: one value each; a few values with ties; magnitudes rounded to tenths,
so that most are tied; heavy tails of different sizes; two samples of one distribution.

Keys, for `K` = 0 to 4:

- `real.K`, `fake.K`: the samples, in no order
- `statistics.K` [3]: `scipy.stats.ks_2samp`'s statistic D, the limit of its p-value
  `scipy.stats.kstwobign.sf(sqrt(n m / (n + m)) D)`, `scipy.stats.wasserstein_distance`
- `quantiles.K` [7]: `numpy.quantile` of the real sample at `parts`
- `tails.K` [1]: the mean distance of the quantiles below 0.01 and above 0.99, by
  `numpy.quantile(method="inverted_cdf")` between all steps of the two
- `parts` [7]: the parts of the quantiles
- `uniform` [40]: values in [0, 1]
- `uniform.statistics` [2]: `scipy.stats.kstest` of them against the even distribution, its
  statistic and asymptotic p-value
- `survival` [12, 2]: `x` and `scipy.stats.kstwobign.sf(x)`
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats


def tail_distance(real, fake, tail=0.01):
    """Mean distance of the quantiles in both tails."""
    steps = [np.arange(len(sample) + 1) / len(sample) for sample in (real, fake)]
    steps = np.unique(np.concatenate([*steps, [tail, 1 - tail]]))
    low, high = steps[:-1], steps[1:]
    middle = (low + high) / 2
    values = [np.quantile(sample, middle, method="inverted_cdf") for sample in (real, fake)]
    inside = (middle < tail) | (middle > 1 - tail)
    return ((high - low) * np.abs(values[0] - values[1]))[inside].sum() / (2 * tail)


rng = np.random.default_rng(20240117)
pairs = [
    (np.array([21.5]), np.array([20.25])),
    (np.array([1.0, 3.0, 3.0, 2.0, -1.5]), np.array([3.0, 2.0, 2.0, 7.0, 0.0, 1.0, 3.0])),
    (rng.normal(22.0, 0.8, 120).round(1), rng.normal(22.1, 0.7, 75).round(1)),
    (rng.standard_t(2.0, 63), 0.3 + 1.4 * rng.standard_t(3.0, 190)),
    (rng.normal(size=150), rng.normal(size=150)),
]
parts = np.array([0.0, 0.025, 0.16, 0.5, 0.84, 0.975, 1.0])
golden = {"parts": parts}
for index, (real, fake) in enumerate(pairs):
    n, m = len(real), len(fake)
    statistic = stats.ks_2samp(real, fake, method="asymp").statistic
    golden[f"real.{index}"], golden[f"fake.{index}"] = real, fake
    golden[f"statistics.{index}"] = np.array([
        statistic,
        stats.kstwobign.sf(np.sqrt(n * m / (n + m)) * statistic),
        stats.wasserstein_distance(real, fake),
    ])
    golden[f"quantiles.{index}"] = np.quantile(real, parts)
    golden[f"tails.{index}"] = np.array([tail_distance(real, fake)])
    print(golden[f"statistics.{index}"])

golden["uniform"] = rng.beta(1.2, 0.9, 40)
result = stats.kstest(golden["uniform"], "uniform", method="asymp")
golden["uniform.statistics"] = np.array([result.statistic, result.pvalue])
x = np.array([0.0, 0.03, 0.1, 0.3, 0.6, 0.8687, 0.999, 1.0, 1.001, 1.5, 2.5, 6.0])
golden["survival"] = np.stack([x, stats.kstwobign.sf(x)], axis=1)
save_file(golden, Path(__file__).with_suffix(".safetensors"))
print(golden["uniform.statistics"], golden["survival"])
