"""The command line: everything the pages do, as commands.

Exit codes: 0 done, 1 a job failed, 2 bad input (one line says what, where and what to do), 70 a
fault of synthcur itself (one line says where its traceback is; SYNTHCUR_DEBUG=1 shows it at once).
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress

from synthcur.cli.parser import build_parser
from synthcur.errors import StoreError, SynthcurError, WorkerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    as_json = False
    try:
        options = build_parser().parse_args(arguments)
        as_json = options.json
        answer = options.run(options)
        if answer is not None:
            _say(json.dumps(answer.data, ensure_ascii=False) if as_json else answer.text)
    except WorkerError as error:
        return _complain(error, as_json, code=1)
    except SynthcurError as error:
        return _complain(error, as_json, code=2)
    except KeyboardInterrupt:
        print("Interrupted. A job that was started goes on; see: jobs, cancel JOB", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        return _complain(_unexpected(error), as_json, code=70)
    return 0


def _say(text: str) -> None:
    """Print an answer; a path that is not text is written as JSON and Python write it."""
    try:
        print(text.encode("utf-8", "backslashreplace").decode("utf-8"), flush=True)
    except OSError as error:
        # What could not be written stays in the buffer and would be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # who closes a pipe has read enough
            raise StoreError(
                f"It is done, but the answer could not be written: {error.strerror}.",
                fix="Check the disk that the output goes to.",
            ) from error


def _complain(error: SynthcurError, as_json: bool, *, code: int) -> int:
    line = " ".join(str(error).split())
    if as_json:
        with suppress(StoreError):  # the line below says what matters
            _say(json.dumps({"error": line}, ensure_ascii=False))
    print(f"synthcur: {line}", file=sys.stderr)
    return code


def _unexpected(error: Exception) -> SynthcurError:
    """Keep the traceback of a fault in a file; return what is said of it."""
    said = f"{type(error).__name__}: {error}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="synthcur-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write(traceback.format_exc())
        fix = f"Please report it with {file.name}."
    except OSError:
        fix = f"{DEBUG}=1 before the command shows where."
    return SynthcurError(f"A fault in synthcur ended this command ({said}).", fix=fix)


DEBUG = "SYNTHCUR_DEBUG"
"""Environment variable: where it is set, a fault ends a command with its traceback."""


if __name__ == "__main__":
    sys.exit(main())
