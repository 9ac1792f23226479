"""Makes morphology.safetensors: statmorph's numbers of six images.

Run with statmorph 0.7.2 (Rodriguez-Gomez et al. 2019), numpy, scipy and safetensors:
`python morphology.py` rewrites `morphology.safetensors` beside it. A fixed seed makes the file the
same each time.

The images, 48 rows by 56 columns on a sky of 0.1 with noise: an inclined disc; a bulge off the
middle of a disc; a disc off the middle of the frame, with a star beside it; clumps; a compact
de Vaucouleurs profile; clouds that fill the frame.

The object is found by the formulas in `find`, written out with numpy and scipy. statmorph gets
the image less the sky with the other objects at 0, and the object's segment, which is also made
its segment of Gini and M20. It looks at the whole frame (`cutout_extent`), leaves no pixel out
(`n_sigma_outlier`), and takes fluxes within 1.5 Petrosian radii (`petro_extent_flux`).

Keys:

- `images` [6, 1, 48, 56] float32
- `sky` [6, 2]: level and deviation of the noise by `find`
- `parts` [6, 48, 56] uint8: 1 is the object, 2 are other objects by `find`
- `deviations` [6]: the noise that has statmorph's asymmetry of the sky, `s = A sqrt(pi) / 2`
- `numbers` [6, 11]: flux_circ, r50, concentration, asymmetry, gini, m20, rpetro_circ, r20, r80,
  xc_asymmetry, yc_asymmetry
"""

import warnings
from pathlib import Path

import numpy as np
import statmorph
from safetensors.numpy import save_file
from scipy import ndimage

HEIGHT, WIDTH = 48, 56
NUMBERS = [
    "flux_circ", "r50", "concentration", "asymmetry", "gini", "m20", "rpetro_circ", "r20", "r80",
    "xc_asymmetry", "yc_asymmetry",
]


class OnOneSegment(statmorph.SourceMorphology):
    """Gini and M20 of the segment that all else is of."""

    @property
    def _segmap_gini(self):
        return self._segmap.data[self._slice_stamp] == self.label


def clipped(values):
    """Median and deviation within 3 deviations of the median."""
    while True:
        median, deviation = np.median(values), values.std()
        kept = values[np.abs(values - median) <= 3 * deviation]
        if len(kept) in (0, len(values)):
            return median, deviation
        values = kept


def find(image, border=4, smoothing=1.0, threshold=1.5, least_pixels=5):
    """Sky level, noise, the object and other objects."""
    edge = np.ones(image.shape, bool)
    edge[border:-border, border:-border] = False
    across = np.diff(image, axis=1)[edge[:, 1:] & edge[:, :-1]]
    down = np.diff(image, axis=0)[edge[1:] & edge[:-1]]
    level = clipped(image[edge])[0]
    noise = clipped(np.concatenate([across, down]))[1] / np.sqrt(2)
    smooth = ndimage.gaussian_filter(image - level, smoothing, mode="nearest", truncate=4.0)
    least = max(threshold * noise, 1e-3 * smooth.max())
    labels, _ = ndimage.label(smooth > least, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    segment = labels == sizes.argmax()
    others = (labels > 0) & (sizes[labels] >= least_pixels) & ~segment
    return level, noise, segment, others


def sersic(x0, y0, radius, n, ratio, angle, light=1.0):
    """A Sersic profile with half its light within `radius`."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    dx, dy = x - x0, y - y0
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / ratio
    b = 2 * n - 1 / 3
    return light * np.exp(-b * ((np.hypot(along, across) / radius) ** (1 / n) - 1))


rng = np.random.default_rng(20191)
images = [
    sersic(27.3, 23.8, 5.0, 1.0, 0.6, 0.5),
    sersic(27.0, 24.0, 6.0, 1.0, 0.8, 2.0) + sersic(29.5, 23.0, 1.5, 2.0, 0.9, 0.0, 3.0),
    sersic(19.2, 30.1, 4.0, 1.5, 0.7, 1.1) + sersic(45.0, 10.0, 1.2, 0.5, 1.0, 0.0, 3.0),
    sum(
        sersic(28 + rng.normal() * 5, 24 + rng.normal() * 4, rng.uniform(1.5, 4), 1.0, 0.8, 1.0,
               rng.uniform(0.3, 1.5))
        for _ in range(7)
    ),
    sersic(28.4, 24.4, 2.5, 4.0, 0.85, 0.3, 2.0),
    np.exp(6 * ndimage.gaussian_filter(rng.normal(size=(HEIGHT, WIDTH)), 4.0)),
]
images = np.stack(images) + 0.1 + rng.normal(size=(6, HEIGHT, WIDTH)) * 0.02
images = images.astype(np.float32)

golden = {"images": images[:, None], "sky": [], "parts": [], "deviations": [], "numbers": []}
for image in images.astype(np.float64):
    level, noise, segment, others = find(image)
    clean = np.where(others, 0.0, image - level)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = OnOneSegment(
            clean, segment.astype(int), 1, gain=1000.0, cutout_extent=20.0, n_sigma_outlier=0,
            petro_extent_flux=1.5,
        )
    assert found.nx_stamp == WIDTH and found.ny_stamp == HEIGHT
    sky = found._sky_asymmetry
    golden["sky"].append([level, noise])
    golden["parts"].append((segment + 2 * others).astype(np.uint8))
    golden["deviations"].append(0.0 if sky == -99.0 else sky * np.sqrt(np.pi) / 2)
    golden["numbers"].append([found[name] for name in NUMBERS])
    print(level, noise, golden["deviations"][-1], segment.sum(), others.sum(), found.flag)
    print(dict(zip(NUMBERS, np.round(golden["numbers"][-1], 4))))
golden = {name: np.array(values) for name, values in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
