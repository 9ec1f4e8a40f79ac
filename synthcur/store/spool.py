"""The one channel from a worker back to the store: a JSON Lines file in the job's folder.

A worker appends whole lines and never opens the database; whoever has the store open reads on
from the last byte it took in. A worker killed in mid-write leaves a torn last line, which is left
alone: it is either completed or never read.
"""

import json
import math
import os
import time
from pathlib import Path
from typing import Any

RESERVE = "reserve"
"""File of a job's folder whose room a worker frees to say its last words on a full disk."""

RESERVE_BYTES = 64 * 1024

_LASTING = frozenset(
    {"recipe", "run_done", "learning_run", "scored", "done", "failed", "cancelled"}
)
"""Types of records that are on the disk before the work goes on."""


class Spool:
    """Append-only log of one job, written by its worker.

    Parameters
    ----------
    path
        The file; made when absent. A torn last line, of an earlier writer or of a full disk, is
        closed first, so that it cannot swallow the next record.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, t: str, **fields: Any) -> None:
        """Append one record of type `t`; numbers that JSON cannot hold become null.

        Raises
        ------
        OSError
            If the disk refuses; what it took of the record is passed over by readers.
        """
        record = {"t": t, "at": time.time(), **fields}
        line = json.dumps(_finite(record), separators=(",", ":"), ensure_ascii=True)
        left = (self._close_torn_line() + line).encode() + b"\n"
        while left:
            left = left[os.write(self._fd, left) :]
        if t in _LASTING:
            os.fsync(self._fd)

    def _close_torn_line(self) -> str:
        size = os.fstat(self._fd).st_size
        is_torn = size and os.pread(self._fd, 1, size - 1) != b"\n"
        return "\n" if is_torn else ""

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_spool(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Read the complete records after a byte offset.

    Returns
    -------
    tuple
        The records in order, and the offset to read from next. Lines that are not a JSON object
        (torn by a killed worker) are passed over.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            block = file.read()
    except FileNotFoundError:
        return [], offset
    end = block.rfind(b"\n") + 1
    records = []
    for line in block[:end].splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "t" in record:
            records.append(record)
    return records, offset + end
