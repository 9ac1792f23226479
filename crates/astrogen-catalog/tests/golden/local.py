"""Golden values of the local scale and of local scores, in float64.

Run with numpy and scipy: `python local.py` rewrites `local.json` beside it. A fixed seed makes
the file the same each time.

3000 values whose trend is curved, whose scatter grows tenfold and whose tails are Student's, in 4
bins: 750 rows a bin are enough for scores up to 2.5. And `made`, of half the scatter and normal.

- `along`, `values`, `made`: the rows, in no order
- `knots`: of `values`, `at`, `ends` and `quantiles`: `numpy.median` along, and `numpy.quantile` at
  `scipy.stats.norm.cdf` of the scores, the trend taken out by `scipy.interpolate.interp1d`
- `scales`: `median` and `width` of the same bins, from the 16th and 84th percentile
- `places`, `probes`: where and what is scored; `scores`, by `numpy.interp` and, beyond the last
  quantiles, the inverse hyperbolic sine; `mapped`: what has these scores in the distribution of
  `values` where `probes` are taken as `made`, but not beyond the ends
"""

import json
from pathlib import Path

import numpy as np
from scipy import interpolate, stats

BINS, STEP, LAST = 4, 0.5, 2.5
scores = np.arange(-LAST, LAST + STEP / 2, STEP)
rng = np.random.default_rng(20260117)
along = rng.uniform(18, 25, 3000)
width = 0.01 * 10 ** ((along - 18) / 7)
trend = along + 0.05 * np.sin(along)
values = trend + width * rng.standard_t(3, along.size)
made = trend + 0.01 + 0.5 * width * rng.normal(size=along.size)


def line(x, y):
    return interpolate.interp1d(x, y, fill_value="extrapolate")


def knots(of):
    order = np.argsort(along)
    rows = [order[i * order.size // BINS:(i + 1) * order.size // BINS] for i in range(BINS)]
    at = np.array([np.median(along[bin]) for bin in rows])
    median = np.array([np.median(of[bin]) for bin in rows])
    left = [of[bin] - line(at, median)(along[bin]) for bin in rows]
    quantiles = np.array([np.quantile(bin, stats.norm.cdf(scores)) for bin in left])
    half = np.array([np.subtract(*np.quantile(bin, [0.84, 0.16])) / 2 for bin in left])
    ends = np.array([[bin.min(), bin.max()] for bin in left])
    return at, median, half, median[:, None] + quantiles, median[:, None] + ends


def quantiles_at(of, place):
    at, _, _, quantiles, _ = knots(of)
    middle = quantiles[:, scores.size // 2]
    beside = [np.interp(place, at, quantiles[:, k] - middle) for k in range(scores.size)]
    return line(at, middle)(place) + np.array(beside)


def score(of, place, value):
    places = quantiles_at(of, place)
    if value > places[-1]:
        return LAST + np.arcsinh((value - places[-1]) / (places[-1] - places[-2]) * STEP)
    if value < places[0]:
        return -LAST + np.arcsinh((value - places[0]) / (places[1] - places[0]) * STEP)
    return np.interp(value, places, scores)


def place_of(of, place, score):
    places = quantiles_at(of, place)
    if score > LAST:
        return places[-1] + np.sinh(score - LAST) * (places[-1] - places[-2]) / STEP
    if score < -LAST:
        return places[0] + np.sinh(score + LAST) * (places[1] - places[0]) / STEP
    return np.interp(score, scores, places)


def within_ends(of, place, value):
    at, _, _, quantiles, ends = knots(of)
    middle = quantiles[:, scores.size // 2]
    beside = [np.interp(place, at, ends[:, k] - middle) for k in (0, 1)]
    return np.clip(value, *(line(at, middle)(place) + np.array(beside)))


at, median, half, quantiles, ends = knots(values)
places = np.array([17.0, 18.5, 20.0, 20.0, 21.3, 22.9, 24.0, 24.9, 24.9, 26.0])
probes = places + 0.05 * np.sin(places) + 0.04 * np.array([0, -1, 1, -9, 0.3, 2, -3, 12, 5, -1])
made_scores = [score(made, place, probe) for place, probe in zip(places, probes)]
golden = {
    "along": along.tolist(),
    "values": values.tolist(),
    "made": made.tolist(),
    "knots": [
        {"at": a, "quantiles": q.tolist(), "ends": e.tolist()}
        for a, q, e in zip(at, quantiles, ends)
    ],
    "scales": [{"at": a, "median": m, "width": h} for a, m, h in zip(at, median, half)],
    "places": places.tolist(),
    "probes": probes.tolist(),
    "scores": [score(values, place, probe) for place, probe in zip(places, probes)],
    "mapped": [
        within_ends(values, place, place_of(values, place, score))
        for place, score in zip(places, made_scores)
    ],
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden))
print(golden["scores"], golden["mapped"], half)
