"""Files by path: nothing of a workspace is readable but what was put into its folder of imports."""

import contextlib
from pathlib import Path

import pytest

from synthcur.data.reading import IMPORTS, import_path
from synthcur.errors import InputError

GOOD = b"text,label\nThe fern wilts,care\nWhere is my order,delivery\n"
OWN_FILES = ("artefacts/a/rows.parquet", "jobs/1/spool.jsonl", "x.db", "imports/../x.db")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with files of its own, a folder of imports, and links between the two."""
    folder = tmp_path / "ws"
    for path in ("artefacts/a/rows.parquet", "jobs/1/spool.jsonl", "x.db", "imports/in.csv"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(GOOD)
    (folder / "imports" / "link").symlink_to(folder / "artefacts")
    (folder / "imports" / "link.csv").symlink_to(folder / "jobs" / "1" / "spool.jsonl")
    (folder / "imports" / "up").symlink_to(folder)
    return folder


@pytest.mark.parametrize("around", ["", "..", "imports", "imports/..", "artefacts", "jobs/1", "/"])
def test_no_root_makes_files_of_the_workspace_readable(around: str, workspace: Path):
    root = workspace / around
    links = ("imports/link/a/rows.parquet", "imports/link.csv", "imports/up/x.db")
    for own in (*OWN_FILES, *links):
        relative = own.removeprefix("imports/") if around == "imports" else own
        for path in (str(workspace / own), relative, f"../{own}", f"ws/{own}", f"./{own}//"):
            found = None
            with contextlib.suppress(InputError):
                found = import_path(path, root, workspace)
            assert found is None or not found.exists()


def test_a_root_that_is_the_workspace_itself_under_another_name_does_not_help(
    workspace: Path, tmp_path: Path
):
    (tmp_path / "other").symlink_to(workspace)
    for root in (tmp_path / "other", tmp_path / "other" / "artefacts", workspace / "artefacts"):
        for path in ("a/rows.parquet", "artefacts/a/rows.parquet", "rows.parquet"):
            with pytest.raises(InputError, match="workspace itself"):
                import_path(path, root, tmp_path / "other")


def test_files_of_the_folder_of_imports_and_of_any_other_folder_are_read(
    workspace: Path, tmp_path: Path
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.csv").write_bytes(GOOD)
    inside = workspace / IMPORTS / "in.csv"
    assert import_path("in.csv", workspace / IMPORTS, workspace) == inside
    assert import_path("in.csv", tmp_path / "data", workspace).read_bytes() == GOOD
    assert import_path("ws/imports/in.csv", tmp_path, workspace) == inside
    for path in ("", "a\x00b", "..\\ws\\x.db", "%2e%2e\\x"):
        with pytest.raises(InputError, match="not usable"):
            import_path(path, workspace / IMPORTS, workspace)


def test_a_folder_of_imports_that_leads_back_into_the_workspace_is_none(tmp_path: Path):
    (tmp_path / "ws" / "artefacts").mkdir(parents=True)
    (tmp_path / "ws" / "artefacts" / "rows.parquet").write_bytes(GOOD)
    (tmp_path / "ws" / IMPORTS).symlink_to(tmp_path / "ws" / "artefacts")
    with pytest.raises(InputError, match="workspace itself"):
        import_path("rows.parquet", tmp_path / "ws" / IMPORTS, tmp_path / "ws")
