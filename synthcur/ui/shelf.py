"""What all sessions have read and not stored yet, within a limit of memory, and who reads now.

Values are only kept to spare their making. Where they are too many, those go that were not asked
for the longest; their session makes them again when it is next drawn.
"""

import ctypes
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any

from synthcur.data.reader import Reading
from synthcur.errors import InputError

MEMORY_VARIABLE = "SYNTHCUR_IMPORT_MEMORY_MB"
MEMORY = 2_000_000_000
"""Bytes that files and drafts of all sessions may take in the server until they are stored."""
PLACES = 2
"""Files that are read at a time: each reader may take as much memory as its limit says."""


class Shelf:
    """Values by owner and key, and at most one file being read for each owner.

    Parameters
    ----------
    memory
        Bytes for all values together.
    places
        Readers that may work at a time.
    """

    def __init__(self, memory: int = MEMORY, places: int = PLACES) -> None:
        self._memory, self._places = memory, places
        self._lock = threading.Lock()
        self._values: OrderedDict[str, dict[str, tuple[Any, int]]] = OrderedDict()
        self._readings: dict[str, tuple[str, Reading]] = {}

    @property
    def size(self) -> int:
        """Bytes that all values take."""
        with self._lock:
            return sum(map(self._size_of, self._values))

    def get(self, owner: str, key: str) -> Any:
        """Return a value, or None if it is not here (any more)."""
        with self._lock:
            if owner not in self._values:
                return None
            self._values.move_to_end(owner)
            return self._values[owner].get(key, (None, 0))[0]

    def put(self, owner: str, key: str, value: Any, size: int) -> None:
        """Keep a value of so many bytes; others that nobody asked for longest make room for it.

        Raises
        ------
        InputError
            If the values of this owner alone take more than the limit.
        """
        with self._lock:
            own = self._values.setdefault(owner, {})
            self._values.move_to_end(owner)
            own.pop(key, None)
            needed = self._size_of(owner) + size
            if needed > self._memory:
                raise InputError(
                    f"The files of this import take {needed / 1e6:,.0f} MB of memory; the limit is "
                    f"{self._memory / 1e6:,.0f} MB.",
                    fix="Import them with python -m synthcur import; whoever runs synthcur can "
                    f"raise {MEMORY_VARIABLE}.",
                )
            own[key] = (value, size)
            while sum(map(self._size_of, self._values)) > self._memory:
                self._values.popitem(last=False)

    def reading(self, owner: str, key: str, start: Callable[[], Reading]) -> Reading | None:
        """Return the reader of a file, started now if a place is free; None while none is."""
        with self._lock:
            current = self._readings.get(owner)
            if current is not None and current[0] == key:
                return current[1]
            self._stop(owner)
            # One that has ended waits for its session, which may be on another page for long.
            at_work = [each for _, each in self._readings.values() if not each.wait(0)]
            if len(at_work) >= self._places:
                return None
            started = start()
            self._readings[owner] = (key, started)
            return started

    def finish(self, owner: str) -> None:
        """Give up the owner's place among those who read, and end its reader."""
        with self._lock:
            self._stop(owner)

    def keep_only(self, owner: str, keys: Collection[str]) -> None:
        """Forget what else an owner has here."""
        with self._lock:
            own = self._values.get(owner, {})
            gone = [key for key in own if key not in keys]
            for key in gone:
                del own[key]
            if self._readings.get(owner, ("", None))[0] not in keys:
                self._stop(owner)
        if gone:
            give_back()

    def release(self, owner: str) -> None:
        """Forget everything of an owner."""
        self.keep_only(owner, ())
        with self._lock:
            self._values.pop(owner, None)

    def _size_of(self, owner: str) -> int:
        return sum(size for _, size in self._values[owner].values())

    def _stop(self, owner: str) -> None:
        _, reading = self._readings.pop(owner, ("", None))
        if reading is not None:
            reading.stop()


def memory_limit() -> int:
    """Return the bytes for all values together, as the environment says.

    Raises
    ------
    InputError
        If the variable is not a number above 0.
    """
    text = os.environ.get(MEMORY_VARIABLE, "")
    try:
        value = float(text) * 1e6 if text else MEMORY
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise InputError(
            f"{MEMORY_VARIABLE} is “{text[:60]}”.", fix="Set it to a number above 0, or not at all."
        )
    return int(value)


def give_back() -> None:
    """Return memory that is free to the system, where its allocator keeps such for later.

    Of three files of 67 MB with texts of many lengths, read in three threads, 179 MB stayed with
    the process without this, and 16 MB with it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
