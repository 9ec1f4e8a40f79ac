"""Files and folders that are there in full or not at all."""

import os
from pathlib import Path

import pytest

from synthcur.files import whole_file, whole_folder


class Failed(Exception):
    """What goes wrong in the middle of writing."""


def fail_in_the_middle(path: Path, **options: object) -> None:
    with whole_file(path, **options) as beside:
        beside.write_text("half")
        raise Failed


def fill_half(path: Path) -> None:
    with whole_folder(path) as beside:
        (beside / "part").write_text("1")
        raise Failed


@pytest.mark.parametrize("options", [{}, {"sync": True}])
def test_a_file_takes_the_place_of_the_earlier_one_when_it_is_whole(
    tmp_path: Path, options: dict[str, bool]
):
    path = tmp_path / "file"
    path.write_text("earlier")
    with whole_file(path, **options) as beside:
        beside.write_text("whole")
        assert path.read_text() == "earlier"
    assert path.read_text() == "whole"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", [None, "file.new"])
def test_a_file_that_fails_leaves_the_earlier_one_and_nothing_else(
    tmp_path: Path, name: str | None
):
    path = tmp_path / "file"
    path.write_text("earlier")
    with pytest.raises(Failed):
        fail_in_the_middle(path, beside=None if name is None else tmp_path / name)
    assert path.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_is_on_the_disk_before_the_move_only_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []
    sync, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("sync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("move"), move(*paths)))
    for is_synced in (True, False):
        with whole_file(tmp_path / "file", sync=is_synced) as beside:
            beside.write_text("whole")
    assert done == ["sync", "move", "sync", "move"]


def test_a_folder_is_there_in_full_or_not_at_all(tmp_path: Path):
    with whole_folder(tmp_path / "whole") as beside:
        (beside / "part").write_text("1")
        assert not (tmp_path / "whole").exists()
    with pytest.raises(Failed):
        fill_half(tmp_path / "half")
    assert os.listdir(tmp_path) == ["whole"]
    assert os.listdir(tmp_path / "whole") == ["part"]
