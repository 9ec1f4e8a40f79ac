"""A job folder without a server, and the small collection scored in one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthcur.models import encoders
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.worker import pipeline


@dataclass
class Desk:
    """A job folder with its artefacts and spool."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.artefacts = Artefacts(self.folder / "artefacts")
        self.spool = Spool(self.folder / "spool.jsonl")

    def said(self, t: str | None = None) -> list[dict[str, Any]]:
        records, _ = read_spool(self.folder / "spool.jsonl", 0)
        return [record for record in records if t in (None, record["t"])]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "job")


@pytest.fixture(scope="module")
def scored(
    small_collection: Collection, tiny_model: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Desk, dict[str, str]]:
    """The small collection scored by probes on the embeddings of the tiny model."""
    desk = Desk(tmp_path_factory.mktemp("scored"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))
        names = pipeline.score(small_collection, ScoreSettings(), desk.artefacts, desk.spool)
    return desk, names


def arrays(desk: Desk, name: str, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    return {each: desk.artefacts.array(name, each) for each in wanted}
