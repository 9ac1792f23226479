"""HATS catalogues: one that lsdb writes, and what lsdb reads of the one that our test writes.

    python hats_folders.py

`hats/lsdb` and `hats.json` are written anew; `hats/ours`, which the test compares its own files with
byte by byte, is only read here: it has to be valid by the strict rules of the package `hats`, and to hold
the rows that the script expects. To write it anew after the writer has changed:

    ASTROGEN_WRITE_GOLDEN=1 cargo test --package astrogen-catalog hats
"""

import json
import logging
import shutil
from pathlib import Path

import lsdb
import numpy as np
import pandas as pd
from hats.io.validation import is_valid_catalog
from hats.pixel_math.spatial_index import compute_spatial_index

HERE = Path(__file__).parent / "hats"


def sky(count):
    """Points by a formula, more of them near the equator at 0 h."""
    k = np.arange(count)
    ra = np.where(k % 3 == 0, (k * 137.508) % 360, (k * 1.7) % 12)
    dec = np.where(k % 3 == 0, np.degrees(np.arcsin(((k * 0.754877) % 1) * 2 - 1)), (k * 0.9) % 10 - 5)
    return pd.DataFrame({"objectId": k + 2**53, "ra": ra, "dec": dec, "mag_r": 18 + (k * 0.37) % 7})


def write():
    shutil.rmtree(HERE / "lsdb", ignore_errors=True)
    catalog = lsdb.from_dataframe(
        sky(90), catalog_name="small", ra_column="ra", dec_column="dec", lowest_order=0, highest_order=3,
        partition_rows=30, margin_threshold=None, drop_empty_siblings=False,
    )
    catalog.write_catalog(HERE / "lsdb", as_collection=False)
    for extra in ["per_partition_statistics.parquet", "point_map.fits", "skymap.fits"]:
        (HERE / "lsdb" / extra).unlink()
    rows = lsdb.open_catalog(HERE / "lsdb").compute().reset_index()
    # lsdb does not sort the rows of a partition that it makes of a frame.
    rows = rows.sort_values("objectId")
    positions = sky(7)
    index = compute_spatial_index(positions["ra"].to_numpy(), positions["dec"].to_numpy())
    return {
        "rows": {name: rows[name].tolist() for name in ["_healpix_29", "objectId", "ra", "dec", "mag_r"]},
        "index": {"ra": positions["ra"].tolist(), "dec": positions["dec"].tolist(), "index": index.tolist()},
    }


def check():
    logging.basicConfig(level=logging.WARNING)
    assert is_valid_catalog(HERE / "ours", strict=True)
    catalog = lsdb.open_catalog(HERE / "ours")
    assert catalog.hc_structure.catalog_info.total_rows == 9
    rows = catalog.compute().reset_index()
    assert rows["_healpix_29"].is_monotonic_increasing
    index = compute_spatial_index(rows["ra"].to_numpy(), rows["dec"].to_numpy())
    assert (index == rows["_healpix_29"].to_numpy()).all()
    assert rows["mag"].tolist() == [20 + k / 4 for k in range(9)]
    # A region of the sky is cut out by the partitions' index.
    assert len(catalog.cone_search(45.0, 2.0, 3600 * 2).compute()) == 3


values = write()
(HERE.parent / "hats.json").write_text(json.dumps(values))
check()
