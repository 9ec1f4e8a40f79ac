"""Artefacts are whole or absent, and never change under their name."""

import numpy as np
import pandas as pd
import pytest

from synthcur.errors import ArtefactError, StoreError
from synthcur.store.artefacts import Artefacts

FP = "0123456789abcdef"


@pytest.fixture
def artefacts(tmp_path):
    return Artefacts(tmp_path / "artefacts")


def test_what_is_written_comes_back_read_only(artefacts):
    table = pd.DataFrame({"text": ["a", "=1"], "n": [1, 2]})
    artefacts.write(FP, arrays={"x": np.eye(2)}, frames={"t": table}, meta={"kind": "probe"})
    value = artefacts.array(FP, "x")
    np.testing.assert_array_equal(value, np.eye(2))
    assert not value.flags.writeable
    pd.testing.assert_frame_equal(artefacts.frame(FP, "t"), table, check_dtype=False)
    assert artefacts.meta(FP) == {"kind": "probe"}


def test_a_table_without_columns_keeps_its_rows(artefacts):
    artefacts.write(FP, frames={"t": pd.DataFrame(index=pd.RangeIndex(7))})
    assert artefacts.frame(FP, "t").shape == (7, 0)


def test_a_second_write_leaves_the_first_as_it_is(artefacts):
    artefacts.write(FP, arrays={"x": np.zeros(3)})
    artefacts.write(FP, arrays={"x": np.ones(3)})
    assert artefacts.array(FP, "x").sum() == 0


def test_a_failed_write_leaves_nothing_behind(artefacts, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StoreError, match="No space left"):
        artefacts.write(FP, arrays={"x": np.zeros(3)})
    assert not artefacts.has(FP)
    assert list(artefacts.root.iterdir()) == []


def test_what_is_removed_is_gone_and_can_be_written_anew(artefacts):
    artefacts.write(FP, arrays={"x": np.zeros(3)})
    artefacts.remove(FP)
    artefacts.remove(FP)
    assert not artefacts.has(FP)
    assert list(artefacts.root.iterdir()) == []
    artefacts.write(FP, arrays={"x": np.ones(3)})
    assert artefacts.array(FP, "x").sum() == 3


def test_missing_and_damaged_files_say_what_to_do(artefacts):
    with pytest.raises(ArtefactError, match="missing"):
        artefacts.array(FP, "x")
    artefacts.write(FP, arrays={"x": np.zeros(3)})
    (artefacts.root / FP / "x.npy").write_bytes(b"\x93NUMPY torn")
    with pytest.raises(ArtefactError, match="damaged"):
        artefacts.array(FP, "x")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "..", "/etc", "0123456789ABCDEF", FP * 2])
def test_only_fingerprints_name_artefacts(artefacts, name):
    with pytest.raises(ArtefactError, match="not a fingerprint"):
        artefacts.has(name)


def test_shipped_artefacts_are_found_but_never_written_to(tmp_path):
    shipped = Artefacts(tmp_path / "shipped")
    shipped.write(FP, arrays={"x": np.ones(2)})
    artefacts = Artefacts(tmp_path / "own", (shipped.root,))
    assert artefacts.array(FP, "x").sum() == 2
    artefacts.write(FP, arrays={"x": np.zeros(2)})
    assert not (tmp_path / "own").exists()
