"""Curated rows as other programs load them: Parquet with named classes, and their description.

``datasets`` reads the types of columns from the Parquet file's own metadata, the hub from the head
of the card, and readers of Croissant (MLCommons, version 1.0) from ``croissant.json``; all three
are written from the same Arrow schema, so that they cannot disagree.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthcur.data.table_files import arrow_table
from synthcur.exports.publication import Publication

LABEL = "label"
ROWS_FILE = "data/train.parquet"

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"


def classes_table(table: pd.DataFrame, labels: Sequence[str]) -> pa.Table:
    """Turn the labels of a curated table into class numbers whose names its schema keeps.

    Parameters
    ----------
    table
        With a column ``label``, each of `labels`.
    labels
        Those of the collection, K, in their order.

    Returns
    -------
    pyarrow.Table
        ``label`` as int64 in ``range(K)``; the metadata has what ``datasets`` calls features.
    """
    number = {label: i for i, label in enumerate(labels)}
    numbers = np.array([number[each] for each in table[LABEL]], dtype=np.int64)
    found = arrow_table(table.assign(**{LABEL: numbers}))
    features = {field.name: _feature(field, labels) for field in found.schema}
    note = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return found.replace_schema_metadata({**(found.schema.metadata or {}), "huggingface": note})


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as a Parquet file, its metadata included."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def card_features(table: pa.Table) -> list[dict[str, Any]]:
    """Return the columns of `classes_table` as the head of a card lists them."""
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    listed = []
    for name, feature in features.items():
        kind: Any = feature.get("dtype")
        if "names" in feature:
            names = {str(i): each for i, each in enumerate(feature["names"])}
            kind = {"class_label": {"names": names}}
        listed.append({"name": name, "dtype": kind})
    return listed


def size_category(rows: int) -> str:
    """Return the hub's word for a number of rows."""
    return next((word for limit, word in _SIZES if rows < limit), _LARGEST)


def croissant(
    table: pa.Table, content: bytes, *, name: str, title: str, said: Publication
) -> dict[str, Any]:
    """Describe the folder as Croissant 1.0 does, as plain data.

    Parameters
    ----------
    table
        As of `classes_table`.
    content
        Its file, as of `parquet_bytes`.
    name, title
        Of the collection, for programs and for people.
    said
        What the publisher says of it.
    """
    file = {"@id": "train.parquet"}
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": f"{title}: {table.num_rows:,} synthetic rows with weights and decisions.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                **file,
                "name": "train.parquet",
                "contentUrl": ROWS_FILE,
                "encodingFormat": "application/x-parquet",
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "rows",
                "name": "rows",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"rows/{field.name}",
                        "name": f"rows/{field.name}",
                        "dataType": _croissant_type(field.type),
                        "source": {"fileObject": file, "extract": {"column": field.name}},
                    }
                    for field in table.schema
                ],
            }
        ],
    }
    if said.languages:
        described["inLanguage"] = list(said.languages)
    if said.licence:
        described["license"] = said.licence
    return described


def _feature(field: pa.Field, labels: Sequence[str]) -> dict[str, Any]:
    if field.name == LABEL:
        return {"names": list(labels), "_type": "ClassLabel"}
    kind = "float64" if pa.types.is_float64(field.type) else str(field.type)
    return {"dtype": kind, "_type": "Value"}


def _croissant_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"


_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The words of Croissant 1.0, as its specification lists them."""
