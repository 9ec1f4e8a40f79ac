"""What makes two texts or two labels the same, and how long a text is, without a tokenizer."""

import re
from collections import Counter

import pandas as pd

from synthcur.data.labels import bare, folded, same_labels
from synthcur.schema import REAL, SYNTHETIC, TRAIN

OFTEN = 5
"""Rows of a label in each source from which a form of its own is meant."""
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
    without variants are not in the map. What counts as decoration `data.labels.bare` tells. Forms
    that people may mean apart, see `meant_apart`, are no variants.
    """
    uses, real_uses, _ = _uses(rows)

    def preference(label: str) -> tuple[bool, bool, int, int]:
        is_plain = bare(label)[0] == folded(label)
        return real_uses[label] > 0, is_plain, real_uses[label], uses[label]

    merges = {}
    apart = {label for group in meant_apart(rows) for label in group}
    for variants in same_labels(uses):
        kept = max(variants, key=preference)
        gone = [label for label in variants if label != kept]
        merges.update({label: kept for label in gone if not {label, kept} <= apart})
    return merges


def meant_apart(rows: pd.DataFrame) -> list[list[str]]:
    """Return labels that differ by case alone and that both sources use side by side, often.

    ``A`` and ``a`` are two labels where synthetic and real rows have both; where one source writes
    ``Billing`` and the other one ``billing``, they are one.
    """
    _, real_uses, synthetic_uses = _uses(rows)
    groups: dict[str, list[str]] = {}
    for label in sorted(set(real_uses) & set(synthetic_uses)):
        if min(real_uses[label], synthetic_uses[label]) >= OFTEN:
            groups.setdefault(label.casefold(), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _uses(rows: pd.DataFrame) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count labels in all rows, in the real training rows and in the synthetic ones."""
    real = (rows["source"] == REAL) & (rows["split"] == TRAIN)
    parts = (rows["label"], rows["label"][real], rows["label"][rows["source"] == SYNTHETIC])
    one, two, three = (Counter(x for x in part if not is_blank(x)) for part in parts)
    return one, two, three


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to read: missing, or only spaces and invisible characters."""
    return text is None or _BLANK.fullmatch(text) is not None


def estimated_tokens(text: str) -> int:
    """Estimate the word pieces of a text: punctuation and each started 8 letters are one.

    Within about 10 % of the WordPiece tokenizer for most English texts.
    """
    return sum(1 + (len(token) - 1) // 8 for token in _TOKEN.findall(text))
