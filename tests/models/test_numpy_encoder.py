"""The encoder in numpy says what the one in torch says."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel

from synthcur.demo import load_demo
from synthcur.models import bundled
from synthcur.models.encoders import encode, mean_pool
from synthcur.models.numpy_encoder import LightEncoder, open_encoder, unknown_share
from synthcur.models.pretrained import load_tokenizer
from synthcur.schema import Collection

ODD_TEXTS = (
    "",
    "Ünïcode café, don't! $5,000.00 @user #tag",
    "中文字 and words",
    "\u202ex\u200d👩\u200d👧 \x00 \ufffd\ttab\nline",
    "a" * 101,
    "İstanbul ﬁ ǅ ß मानक हिन्दी 한국어",
    "[SEP] inside a text, and [MASK]",
    "$%&~` €¥ ☃☃",
    "fern " * 400,
)


@pytest.fixture(scope="module")
def light(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> LightEncoder:
    folder = tmp_path_factory.mktemp("light")
    load_tokenizer(Path(tiny_model), "tiny").save_pretrained(folder)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(Path(tiny_model) / name, folder)
    return open_encoder(folder)


def test_embeddings_are_those_of_the_model_in_torch(
    tiny_model: str, light: LightEncoder, small_collection: Collection
):
    tokenizer = load_tokenizer(Path(tiny_model), "tiny")
    model = AutoModel.from_pretrained(tiny_model, dtype=torch.float32).eval()
    for text in [*small_collection.synthetic["text"][:10], "fern", ""]:
        inputs = tokenizer([text], return_tensors="pt")
        with torch.inference_mode():
            hidden = model(**inputs).last_hidden_state
        expected = mean_pool(hidden, inputs["attention_mask"])[0].numpy()
        expected = expected / np.linalg.norm(expected)
        found = light.encode(text)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.sampled_from(ODD_TEXTS[:-1]))
def test_any_text_has_an_embedding_of_length_one(light: LightEncoder, text: str):
    vector = light.encode(text)
    assert vector.shape == (32,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_half_a_character_does_not_stand_in_the_way(light: LightEncoder):
    assert light.token_ids("fern \ud800") == light.token_ids("fern ?")


def test_a_long_text_is_cut_like_any_other(light: LightEncoder):
    assert len(light.token_ids(ODD_TEXTS[-1])) == 256


@pytest.fixture(scope="module")
def bundled_folder() -> Path:
    return bundled.model_folder()


@pytest.mark.real
def test_the_bundled_encoder_reads_words_as_its_own_tokenizer_does(bundled_folder: Path):
    tokenizer = load_tokenizer(bundled_folder, "bundled")
    light = open_encoder(bundled_folder)
    for text in [*ODD_TEXTS, *load_demo().rows["text"]]:
        theirs = tokenizer([text], truncation=True, max_length=256)["input_ids"][0]
        assert light.token_ids(text) == list(theirs), text


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("I'd like my $5 back!", 0.0),
        ("Das Zimmer war nicht geputzt", 0.0),
        ("fern ☃", 0.5),
        ("मानक हिन्दी", 1.0),
        ("fern " + "a" * 101, 0.5),
        ("...", 0.0),
    ],
)
def test_words_without_pieces_or_spelled_letter_by_letter_are_unknown(
    bundled_folder: Path, text: str, share: float
):
    assert unknown_share(open_encoder(bundled_folder).tokenizer, [text]) == share


def test_of_a_model_that_is_not_installed_no_word_is_called_unknown():
    assert unknown_share(None, ["☃"]) == 0


@pytest.mark.real
def test_the_bundled_encoder_embeds_as_scoring_does(bundled_folder: Path):
    light, rows = open_encoder(bundled_folder), pd.DataFrame({"text": ODD_TEXTS, "text_pair": None})
    for text, scored in zip(ODD_TEXTS, encode(rows), strict=True):
        assert light.encode(text) @ scored > 0.99, "more than bfloat16 rounds away"


@pytest.mark.real
def test_it_needs_a_tokenizer_of_the_libraries_of_models_and_that_late(bundled_folder: Path):
    command = (
        "import sys; from pathlib import Path;"
        "from synthcur.models.numpy_encoder import open_encoder;"
        "libraries = {'torch', 'transformers', 'tokenizers', 'safetensors'};"
        "before = libraries & set(sys.modules);"
        f"open_encoder(Path({str(bundled_folder)!r})).encode('fern');"
        "print(sorted(before), sorted(libraries & set(sys.modules)))"
    )
    said = subprocess.check_output([sys.executable, "-c", command], text=True)
    assert said == "[] ['tokenizers']\n"
