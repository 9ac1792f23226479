"""Golden values of the power spectrum, in float64.

Run with numpy and safetensors: `python power_spectrum.py` rewrites `power_spectrum.safetensors`
beside it. A fixed seed makes the file the same each time.

Each channel of each image less its mean, times a symmetric Hann window along both axes; the
squared magnitude of numpy's fft2, averaged over images and channels. The ratio is the mean of
row H / 2 plus that of column W / 2, of the fakes over the reals.

Five reals and seven fakes of 2 x 12 x 16; the fakes have a mesh of period 2 along one axis.

Keys:

- `real` [5, 2, 12, 16], `fake` [7, 2, 12, 16] float32: the images
- `real.power`, `fake.power` [12, 16] float64
- `ratio` [1] float64
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(20161017)


def power(images):
    images = images.astype(np.float64)
    images = images - images.mean((2, 3), keepdims=True)
    window = np.hanning(images.shape[2])[:, None] * np.hanning(images.shape[3])
    return (np.abs(np.fft.fft2(images * window)) ** 2).mean((0, 1))


def at_nyquist(power):
    height, width = power.shape
    return power[height // 2].mean() + power[:, width // 2].mean()


real = rng.uniform(-1, 1, (5, 2, 12, 16)).astype(np.float32)
fake = rng.uniform(-1, 1, (7, 2, 12, 16)).astype(np.float32)
fake += 0.3 * np.where(np.arange(16) % 2, 1, -1).astype(np.float32)
golden = {
    "real": real,
    "fake": fake,
    "real.power": power(real),
    "fake.power": power(fake),
    "ratio": np.array([at_nyquist(power(fake)) / at_nyquist(power(real))]),
}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
print(golden["ratio"])
