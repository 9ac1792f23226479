"""Golden values of the sliced Wasserstein distance, in float64.

Run with numpy, scipy and safetensors: `python sliced_wasserstein.py` rewrites
`sliced_wasserstein.safetensors` beside it. A fixed seed makes the file the same each time.

A Laplacian pyramid with the filter (1, 4, 6, 4, 1) / 16 along both axes, the image mirrored
about its border pixels: level k = g_k - up(g_k+1), where g_k+1 is every second row and column
of the filtered g_k, and up() filters the image spread with zeros, times 4; the last level is
g itself. At each level, patches of both sets at the same positions; each set's patches
normalised per channel to mean 0 and standard deviation 1; projected on unit directions; the
projections sorted; the mean absolute difference times 1000.

Six images of 2 x 16 x 24 in each set, patches of 3 x 3, coarsest level 4 x 6. The fakes are
rougher than the reals, and of another brightness and contrast.

Keys:

- `real`, `fake` [6, 2, 16, 24] float32: the images
- `positions.0` ... `positions.2` [6, 11, 2] int64: (y, x) of the patches' upper left pixels
- `directions.0` ... `directions.2` [13, 18] float32: unit vectors by rows
- `pyramid.0` ... `pyramid.2` [6, 2, 16, 24] and halves, float64: the pyramid of the reals
- `distances` [3] float64: the levels' distances, the finest first
- `mean` [1] float64: their mean
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.ndimage import convolve, gaussian_filter

COUNT, CHANNELS, HEIGHT, WIDTH = 6, 2, 16, 24
LEVELS, PATCHES, PATCH, DIRECTIONS = 3, 11, 3, 13

binomial = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
kernel = np.outer(binomial, binomial)[None, None]


def down(images):
    return convolve(images, kernel, mode="mirror")[..., ::2, ::2]


def up(images):
    n, c, h, w = images.shape
    spread = np.zeros((n, c, 2 * h, 2 * w))
    spread[..., ::2, ::2] = images
    return convolve(spread, 4.0 * kernel, mode="mirror")


def pyramid(images):
    levels = []
    for _ in range(LEVELS - 1):
        coarser = down(images)
        levels.append(images - up(coarser))
        images = coarser
    return [*levels, images]


def cut(level, positions):
    patches = np.stack([
        image[:, y : y + PATCH, x : x + PATCH]
        for image, places in zip(level, positions)
        for y, x in places
    ])
    patches -= patches.mean(axis=(0, 2, 3), keepdims=True)
    patches /= patches.std(axis=(0, 2, 3), keepdims=True)
    return patches.reshape(len(patches), -1)


def distance(real, fake, directions):
    difference = np.sort(real @ directions.T, axis=0) - np.sort(fake @ directions.T, axis=0)
    return 1000.0 * np.abs(difference).mean()


rng = np.random.default_rng(20180226)


def blobs(sigma):
    return gaussian_filter(rng.normal(size=(COUNT, CHANNELS, HEIGHT, WIDTH)), (0, 0.4, sigma, sigma))


golden = {
    "real": np.tanh(2.0 * blobs(2.0)).astype(np.float32),
    "fake": np.tanh(0.3 + 3.0 * blobs(1.2)).astype(np.float32),
}
pyramids = [pyramid(golden[name].astype(np.float64)) for name in ("real", "fake")]
distances = []
for level, (real, fake) in enumerate(zip(*pyramids)):
    h, w = real.shape[2:]
    last = [h - PATCH, w - PATCH]
    positions = rng.integers(0, last, size=(COUNT, PATCHES, 2), endpoint=True)
    directions = rng.normal(size=(DIRECTIONS, CHANNELS * PATCH * PATCH))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions.astype(np.float32)
    golden[f"positions.{level}"], golden[f"directions.{level}"] = positions, directions
    golden[f"pyramid.{level}"] = np.ascontiguousarray(real)
    distances.append(distance(cut(real, positions), cut(fake, positions), directions.astype(np.float64)))

golden["distances"], golden["mean"] = np.array(distances), np.array([np.mean(distances)])
save_file(golden, Path(__file__).with_suffix(".safetensors"))
print(golden["distances"], golden["mean"])
