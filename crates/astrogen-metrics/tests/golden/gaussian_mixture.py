"""Golden values of Gaussian mixtures, in float64.

Run with numpy, scipy, scikit-learn and safetensors: `python gaussian_mixture.py` rewrites
`gaussian_mixture.safetensors` beside it. A fixed seed makes the file the same each time.

Three fits by `sklearn.mixture.GaussianMixture` from a given start: one Gaussian, three
components in two columns, four in five columns. Columns have mean 0 and variance 1, so that
`reg_covar` is in parts of their variance.

Keys, for `K` = 0 to 2:

- `rows.K` [N, D]
- `start.weights.K`, `start.means.K`, `start.covariances.K`
- `weights.K`, `means.K`, `covariances.K`: after so many iterations
- `fit.K` [2]: the number of iterations and the lower bound
- `converged.K` [2]: the same with a tolerance of 1e-4
- `points.K` [20, D] and `log_prob.K` [20]: the density of the fit, `score_samples`
- `conditional.K` [20], for the fits of more than one column: the density of the first column
  given the others, as the mixture of the components' normal distributions along a line
"""

import warnings
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import stats
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20240602)


def conditional(fit, points):
    """The log density of the first column given the others."""
    known = points[:, 1:]
    parts, weights = [], []
    for weight, mean, covariance in zip(fit.weights_, fit.means_, fit.covariances_):
        gain = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
        along = mean[0] + (known - mean[1:]) @ gain
        deviation = np.sqrt(covariance[0, 0] - covariance[0, 1:] @ gain)
        weights.append(np.log(weight) + stats.multivariate_normal(mean[1:], covariance[1:, 1:]).logpdf(known))
        parts.append(stats.norm(along, deviation).logpdf(points[:, 0]))
    weights = np.array(weights) - logsumexp(weights, axis=0)
    return logsumexp(weights + np.array(parts), axis=0)


golden = {}
for index, (components, columns, count, iterations) in enumerate([(1, 3, 60, 2), (3, 2, 300, 7), (4, 5, 400, 12)]):
    centres = rng.normal(0.0, 2.0, (components, columns))
    shapes = rng.normal(0.0, 0.5, (components, columns, columns)) + 0.3 * np.eye(columns)
    which = rng.integers(components, size=count)
    rows = centres[which] + np.einsum("nij,nj->ni", shapes[which], rng.normal(size=(count, columns)))
    rows = (rows - rows.mean(0)) / rows.std(0)
    start = {
        "weights": rng.dirichlet(np.full(components, 5.0)),
        "means": rows[rng.choice(count, components, replace=False)],
        "covariances": np.stack([np.cov(rng.normal(size=(columns, 40))) for _ in range(components)]).reshape(components, columns, columns),
    }
    settings = {
        "weights_init": start["weights"],
        "means_init": start["means"],
        "precisions_init": np.linalg.inv(start["covariances"]),
        "random_state": 0,
    }
    fit = GaussianMixture(components, tol=0.0, max_iter=iterations, **settings).fit(rows)
    until = GaussianMixture(components, tol=1e-4, max_iter=500, **settings).fit(rows)
    assert until.converged_
    points = rng.normal(0.0, 1.5, (20, columns))
    golden |= {f"start.{name}.{index}": value for name, value in start.items()}
    golden |= {
        f"rows.{index}": rows,
        f"weights.{index}": fit.weights_,
        f"means.{index}": fit.means_,
        f"covariances.{index}": fit.covariances_,
        f"fit.{index}": np.array([fit.n_iter_, fit.lower_bound_]),
        f"converged.{index}": np.array([until.n_iter_, until.lower_bound_]),
        f"points.{index}": points,
        f"log_prob.{index}": fit.score_samples(points),
    }
    if columns > 1:
        golden[f"conditional.{index}"] = conditional(fit, points)
    print(golden[f"fit.{index}"], golden[f"converged.{index}"])
golden = {name: np.ascontiguousarray(value) for name, value in golden.items()}
save_file(golden, Path(__file__).with_suffix(".safetensors"))
