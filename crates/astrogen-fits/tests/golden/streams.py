"""Makes streams.fits.gz with astropy: compressed images beside those of fits.py.

Small images of every codec and every way to fall back, each compressed without loss, so
that the plain image of the same number is what must be read.
Run with Python 3.11, numpy and astropy 6 or later from this folder: python streams.py
"""

import gzip
import io
from pathlib import Path

import numpy as np
from astropy.io import fits

HERE = Path(__file__).parent


def hdus(rng):
    noise = rng.normal(100.0, 20.0, (37, 26))
    rows, columns = np.indices(noise.shape)
    source = 1e6 * np.exp(-((rows - 18) ** 2 + (columns - 9) ** 2) / 9)
    regions = (rows // 5 * 3 + columns // 7 * 70000).astype("i4")
    ramp = rows * 26 + columns
    images = [
        ("HCOMPRESS_I16", "HCOMPRESS_1", noise.astype("i2"), (37, 26)),
        ("HCOMPRESS_I32", "HCOMPRESS_1", (noise - source).astype("i4"), (37, 13)),
        ("HCOMPRESS_U8", "HCOMPRESS_1", (noise / 8).astype("u1"), (11, 26)),
        ("PLIO_I32", "PLIO_1", regions, (8, 26)),
        ("GZIP_F64", "GZIP_1", noise, (37, 26)),
        # Floating-point numbers without noise are not quantized: the tiles go to GZIP.
        ("RICE_F64", "RICE_1", ramp.astype("f8"), (8, 26)),
        ("RICE_F32", "RICE_1", ramp.astype("f4"), (8, 26)),
    ]
    yield fits.PrimaryHDU()
    for name, codec, data, tile in images:
        level = 0 if codec == "GZIP_1" else 16
        yield fits.CompImageHDU(data, name=name, compression_type=codec, tile_shape=tile, quantize_level=level)
    for name, _, data, _ in images:
        yield fits.ImageHDU(data, name=name + "_PLAIN")


def main():
    rng = np.random.default_rng(17)
    file = io.BytesIO()
    fits.HDUList(list(hdus(rng))).writeto(file)
    (HERE / "streams.fits.gz").write_bytes(gzip.compress(file.getvalue(), 9, mtime=0))
    with fits.open(io.BytesIO(file.getvalue())) as opened:
        for hdu in opened[1:8]:
            assert np.array_equal(hdu.data, opened[hdu.name + "_PLAIN"].data), hdu.name


main()
