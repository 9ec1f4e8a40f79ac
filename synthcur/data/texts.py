"""What makes two texts or two labels the same, and how long a text is, without a tokenizer."""

import re
from collections import Counter

import pandas as pd

from synthcur.data.labels import bare, folded, same_labels
from synthcur.schema import REAL, TRAIN

_BLANK = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*")
_TOKEN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|\w+|[^\w\s]")


def text_keys(rows: pd.DataFrame) -> list[str]:
    """Return what makes two samples the same text: folded text and second text (n,)."""
    pairs = [folded(pair or "") for pair in rows["text_pair"]]
    return [
        f"{folded(text)}\x1f{pair}" if pair else folded(text)
        for text, pair in zip(rows["text"], pairs, strict=True)
    ]


def label_merges(rows: pd.DataFrame) -> dict[str, str]:
    """Map labels that differ only by case, space or decoration to the form used most.

    The plain form is kept if real training rows use it, else the form that they use most; labels
    without variants are not in the map. What counts as decoration `data.labels.bare` tells.
    """
    real = (rows["source"] == REAL) & (rows["split"] == TRAIN)
    uses = Counter(label for label in rows["label"] if not is_blank(label))
    real_uses = Counter(label for label in rows["label"][real] if not is_blank(label))

    def preference(label: str) -> tuple[bool, bool, int, int]:
        is_plain = bare(label)[0] == folded(label)
        return real_uses[label] > 0, is_plain, real_uses[label], uses[label]

    merges = {}
    for variants in same_labels(uses):
        kept = max(variants, key=preference)
        merges.update({label: kept for label in variants if label != kept})
    return merges


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to read: missing, or only spaces and invisible characters."""
    return text is None or _BLANK.fullmatch(text) is not None


def estimated_tokens(text: str) -> int:
    """Estimate the word pieces of a text: punctuation and each started 8 letters are one.

    Within about 10 % of the WordPiece tokenizer for most English texts.
    """
    return sum(1 + (len(token) - 1) // 8 for token in _TOKEN.findall(text))
