"""Synthetic rows with all that was decided, as the files that other tools read."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from synthcur.data.converters import (
    argilla,
    chat,
    distilabel,
    doccano,
    label_studio,
    plain,
    prodigy,
)
from synthcur.data.converters.rows import AS_READ, FIGURES, DecidedRow
from synthcur.data.said import Said
from synthcur.exports.downloads import curated_table, write_bytes
from synthcur.review.decisions import Decision, standing
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store

_Writer = Callable[[Sequence[DecidedRow]], bytes]
_WRITERS: Mapping[str, tuple[str, _Writer]] = {
    "label-studio": ("json", label_studio.write),
    "prodigy": ("jsonl", prodigy.write),
    "doccano": ("jsonl", doccano.write),
    "argilla": ("json", argilla.write),
    "chat": ("jsonl", chat.write),
    **{kind: (kind, partial(plain.write, kind=kind)) for kind in ("csv", "jsonl", "parquet")},
}
FORMATS = ("label-studio", "prodigy", "doccano", "argilla", "distilabel", "chat")
"""Formats of tools."""
PLAIN = ("csv", "jsonl", "parquet")
"""Kinds of plain tables, with the decisions in a column of their own."""


def tool_files(
    store: Store,
    name: str,
    kind: str,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
) -> dict[str, bytes]:
    """Return the files of one format by their names.

    Parameters
    ----------
    store, name, checkers, weighting
        As of `synthcur.exports.downloads.curated_table`.
    kind
        One of `FORMATS` or `PLAIN`. ``chat`` and ``distilabel`` hold the rows that stay, all
        others every row.

    Raises
    ------
    InputError
        If the rows cannot be written that way.
    """
    collection = store.collection(name)
    rows = decided_rows(store, collection, checkers=checkers, weighting=weighting)
    if kind == "distilabel":
        return {"distilabel.parquet": distilabel.write(rows, collection.layout)}
    ending, write = _WRITERS[kind]
    files = {f"{'rows' if kind in PLAIN else kind}.{ending}": write(rows)}
    if kind == "label-studio":
        config = label_studio.labelling_config(collection.labels, has_pairs=collection.has_pairs)
        files["label-studio-config.xml"] = config.encode()
    return files


def write_tool_files(
    store: Store,
    name: str,
    out: Path,
    kind: str,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
) -> list[Path]:
    """Write `tool_files` into a folder and return their paths."""
    files = tool_files(store, name, kind, checkers=checkers, weighting=weighting)
    for file, content in files.items():
        write_bytes(content, out / file)
    return [out / file for file in files]


def decided_rows(
    store: Store,
    collection: Collection,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
) -> list[DecidedRow]:
    """Return every synthetic row, discarded ones too, with its figures and decisions."""
    name = collection.name
    table = curated_table(store, name, checkers=checkers, weighting=weighting)
    columns = (table[each].tolist() for each in FIGURES)
    numbers = dict(zip(table["sample_id"], zip(*columns, strict=True), strict=True))
    said: dict[str, list[Said]] = {}
    for decision in standing(store.decisions.log(name)):
        said.setdefault(decision.sample_id, []).append(_said(decision))
    nothing = (math.nan,) * len(FIGURES)
    rows = zip(
        *(collection.synthetic_ids, collection.synthetic_texts),
        *(collection.synthetic["label"], _beside(collection)),
        strict=True,
    )
    return [
        DecidedRow(
            sample_id=sample_id,
            text=text,
            text_pair=pair if collection.has_pairs else None,
            label=label,
            beside={k: v for k, v in cells.items() if k not in AS_READ.values()},
            figures=_figures(numbers.get(sample_id, nothing), cells),
            said=tuple(said.get(sample_id, ())),
        )
        for sample_id, (text, pair), label, cells in rows
    ]


def _beside(collection: Collection) -> list[dict[str, Any]]:
    """Return the other cells of every synthetic row by column, those that are missing as None."""
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    cells = collection.provenance.loc[is_synthetic].astype(object)
    cells = cells.where(cells.notna(), None)
    found: list[dict[str, Any]] = [{} for _ in range(len(cells))]
    for column in cells:
        for row, cell in zip(found, cells[column].tolist(), strict=True):
            row[str(column)] = cell
    return found


def _figures(found: Sequence[float], cells: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a row; one that was not computed here is that of its file."""
    figures: dict[str, float] = {}
    for figure, value in zip(FIGURES, found, strict=True):
        in_file = cells.get(AS_READ[figure])
        value = float(in_file) if math.isnan(value) and in_file is not None else value
        if math.isfinite(value):
            figures[figure] = value
    return figures


def _said(decision: Decision) -> Said:
    return Said(
        row=0,
        action=decision.action,
        annotator=decision.annotator,
        at=decision.created_at,
        label=decision.label,
        text=decision.text,
        note=decision.note,
        reason=decision.reason,
        queue=decision.queue,
    )
