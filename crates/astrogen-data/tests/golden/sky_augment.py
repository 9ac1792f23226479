"""Golden values of what is done to images that a critic sees, from numpy and scipy.

Run with numpy, scipy and safetensors: `python sky_augment.py` rewrites `sky_augment.safetensors`
beside it.

Keys (float64 where nothing else is said):
- `images` [4, 2, 7, 9], `shifts` [4, 2] (dy, dx), `scales` [4]: `lanczos`, the images resampled by
  Lanczos' kernel of six pixels as a direct sum over the mirrored image.
- `slow` [4, 1, 24, 24], smooth images: `slow_spline`, by scipy's cubic splines in the same way.
- `colors` [3, 3, 4, 5] and `brightness`, `contrast`, `saturation` [3]: `graded`, the images under
  ADA's matrix for the three in a row (StyleGAN2-ADA's augment.py).
- `squares` [3, 3] (y, x, side), float32; `cut`, the images with ADA's mask, and -1 where it cuts.
- `frequencies` [5], in units of Nyquist's, and the power that kernels keep there along one axis,
  means over all parts of a pixel: `power.bilinear`, `power.bicubic`, `power.ada`, `power.lanczos`;
  last, of white noise in two dimensions.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.ndimage import affine_transform

RNG = np.random.default_rng(20)
# Low-pass of the wavelet sym6, through which ADA doubles and halves the pixels.
SYM6 = """0.015404109327027373 0.0034907120842174702 -0.11799011114819057 -0.048311742585633
0.4910559419267466 0.787641141030194 0.3379294217276218 -0.07263752278646252 -0.021060292512300564
0.04472490177066578 0.0017677118642428036 -0.007800708325034148"""


def lanczos(t):
    return np.where(abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0.0)


def bilinear(t):
    return np.maximum(1 - abs(t), 0)


def bicubic(t, a=-0.75):
    t = abs(t)
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def places(side, scale, shift):
    center = (side - 1) / 2
    return center + (np.arange(side) - center) / scale + shift


def direct(image, shift, scale):
    """One plane [H, W], pixel by pixel."""
    margin = 20
    padded = np.pad(image, margin, mode="reflect")
    result = np.empty_like(image)
    for i, y in enumerate(places(image.shape[0], scale, shift[0])):
        for j, x in enumerate(places(image.shape[1], scale, shift[1])):
            rows = np.arange(np.floor(y) - 3, np.floor(y) + 5).astype(int)
            columns = np.arange(np.floor(x) - 3, np.floor(x) + 5).astype(int)
            weights = np.outer(lanczos(y - rows), lanczos(x - columns))
            patch = padded[np.ix_(rows + margin, columns + margin)]
            result[i, j] = (weights * patch).sum() / weights.sum()
    return result


def spline(image, shift, scale):
    offset = [places(side, scale, d)[0] for side, d in zip(image.shape, shift)]
    return affine_transform(image, [1 / scale] * 2, offset, order=3, mode="mirror")


def each(function, images, shifts, scales):
    planes = [
        [function(plane, shift, scale) for plane in image]
        for image, shift, scale in zip(images, shifts, scales)
    ]
    return np.array(planes)


def waves(height, width, longest):
    """Images of waves no shorter than this many pixels, even about the border as mirrors are."""
    y, x = np.arange(height) / (height - 1), np.arange(width) / (width - 1)
    image = np.zeros((height, width))
    for i in range(int(2 * (height - 1) / longest) + 1):
        for j in range(int(2 * (width - 1) / longest) + 1):
            wave = np.outer(np.cos(np.pi * i * y), np.cos(np.pi * j * x))
            image += RNG.normal() * wave / (1 + i + j)
    return image


def graded(images, brightness, contrast, saturation):
    grey = np.array([1, 1, 1, 0]) / np.sqrt(3)
    results = []
    for image, b, c, s in zip(images, brightness, contrast, saturation):
        matrix = np.eye(4)
        matrix[:3, 3] = b
        matrix = np.diag([c, c, c, 1]) @ matrix
        along = np.outer(grey, grey)
        matrix = (along + (np.eye(4) - along) * np.array([s, s, s, 1])) @ matrix
        pixels = np.einsum("ij,jhw->ihw", matrix[:3, :3], image) + matrix[:3, 3, None, None]
        results.append(pixels)
    return np.array(results)


def cut(images, squares):
    height, width = images.shape[2:]
    results = []
    for image, (y, x, side) in zip(images, squares):
        rows = abs((np.arange(height) + 0.5) / height - y) >= side / 2
        columns = abs((np.arange(width) + 0.5) / width - x) >= side / 2
        results.append(np.where(rows[:, None] | columns[None], image, -1.0))
    return np.array(results)


PARTS = (np.arange(400) + 0.5) / 400 - 0.5


def power(kernel, frequencies):
    taps = np.arange(-4, 5)
    waves = np.exp(1j * np.pi * frequencies[:, None] * taps)
    kept, noise = [], []
    for part in PARTS:
        weights = kernel(part - taps)
        weights /= weights.sum()
        kept.append(abs(waves @ weights) ** 2)
        noise.append((weights**2).sum())
    return np.append(np.mean(kept, 0), np.mean(noise) ** 2)


def ada(signal, part):
    """A periodic signal shifted by ADA's way: twice the pixels, bilinear, half the pixels."""
    n = len(signal)
    low = np.fft.fft(np.array(SYM6.split(), float), 2 * n)
    low /= low[0]
    double = np.zeros(2 * n)
    double[::2] = signal
    double = np.fft.ifft(2 * np.fft.fft(double) * low).real
    position = np.arange(2 * n) + 2 * part
    first = np.floor(position).astype(int)
    share = position - first
    moved = (1 - share) * double[first % (2 * n)] + share * double[(first + 1) % (2 * n)]
    return np.fft.ifft(np.fft.fft(moved) * low.conj()).real[::2]


def ada_power(frequencies):
    n = 320
    signals = np.cos(np.pi * frequencies[:, None] * np.arange(n))
    noise = RNG.normal(size=(8, n))
    kept = lambda signal: np.mean([ada(signal, part) ** 2 for part in PARTS[::8]])
    of = lambda signals: [kept(signal) / np.mean(signal**2) for signal in signals]
    return np.append(of(signals), np.mean(of(noise)) ** 2)


def main():
    shifts = np.array([[0.3, -0.45], [2.0, -1.0], [-0.5, 0.25], [1.4, 0.0]])
    scales = np.array([1.0, 1.0, 1.07, 0.8])
    images = RNG.uniform(-1, 1, (4, 2, 7, 9))
    slow = np.array([[waves(24, 24, 10)] for _ in range(4)])
    colors = RNG.uniform(-1, 1, (3, 3, 4, 5))
    grades = {
        "brightness": np.array([0.2, 0.0, -0.3]),
        "contrast": np.array([1.5, 1.0, 0.6]),
        "saturation": np.array([0.5, 1.0, 2.0]),
    }
    squares = np.array([[0.5, 0.5, 0.5], [0.1, 0.9, 0.4], [0.3, 0.6, 0.0]], np.float32)
    frequencies = np.array([0.25, 0.5, 0.75, 0.9, 1.0])
    values = {
        "images": images,
        "shifts": shifts,
        "scales": scales,
        "lanczos": each(direct, images, shifts, scales),
        "slow": slow,
        "slow_spline": each(spline, slow, shifts, scales),
        "colors": colors,
        **grades,
        "graded": graded(colors, **grades),
        "squares": squares,
        "cut": cut(colors, squares),
        "frequencies": frequencies,
        "power.bilinear": power(bilinear, frequencies),
        "power.bicubic": power(bicubic, frequencies),
        "power.lanczos": power(lanczos, frequencies),
        "power.ada": ada_power(frequencies),
    }
    for name, value in values.items():
        if name.startswith("power"):
            print(name, value.round(2))
    save_file(values, Path(__file__).with_name("sky_augment.safetensors"))


main()
