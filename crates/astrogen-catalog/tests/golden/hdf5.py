"""Makes columns.hdf5, records.hdf5 and hdf5.json with h5py and astropy.

One small data set for each way of storing numbers, in the form of HDF5 1.10, and a table as
astropy writes it, in the oldest; the JSON says what h5py reads, None where there is no value.
Run with Python 3.11 or later, numpy, h5py and astropy from this folder: python hdf5.py
"""

import json
import math
from pathlib import Path

import h5py
import numpy as np
from astropy import units as u
from astropy.table import Table

HERE = Path(__file__).parent
ROWS = 9


def plain(values):
    """Numbers as JSON has them: None for what is missing."""
    values = np.asarray(values, dtype=float).ravel().tolist()
    return ["inf" if math.isinf(value) else None if math.isnan(value) else value for value in values]


def elements(name, values):
    """The elements of vectors, each under its own name."""
    values = np.asarray(values).reshape(ROWS, -1)
    return {f"{name}[{i}]": plain(values[:, i]) for i in range(values.shape[1])}


def columns():
    rng = np.random.default_rng(0)
    n = np.arange(ROWS)
    single = rng.normal(22, 2, ROWS).astype("f4")
    single[4] = np.nan
    numbers = {
        "bool": n % 3 == 0,
        "i1": (n * 30 - 120).astype("i1"),
        "u1": (n * 30).astype("u1"),
        "i2": (n * 7000 - 30000).astype(">i2"),
        "u2": (n * 8000).astype("u2"),
        "i4": (n * 500_000_000 - 2_000_000_000).astype("i4"),
        "u4": (n * 500_000_000).astype(">u4"),
        "i8": n * 10**15 - 4 * 10**15,
        "u8": n.astype("u8") * 2**60,
        "f2": np.array([0.5, -2, 1e-7, 65504, np.inf, 0, 1 / 3, 2**-14, -0.1], "f2"),
        "f4": single,
        "f8": rng.normal(0, 1e200, ROWS).astype(">f8"),
    }
    vectors = {"matrix": rng.normal(0, 1, (ROWS, 3)).astype("f4"), "cube": rng.integers(0, 99, (ROWS, 2, 2))}
    packed = {
        "deflate": {"compression": "gzip", "shuffle": True},
        "lzf": {"compression": "lzf"},
        "checked": {"fletcher32": True},
        "offset": {"scaleoffset": 0},
    }
    want = {}
    with h5py.File(HERE / "columns.hdf5", "w", libver=("v110", "v110")) as file:
        group = file.create_group("types")
        for name, values in {**numbers, **vectors}.items():
            group[name] = values
            want |= {name: plain(values)} if values.ndim == 1 else elements(name, values)
        group["f4"].attrs["units"] = "mag"
        group["f8"].attrs["unit"] = np.bytes_("Jy")
        fixed = ["1.5", "-2e3", "", "nan", "7", "0", "1e-5", "12345678", "3."]
        group["fixed"] = np.array(fixed, "S8")
        group.create_dataset("free", data=fixed, dtype=h5py.string_dtype())
        want["fixed"] = want["free"] = [1.5, -2000.0, None, None, 7.0, 0.0, 1e-5, 12345678.0, 3.0]
        colours = h5py.enum_dtype({"red": -1, "green": 5, "blue": 7}, basetype="i2")
        group.create_dataset("enum", data=np.array([-1, 5, 7] * 3), dtype=colours)
        want["enum"] = [-1.0, 5.0, 7.0] * 3
        group["filled"] = np.where(n % 4 == 1, -999, n).astype("i4")
        group["filled"].attrs["_FillValue"] = np.int32([-999])
        want["filled"] = [None if i % 4 == 1 else float(i) for i in n]
        group["inner/deep"] = n / 8
        want["inner/deep"] = plain(n / 8)
        for name, options in packed.items():
            values = (n * 3 - 7).astype("i4")
            group.create_dataset(name, data=values, chunks=(4,), **options)
            want[name] = plain(values)
        group.create_dataset("sparse", (ROWS,), "f4", chunks=(4,), fillvalue=2.5)[5] = 1.0
        want["sparse"] = [1.0 if i == 5 else 2.5 for i in n]
        group["edges"] = np.arange(3.0)
        group["scalar"] = 1.0
        group["complex"] = n + 1j * n
        group.create_dataset("ragged", (ROWS,), h5py.vlen_dtype("f4"))
        group["reference"] = np.array([group.ref] * ROWS, h5py.ref_dtype)
    return want


def records():
    rng = np.random.default_rng(1)
    n = np.arange(ROWS)
    table = Table({
        "ra": rng.uniform(0, 24, ROWS) * u.hourangle,
        "id": n + 2**60,
        "flag": n % 2 == 0,
        "mags": rng.normal(22, 2, (ROWS, 2)).astype("f4") * u.mag,
        "text": [f"{i}.5" for i in n],
    })
    table.write(HERE / "records.hdf5", path="survey/objects", serialize_meta=True,
                overwrite=True, compression="gzip", chunks=(4,))
    want = {"ra": plain(table["ra"]), "flag": plain(table["flag"]), "text": plain(n + 0.5)}
    return want | elements("mags", table["mags"])


def main():
    want = {"columns": columns(), "records": records()}
    (HERE / "hdf5.json").write_text(json.dumps(want) + "\n")


if __name__ == "__main__":
    main()
