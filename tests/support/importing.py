"""The import command, run in this process, and rows of a hotel to import."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from synthcur.__main__ import main
from synthcur.schema import Collection
from synthcur.store.store import Store

HOTEL = {
    "Zimmer": "Das Zimmer {} war seit gestern nicht gereinigt und roch nach Farbe",
    "Frühstück": "Beim Frühstück an Tisch {} gab es keinen Kaffee mehr",
    "Rechnung": "Auf der Rechnung {} steht die Garage zweimal",
    "Anreise": "Wir kommen mit dem Zug um {} Uhr an, gibt es einen Fahrdienst",
}
"""Four labels, and what guests write of each."""

Row = dict[str, object]


def hotel(start: int, number: int, labels: Sequence[str] = tuple(HOTEL)) -> list[Row]:
    """Rows with different texts: ``text`` and ``label``, the labels in turn."""
    return [
        {"text": HOTEL[labels[i % len(labels)]].format(start + i), "label": labels[i % len(labels)]}
        for i in range(number)
    ]


def renamed(rows: Sequence[Row], **names: str) -> list[Row]:
    """Rows whose columns are called otherwise."""
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as the ending of the path says: ``csv``, ``tsv`` or ``jsonl``."""
    if path.suffix == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines), "utf-8")
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def without_header(path: Path) -> Path:
    """Take the first line away."""
    path.write_text(path.read_text("utf-8").split("\n", 1)[1], "utf-8")
    return path


def run_import(
    folder: Path, files: Mapping[str, Path | str], *more: str, name: str = "hotel"
) -> int:
    """Import files, by the name of their option, into a workspace below a folder."""
    given = [item for option, path in files.items() for item in (f"--{option}", str(path))]
    return main(["import", name, *given, *more, "--no-score", "--workspace", str(folder / "ws")])


def collections(folder: Path) -> dict[str, Collection]:
    """Return what the workspace below a folder holds, by name."""
    store = Store(folder / "ws")
    found = {info.name: store.collection(info.name) for info in store.collections()}
    store.close()
    return found
