"""The bundled encoder without torch: a typed sentence becomes an embedding in the web process.

A BERT read straight from its files and run in numpy, one text at a time: the same numbers as
`encoders.encode`, which embeds collections, up to rounding. It takes some 10 ms for a sentence.
"""

from __future__ import annotations

import json
import math
import struct
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from synthcur.models.bundled import package_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_LENGTH = 256
"""Tokens read of a text, as in `encoders`."""

_GLANCE = 300
"""Characters of a text that are looked at to tell whether its words are known."""

_READ = 20_000
"""Characters of a text that are looked at; more would be cut away as tokens."""


@dataclass(frozen=True)
class LightEncoder:
    """A BERT whose token vectors are averaged.

    Attributes
    ----------
    tokenizer
        Cuts a text into at most `MAX_LENGTH` tokens.
    weights
        Arrays by their name in the file, without the name of the model.
    n_heads, n_layers
        Its shape.
    """

    tokenizer: Tokenizer
    weights: Mapping[str, np.ndarray]
    n_heads: int
    n_layers: int

    def encode(self, text: str) -> np.ndarray:
        """Embed one text.

        Returns
        -------
        np.ndarray
            Shape (D,), float32, of length 1.
        """
        vector = self._hidden(self.token_ids(text)).mean(axis=0)
        return vector / np.linalg.norm(vector)

    def token_ids(self, text: str) -> list[int]:
        """Return the ids of a text's word pieces between those of [CLS] and [SEP]."""
        return self.tokenizer.encode(encodable(text[:_READ])).ids

    def _hidden(self, ids: list[int]) -> np.ndarray:
        """Return the last hidden states, (T, D)."""
        w = self.weights
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._normed(x, "embeddings")
        for number in range(self.n_layers):
            layer = f"encoder.layer.{number}"
            attended = self._dense(self._attended(x, layer), f"{layer}.attention.output.dense")
            x = self._normed(x + attended, f"{layer}.attention.output")
            wide = self._dense(x, f"{layer}.intermediate.dense")
            wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
            x = self._normed(x + self._dense(wide, f"{layer}.output.dense"), f"{layer}.output")
        return x

    def _attended(self, x: np.ndarray, layer: str) -> np.ndarray:
        n_tokens, size = x.shape
        query, key, value = (
            self._dense(x, f"{layer}.attention.self.{part}")
            .reshape(n_tokens, self.n_heads, -1)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(size // self.n_heads)
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        return (shares @ value).transpose(1, 0, 2).reshape(n_tokens, size)

    def _dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _normed(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        scale = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + 1e-12)
        weight, bias = (self.weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return centred / scale * weight + bias


def open_encoder(folder: Path) -> LightEncoder:
    """Open the model of a folder, such as `bundled.model_folder`.

    Its weights stay in the file and are read as they are used.

    Parameters
    ----------
    folder
        ``config.json`` of a BERT, its ``tokenizer.json`` and ``model.safetensors`` in float32.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return LightEncoder(
        tokenizer=_open_tokenizer(folder),
        weights=_read_weights(folder / "model.safetensors"),
        n_heads=config["num_attention_heads"],
        n_layers=config["num_hidden_layers"],
    )


@lru_cache(maxsize=1)
def _open_tokenizer(folder: Path) -> Tokenizer:
    # The web process needs it for a search or a check of rows only, and it takes 13 MB.
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.no_padding()
    return tokenizer


def bundled_tokenizer() -> Tokenizer | None:
    """Return the tokenizer of the bundled model, None where it is not installed."""
    folder = package_folder()
    return None if folder is None else _open_tokenizer(folder)


def unknown_share(tokenizer: Tokenizer | None, texts: Iterable[str]) -> float:
    """Return the share of the words of some texts that a model does not know, from 0 to 1.

    A word is unknown where it has no pieces at all, or is spelled letter by letter: of what such
    a word means the model has learned nothing.

    Parameters
    ----------
    tokenizer
        Of the model; without one nothing is known of it, and the share is 0.
    texts
        The first `_GLANCE` characters of each are read.
    """
    if tokenizer is None:
        return 0.0
    words = [word for text in texts for word in _words(tokenizer, text[:_GLANCE])]
    pieces = [[piece.value for piece in tokenizer.model.tokenize(word)] for word in words]
    return sum(map(_is_unknown, pieces)) / len(words) if words else 0.0


def _words(tokenizer: Tokenizer, text: str) -> list[str]:
    """Split a text into its words, marks left out."""
    plain = tokenizer.normalizer.normalize_str(encodable(text))
    words = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(plain)]
    return [word for word in words if not _is_mark(word[0])]


def _is_unknown(pieces: Sequence[str]) -> bool:
    is_spelled = len(pieces) > 1 and all(len(each.removeprefix("##")) == 1 for each in pieces)
    return is_spelled or pieces == ["[UNK]"]


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    """Map the float32 arrays of a safetensors file: 8 bytes, a header of JSON, then the data.

    The library of that name would read them all at once, which takes some 0.3 s; mapped, they are
    read as they are used.
    """
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    weights = {}
    for name, array in header.items():
        if array.get("dtype") == "F32":
            start, end = array["data_offsets"]
            values = np.asarray(data[start:end]).view("<f4").reshape(array["shape"])
            weights[name.removeprefix("bert.")] = values
    return weights


def encodable(text: str) -> str:
    """Return a text as tokenizers read it.

    A lone surrogate, which can stand in JSON but not in UTF-8, becomes a question mark.
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_mark(character: str) -> bool:
    is_ascii_mark = character.isascii() and character.isprintable() and not character.isalnum()
    return is_ascii_mark or unicodedata.category(character)[0] == "P"
