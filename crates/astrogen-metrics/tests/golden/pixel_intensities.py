"""Golden values of the comparison of pixels' values, in float64.

Run with numpy, scipy and safetensors: `python pixel_intensities.py` rewrites
`pixel_intensities.safetensors` beside it. A fixed seed makes the file the same each time.

All values of a channel, and of all channels, are two samples for `scipy.stats.ks_2samp` and
`scipy.stats.wasserstein_distance`. Four reals of 2 x 10 x 12 and six fakes of 2 x 8 x 8.

Keys:

- `real` [4, 2, 10, 12], `fake` [6, 2, 8, 8] float32: the images
- `numbers` [3, 2]: Kolmogorov-Smirnov and Wasserstein-1 of all channels, of the first and of the
  second
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats

rng = np.random.default_rng(20240118)
real = rng.gamma(2.0, 1.0, (4, 2, 10, 12)).round(1)
fake = rng.gamma(2.5, 0.9, (6, 2, 8, 8)).round(1)
fake[:, 1] -= 1.0
real, fake = real.astype(np.float32), fake.astype(np.float32)


def numbers(real, fake):
    real, fake = real.astype(np.float64).ravel(), fake.astype(np.float64).ravel()
    return [stats.ks_2samp(real, fake).statistic, stats.wasserstein_distance(real, fake)]


table = [numbers(real, fake)] + [numbers(real[:, c], fake[:, c]) for c in (0, 1)]
save_file(
    {"real": real, "fake": fake, "numbers": np.array(table)},
    Path(__file__).with_suffix(".safetensors"),
)
print(np.array(table))
