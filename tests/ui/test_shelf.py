"""What sessions have read is kept within a limit, and few files are read at a time."""

import subprocess
import sys

import pytest

from harness.house import ROOT
from synthcur.data.reader import Reading
from synthcur.errors import InputError
from synthcur.jobs.processes import process_identity
from synthcur.ui import shelf as shelf_module
from synthcur.ui.shelf import Shelf, memory_limit

SLOW = b"text,label\n" + b"a,b\n" * 900_000


def slow() -> Reading:
    return Reading(SLOW, "rows.csv")


def test_what_is_put_is_found_until_it_is_released():
    shelf = Shelf()
    shelf.put("a", "1", "rows", 10)
    shelf.put("a", "2", "more", 20)
    shelf.put("b", "1", "others", 5)
    assert (shelf.get("a", "1"), shelf.get("a", "3"), shelf.get("c", "1")) == ("rows", None, None)
    assert shelf.size == 35
    shelf.keep_only("a", {"2"})
    assert (shelf.get("a", "1"), shelf.get("a", "2")) == (None, "more")
    shelf.release("a")
    assert (shelf.get("a", "2"), shelf.get("b", "1"), shelf.size) == (None, "others", 5)


def test_a_value_that_is_put_again_counts_once():
    shelf = Shelf(memory=10)
    for _ in range(3):
        shelf.put("a", "1", "rows", 10)
    assert shelf.size == 10


def test_those_asked_for_longest_ago_make_room():
    shelf = Shelf(memory=30)
    for owner in "abc":
        shelf.put(owner, "1", owner, 10)
    shelf.get("a", "1")
    shelf.put("d", "1", "d", 10)
    assert [shelf.get(owner, "1") for owner in "abcd"] == ["a", None, "c", "d"]
    assert shelf.size == 30


def test_one_import_alone_beyond_the_limit_is_refused_in_words():
    shelf = Shelf(memory=30_000_000)
    shelf.put("a", "1", "rows", 20_000_000)
    with pytest.raises(InputError, match="take 40 MB of memory; the limit is 30 MB") as caught:
        shelf.put("a", "2", "rows", 20_000_000)
    assert shelf_module.MEMORY_VARIABLE in caught.value.fix
    assert shelf.get("a", "1") == "rows"


def test_a_reader_goes_on_for_the_next_run_and_ends_with_its_session():
    shelf = Shelf()
    reading = shelf.reading("a", "1", slow)
    assert reading is not None
    assert shelf.reading("a", "1", slow) is reading
    shelf.release("a")
    assert process_identity(reading.pid) == ""


def test_a_reader_of_a_file_that_is_no_longer_wanted_ends():
    shelf = Shelf()
    first = shelf.reading("a", "1", slow)
    second = shelf.reading("a", "2", slow)
    assert first is not None
    assert second is not None
    assert process_identity(first.pid) == ""
    assert process_identity(second.pid)
    shelf.keep_only("a", {"2"})
    assert process_identity(second.pid)
    shelf.keep_only("a", {"3"})
    assert process_identity(second.pid) == ""


def test_no_more_than_so_many_read_at_a_time():
    shelf = Shelf(places=1)
    assert shelf.reading("a", "1", slow) is not None
    assert shelf.reading("b", "1", slow) is None
    shelf.finish("a")
    last = shelf.reading("b", "1", slow)
    assert last is not None
    shelf.finish("b")
    assert process_identity(last.pid) == ""


def test_a_reader_that_has_ended_holds_no_place_while_its_session_is_elsewhere():
    shelf = Shelf(places=1)
    short = shelf.reading("a", "1", lambda: Reading(b"text,label\na,b\n"))
    assert short is not None
    while not short.wait(1):
        pass
    assert shelf.reading("b", "1", slow) is not None
    assert shelf.reading("a", "1", slow) is short
    assert len(short.table().frame) == 1
    shelf.finish("b")


HELD_AND_RELEASED = """
import os, threading
from synthcur.data.reader import read_in_child
from synthcur.ui.shelf import Shelf

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

part = "with a text of usual length for a question "
rows = (f"row {i} {part * (1 + i % 14)},{'ab'[i % 2]}" for i in range(200_000))
data = "\\n".join(["text,label", *rows]).encode()
read_in_child(b"text,label\\na,b\\n")
shelf, stays, before = Shelf(), [], resident()

def read(session):
    shelf.put(session, "file", read_in_child(data), 1)
    stays.extend(f"small {i} " * 20 for i in range(2000))

for session in "abc":
    thread = threading.Thread(target=read, args=session)
    thread.start()
    thread.join()
held = resident() - before
for session in "abc":
    shelf.release(session)
print(held, resident() - before)
"""
"""What threads of a server do: what goes lies among what stays."""


def test_the_system_has_its_memory_back_once_files_are_released():
    done = subprocess.run(
        [sys.executable, "-c", HELD_AND_RELEASED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    held, left = map(int, done.stdout.split())
    assert held > 200_000_000, "otherwise this test shows nothing"
    assert left < 100_000_000


def test_the_environment_sets_the_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(shelf_module.MEMORY_VARIABLE, "12.5")
    assert memory_limit() == 12_500_000
    for value in ("0", "much", "nan", "inf"):
        monkeypatch.setenv(shelf_module.MEMORY_VARIABLE, value)
        with pytest.raises(InputError, match=shelf_module.MEMORY_VARIABLE):
            memory_limit()
