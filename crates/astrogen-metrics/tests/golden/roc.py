"""Golden values of the receiver operating characteristic, in float64.

Run with numpy, scikit-learn and safetensors: `python roc.py` rewrites `roc.safetensors` beside it. A
fixed seed makes the file the same each time.

Three pairs of scores: well apart, rounded to tenths so that many are tied, and guesses. Keys, for `K` =
0 to 2:

- `positives.K`, `negatives.K`: the scores, in no order
- `auc.K` [2]: `sklearn.metrics.roc_auc_score`, and DeLong's standard error as written out below
- `curve.K` [2, T]: false and true positive rates of `sklearn.metrics.roc_curve` at all thresholds
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score, roc_curve


def delong(x, y):
    """DeLong's standard error, by all pairs."""
    wins = (x[:, None] > y[None]) + 0.5 * (x[:, None] == y[None])
    parts = wins.mean(1).var(ddof=1) / len(x), wins.mean(0).var(ddof=1) / len(y)
    return np.sqrt(sum(parts))


rng = np.random.default_rng(20261126)
pairs = [
    (rng.normal(2.0, 1.0, 40), rng.normal(0.0, 1.5, 60)),
    (rng.normal(0.5, 1.0, 50).round(1), rng.normal(0.0, 1.0, 30).round(1)),
    (rng.normal(0.0, 1.0, 25), rng.normal(0.0, 1.0, 25)),
]
tensors = {}
for k, (x, y) in enumerate(pairs):
    labels, scores = np.r_[np.ones(len(x)), np.zeros(len(y))], np.r_[x, y]
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    tensors[f"positives.{k}"], tensors[f"negatives.{k}"] = x, y
    tensors[f"auc.{k}"] = np.array([roc_auc_score(labels, scores), delong(x, y)])
    tensors[f"curve.{k}"] = np.stack([fpr, tpr])
save_file(tensors, Path(__file__).with_suffix(".safetensors"))
