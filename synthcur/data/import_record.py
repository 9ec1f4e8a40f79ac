"""What is noted of an import for ever: files, columns, what was left out, merged and drawn; pure.

Rows are named by file and number, never by what they hold, so the record may be kept when rows are
erased.
"""

from collections.abc import Collection as Codes
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from synthcur.data.columns import ColumnMapping
from synthcur.data.draft import MERGE, Draft
from synthcur.data.tables import RawTable

KIND = "import"


@dataclass(frozen=True)
class FileFacts:
    """Length of a file in bytes, and its SHA-256; empty where it is not a single file."""

    size: int
    sha256: str


def import_record(
    draft: Draft,
    codes: Codes[str] | None,
    tables: Mapping[str, RawTable],
    mappings: Mapping[str, ColumnMapping],
    files: Mapping[str, FileFacts],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Return what is to be known of an import later, as plain data.

    Parameters
    ----------
    draft, codes
        What was read, and the findings whose proposals were accepted; None for all.
    tables, mappings, files
        By part.
    seed
        Of the splits that were drawn.
    """
    codes = draft.proposals if codes is None else draft.proposals & set(codes)
    kept = draft.rows.loc[draft.kept(codes)]
    return {
        "kind": KIND,
        "files": [
            {
                "part": part,
                "name": table.name,
                **asdict(files[part]),
                "rows": len(table.frame) + len(table.rejected),
                "how": table.how,
                "text": mappings[part].text,
                "text_pair": mappings[part].text_pair,
                "label": mappings[part].label,
                "beside": mappings[part].provenance(table.frame.columns),
            }
            for part, table in tables.items()
        ],
        "left_out": [
            {
                "code": finding.code,
                "why": finding.title,
                "rows": [[file, int(row)] for file, row in finding.excludes],
            }
            for finding in draft.findings
            if finding.code in codes and finding.excludes
        ],
        "merged": dict(draft.merges) if MERGE in codes else {},
        "drawn": {
            split: int(((kept["split"] == split) & (kept["source"] == "real")).sum())
            for split in draft.made_splits
        },
        "seed": seed,
        "rows": len(kept),
    }
