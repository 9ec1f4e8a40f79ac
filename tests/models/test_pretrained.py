"""Model files: which are found, which are refused, and what the refusal says."""

import json
import shutil
import socket
from pathlib import Path

import httpx2 as httpx
import huggingface_hub
import numpy as np
import pandas as pd
import pytest
import torch
from huggingface_hub import errors
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from synthcur.errors import InputError
from synthcur.models import bundled
from synthcur.models.pretrained import load_tokenizer, model_folder, padded_batches, tokenise
from synthcur.settings import BUNDLED_MODEL


@pytest.fixture
def copy(tiny_model: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_bundled_model_is_the_published_one():
    folder = model_folder(BUNDLED_MODEL)
    assert (folder / "model.safetensors").stat().st_size == 90_868_376


def test_a_bundled_model_with_other_weights_is_refused(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "changed_package"
    shutil.copytree(copy, package / "model")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(bundled, "PACKAGE", "changed_package")
    with pytest.raises(InputError, match="not the published one"):
        model_folder(BUNDLED_MODEL)


def test_a_missing_bundled_model_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(bundled, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(InputError) as caught:
        model_folder(BUNDLED_MODEL)
    assert "make setup" in caught.value.fix


def test_a_folder_of_this_machine_is_used_as_it_is(copy: Path):
    assert model_folder(str(copy)) == copy


@pytest.mark.parametrize("path", ["/no/such/folder", "./no-such-folder", "~/no-such-folder"])
def test_a_path_that_is_no_folder_is_not_looked_for_on_the_hub(path: str):
    with pytest.raises(InputError, match="no model folder"):
        model_folder(path)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_model_that_brings_code_is_refused(copy: Path, file: str):
    path = copy / file
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | {"auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(InputError, match="code of its own, which is never run"):
        model_folder(str(copy))


def test_a_model_without_safetensors_is_refused(copy: Path):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(InputError, match="no weights as safetensors"):
        model_folder(str(copy))


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_model_without_a_readable_configuration_is_refused(copy: Path, content: str | None):
    (copy / "config.json").unlink()
    if content is not None:
        (copy / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json is (missing or )?damaged"):
        model_folder(str(copy))


def response(status: int) -> httpx.Response:
    return httpx.Response(status, request=httpx.Request("GET", "https://example.invalid"))


HUB_ERRORS = [
    (errors.HFValidationError("bad"), "neither a folder of this machine nor a model name"),
    (errors.GatedRepoError("gated", response=response(403)), "its owner has let in"),
    (errors.RepositoryNotFoundError("none", response=response(404)), "knows no model"),
    (errors.LocalEntryNotFoundError("offline"), "cannot be reached"),
    (errors.HfHubHTTPError("429", response=response(429)), "cannot be reached"),
    (ConnectionError("no route"), "cannot be reached"),
]


@pytest.mark.parametrize(("error", "words"), HUB_ERRORS, ids=lambda value: type(value).__name__)
def test_what_the_hub_refuses_is_said_with_cause_and_way_out(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*args: object, **options: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match=words) as caught:
        model_folder("owner/model")
    assert "owner/model" in caught.value.what
    assert BUNDLED_MODEL in caught.value.fix


def test_only_configuration_tokenizer_and_safetensors_are_downloaded(
    copy: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: dict[str, object] = {}

    def fetch(name: str, **options: object) -> str:
        asked.update(options, name=name)
        return str(copy)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert model_folder("owner/model") == copy
    assert not any("bin" in pattern or "py" in pattern for pattern in asked["allow_patterns"])


def test_the_bundled_model_needs_no_network(monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    folder = model_folder(BUNDLED_MODEL)
    assert load_tokenizer(folder, BUNDLED_MODEL).pad_token_id == 0


def test_a_model_without_a_vocabulary_is_refused(copy: Path):
    (copy / "vocab.txt").unlink()
    with pytest.raises(InputError, match="no vocabulary"):
        model_folder(str(copy))


def test_a_tokenizer_without_padding_is_refused(tmp_path: Path):
    words = Tokenizer(WordLevel({"fern": 0, "?": 1}, unk_token="?"))
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="no padding token"):
        load_tokenizer(tmp_path, str(tmp_path))


def rows(*texts: str, pairs: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"text": texts, "text_pair": pairs}, dtype=object)


def test_a_pair_becomes_one_input_with_two_segments(tiny_model: str):
    tokenizer = load_tokenizer(Path(tiny_model), "tiny")
    (encoded,) = tokenise(tokenizer, rows("my fern", pairs=["my rose"]), max_length=32)
    assert encoded["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1]


def test_long_texts_are_cut_and_hostile_ones_are_read(tiny_model: str):
    tokenizer = load_tokenizer(Path(tiny_model), "tiny")
    encoded = tokenise(tokenizer, rows("fern " * 500, "\ud800 fern \x00", ""), max_length=16)
    assert [len(each["input_ids"]) for each in encoded][::2] == [16, 2]


def test_no_rows_are_no_inputs(tiny_model: str):
    assert tokenise(load_tokenizer(Path(tiny_model), "tiny"), rows(), max_length=8) == []


def test_batches_hold_every_input_once_with_the_longest_first(tiny_model: str):
    tokenizer = load_tokenizer(Path(tiny_model), "tiny")
    encoded = tokenise(tokenizer, rows(*("fern " * n for n in (1, 9, 3, 7, 5))), max_length=32)
    batches = list(padded_batches(tokenizer, encoded, size=2, device=torch.device("cpu")))
    assert np.concatenate([indices for indices, _ in batches]).tolist() == [1, 3, 4, 2, 0]
    assert [batch["input_ids"].shape for _, batch in batches] == [(2, 11), (2, 7), (1, 3)]


@pytest.mark.parametrize("lengths", [(2_000, 1_000), (1_000, 2_000), (1_500, 1_500)])
@pytest.mark.parametrize("max_length", [15, 16])
def test_of_two_long_texts_only_what_can_be_read_is_tokenised(
    tiny_model, monkeypatch, max_length, lengths
):
    tokenizer = load_tokenizer(Path(tiny_model), tiny_model)
    words = ["late", "parcel", "my", "fern", "has", "aphids", "unaffordable", "roses"]
    first, second = (" ".join(words[i:] * 9) + " roses" * n for i, n in enumerate(lengths))
    # What the library itself makes of them, at a length at which that is no matter.
    whole = tokenizer([first], [second], truncation=True, max_length=max_length)
    seen: list[int] = []
    usual = type(tokenizer).__call__

    def spy(self, texts, pairs=None, **options):
        seen.extend(map(len, pairs or ()))
        return usual(self, texts, pairs, **options)

    monkeypatch.setattr(type(tokenizer), "__call__", spy)
    rows = pd.DataFrame({"text": [first], "text_pair": [second]})
    (found,) = tokenise(tokenizer, rows, max_length=max_length)
    assert found["input_ids"] == whole["input_ids"][0]
    assert max(seen) < 500
