"""Golden values of nearest neighbours, of the test of data copying and of k-means.

Run with numpy, scipy, scikit-learn and safetensors: `python memorisation.py` rewrites
`memorisation.safetensors` beside it. A fixed seed makes the file the same each time.

Keys:

- `square` [7, 2, 6, 6], `square_train` [9, 2, 6, 6]: images, float32; some are training images
  mirrored, turned and with noise
- `square.found` [7, 4]: for each the index of the nearest training image, whether it is mirrored
  first, the quarter turns of `numpy.rot90` that follow, and the distance, by trying all
- `wide` [5, 1, 4, 7], `wide_train` [8, 1, 4, 7], `wide.found` [5, 4]: the same of images that are
  not square, with even turns alone
- `pooled.found` [7, 4]: that of the square images brought to 3 x 3 by means
- `others.found` [9, 4]: the nearest other one of each training image
- `distances`, `cells` [90] (samples), `held_out_distances`, `held_out_cells` [80]: distances with
  ties, in 4 cells of which one holds too few
- `copying` [3]: C_T, its z and its p-value, from `scipy.stats.mannwhitneyu` (asymptotic, without
  continuity, in the variance of ties) in the cells with 10 of both or more
- `copying.z` [3]: z in those cells
- `rows` [120, 3], `inertia` [1]: rows around four centres, and the least sum of squared distances
  to four centres by `sklearn.cluster.KMeans`
- `pairwise` [1]: the mean of `scipy.spatial.distance.pdist` of the rows
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans


def views(image, turns):
    """The image [C, H, W] under each symmetry."""
    for flipped in (0, 1):
        mirrored = image[..., ::-1] if flipped else image
        for turn in turns:
            yield flipped, turn, np.rot90(mirrored, turn, axes=(-2, -1))


def found(queries, train, turns=(0, 1, 2, 3), others=False):
    """The nearest of all."""
    rows = []
    for number, query in enumerate(queries):
        tried = [
            (np.sqrt(((view.astype(float) - image) ** 2).sum()), index, flipped, turn)
            for flipped, turn, view in views(query, turns)
            for index, image in enumerate(train.astype(float))
            if not (others and index == number)
        ]
        distance, index, flipped, turn = min(tried)
        rows.append([index, flipped, turn, distance])
    return np.array(rows, dtype=np.float64)


def pooled(images):
    """Means over squares of two by two pixels."""
    n, c, h, w = images.shape
    return images.astype(float).reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5))


rng = np.random.default_rng(20250310)
golden = {}
for name, shape, count, turns in (
    ("square", (9, 2, 6, 6), 7, (0, 1, 2, 3)),
    ("wide", (8, 1, 4, 7), 5, (0, 2)),
):
    train = rng.normal(size=shape)
    queries = rng.normal(size=(count, *shape[1:]))
    for query, (_, _, view) in enumerate(list(views(train[3], turns))[1:4]):
        queries[query] = view + 0.1 * rng.normal(size=shape[1:])
    train, queries = train.astype(np.float32), queries.astype(np.float32)
    golden |= {name: queries, f"{name}_train": train}
    golden[f"{name}.found"] = found(queries, train, turns)
square, train = golden["square"], golden["square_train"]
golden["pooled.found"] = found(pooled(square), pooled(train))
golden["others.found"] = found(train, train, others=True)

cells, held_out_cells = rng.integers(0, 4, 90), rng.integers(0, 4, 80)
held_out_cells[held_out_cells == 2] = np.where(rng.random(sum(held_out_cells == 2)) < 0.2, 2, 0)
distances = rng.gamma(2.0, 1.0 + 0.3 * cells).round(1)
held_out_distances = rng.gamma(2.4, 1.0 + 0.3 * held_out_cells).round(1)
scores, weights = [], []
for cell in range(4):
    near, far = distances[cells == cell], held_out_distances[held_out_cells == cell]
    if min(len(near), len(far)) < 10:
        continue
    options = {"use_continuity": False, "method": "asymptotic"}
    p = stats.mannwhitneyu(near, far, alternative="less", **options).pvalue
    scores.append(stats.norm.ppf(p))
    weights.append(len(far))
scores, weights = np.array(scores), np.array(weights)
z = (weights @ scores) / np.sqrt(weights @ weights)
golden |= {
    "distances": distances,
    "cells": cells,
    "held_out_distances": held_out_distances,
    "held_out_cells": held_out_cells,
    "copying": np.array([weights @ scores / weights.sum(), z, stats.norm.cdf(z)]),
    "copying.z": scores,
}

rows = np.concatenate([rng.normal(centre, 0.5, (30, 3)) for centre in (-4.0, 0.0, 3.0, 7.0)])
golden["rows"] = rows
golden["inertia"] = np.array([KMeans(4, n_init=20, random_state=0).fit(rows).inertia_])
golden["pairwise"] = np.array([pdist(rows).mean()])
golden = {name: np.ascontiguousarray(value) for name, value in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
for name in ("square.found", "wide.found", "pooled.found", "copying", "copying.z", "inertia"):
    print(name, golden[name])
print(np.bincount(cells), np.bincount(held_out_cells))
