"""Golden values of the cleaning, the rotation, the parameters and the ages of stars.

Run with numpy, scikit-learn and astropy: `python stars.py` rewrites `stars.json` beside it. A fixed
seed makes the file the same each time.

- `galaxies`: small galaxies, each with `columns` (x y z vx vy metals feh ofe mass age), the settings
  `percentile`, `percentile_within` and `max_radius`, the limit of `radius`, the `rows` kept in their
  order, the `angle` of the principal axis of those (degrees of freedom of an eigenvector's sign taken
  out), their `rotated` x y vx vy of the first five, and `parameters`.
- `ages`: of `cosmologies` [h, Omega_m] the ages in Gyr at scale factors `a`.

The recipe is GalacticFlow's: limits by numpy.percentile, numpy.histogram2d with 100 bins, the bins of
at least the 0.9 quantile, PCA of their centres.
"""

import json
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.cosmology import FlatLambdaCDM
from sklearn.decomposition import PCA

COLUMNS = ("x", "y", "z", "vx", "vy", "metals", "feh", "ofe", "mass", "age")


def galaxy(rng, n, scale, tilt):
    x, y = rng.normal(0, scale, n), rng.normal(0, 0.35 * scale, n)
    x, y = np.cos(tilt) * x - np.sin(tilt) * y, np.sin(tilt) * x + np.cos(tilt) * y
    feh = rng.normal(-0.5, 0.5, n)
    feh[::50] = -8.5
    ofe = rng.normal(0.1, 0.1, n)
    ofe[7::60] = -1.2
    columns = [x, y, rng.normal(0, 0.1 * scale, n), rng.normal(0, 80, n), rng.normal(20, 60, n),
               0.02 * 10**feh, feh, ofe, rng.uniform(1e5, 1e6, n), rng.uniform(0, 13, n)]
    return {name: np.round(own, 5) for name, own in zip(COLUMNS, columns)}


def clean(stars, percentile, percentile_within, max_radius):
    r = np.sqrt(stars["x"]**2 + stars["y"]**2 + stars["z"]**2)
    limit = np.percentile(r, percentile)
    if limit > max_radius:
        limit = np.percentile(r[r <= max_radius], percentile_within)
    keep = (stars["feh"] >= -8) & (stars["ofe"] >= -1) & (r <= limit)
    return limit, np.flatnonzero(keep)


def principal_angle(x, y):
    counts, across, up = np.histogram2d(x, y, bins=100)
    taken = np.argwhere(counts >= max(np.quantile(counts, 0.9), 1))
    centers = [0.5 * (edges[1:] + edges[:-1]) for edges in (across, up)]
    places = np.stack([centers[0][taken[:, 0]], centers[1][taken[:, 1]]], axis=1)
    axis = PCA(n_components=2).fit(places).components_[0]
    angle = np.arctan2(axis[1], axis[0])
    return (angle + np.pi / 2) % np.pi - np.pi / 2


def main():
    rng = np.random.default_rng(7)
    galaxies = []
    for n, scale, tilt, cut in [(700, 3, 0.7, (98, 98, 27.7)), (900, 25, -1.2, (98, 98, 27.7)),
                                (400, 8, 1.5, (95, 90, 12.5))]:
        stars = galaxy(rng, n, scale, tilt)
        limit, rows = clean(stars, *cut)
        kept = {name: own[rows] for name, own in stars.items()}
        angle = principal_angle(kept["x"], kept["y"])
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        places = turn @ np.stack([kept["x"], kept["y"]])
        speeds = turn @ np.stack([kept["vx"], kept["vy"]])
        galaxies.append({
            "columns": {name: own.tolist() for name, own in stars.items()},
            "percentile": cut[0], "percentile_within": cut[1], "max_radius": cut[2],
            "radius": limit, "rows": rows.tolist(), "angle": angle,
            "rotated": np.concatenate([places, speeds])[:, :5].tolist(),
            "parameters": [kept["mass"].sum(), np.median(kept["age"]), np.percentile(kept["age"], 10),
                           kept["metals"].mean()],
        })
    cosmologies, a = [(0.6774, 0.3089), (0.6777, 0.307), (0.704, 0.2726)], [1e-3, 0.05, 0.3, 0.77, 1.0]
    ages = [FlatLambdaCDM(100 * h, m, Tcmb0=0).age(1 / np.array(a) - 1).to_value(u.Gyr).tolist()
            for h, m in cosmologies]
    golden = {"galaxies": galaxies, "cosmologies": cosmologies, "a": a, "ages": ages}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden))


if __name__ == "__main__":
    main()
