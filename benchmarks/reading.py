"""What reading a file takes: seconds and memory of the reader and of the process that asked.

    python -m benchmarks.reading [--rows 10000,100000,300000]
    python -m benchmarks.reading --hostile

CSV of made-up rows with a text, a label and a generator, the same rows as other kinds of files, the
small files that ask for much, and the start of a reader; or every input of `harness.hostile`, of
which none may take more than 5 seconds of CPU or 500 MB. Each is read in a process of its own, and
CSV also in the process that asks, as it was until release 0.1. Every measurement has a fresh
process; "after" is what is left of its memory, beyond what it had before, once the table is no
longer used.
"""

import argparse
import gzip
import io
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa

from harness.bombs import PACKINGS, arrow, arrow_bomb, dictionary_bomb, packed, parquet
from harness.hostile import inputs
from synthcur.data.reader import Reading
from synthcur.data.reading import read_table
from synthcur.data.table_files import as_bytes
from synthcur.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
MB = 1_000_000
MOST_SECONDS, MOST_MEMORY = 5.0, 500 * MB
"""CPU and memory that a reader may take for a hostile input."""
TEXT = "a question of usual length about row {} which nobody has asked in quite these words"


def csv_rows(rows: int) -> bytes:
    """About 105 bytes a row."""
    lines = (f"{TEXT.format(i)},label-{i % 5},bot-{i % 3}\n" for i in range(rows))
    return ("text,label,generator\n" + "".join(lines)).encode()


def files(rows: list[int]) -> dict[str, bytes]:
    """Make what is read, by name."""
    made = {f"CSV, {count:,} rows": csv_rows(count) for count in rows}
    frame = pd.read_csv(io.BytesIO(csv_rows(rows[0])))
    made[f"XLSX, {rows[0]:,} rows"] = as_bytes(frame, "xlsx")
    made[f"JSON Lines, {rows[0]:,} rows"] = as_bytes(frame, "jsonl")
    made[f"Arrow, {rows[0]:,} rows"] = arrow(pa.Table.from_pandas(frame, preserve_index=False))
    made[f"Parquet, {rows[0]:,} rows"] = parquet(**frame.to_dict("list"))
    made[f"CSV in cp1252, {rows[0]:,} rows"] = "text,label\nGrüße,a\n".encode("cp1252") * rows[0]
    made["CSV, one row"] = csv_rows(1)
    made["Parquet, 200,000 names of 1 MB"] = dictionary_bomb()
    made["Parquet, 200,000 names of 100 MB"] = dictionary_bomb(size=100 * MB)
    made["gzip, 2 GB of zeros"] = gzip.compress(bytes(2000 * MB).replace(b"\0", b"0"), 1)
    for kind in PACKINGS[1:]:
        made[f"{kind}, 600 MB of zeros"] = packed(b"0" * (600 * MB), kind)
    for kind in ("dictionary", "packed", "runs", "nothing"):
        made[f"Arrow, {kind}"] = arrow_bomb(kind=kind)
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
    # As a server has it, so that it does not count as part of the table.
    pd.DataFrame({"text": ["a"]})
    Path("/proc/self/clear_refs").write_text("5")
    before, started, cpu, peak = memory("self", "VmRSS"), time.perf_counter(), 0.0, 0
    if here:
        said = f"{len(read_table(path).frame):,} rows"
    else:
        said, cpu, peak = in_a_child(path)
    seconds = time.perf_counter() - started
    own = memory("self", "VmHWM") - before
    return {
        "seconds": round(seconds, 2),
        "cpu": round(cpu, 2),
        "reader": round(peak / MB),
        "own": round(own / MB),
        "after": round((memory("self", "VmRSS") - before) / MB),
        "said": said,
    }


def in_a_child(path: Path) -> tuple[str, float, int]:
    """Read a file in a child; return what came of it, seconds of its CPU, most of its memory."""
    before, peak = cpu_of_children(), [0]
    try:
        reading = Reading(path)
        threading.Thread(target=_watch, args=(reading.pid, peak), daemon=True).start()
        said = f"{len(reading.table().frame):,} rows"
    except InputError as error:
        said = error.what
    return said, cpu_of_children() - before, peak[0]


def cpu_of_children() -> float:
    """Seconds of CPU that all children took which have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _watch(pid: int, peak: list[int]) -> None:
    while (now := memory(pid, "VmHWM")) or Path(f"/proc/{pid}").exists():
        peak[0] = max(peak[0], now)
        time.sleep(0.005)


def hostile() -> None:
    """Read every hostile input, and say which took most and which took too much."""
    taken = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for name, (_, make) in inputs().items():
            path.write_bytes(make())
            said, cpu, peak = in_a_child(path)
            taken.append((round(cpu, 2), round(peak / MB), name, said[:70]))
    print(f"{len(taken)} inputs, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    print("| input | CPU of reader, s | peak of reader, MB | said |\n|---|---|---|---|")
    for cpu, peak, name, said in sorted(taken, reverse=True)[:12]:
        print(f"| {name} | {cpu} | {peak} | {said} |")
    over = [each for each in taken if each[0] > MOST_SECONDS or each[1] * MB > MOST_MEMORY]
    print(f"largest memory {max(each[1] for each in taken)} MB; over the limits: {over or 'none'}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="10000,100000,300000")
    parser.add_argument("--one", type=Path)
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.here)))
        return
    if options.hostile:
        hostile()
        return
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    print(
        "| file | bytes | read | seconds | CPU of reader, s | peak of reader, MB | own peak, MB "
        "| after, MB | said |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
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
