"""Makes fits.fits.gz, fits.json, noise.fits.Z and ramp.fits.Z with astropy.

One small image an HDU for each way of storing pixels; the JSON says what astropy reads.
Run with Python 3.11, numpy and astropy 6 or later from this folder: python fits.py
"""

import gzip
import io
import json
import math
import subprocess
from pathlib import Path

import numpy as np
from astropy.io import fits

HERE = Path(__file__).parent
HEIGHT, WIDTH = 11, 14


def image(name, data, **cards):
    """An image whose numbers are stored as they are; cards such as BSCALE come on top."""
    hdu = fits.ImageHDU(data, name=name)
    hdu.header.update(cards)
    return hdu


def hdus(rng):
    ramp = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    noise = rng.normal(100.0, 5.0, (HEIGHT, WIDTH))
    with_nan = noise.astype(">f4")
    with_nan[2, 3:6] = np.nan
    with_inf = with_nan.copy()
    with_inf[5, 5], with_inf[6, 6] = np.inf, -np.inf
    blank = (ramp * 3).astype(">i2")
    blank[4, :4] = -999

    primary = fits.PrimaryHDU()
    header = primary.header
    header["OBJECT"] = ("M 13's core", "with a quote")
    header["LONGSTR"] = ("a long string & more " * 8, "over several cards")
    header["HIERARCH ESO DET DIT"] = (1.5, "[s]")
    header["YES"] = True
    header["WHOLE"] = -42
    header["SMALL"] = 1.25e-300
    header["PAIR"] = complex(1.5, -2.0)
    header["NOTHING"] = (None, "no value")
    header["HISTORY"] = "first"
    header["HISTORY"] = "second"
    header["COMMENT"] = "a remark"
    yield primary

    yield image("U8", ramp.astype("u1"))
    yield image("I16", (ramp * 100 - 7000).astype(">i2"))
    yield image("I32", (ramp * 10_000_000 - 700_000_000).astype(">i4"))
    yield image("I64", ramp.astype(">i8") * 10**15 - 7 * 10**16)
    yield image("F32", with_inf)
    yield image("F64", noise * 1e200)
    yield image("U16", (ramp * 400).astype("u2"))
    yield image("U32", (ramp * 20_000_000).astype("u4"))
    yield image("U64", ramp.astype("u8") * 10**17)
    yield image("I8", (ramp - 77).astype("i1"))
    yield image("SCALED", (ramp * 7).astype(">i2"), BSCALE=0.25, BZERO=-3.5)
    yield image("BLANK", blank, BSCALE=2.0, BZERO=10.0, BLANK=-999)
    yield image("BLANK8", ramp.astype("u1"), BLANK=7)
    yield image("SCALEDF", with_nan, BSCALE=2.0, BZERO=1.0)
    cube = np.stack([ramp, ramp + 1000, ramp + 2000]).astype(">f4")
    yield image("CUBE", cube)
    yield image("FLAT4D", cube[:, None])
    yield image("STOKES", cube[None])
    version = image("CUBE", cube + 1)
    version.ver = 2
    yield version
    yield fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1, 2])], name="TABLE")

    integers = (noise * 50).astype("i2")
    mask = (ramp % 37 == 0).astype("i2") * 9
    for codec in ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"]:
        yield fits.CompImageHDU(integers, name=f"I16_{codec}", compression_type=codec, tile_shape=(6, 5))
    yield fits.CompImageHDU(mask, name="I16_PLIO_1", compression_type="PLIO_1")
    yield fits.CompImageHDU(integers.astype("i4"), name="I32_RICE_1", compression_type="RICE_1")
    yield fits.CompImageHDU(ramp.astype("u1"), name="U8_RICE_1", compression_type="RICE_1")
    yield fits.CompImageHDU((ramp * 400).astype("u2"), name="U16_RICE_1", compression_type="RICE_1")
    floats = with_nan.astype("f4")
    for method in [1, 2]:
        yield fits.CompImageHDU(
            floats, name=f"F32_DITHER_{method}", compression_type="RICE_1",
            quantize_level=16, quantize_method=method, dither_seed=42,
        )
    yield fits.CompImageHDU(floats, name="F32_GZIP_2", compression_type="GZIP_2", quantize_level=0)
    yield fits.CompImageHDU(cube.astype("f4"), name="CUBE_RICE_1", compression_type="RICE_1")


def number(value):
    value = float(value)
    return value if math.isfinite(value) else str(value)


def describe(hdu):
    described = {"name": hdu.name, "kind": type(hdu).__name__}
    if hdu.is_image and hdu.data is not None:
        data = np.asarray(hdu.data, dtype="f8")
        described["axes"] = list(data.shape[::-1])
        described["values"] = [number(value) for value in data.ravel()]
    return described


def compress(data, most_width, clear):
    """The format of the Unix program compress."""
    bits, group = [], []
    width = 9

    def emit(code):
        group.append(code)
        if len(group) == 8:
            flush()

    def flush():
        # Codes of one width fill groups of eight; a change of width skips the rest.
        if group:
            total = sum(code << (width * place) for place, code in enumerate(group))
            bits.append(total.to_bytes(width, "little"))
            group.clear()

    table = {bytes([byte]): byte for byte in range(256)}
    free = 257 if clear else 256
    string = b""
    for byte in data:
        longer = string + bytes([byte])
        if longer in table:
            string = longer
            continue
        emit(table[string])
        if free < 1 << most_width:
            table[longer] = free
            free += 1
            # The reader learns each string one code later.
            if free > 1 << width and width < most_width:
                flush()
                width += 1
        elif clear:
            emit(256)
            flush()
            table = {bytes([byte]): byte for byte in range(256)}
            free, width = 257, 9
        string = bytes([byte])
    emit(table[string])
    if group:
        length = (len(group) * width + 7) // 8
        flush()
        bits[-1] = bits[-1][:length]
    return bytes([0x1F, 0x9D, most_width | (0x80 if clear else 0)]) + b"".join(bits)


def main():
    rng = np.random.default_rng(13)
    file = io.BytesIO()
    fits.HDUList(list(hdus(rng))).writeto(file)
    raw = file.getvalue()
    (HERE / "fits.fits.gz").write_bytes(gzip.compress(raw, 9, mtime=0))

    with fits.open(io.BytesIO(raw)) as opened:
        expected = [describe(hdu) for hdu in opened]

    packed = {
        "noise": (rng.integers(0, 2000, (64, 64)).astype(">i2"), 10, True),
        "ramp": (np.arange(64 * 64).reshape(64, 64).astype(">i2") // 8, 16, False),
    }
    sums = {}
    for name, (data, most_width, clear) in packed.items():
        file = io.BytesIO()
        fits.PrimaryHDU(data).writeto(file)
        path = HERE / f"{name}.fits.Z"
        path.write_bytes(compress(file.getvalue(), most_width, clear))
        if clear:
            # An independent reader (it wants the flag for clearing set) agrees.
            unpacked = subprocess.run(["gzip", "-dc", path], check=True, capture_output=True)
            assert unpacked.stdout == file.getvalue()
        sums[name] = [int(data[3, 5]), int(data.astype("i8").sum())]
    expected = {"hdus": expected, "packed": sums}
    (HERE / "fits.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


main()
