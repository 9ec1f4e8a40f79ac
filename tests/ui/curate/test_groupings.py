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
    found = groupings.by_columns(rows, groupings.mapped_columns(collection))
    found += groupings.groupings(
        rows, clusters=[np.arange(n) % 5, real], cluster_names=list("abcde")
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
    assert groupings.groupings(rows) == []
    assert groupings.by_columns(rows, groupings.mapped_columns(small_collection)) == []


def test_codes_travel_as_they_are(small_collection: Collection) -> None:
    codes = np.array([0, 70_000, 3], dtype=np.int32)
    (sent,) = groupings.packed([groupings.Grouping("Cluster", ("a",), codes)])
    sides = np.frombuffer(zlib.decompress(sent["codes"]), "u1").reshape(4, -1)
    assert np.ascontiguousarray(sides.T).view("<u4").ravel().tolist() == codes.tolist()


def test_further_columns_divide_the_rows_that_they_speak_of(small_collection: Collection) -> None:
    rows = joined(small_collection)
    n, m = rows.n, len(small_collection.real_train)
    is_synthetic = (small_collection.rows["source"] == "synthetic").to_numpy()
    at = np.arange(len(is_synthetic))
    columns = {
        "batch": np.where(is_synthetic, at % 4, np.nan),
        "channel": np.where(is_synthetic, None, np.where(at % 2, "mail", "phone")),
        "length": [len(text) for text in small_collection.rows["text"]],
        "LLM": np.where(is_synthetic, np.where(at % 2, "a", "b"), None),
        "const": "same",
        "number": at,
    }
    told = replace(small_collection, provenance=pd.DataFrame(columns))
    found = {each.key or each.title: each for each in
             groupings.by_columns(rows, groupings.mapped_columns(told))}  # fmt: skip
    assert list(found) == ["Generator", "column:batch", "column:channel", "column:length"]
    assert [each.is_column for each in found.values()] == [False, True, True, True]
    batch = found["column:batch"]
    assert (batch.names, len(batch.codes)) == (("0", "1", "2", "3"), n)
    assert batch.codes.tolist() == (rows.at % 4).tolist()
    channel = found["column:channel"]
    assert not channel.is_of_weights
    assert channel.names == ("mail", "phone", "not said")
    assert channel.codes.tolist()[:n] == [2] * n
    real_at = np.flatnonzero((small_collection.rows["split"] == "train") & ~is_synthetic)
    real = [1 - at % 2 for at in real_at[rows.real_at]]
    assert channel.codes.tolist()[n:] == real
    assert channel.ranks == (0, 1, groupings.GREY)
    length = found["column:length"]
    assert length.is_ordered
    assert len(length.codes) == n + m
