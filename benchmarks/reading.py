"""What reading a file takes: seconds and memory of the reader and of the process that asked.

    python -m benchmarks.reading [--rows 10000,100000,300000]

CSV of made-up rows with a text, a label and a generator, the small files that ask for much, and
the start of a reader. Each is read in a process of its own, and CSV also in the process that asks,
as it was until release 0.1. Every measurement has a fresh process; "after" is what is left of its
memory, beyond what it had before, once the table is no longer used.
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bombs import dictionary_bomb
from synthcur.data.reader import Reading
from synthcur.data.reading import read_table
from synthcur.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
MB = 1_000_000
TEXT = "a question of usual length about row {} which nobody has asked in quite these words"


def csv_rows(rows: int) -> bytes:
    """About 105 bytes a row."""
    lines = (f"{TEXT.format(i)},label-{i % 5},bot-{i % 3}\n" for i in range(rows))
    return ("text,label,generator\n" + "".join(lines)).encode()


def files(rows: list[int]) -> dict[str, bytes]:
    """Make what is read, by name."""
    made = {f"CSV, {count:,} rows": csv_rows(count) for count in rows}
    made["CSV, one row"] = csv_rows(1)
    made["Parquet, 200,000 names of 1 MB"] = dictionary_bomb()
    made["Parquet, 200,000 names of 100 MB"] = dictionary_bomb(size=100 * MB)
    made["gzip, 2 GB of zeros"] = gzip.compress(bytes(2000 * MB).replace(b"\0", b"0"), 1)
    made["CSV, 1,000,000 columns"] = b"a," * 1_000_000 + b"b\n1\n"
    made["CSV, one cell of 50 MB"] = b"text,label\n" + b"a" * (50 * MB) + b",b\n"
    return made


def memory(pid: int | str, name: str) -> int:
    """Bytes of a process: VmRSS now, VmHWM at most so far; 0 when it is gone."""
    try:
        found = re.search(rf"{name}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def measure(path: Path, here: bool) -> dict[str, object]:
    """Read one file in this process or another; run in a process of its own."""
    import pandas as pd  # as a server has it, so that it does not count as part of the table

    pd.DataFrame({"text": ["a"]})
    Path("/proc/self/clear_refs").write_text("5")
    before, started, peak = memory("self", "VmRSS"), time.perf_counter(), [0]
    try:
        if here:
            said = f"{len(read_table(path).frame):,} rows"
        else:
            reading = Reading(path)
            watch = threading.Thread(target=_watch, args=(reading.pid, peak), daemon=True)
            watch.start()
            said = f"{len(reading.table().frame):,} rows"
    except InputError as error:
        said = error.what
    seconds = time.perf_counter() - started
    own = memory("self", "VmHWM") - before
    return {
        "seconds": round(seconds, 2),
        "reader": round(peak[0] / MB),
        "own": round(own / MB),
        "after": round((memory("self", "VmRSS") - before) / MB),
        "said": said,
    }


def _watch(pid: int, peak: list[int]) -> None:
    while (now := memory(pid, "VmHWM")) or Path(f"/proc/{pid}").exists():
        peak[0] = max(peak[0], now)
        time.sleep(0.005)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="10000,100000,300000")
    parser.add_argument("--one", type=Path)
    parser.add_argument("--here", action="store_true")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.here)))
        return
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    print(
        "| file | bytes | read | seconds | peak of reader, MB | own peak, MB | after, MB | said |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for name, data in files([int(each) for each in options.rows.split(",")]).items():
            path = Path(folder) / "file"
            path.write_bytes(data)
            for here in [False, True] if "rows" in name else [False]:
                command = [sys.executable, "-m", "benchmarks.reading", "--one", str(path)]
                command += ["--here"] if here else []
                output = subprocess.run(
                    command, cwd=ROOT, capture_output=True, text=True, check=True
                )
                found = json.loads(output.stdout)
                cells = [name, f"{len(data):,}", "here" if here else "in a child"]
                print(f"| {' | '.join([*cells, *map(str, found.values())])} |", flush=True)


if __name__ == "__main__":
    main()
