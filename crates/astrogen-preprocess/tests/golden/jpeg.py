"""Makes jpeg_*.jpg and jpeg.json with Pillow (libjpeg-turbo): pictures in the codings of JPEG and
their pixels.

Run with Python 3.11, numpy and Pillow from this folder: python jpeg.py
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
ROWS, COLUMNS = 21, 26

KINDS = {
    "baseline": {"subsampling": "4:2:0"},
    "full_colour": {"subsampling": "4:4:4", "optimize": True},
    "progressive": {"subsampling": "4:2:0", "progressive": True},
    "restarts": {"subsampling": "4:2:2", "restart_marker_blocks": 2},
    "progressive_restarts": {"progressive": True, "restart_marker_rows": 1},
    "grey": {},
    "grey_progressive": {"progressive": True},
}


def picture():
    """Smooth colours under a star and some noise."""
    rows, columns = np.indices((ROWS, COLUMNS))
    bands = [80 + 2 * rows, 40 + 3 * columns, 200 - rows - columns]
    star = 150 * np.exp(-((rows - 12) ** 2 + (columns - 17) ** 2) / 18)
    noise = np.random.default_rng(0).normal(0, 4, (3, ROWS, COLUMNS))
    return np.clip(np.stack(bands) + star + noise, 0, 255).astype("u1").transpose(1, 2, 0)


def main():
    image = Image.fromarray(picture())
    pixels = {}
    for kind, options in KINDS.items():
        path = HERE / f"jpeg_{kind}.jpg"
        own = image.convert("L") if kind.startswith("grey") else image
        own.save(path, quality=90, **options)
        pixels[kind] = np.asarray(Image.open(path)).reshape(ROWS, COLUMNS, -1).transpose(2, 0, 1).tolist()
    (HERE / "jpeg.json").write_text(json.dumps(pixels, separators=(",", ":")) + "\n")


main()
