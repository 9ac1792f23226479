"""Golden values of the power by scale, in float64.

Run with numpy and safetensors: `python radial_power_spectrum.py` rewrites
`radial_power_spectrum.safetensors` beside it. A fixed seed makes the file the same each time.

Each channel of each image less its mean, times a symmetric Hann window along both axes; the
squared magnitude of numpy's fft2 over the sum of the squared window; its mean over rings of
frequencies 1 / min(H, W) wide up to the Nyquist frequency; of log10 the mean and the deviation
(N - 1) over images; and the mean of the absolute differences of these of two sets.

Six reals and four fakes of 2 x 12 x 17, another time of 2 x 16 x 16; the last fake is constant in
its second channel and left out there.

Keys, for `K` = 0, 1:

- `real.K` [6, 2, H, W], `fake.K` [4, 2, H, W] float32: the images
- `log.K` [6, 2, min(H, W) / 2]: log10 of the reals' power
- `mean.K`, `scatter.K` [2, min(H, W) / 2]: over the fakes
- `distance.K` [2]: between the means and between the scatters
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(20161018)


def log_power(images):
    """By image, channel and ring; NaN where the channel is constant."""
    images = images.astype(np.float64)
    height, width = images.shape[2:]
    side = min(height, width)
    window = np.hanning(height)[:, None] * np.hanning(width)
    centred = images - images.mean((2, 3), keepdims=True)
    power = np.abs(np.fft.fft2(centred * window)) ** 2 / (window**2).sum()
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    rings = np.stack(
        [
            power[..., np.abs(side * frequency - ring) <= 0.5].mean(-1)
            for ring in range(1, side // 2 + 1)
        ],
        axis=-1,
    )
    rings[np.ptp(images, axis=(2, 3)) == 0] = np.nan
    return np.log10(rings)


golden = {}
for index, shape in enumerate([(12, 17), (16, 16)]):
    real = rng.normal(size=(6, 2, *shape)).cumsum(2) + 3
    fake = rng.normal(size=(4, 2, *shape)) * rng.uniform(1, 5, size=(4, 1, 1, 1))
    fake[3, 1] = 0.1
    real, fake = real.astype(np.float32), fake.astype(np.float32)
    logs = [log_power(real), log_power(fake)]
    mean = [np.nanmean(log, axis=0) for log in logs]
    scatter = [np.nanstd(log, axis=0, ddof=1) for log in logs]
    distance = [np.abs(real - fake).mean() for real, fake in (mean, scatter)]
    golden |= {f"real.{index}": real, f"fake.{index}": fake, f"log.{index}": logs[0]}
    golden |= {f"mean.{index}": mean[1], f"scatter.{index}": scatter[1]}
    golden |= {f"distance.{index}": np.array(distance)}
    print(distance)
save_file(golden, Path(__file__).with_suffix(".safetensors"))
