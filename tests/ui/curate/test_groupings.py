import zlib
from dataclasses import replace

import numpy as np
import pandas as pd

from synthcur.schema import Collection
from synthcur.ui.curate import groupings
from tests.ui.curate.test_rows import joined


def test_every_row_keeps_its_own_groups_in_the_order_of_the_page(
    small_collection: Collection,
) -> None:
    n = len(small_collection.synthetic)
    written = pd.DataFrame({"generator": "", "sample_id": small_collection.rows["sample_id"]})
    is_synthetic = small_collection.rows["source"] == "synthetic"
    written.loc[is_synthetic, "generator"] = [f"bot {i % 3}" for i in range(n)]
    collection = replace(small_collection, provenance=written[["generator"]])
    rows = joined(small_collection)
    real = np.arange(len(small_collection.real_train)) % 3
    found = groupings.groupings(
        rows, collection, clusters=[np.arange(n) % 5, real], cluster_names=list("abcde")
    )
    by_title = {each.title: each for each in found}
    assert list(by_title) == ["Generator", "Cluster", "Near-duplicates"]
    of_file = {sample_id: i for i, sample_id in enumerate(small_collection.synthetic["sample_id"])}
    at = [of_file[sample_id] for sample_id in rows.frame["sample_id"][:n]]
    generator = by_title["Generator"]
    assert [generator.names[code] for code in generator.codes] == [f"bot {i % 3}" for i in at]
    real_of_file = list(small_collection.real_train["sample_id"])
    real_at = [real_of_file.index(sample_id) for sample_id in rows.frame["sample_id"][n:]]
    assert by_title["Cluster"].codes.tolist() == [i % 5 for i in at] + [i % 3 for i in real_at]
    # Rows 0 to 3 of the file are two pairs of near-duplicates.
    pairs = by_title["Near-duplicates"].codes
    assert pairs.tolist() == [1 + i // 2 if i < 4 else 0 for i in at]


def test_what_is_not_known_is_not_offered(small_collection: Collection) -> None:
    rows = replace(joined(small_collection), facts=replace(joined(small_collection).facts,
                                                           duplicate_group=None))  # fmt: skip
    assert groupings.groupings(rows, small_collection) == []


def test_codes_travel_as_they_are(small_collection: Collection) -> None:
    codes = np.array([0, 70_000, 3], dtype=np.int32)
    (sent,) = groupings.packed([groupings.Grouping("Cluster", ("a",), codes)])
    sides = np.frombuffer(zlib.decompress(sent["codes"]), "u1").reshape(4, -1)
    assert np.ascontiguousarray(sides.T).view("<u4").ravel().tolist() == codes.tolist()
