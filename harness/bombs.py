"""Small files that ask for much."""

import io

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(
    *, use_dictionary: bool = True, compression: str = "snappy", **columns: object
) -> bytes:
    """Return a Parquet file without the schema that Arrow would add."""
    file = io.BytesIO()
    options = {"use_dictionary": use_dictionary, "compression": compression}
    pq.write_table(pa.table(columns), file, store_schema=False, **options)
    return file.getvalue()


def dictionary_bomb(*, size: int = 1_000_000, rows: int = 200_000, kind: str = "plain") -> bytes:
    """About a kilobyte of Parquet: one long value, named once in each of many rows."""
    value = b"x" * size if kind == "binary" else "x" * size
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))
    ends = pa.array(range(rows + 1), pa.int32())
    if kind == "list":
        text = pa.ListArray.from_arrays(ends, text)
    elif kind == "struct":
        text = pa.StructArray.from_arrays([text], ["a"])
    elif kind == "map":
        text = pa.MapArray.from_arrays(ends, pa.array(["k"] * rows), text)
    label = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a"]))
    return parquet(text=text, label=label, compression="zstd")
