"""NumPy arrays as NumPy saves them: records of every kind of number, plain arrays in both orders.

Writes records.npy, plain.npy, fortran.npy and npy.json (the numbers of each column) beside itself.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROWS = 9


def plain(values):
    return [None if np.isnan(value) else float(value) for value in np.asarray(values, float)]


def main():
    n = np.arange(ROWS)
    kinds = ["<i1", "<u1", "<i2", ">i2", "<u4", ">i4", "<i8", "<u8", "<f2", "<f4", ">f4", ">f8", "?"]
    fields = [(f"of{kind[1:] if kind != '?' else 'bool'}{'big' if kind[0] == '>' else ''}", kind) for kind in kinds]
    records = np.zeros(ROWS, [*fields, ("name", "S4"), ("xyz", "<f4", (3,)), ("z", "<c8")])
    want = {}
    for name, kind in fields:
        values = n % 2 == 0 if kind == "?" else (n * 7 - 20 if kind[1] in "if" else n * 31)
        records[name] = values
        if kind[1:] == "f4":
            records[name][3] = np.nan
        want[name] = plain(records[name])
    records["xyz"] = np.arange(ROWS * 3).reshape(ROWS, 3) / 4
    want |= {f"xyz[{i}]": plain(records["xyz"][:, i]) for i in range(3)}
    np.save(HERE / "records.npy", records)

    table = (np.arange(ROWS * 4).reshape(ROWS, 4) / 8).astype("f4")
    np.save(HERE / "plain.npy", table)
    np.save(HERE / "fortran.npy", np.asfortranarray(table))
    columns = {str(i): plain(table[:, i]) for i in range(4)}
    (HERE / "npy.json").write_text(json.dumps({"records": want, "plain": columns}) + "\n")


if __name__ == "__main__":
    main()
