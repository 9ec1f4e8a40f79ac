"""The bundled encoder without torch: a typed sentence becomes an embedding in the web process.

A BERT read straight from its files and run in numpy, one text at a time: the same numbers as
`encoders.encode`, which embeds collections, up to rounding. It takes some 10 ms for a sentence.
"""

import json
import math
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import erf

from synthcur.models.bundled import package_folder

MAX_LENGTH = 256
"""Tokens read of a text, as in `encoders`."""

LONGEST_WORD = 100
"""Characters of the longest word that is looked up; a longer one is unknown."""

_GLANCE = 300
"""Characters of a text that are looked at to tell whether its words are known."""

_READ = 20_000
"""Characters of a text that are looked at; more would be cut away as tokens."""

_IDEOGRAPHS = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)


@dataclass(frozen=True)
class LightEncoder:
    """A BERT whose token vectors are averaged.

    Attributes
    ----------
    vocabulary
        Id of every word piece.
    weights
        Arrays by their name in the file, without the name of the model.
    n_heads, n_layers
        Its shape.
    """

    vocabulary: Mapping[str, int]
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
        pieces = (piece for word in _words(text) for piece in self._pieces(word))
        kept = [piece for piece, _ in zip(pieces, range(MAX_LENGTH - 2), strict=False)]
        return [self.vocabulary["[CLS]"], *kept, self.vocabulary["[SEP]"]]

    def is_unknown(self, word: str) -> bool:
        """Whether a word, in small letters, has no pieces or is spelled letter by letter."""
        pieces = self._pieces(word)
        is_spelled = 1 < len(pieces) == len(word)
        return is_spelled or pieces == [self.vocabulary["[UNK]"]]

    def _pieces(self, word: str) -> list[int]:
        """Cut a word into the longest pieces that are known, from its start."""
        unknown = [self.vocabulary["[UNK]"]]
        if len(word) > LONGEST_WORD:
            return unknown
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            known = (end for end in ends if prefix + word[start:end] in self.vocabulary)
            end = next(known, None)
            if end is None:
                return unknown
            found.append(self.vocabulary[prefix + word[start:end]])
            start = end
        return found

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
        ``config.json`` of a BERT, ``vocab.txt`` of a tokenizer without capitals and
        ``model.safetensors`` in float32.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return LightEncoder(
        vocabulary=_read_vocabulary(folder),
        weights=_read_weights(folder / "model.safetensors"),
        n_heads=config["num_attention_heads"],
        n_layers=config["num_hidden_layers"],
    )


def _read_vocabulary(folder: Path) -> dict[str, int]:
    pieces = (folder / "vocab.txt").read_text("utf-8").split("\n")
    return {piece: number for number, piece in enumerate(pieces)}


@lru_cache(maxsize=1)
def bundled_vocabulary() -> Mapping[str, int]:
    """Return the word pieces of the bundled model, none where it is not installed."""
    folder = package_folder()
    return {} if folder is None else _read_vocabulary(folder)


def unknown_share(vocabulary: Mapping[str, int], texts: Iterable[str]) -> float:
    """Return the share of the words of some texts that a model does not know, from 0 to 1.

    A word is unknown where it has no pieces at all, or is spelled letter by letter: of what such
    a word means the model has learned nothing.

    Parameters
    ----------
    vocabulary
        Id of every word piece; where it is empty nothing is known of it, and the share is 0.
    texts
        The first `_GLANCE` characters of each are read.
    """
    if not vocabulary:
        return 0.0
    model = LightEncoder(vocabulary, weights={}, n_heads=0, n_layers=0)
    heads = (text[:_GLANCE] for text in texts)
    words = [word for head in heads for word in _words(head) if not _is_mark(word[0])]
    return sum(map(model.is_unknown, words)) / len(words) if words else 0.0


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    """Map the float32 arrays of a safetensors file: 8 bytes, a header of JSON, then the data."""
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


def _words(text: str) -> Iterator[str]:
    """Split a text into words and marks as BERT's tokenizer without capitals does."""
    spaced = "".join(_spaced(each) for each in text[:_READ])
    plain = "".join(
        each for each in unicodedata.normalize("NFD", spaced) if unicodedata.category(each) != "Mn"
    )
    for word in plain.lower().split():
        yield from "".join(f" {each} " if _is_mark(each) else each for each in word).split()


def _spaced(character: str) -> str:
    """Return nothing for what is not printed, and ideographs as words of their own."""
    if character in "\t\n\r":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character)[0] == "C":
        return ""
    code = ord(character)
    if any(first <= code <= last for first, last in _IDEOGRAPHS):
        return f" {character} "
    return character


def _is_mark(character: str) -> bool:
    is_ascii_mark = character.isascii() and character.isprintable() and not character.isalnum()
    return is_ascii_mark or unicodedata.category(character)[0] == "P"
