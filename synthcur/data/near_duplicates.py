"""Texts that are nearly the same, found before anything has been embedded.

Two texts are near where their letters, taken five at a time, agree for the most part; numbers and
marks do not count. Signatures of the letters (MinHash) and buckets of signatures find the pairs to
compare, so that the time grows with the rows and not with their square.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.data.labels import folded
from synthcur.schema import REAL, SYNTHETIC, TEST, TRAIN, VALIDATION, Finding, FindingState

NEAR, NEAR_SHORT = 0.65, 0.75
"""Share of the letter groups of two texts together that both must have, of short texts more."""
_LETTERS = 5
_SHORTEST, _SHORT = 30, 60
"""Letters below which two texts that are alike may well mean different things; a short text's."""
_READ = 600
"""Letters at either end of a text that are read."""
_BANDS, _DEEP = 13, 3
_DOUBT = 0.15
"""How far the share that signatures estimate may be from the true one."""
_FIRST = 3
"""Rows of a bucket with which all others in it are compared."""
_AT_ONCE = 1 << 20
"""Letter groups that are hashed at a time: some 20 MB."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_WIDE = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")


def skeleton(text: str) -> str:
    """Return the letters of a text: no case, no marks, every number the same."""
    plain = _NOT_A_LETTER.sub(" ", _NUMBER.sub("0", folded(text))).strip()
    return plain if len(plain) <= 2 * _READ else f"{plain[:_READ]} {plain[-_READ:]}"


def near_earlier(texts: Sequence[str], among: int | None = None) -> dict[int, int]:
    """Return an earlier text that each text is near to, where there is one.

    Parameters
    ----------
    texts
        As `skeleton` returns them; those shorter than `_SHORTEST` are near to none.
    among
        How many of the first texts the others are compared with, those not with each other; None
        to compare each with all earlier ones that are not near to another one themselves.

    Returns
    -------
    dict of int to int
        Places in `texts`, the later one first. Of a crowd of texts each is compared with some.
    """
    usable = [i for i, text in enumerate(texts) if len(text) + 2 * _wide(text) >= _SHORTEST]
    if len(usable) < 2:
        return {}
    groups = lru_cache(maxsize=2_000)(_groups)
    found: dict[int, int] = {}
    for a, b in _candidates(_signatures([texts[i] for i in usable])):
        later, earlier = usable[a], usable[b]
        can_be = earlier not in found if among is None else earlier < among <= later
        if later in found or not can_be:
            continue
        one, other = groups(texts[later]), groups(texts[earlier])
        shared = len(one & other)
        needed = NEAR if min(len(one), len(other)) > _SHORT - _LETTERS else NEAR_SHORT
        if shared >= needed * (len(one) + len(other) - shared):
            found[later] = earlier
    return found


def near_duplicates(table: Rows) -> Finding:
    """Find synthetic texts that are nearly an earlier one; rows of a group stand together."""
    columns = ["text", "text_pair", "label"]
    again = table.frame[columns].duplicated(keep="first").to_numpy()
    rows = np.flatnonzero(table.parts[SYNTHETIC] & ~again)
    kept_of = near_earlier(_skeletons(table, rows))
    found, excludes = np.zeros(len(table.frame), bool), np.zeros(len(table.frame), bool)
    found[rows[[*kept_of, *kept_of.values()]]] = bool(kept_of)
    excludes[rows[list(kept_of)]] = bool(kept_of)
    groups = len(set(kept_of.values()))
    finding = table.finding(
        "near_duplicates",
        "Nearly the same synthetic text again",
        FindingState.CHECK,
        found,
        of=int(table.parts[SYNTHETIC].sum()),
        excludes=excludes,
        proposal="Keep first, exclude {n}",
        is_offer=True,
        advice=f"{len(kept_of):,} say nearly what {groups:,} others say, numbers aside. They can "
        "stay: after scoring, Review shows them under “Redundant” and Curate can count a group as "
        "one row.",
    )
    order = sorted({*kept_of, *kept_of.values()}, key=lambda i: (kept_of.get(i, i), i))
    return replace(finding, rows=tuple(table.places[rows[i]] for i in order))


def near_leaks(table: Rows) -> Finding:
    """Find training texts that are nearly a text of test or validation, but not the very same."""
    held_out = np.flatnonzero(table.parts[TEST] | table.parts[VALIDATION])
    training = np.flatnonzero(table.in_training)
    # Held-out rows first: a row is compared with the first ones of its bucket.
    rows = np.concatenate([held_out, training])
    known = set(table.keys[held_out])
    found = np.zeros(len(table.frame), bool)
    for later in near_earlier(_skeletons(table, rows), among=len(held_out)):
        found[rows[later]] = table.keys[rows[later]] not in known
    counts = {part: int((found & table.parts[part]).sum()) for part in (SYNTHETIC, TRAIN)}
    return table.finding(
        "near_leak",
        "Nearly a test or validation text",
        FindingState.CHECK,
        found,
        of=len(training),
        excludes=found,
        proposal="Exclude {n} from training",
        is_offer=True,
        advice=f"{counts[SYNTHETIC]:,} synthetic and {counts[TRAIN]:,} {REAL} training rows differ "
        "from a held-out text by a word or a number. Where they are copies of it, figures come out "
        "too good: leave them out. Where all texts of the task are made alike, keep them.",
    )


def _skeletons(table: Rows, rows: np.ndarray) -> list[str]:
    texts, pairs = table.frame["text"].to_numpy(), table.frame["text_pair"].to_numpy()
    return [
        f"{skeleton(texts[i])} | {skeleton(pairs[i])}" if pairs[i] else skeleton(texts[i])
        for i in rows
    ]


def _wide(text: str) -> int:
    return len(_WIDE.findall(text))


def _groups(text: str) -> set[str]:
    return {text[i : i + _LETTERS] for i in range(len(text) - _LETTERS + 1)}


def _signatures(texts: Sequence[str]) -> np.ndarray:
    """Return the least hash of every text's letter groups under each hash function, (n, 39)."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**63, _BANDS * _DEEP, dtype=np.uint64) | np.uint64(1)
    lengths = np.array([len(text) - _LETTERS + 1 for text in texts])
    signatures = np.empty((len(texts), _BANDS * _DEEP), np.uint32)
    start = 0
    while start < len(texts):
        stop = start + max(1, int(np.searchsorted(np.cumsum(lengths[start:]), _AT_ONCE)))
        hashes, begins = _hashes(texts[start:stop], lengths[start:stop])
        for number, factor in enumerate(factors):
            mixed = ((hashes * factor) >> np.uint64(32)).astype(np.uint32)
            signatures[start:stop, number] = np.minimum.reduceat(mixed, begins)
        start = stop
    return signatures


def _hashes(texts: Sequence[str], lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a hash of every letter group of some texts, and where those of each text begin."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    letters = np.frombuffer(joined, dtype="<u4").astype(np.uint64)
    hashes = np.zeros(len(letters) - _LETTERS + 1, np.uint64)
    for i in range(_LETTERS):
        hashes = (hashes ^ letters[i : i + len(hashes)]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    ends = np.cumsum([len(text) for text in texts])
    # Groups that reach from one text into the next are none.
    inside = np.ones(len(hashes), dtype=bool)
    for back in range(1, _LETTERS):
        inside[ends[:-1] - back] = False
    return hashes[inside], np.concatenate([[0], np.cumsum(lengths)[:-1]])


def _candidates(signatures: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs (later, earlier) of rows that share a bucket, sorted and each once."""
    n = len(signatures)
    found = [np.empty(0, np.int64)]
    for band in range(_BANDS):
        part = np.ascontiguousarray(signatures[:, band * _DEEP : (band + 1) * _DEEP])
        _, bucket = np.unique(part.view(f"V{4 * _DEEP}").ravel(), return_inverse=True)
        order = np.argsort(bucket, kind="stable")
        begins, here = np.searchsorted(bucket[order], bucket[order]), np.arange(n)
        for other in (here - 1, *(begins + first for first in range(_FIRST))):
            good = (other >= begins) & (other < here)
            later, earlier = order[good], order[other[good]]
            alike = (signatures[later] == signatures[earlier]).mean(axis=1)
            found.append((later * n + earlier)[alike >= NEAR - _DOUBT])
    for pair in np.unique(np.concatenate(found)):
        yield int(pair) // n, int(pair) % n
