"""Reference values from astropy for the tests in `tests/pixels`.

Needs Python with numpy and astropy (6 or later). From the folder of this crate:

    python tests/golden/astropy_golden.py

writes `tests/golden/astropy_golden.json` beside this script, the same bytes every time for
the same versions. The input arrays are not stored: both this script and the tests make them
from a linear congruential generator with operations that IEEE 754 rounds alike everywhere.
"""

import json
import pathlib
import struct
import warnings

import astropy
import numpy as np
from astropy.stats import sigma_clip
from astropy.visualization import (
    AsinhStretch,
    AsymmetricPercentileInterval,
    ContrastBiasStretch,
    HistEqStretch,
    LinearStretch,
    LogStretch,
    MinMaxInterval,
    PercentileInterval,
    PowerDistStretch,
    PowerStretch,
    SinhStretch,
    SqrtStretch,
    ZScaleInterval,
    make_lupton_rgb,
)
from astropy.visualization.lupton_rgb import LuptonAsinhZscaleStretch

warnings.simplefilter("ignore")


def array(seed, count, level, width, spikes, height, blank):
    """`count` values of noise about `level`, a fraction `spikes` raised by up to `height`,
    every `blank`-th value NaN (0: none); rounded to float32, returned as float64."""
    state = seed
    values = []

    def uniform():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 40) / 2**24

    for index in range(count):
        value = level + width * (uniform() + uniform() + uniform() + uniform() - 2.0)
        chance, size = uniform(), uniform()
        if chance < spikes:
            value += height * size * size
        value = struct.unpack("f", struct.pack("f", value))[0]
        values.append(float("nan") if blank and index % blank == blank - 1 else value)
    return np.array(values)


def total(values):
    """The sum of the finite values, added up from the first to the last."""
    result = 0.0
    for value in values[np.isfinite(values)].tolist():
        result += value
    return result


def pair(limits):
    return [float(limits[0]), float(limits[1])]


def background(values):
    """photutils' SExtractorBackground, MedianBackground and MeanBackground."""
    clipped = sigma_clip(values[np.isfinite(values)], sigma=3.0, maxiters=10, masked=False)
    mean, median, std = np.mean(clipped), np.median(clipped), np.std(clipped)
    if std == 0:
        mode = mean
    elif abs(mean - median) / std < 0.3:
        mode = 2.5 * median - 1.5 * mean
    else:
        mode = median
    return {"sextractor": float(mode), "median": float(median), "mean": float(mean)}


ARRAYS = [
    # seed, count, level, width, spikes, height, blank
    (1, 1, 10.0, 1.0, 0.0, 0.0, 0),
    (2, 2, 10.0, 1.0, 0.0, 0.0, 0),
    (3, 4, 10.0, 1.0, 0.0, 0.0, 0),
    (4, 5, 10.0, 1.0, 0.0, 0.0, 0),
    (5, 7, 10.0, 1.0, 0.0, 0.0, 0),
    (6, 20, 10.0, 1.0, 0.2, 50.0, 0),
    (7, 60, -3.0, 0.5, 0.1, 20.0, 7),
    (8, 250, 0.0, 1.0, 0.05, 100.0, 0),
    (9, 999, 100.0, 5.0, 0.02, 3000.0, 0),
    (10, 1000, 100.0, 5.0, 0.02, 3000.0, 0),
    (11, 1001, 100.0, 5.0, 0.02, 3000.0, 0),
    (12, 1999, 1000000.0, 3.0, 0.01, 5000.0, 0),
    (13, 2000, 0.001, 0.0001, 0.3, 1.0, 13),
    (14, 4096, 100.0, 5.0, 0.0, 0.0, 0),
    (15, 4096, 100.0, 5.0, 0.01, 100000.0, 5),
    (16, 5000, 100.0, 5.0, 0.6, 100.0, 0),
    (17, 5000, 100.0, 5.0, 0.9, 10000.0, 3),
    (18, 10000, 5.0, 0.01, 0.001, 40.0, 0),
    (19, 65536, 250.0, 12.0, 0.03, 60000.0, 0),
    (20, 100000, -20.0, 2.0, 0.08, 15.0, 11),
]


def array_case(recipe):
    values = array(*recipe)
    return {
        "recipe": recipe,
        "sum": total(values),
        "minmax": pair(MinMaxInterval().get_limits(values)),
        "percentile:99.5": pair(PercentileInterval(99.5).get_limits(values)),
        "percentile:60": pair(PercentileInterval(60).get_limits(values)),
        "asymmetric:0.25,99.75": pair(
            AsymmetricPercentileInterval(0.25, 99.75).get_limits(values)
        ),
        "asymmetric:10,90.5": pair(AsymmetricPercentileInterval(10, 90.5).get_limits(values)),
        "zscale": pair(ZScaleInterval().get_limits(values)),
        "zscale:0.1": pair(ZScaleInterval(contrast=0.1).get_limits(values)),
        "zscale:0.25,300": pair(ZScaleInterval(n_samples=300).get_limits(values)),
        "background": background(values),
    }


STRETCHES = {
    "linear": LinearStretch(),
    "sqrt": SqrtStretch(),
    "power:2": PowerStretch(2.0),
    "power:0.3": PowerStretch(0.3),
    "log": LogStretch(),
    "log:0.1": LogStretch(0.1),
    "log:20000": LogStretch(20000.0),
    "asinh": AsinhStretch(),
    "asinh:0.001": AsinhStretch(0.001),
    "asinh:3": AsinhStretch(3.0),
    "sinh": SinhStretch(),
    "sinh:0.05": SinhStretch(0.05),
    "sinh:2": SinhStretch(2.0),
    "power_dist": PowerDistStretch(),
    "power_dist:0.01": PowerDistStretch(0.01),
    "power_dist:1.2": PowerDistStretch(1.2),
    "contrast_bias:2,0.5": ContrastBiasStretch(2.0, 0.5),
    "contrast_bias:0.7,0.3": ContrastBiasStretch(0.7, 0.3),
}


def stretch_case(name, stretch):
    x = np.array([-0.1, 0.0, 1e-6, 0.001, *(i / 32 for i in range(1, 32)), 0.999, 1.0, 1.1])
    return {
        "name": name,
        "x": x.tolist(),
        "forward": stretch(x).tolist(),
        "inverse": stretch.inverse(x).tolist(),
    }


def equalization_case(recipe):
    values = array(*recipe)
    stretch = HistEqStretch(values)
    x = np.linspace(0.0, 1.0, 41)
    return {
        "recipe": recipe,
        "x": x.tolist(),
        "forward": stretch(x).tolist(),
        "inverse": stretch.inverse(x).tolist(),
    }


SIDE = 24


def lupton_case(seed, level, width, spikes, height, minimum, stretch, q):
    """Three bands of SIDE x SIDE pixels with seeds seed, seed + 1, seed + 2; a `stretch` of
    0 stands for the z-scale variant."""
    bands = [
        array(seed + band, SIDE * SIDE, level, width, spikes, height, 0).reshape(SIDE, SIDE)
        for band in range(3)
    ]
    if stretch:
        rgb = make_lupton_rgb(*bands, minimum=minimum, stretch=stretch, Q=q)
    else:
        stretch_object = LuptonAsinhZscaleStretch(bands, Q=q, pedestal=minimum)
        rgb = make_lupton_rgb(*bands, minimum=minimum, stretch_object=stretch_object)
    return {
        "seed": seed,
        "noise": [level, width, spikes, height],
        "minimum": minimum,
        "stretch": stretch,
        "q": q,
        "rgb": rgb.tobytes().hex(),
    }


def one_case_a_line(golden):
    def text(value):
        if not isinstance(value, list):
            return json.dumps(value)
        return "[\n" + ",\n".join(json.dumps(case) for case in value) + "\n]"

    return "{\n" + ",\n".join(f'"{key}": {text(golden[key])}' for key in golden) + "\n}"


def main():
    golden = {
        "astropy": astropy.__version__,
        "numpy": np.__version__,
        "arrays": [array_case(recipe) for recipe in ARRAYS],
        "stretches": [stretch_case(*item) for item in STRETCHES.items()],
        "equalizations": [
            equalization_case((31, 40, 10.0, 1.0, 0.2, 50.0, 0)),
            equalization_case((32, 1000, 100.0, 5.0, 0.1, 900.0, 9)),
        ],
        "lupton": [
            lupton_case(41, 0.5, 0.5, 0.1, 20.0, [0.0, 0.0, 0.0], 5.0, 8.0),
            lupton_case(44, 0.5, 0.5, 0.3, 200.0, [0.0, 0.0, 0.0], 0.5, 8.0),
            lupton_case(47, 10.0, 2.0, 0.2, 50.0, [9.0, 10.0, 11.5], 5.0, 8.0),
            lupton_case(50, 1.0, 0.5, 0.1, 9.0, [0.0, 0.0, 0.0], 2.0, 0.0),
            lupton_case(53, 1.0, 0.5, 0.1, 9.0, [0.0, 0.0, 0.0], 2.0, 1e12),
            lupton_case(56, 100.0, 5.0, 0.1, 3000.0, [0.0, 0.0, 0.0], 0.0, 8.0),
            lupton_case(59, 100.0, 5.0, 0.1, 3000.0, [95.0, 100.0, 90.0], 0.0, 4.0),
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(one_case_a_line(golden) + "\n")
    print(path)


if __name__ == "__main__":
    main()
