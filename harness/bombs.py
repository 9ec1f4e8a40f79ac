"""Small files that ask for much, and files that are packed."""

import bz2
import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

PACKINGS = ("gz", "bz2", "xz", "zst", "zip")


def parquet(
    *, use_dictionary: bool = True, compression: str = "snappy", **columns: object
) -> bytes:
    """Return a Parquet file without the schema that Arrow would add."""
    file = io.BytesIO()
    options = {"use_dictionary": use_dictionary, "compression": compression}
    pq.write_table(pa.table(columns), file, store_schema=False, **options)
    return file.getvalue()


def arrow(table: pa.Table, *, stream: bool = True, compression: str | None = None) -> bytes:
    """Return a table in one of the two formats of Arrow."""
    file = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with new(file, table.schema, options=options) as writer:
        writer.write_table(table)
    return file.getvalue()


def _named_often(size: int, rows: int, kind: str = "plain") -> pa.Array:
    value = b"x" * size if kind == "binary" else "x" * size
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))
    ends = pa.array(range(rows + 1), pa.int32())
    if kind == "list":
        return pa.ListArray.from_arrays(ends, text)
    if kind == "struct":
        return pa.StructArray.from_arrays([text], ["a"])
    if kind == "map":
        return pa.MapArray.from_arrays(ends, pa.array(["k"] * rows), text)
    return text


def dictionary_bomb(*, size: int = 1_000_000, rows: int = 200_000, kind: str = "plain") -> bytes:
    """About a kilobyte of Parquet: one long value, named once in each of many rows."""
    label = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a"]))
    return parquet(text=_named_often(size, rows, kind), label=label, compression="zstd")


def arrow_bomb(*, kind: str, size: int = 1_000_000, rows: int = 200_000) -> bytes:
    """Arrow in which a few bytes stand for many: by index, by view, by run, or by packing."""
    label = pa.array(["a"] * rows)
    if kind == "dictionary":
        return arrow(pa.table({"text": _named_often(size, rows), "label": label}))
    if kind == "nested":
        return arrow(pa.table({"text": _named_often(size, rows, "list"), "label": label}))
    if kind == "packed":
        text = pa.array(["x" * size] * (rows // 1000))
        return arrow(pa.table({"text": text, "label": label[: len(text)]}), compression="zstd")
    if kind == "runs":
        ends = pa.array([2_000_000_000], pa.int32())
        runs = pa.RunEndEncodedArray.from_arrays(ends, pa.array(["x"]))
        schema = pa.schema([("text", runs.type)])
        return arrow(pa.Table.from_batches([pa.record_batch([runs], schema=schema)]))
    if kind == "views":
        long = pa.array(["x" * size]).cast(pa.string_view())
        return arrow(pa.table({"text": long.take(pa.array([0] * rows)), "label": label}))
    assert kind == "nothing"
    return arrow(pa.table({"text": pa.nulls(1_500_000_000)}))


def packed(data: bytes, kind: str) -> bytes:
    """Pack bytes as one of `PACKINGS`; the same at any time."""
    if kind == "gz":
        return gzip.compress(data, mtime=0)
    if kind == "bz2":
        return bz2.compress(data)
    if kind == "xz":
        return lzma.compress(data)
    if kind == "zst":
        return pa.compress(data, codec="zstd", asbytes=True)
    return zipped({"rows.csv": data})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive of files, the same at any time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def with_sizes(data: bytes, size: int) -> bytes:
    """Return a ZIP archive whose parts all claim to unpack to so many bytes."""
    found = bytearray(data)
    for start, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.find(start)
        while place >= 0:
            found[place + at : place + at + 4] = struct.pack("<I", size)
            place = data.find(start, place + 1)
    return bytes(found)
