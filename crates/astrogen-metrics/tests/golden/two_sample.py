"""Golden values of the two-sample statistics of tables, in float64.

Run with numpy, scipy, scikit-learn and safetensors: `python two_sample.py` rewrites
`two_sample.safetensors` beside it. A fixed seed makes the file the same each time.

Keys:

- `real` [60, 3], `fake` [45, 3]: rows in units that differ, rounded so that values repeat
- `energy` [5]: `scipy.stats.energy_distance` of each column; the formula of all three columns by
  `scipy.spatial.distance.cdist`, as they are and with columns standardised by
  `sklearn.preprocessing.StandardScaler` of the real rows
- `correlation` [2, 4]: root mean square and largest difference of the correlations by
  `numpy.corrcoef` and `scipy.stats.spearmanr`, and the two columns of the largest
- `mann_whitney` [3, 4]: for each column `scipy.stats.mannwhitneyu` of real and fake (asymptotic,
  without continuity): the statistic, its part of all pairs, and the p-values "less" and "greater"
- `features` [80, 6], the first column of ones, and `weights` [6]: the logistic regression of the
  first 40 rows (0) and the others (1) by `sklearn.linear_model.LogisticRegression` with C = 1 / 30
- `pit`, `condition` [150], `edges` [4], `calibration` [3, 5]: count, the shares within the central
  68 and 95 per cent, statistic and asymptotic p-value of `scipy.stats.kstest`, in the bins of
  `numpy.quantile` of the condition
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def energy(real, fake):
    """The root of the energy statistic with the pairs of a row and itself."""
    among = cdist(real, real).mean() + cdist(fake, fake).mean()
    return np.sqrt(2 * cdist(real, fake).mean() - among)


def correlation(of):
    """How far the matrices are apart."""
    off = np.abs(of(real) - of(fake))[np.triu_indices(3, 1)]
    pairs = np.array(np.triu_indices(3, 1)).T
    return [np.sqrt(np.mean(off**2)), off.max(), *pairs[off.argmax()]]


rng = np.random.default_rng(20250309)
mix = np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 0.4], [0.0, 0.0, 0.9]])
unit = np.array([1.0, 30.0, 0.2])
real = (rng.normal(size=(60, 3)) @ mix * unit + [3.0, 220.0, -0.4]).round(2)
fake = (rng.standard_t(4.0, size=(45, 3)) @ mix.T * unit + [3.3, 225.0, -0.5]).round(2)
scaler = StandardScaler().fit(real)
columns = list(zip(real.T, fake.T))


def rank_sum(a, b):
    """Statistic, part of the pairs, and p-values on either side."""
    found = [
        stats.mannwhitneyu(a, b, use_continuity=False, alternative=side, method="asymptotic")
        for side in ("less", "greater")
    ]
    statistic = found[0].statistic
    return [statistic, statistic / (len(a) * len(b)), found[0].pvalue, found[1].pvalue]


golden = {
    "real": real,
    "fake": fake,
    "energy": np.array(
        [stats.energy_distance(a, b) for a, b in columns]
        + [energy(real, fake), energy(scaler.transform(real), scaler.transform(fake))]
    ),
    "correlation": np.array([
        correlation(lambda rows: np.corrcoef(rows.T)),
        correlation(lambda rows: stats.spearmanr(rows).statistic),
    ]),
    "mann_whitney": np.array([rank_sum(a, b) for a, b in columns]),
}

features = rng.normal(size=(80, 6)) * [0, 1.0, 2.0, 0.5, 1.0, 1.0] + [1, 0, 0, 1, 0, 0]
features[40:, 1] += 1.5
labels = np.repeat([0, 1], 40)
model = LogisticRegression(C=1 / 30, tol=1e-12, max_iter=10000)
model.fit(features[:, 1:], labels)
golden |= {"features": features, "weights": np.concatenate([model.intercept_, model.coef_[0]])}

pit, condition = rng.beta(1.3, 0.9, 150), rng.gamma(3.0, 0.4, 150)
edges = np.quantile(condition, np.linspace(0, 1, 4))
rows = []
for bin, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
    inside = (condition >= low) & ((condition < high) | (bin == 2))
    values = pit[inside]
    ks = stats.kstest(values, "uniform", method="asymp")
    shares = [np.mean(np.abs(values - 0.5) <= level / 2) for level in (0.68, 0.95)]
    rows.append([inside.sum(), *shares, ks.statistic, ks.pvalue])
golden |= {"pit": pit, "condition": condition, "edges": edges, "calibration": np.array(rows)}
golden = {name: np.ascontiguousarray(value, dtype=np.float64) for name, value in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
for name in ("energy", "correlation", "mann_whitney", "weights", "calibration"):
    print(name, golden[name])
