"""Makes catalog.fits.gz, catalog.parquet, skymap_*.fits.gz and catalog.json with astropy,
pyarrow and healpy.

One small column for each way of storing numbers in a table, and HEALPix maps as healpy writes
them; the JSON says what those libraries read, None where there is no value.
Run with Python 3.11 or later, numpy, astropy, healpy and pyarrow from this folder: python catalog.py
"""

import decimal
import gzip
import json
import math
from pathlib import Path

import healpy
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

HERE = Path(__file__).parent
ROWS = 9


def pack(name):
    path = HERE / name
    (HERE / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


def plain(values):
    """Floats as JSON has them: None for what is missing."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    return [None if math.isnan(value) else value for value in values.ravel().tolist()]


def fits_table():
    rng = np.random.default_rng(0)
    n = np.arange(ROWS)
    single = rng.normal(22, 2, ROWS).astype("f4")
    single[4] = np.nan
    nulls = n * 3 - 5
    nulls[2], nulls[7] = -99, -99
    ragged = np.array([np.arange(i % 3, dtype="f4") for i in n], dtype=object)
    columns = [
        fits.Column("L", "L", array=n % 3 == 0),
        fits.Column("X", "11X", array=rng.integers(0, 2, (ROWS, 11)).astype(bool)),
        fits.Column("B", "B", array=(n * 30).astype("u1")),
        fits.Column("I", "I", array=(n * 7000 - 30000).astype("i2")),
        fits.Column("J", "J", array=n * 500_000_000 - 2_000_000_000),
        fits.Column("K", "K", array=n * 10**15 - 4 * 10**15, unit="adu"),
        fits.Column("E", "E", array=single, unit="mag"),
        fits.Column("D", "D", array=rng.normal(0, 1e200, ROWS)),
        fits.Column("A", "8A", array=["1.5", "-2e3", "", "nan", " 7", "0", "1e-5", "12345678", "3."]),
        fits.Column("NULLS", "J", array=nulls, null=-99),
        fits.Column("SCALED", "I", array=n.astype("i2")),
        fits.Column("U16", "I", array=(n * 8000).astype("u2"), bzero=2**15),
        fits.Column("U32", "J", array=(n * 500_000_000).astype("u4"), bzero=2**31),
        fits.Column("U64", "K", array=(n.astype("u8") * 2**60 + 1), bzero=2**63),
        fits.Column("I8", "B", array=(n * 30 - 120).astype("i1"), bzero=-128),
        fits.Column("FLUX", "4E", array=rng.normal(100, 10, (ROWS, 4)).astype("f4")),
        fits.Column("CUBE", "6D", array=rng.normal(0, 1, (ROWS, 2, 3)), dim="(3,2)"),
        fits.Column("RAGGED", "PE()", array=ragged),
        fits.Column("C", "C", array=n + 1j * n),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="TYPES")
    other = fits.BinTableHDU.from_columns([fits.Column("Z", "D", array=n / 8)], name="SECOND")
    fits.HDUList([fits.PrimaryHDU(), table, other]).writeto(HERE / "catalog.fits", overwrite=True)
    # Set afterwards: astropy would scale back what it writes.
    number = [column.name for column in columns].index("SCALED") + 1
    for keyword, value in ((f"TSCAL{number}", 0.25), (f"TZERO{number}", 100.0)):
        fits.setval(HERE / "catalog.fits", keyword, value=value, ext=1)
    want = {}
    with fits.open(HERE / "catalog.fits") as file:
        data = file["TYPES"].data
        for name in data.names[:-2]:
            if name in ("A", "NULLS", "X"):
                continue
            values = np.asarray(data[name]).reshape(ROWS, -1)
            for index in range(values.shape[1]):
                label = name if values.shape[1] == 1 else f"{name}[{index}]"
                want[label] = plain(values[:, index].astype(float))
        for bit in range(11):
            want[f"X[{bit}]"] = plain(data["X"][:, bit])
        want["NULLS"] = plain(np.ma.masked_equal(data["NULLS"], -99))
        want["A"] = [1.5, -2000.0, None, None, 7.0, 0.0, 1e-5, 12345678.0, 3.0]
    pack("catalog.fits")
    return want


def parquet_table():
    n = list(range(ROWS))
    holes = [None if i % 4 == 1 else i for i in n]
    columns = {
        "bool": pa.array([None if i == 3 else i % 2 == 0 for i in n]),
        "i8": pa.array([i - 4 for i in n], pa.int8()),
        "u8": pa.array([i * 30 for i in n], pa.uint8()),
        "i32": pa.array(holes, pa.int32()),
        "u32": pa.array([i * 500_000_000 for i in n], pa.uint32()),
        "i64": pa.array([i * 10**15 for i in n], pa.int64()),
        "u64": pa.array([i * 2**60 for i in n], pa.uint64()),
        "f16": pa.array(np.array([0.5, -2, 1e-7, 65504, np.inf, 0, 1 / 3, 2**-14, -0.1], "f2")),
        "f32": pa.array([None if i == 5 else i / 3 for i in n], pa.float32()),
        "f64": pa.array([float("nan") if i == 2 else i / 3 for i in n], pa.float64()),
        "decimal": pa.array([decimal.Decimal(i) / 4 for i in n], pa.decimal128(9, 2)),
        "text": pa.array(["1", "", "2.5", None, "nan", "-3", "4e2", "5", "6"]),
        "inner": pa.array([{"a": i, "b": None if i == 6 else i * 0.5} for i in n]),
        "list": pa.array([[i, i + 1] for i in n]),
    }
    table = pa.table(columns)
    codecs = dict(zip(columns, ["snappy", "zstd", "gzip", "lz4", "none"] * 3))
    codecs = {path: codecs[path.split(".")[0]] for path in [*columns, "inner.a", "inner.b"]}
    pq.write_table(table, HERE / "catalog.parquet", row_group_size=4, compression=codecs,
                   store_decimal_as_integer=True)
    want = {name: [None if v is None else float(v) for v in table[name].to_pylist()]
            for name in columns if name not in ("text", "inner", "list")}
    want = {name: [None if v is None or math.isnan(v) else v for v in values]
            for name, values in want.items()}
    want["f16"][4] = "inf"
    want["text"] = [1.0, None, 2.5, None, None, -3.0, 400.0, 5.0, 6.0]
    want["inner.a"] = [float(i) for i in n]
    want["inner.b"] = [None if i == 6 else i * 0.5 for i in n]
    return want


def maps():
    rng = np.random.default_rng(1)
    lon = np.concatenate([rng.uniform(0, 360, 40), [0, 90, 180, 270, 0, 45, 359.9999, 123.4]])
    lat = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, 40))), [0, 0, 0, 0, 90, -90, 41.8, 66.4]])
    pixels = {}
    for nside in (1, 2, 32, 512, 4096, 32768):
        ring = healpy.ang2pix(nside, lon, lat, lonlat=True)
        nested = healpy.ang2pix(nside, lon, lat, nest=True, lonlat=True)
        centres = healpy.pix2ang(nside, nested, nest=True, lonlat=True)
        pixels[nside] = {"ring": ring.tolist(), "nested": nested.tolist(),
                         "lon": centres[0].tolist(), "lat": centres[1].tolist()}
    sky = SkyCoord(lon * u.deg, lat * u.deg)
    galactic, ecliptic = sky.galactic, sky.barycentricmeanecliptic

    nside = 16
    npix = healpy.nside2npix(nside)
    full = rng.normal(0, 1, (2, npix)).astype("f4")
    full[0, rng.integers(0, npix, 50)] = healpy.UNSEEN
    full[1, 7] = np.nan
    healpy.write_map(HERE / "skymap_full.fits", full, coord="G", column_names=["I", "Q"],
                     dtype=np.float32, overwrite=True)
    back = healpy.read_map(HERE / "skymap_full.fits", field=None, nest=True)
    back = [plain(np.where(np.isclose(m, healpy.UNSEEN, rtol=1e-5), np.nan, m)) for m in back]
    pack("skymap_full.fits")

    part = np.full(npix, healpy.UNSEEN, "f8")
    part[100:400] = rng.normal(1, 1, 300)
    healpy.write_map(HERE / "skymap_partial.fits", part, nest=True, partial=True, coord="C",
                     dtype=np.float64, overwrite=True)
    pack("skymap_partial.fits")
    return {"lon": lon.tolist(), "lat": lat.tolist(), "pixels": pixels,
            "galactic": [galactic.l.deg.tolist(), galactic.b.deg.tolist()],
            "ecliptic": [ecliptic.lon.deg.tolist(), ecliptic.lat.deg.tolist()],
            "every": 13, "full_nested": [m[::13] for m in back],
            "partial_nested": plain(np.where(part < -1e30, np.nan, part))[::13]}


def main():
    want = {"fits": fits_table(), "parquet": parquet_table(), "maps": maps()}
    (HERE / "catalog.json").write_text(json.dumps(want) + "\n")


if __name__ == "__main__":
    main()
