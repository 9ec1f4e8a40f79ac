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


class Spool:
    """Append-only log of one job, written by its worker.

    Parameters
    ----------
    path
        The file; made when absent. A torn last line of an earlier writer is closed first, so that
        it cannot swallow the next record.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")

    def append(self, t: str, **fields: Any) -> None:
        """Append one record of type `t`; numbers that JSON cannot hold become null."""
        record = {"t": t, "at": time.time(), **fields}
        line = json.dumps(_finite(record), separators=(",", ":"), ensure_ascii=True)
        os.write(self._fd, line.encode() + b"\n")

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
