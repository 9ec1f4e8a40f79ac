"""Data sets of the hub as files: through the real reading process, from a stand-in on loopback."""

import io
import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthcur.data.hub_source import HubSource, hub_source
from synthcur.data.reader import Reading, read_in_child
from synthcur.data.tables import RawTable
from synthcur.errors import InputError
from tests.support.hub_double import COMMIT, REPO, hub
from tests.support.importing import collections, run_import

CARD = b"""---
configs:
- config_name: en
  default: true
  data_files:
  - split: train
    path: en/train.parquet
  - split: test
    path: en/test.parquet
- config_name: de
  data_files: de/*.parquet
---
"""


def parquet(texts: list[str], labels: list[int]) -> bytes:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["billing", "repair"], "_type": "ClassLabel"},
    }
    table = pa.table({"text": texts, "label": labels}).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


TRAIN = parquet(
    [f"The saw number {i} is broken and smells of smoke" for i in range(12)], [0, 1] * 6
)


@pytest.fixture
def asked(monkeypatch, tmp_path) -> Iterator[list[str | None]]:
    """Serve a data set; yield the tokens that requests came with."""
    files = {
        "README.md": CARD,
        "en/train.parquet": TRAIN,
        "en/test.parquet": parquet(["Where is my invoice"], [0]),
        "de/train.parquet": parquet(["Wo bleibt die Rechnung"], [0]),
    }
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with hub(files) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield server.tokens


def read(name: str) -> RawTable:
    source = hub_source(name)
    assert source is not None
    return read_in_child(source)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("hub:ada/plants", HubSource("ada/plants")),
        ("hub:ada/plants@v1.2", HubSource("ada/plants", "v1.2")),
        ("hub:ada/plants[de]:test", HubSource("ada/plants", None, "de", "test")),
        ("hub:ada/p@refs/pr/1[a b]:dev", HubSource("ada/p", "refs/pr/1", "a b", "dev")),
        ("plants.csv", None),
    ],
)
def test_a_name_of_the_hub_is_read_and_written_alike(name, source):
    assert hub_source(name) == source
    if source is not None:
        assert source.name == name


@pytest.mark.parametrize(
    "name", ["hub:", "hub:ada/plants/more", "hub:../x y", "hub:a/b[", "hub:a/b:"]
)
def test_what_only_begins_like_a_name_of_the_hub_is_refused_with_the_form(name):
    with pytest.raises(InputError, match="owner/set"):
        hub_source(name)


@pytest.mark.real
def test_rows_come_with_the_names_of_their_classes_and_the_commit(asked):
    table = read(f"hub:{REPO}")
    assert list(table.frame.columns) == ["text", "label"]
    assert table.frame["label"].tolist() == ["billing", "repair"] * 6
    assert COMMIT in table.how
    assert read(f"hub:{REPO}@v1[de]").frame["text"].tolist() == ["Wo bleibt die Rechnung"]


@pytest.mark.real
def test_what_is_not_there_is_named_with_what_is(asked):
    for name, words in (
        (f"hub:{REPO}:dev", "It has train, test"),
        (f"hub:{REPO}[fr]", "Available: .'en', 'de'."),
        (f"hub:{REPO}@v9", "at v9"),
        ("hub:ada/nothing", "no data set ada/nothing"),
    ):
        with pytest.raises(InputError, match=words):
            read(name)


@pytest.mark.real
def test_where_no_hub_is_reached_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="cannot be reached"):
        read(f"hub:{REPO}")


@pytest.mark.real
def test_the_token_goes_along_only_for_whoever_runs_the_process(asked, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_token")
    Reading(HubSource(REPO)).table()
    assert asked
    assert set(asked) == {None}
    read(f"hub:{REPO}")
    assert "Bearer hf_not_a_real_token" in asked


@pytest.mark.real
def test_a_data_set_of_the_hub_is_imported_beside_a_file(asked, tmp_path, capsys):
    lines = [f"The drill {i} makes a noise,{'repair' if i % 2 else 'billing'}" for i in range(20)]
    real = tmp_path / "real.csv"
    real.write_text("\n".join(["text,label", *lines]))
    code = run_import(tmp_path, {"synthetic": f"hub:{REPO}", "real": real}, "--accept", "all")
    said = capsys.readouterr().err
    assert code == 0, said
    assert collections(tmp_path)["hotel"].labels == ("billing", "repair")
    assert COMMIT in said
