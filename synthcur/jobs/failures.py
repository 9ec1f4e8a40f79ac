"""Why a job ended, in words, and what can be done about it."""

import errno
import re
import shutil
from pathlib import Path

from synthcur.errors import SynthcurError
from synthcur.jobs.processes import is_of_this_boot, memory_kills
from synthcur.store.spool import read_spool

_KEPT = "Finished runs and checkpoints are kept."
_LESS_MEMORY = (
    "Lower the batch size or the maximum length, choose a smaller base model, or end other "
    f"programs; then resume. {_KEPT}"
)
# A library that gets no memory raises, or ends the whole process and leaves only these words.
_NO_MEMORY = re.compile(
    "can(?:'t|not) allocate memory"  # torch and the system
    r"|memory allocation of \d+ bytes failed"  # Rust: tokenizers and safetensors
    "|std::bad_alloc"  # C++
    "|libgomp: (?:out of memory|thread creation failed)"  # each thread needs a stack
    "|could not create a (?:primitive|memory object)",  # oneDNN
    re.IGNORECASE,
)
_FULL_BYTES = 1_000_000
"""A disk with less room than this is full."""


def in_words(error: BaseException, folder: Path) -> tuple[str, str]:
    """Say why a worker ends and what to do.

    Parameters
    ----------
    error
        What it met.
    folder
        That of the job.

    Returns
    -------
    what, fix
        A sentence each.
    """
    causes = _causes(error)
    if any(_is_full_disk(each) for each in causes):
        free = shutil.disk_usage(folder).free
        return (
            f"The disk is full: {free / 1e6:,.1f} MB are free in {folder}.",
            "Free some disk space (python -m synthcur clean lists what can go), then resume. "
            f"{_KEPT}",
        )
    if isinstance(error, SynthcurError):
        return error.what, error.fix
    if any(_is_full_memory(each) for each in causes):
        return "The memory of this machine was not enough.", _LESS_MEMORY
    return (
        f"The worker met an error it does not know ({type(error).__name__}).",
        f"The log says more: {folder / 'log.txt'}. {_KEPT}",
    )


def stopped_unexpectedly(folder: Path, identity: str) -> tuple[str, str]:
    """Say what is known of a worker that ended without a word.

    Parameters
    ----------
    folder
        That of the job.
    identity
        Of the process, see `processes.process_identity`.
    """
    log = f"Resume it; the log is {folder / 'log.txt'}. {_KEPT}"
    if identity and not is_of_this_boot(identity):
        return "The worker stopped unexpectedly: the machine restarted while it ran.", log
    if shutil.disk_usage(folder.parent if not folder.exists() else folder).free < _FULL_BYTES:
        return (
            "The worker stopped unexpectedly: the disk is full.",
            f"Free some disk space, then resume. {_KEPT}",
        )
    records, _ = read_spool(folder / "spool.jsonl", 0)
    started = [record for record in records if record["t"] == "started"]
    last = started[-1] if started else {}
    kills = memory_kills()
    if kills > last.get("memory_kills", kills):
        return (
            "The worker stopped unexpectedly: most likely it ran out of memory, for which the "
            "system has ended a process since it started.",
            _LESS_MEMORY,
        )
    if _NO_MEMORY.search(_printed(folder, since=last.get("log_bytes", 0))):
        return (
            "The worker stopped unexpectedly: most likely it ran out of memory, as an allocation "
            "failed.",
            _LESS_MEMORY,
        )
    return "The worker stopped unexpectedly: it was ended from outside.", log


def _printed(folder: Path, *, since: int) -> str:
    try:
        with open(folder / "log.txt", "rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    # safetensors and Arrow say it in their own errors.
    return "No space left on device" in str(error)


def _is_full_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return _NO_MEMORY.search(str(error)) is not None
