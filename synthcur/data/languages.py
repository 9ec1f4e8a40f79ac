"""Rows in another language than most rows of their source, told only where it is sure.

A text is compared with the words that most texts of its source are full of; what has hardly one of
them, or is in another writing, is looked at by a small language identifier.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.schema import REAL, SYNTHETIC, Finding, FindingState

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

NAMES = {
    **{"ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech"},
    **{"da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish"},
    **{"et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew"},
    **{"hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian"},
    **{"ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay"},
    **{"nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian"},
    **{"ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian"},
    **{"sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai"},
    **{"tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese"},
}
"""Languages that are told apart, by the identifier's codes."""
_ALIKE = (
    *({"da", "no", "sv"}, {"id", "ms"}, {"hr", "sr", "sl"}, {"cs", "sk"}, {"es", "ca", "pt"}),
    *({"ru", "uk", "bg", "sr"}, {"ar", "fa", "ur"}),
)
"""Languages that are not held against each other row by row: a short text may be either."""
SURE = 20.0
"""How many times likelier (as a logarithm) another language must be than that of the source."""
CLEAR_SHARE = 0.8
"""Share of the texts of a source that must be of one language to be that of the source."""
_LEAST_LETTERS = 20
_READ = 300
"""Characters of a text that are looked at."""
_GLANCED, _FEWEST, _MOST = 200, 5, 10_000
"""Texts by which the language of a source is known, how many must be sure of it, and of how many
it is asked."""
_FREQUENT, _AT_HOME = 60, 0.2
"""How many words a source is full of; the share of them in a text that is at home there."""
_CAPITALS = 0.8
"""Share of words with a capital from which a text is names rather than words of a language."""
_ADDRESSES = re.compile(r"https?://\S+|\S+@\S+|[@#$]\w+")
_WORD = re.compile(r"[^\W\d_]+")
_WIDE = re.compile(r"[\u0400-\u1fff\u3040-\u9fff\uac00-\ud7af]")
"""Letters of writings other than Latin and Greek; of those few make a text."""


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    # Half a second and 75 MB: only where rows are checked, and let go of by `let_go`.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages(list(NAMES))
    return found


def let_go() -> None:
    """Forget the identifier, for a process that goes on for days."""
    _identifier.cache_clear()


def likely_language(text: str, home: str = "") -> str:
    """Return the code of a text's language; empty where it is not sure.

    Parameters
    ----------
    text
        Its first `_READ` characters are read, addresses and hashtags left out.
    home
        Language that it would have; another one must be much likelier. Empty where none is known.
    """
    plain = _plain(text)
    letters = sum(map(len, _WORD.findall(plain))) + 4 * len(_WIDE.findall(plain))
    if letters < _LEAST_LETTERS or _is_names(text[:_READ]):
        return ""
    scores = dict(_identifier().rank(plain))
    best = max(scores, key=scores.__getitem__)
    rivals = [home] if home else [code for code in scores if not _are_alike(code, best)]
    is_sure = scores[best] - max(scores[code] for code in rivals) >= SURE
    return best if is_sure and not _are_alike(best, home) else home


def other_languages(table: Rows) -> list[Finding]:
    """Find rows in another language than their source, and sources that differ in language."""
    texts, source = table.frame["text"].tolist(), table.frame["source"].to_numpy()
    found = np.full(len(texts), "", dtype=object)
    spoken: dict[str, Counter[str]] = {}
    for each in (SYNTHETIC, REAL):
        rows = np.flatnonzero(source == each)
        some = {int(i): likely_language(texts[i]) for i in _spread(rows, _GLANCED)}
        spoken[each] = Counter(filter(None, some.values()))
        if home := _home(spoken[each]):
            at_home = [texts[i] for i, code in some.items() if code == home]
            for i in _spread(_strangers(texts, rows, at_home), _MOST):
                code = likely_language(texts[i], home)
                found[i] = "" if code == home else code
    return [_rows_finding(table, found), _sources_finding(table, spoken)]


def _plain(text: str) -> str:
    return _ADDRESSES.sub(" ", text[:_READ]).lower()


def _is_names(text: str) -> bool:
    """Whether nearly every word begins with a capital, as in a list of names or a headline."""
    words = _WORD.findall(text)
    return sum(word[0].isupper() for word in words) >= _CAPITALS * len(words)


def _are_alike(one: str, other: str) -> bool:
    return one == other or any({one, other} <= alike for alike in _ALIKE)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of some rows, spread evenly over them."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]


def _home(spoken: Counter[str]) -> str:
    """Return the language of nearly all texts; empty where there is none."""
    most, number = spoken.most_common(1)[0] if spoken else ("", 0)
    return most if number >= max(_FEWEST, CLEAR_SHARE * spoken.total()) else ""


def _strangers(texts: Sequence[str], rows: np.ndarray, at_home: Sequence[str]) -> np.ndarray:
    """Return the rows whose texts have few of the words that texts at home are full of."""
    uses = Counter(word for text in at_home for word in set(_WORD.findall(_plain(text))))
    frequent = {word for word, _ in uses.most_common(_FREQUENT)}

    def is_stranger(text: str) -> bool:
        words = _WORD.findall(_plain(text))
        return sum(word in frequent for word in words) <= _AT_HOME * len(words)

    return rows[[is_stranger(texts[int(i)]) for i in rows]] if len(rows) else rows


def _rows_finding(table: Rows, found: np.ndarray) -> Finding:
    mask = found != ""
    counts = Counter(NAMES[code] for code in found[mask])
    named = ", ".join(f"{name} {number:,}" for name, number in counts.most_common(3))
    one = len(counts) == 1
    return table.finding(
        "other_language",
        f"{mask.sum():,} of {len(found):,} rows look {next(iter(counts))}"
        if one
        else "Rows in another language than the rest",
        FindingState.CHECK,
        mask,
        excludes=mask & table.parts[SYNTHETIC],
        proposal="Exclude {n} synthetic",
        is_offer=True,
        advice=f"{named}, by their letters and words; short texts are left aside. Keep them where "
        "the task is in several languages.",
    )


def _sources_finding(table: Rows, spoken: Mapping[str, Counter[str]]) -> Finding:
    """Tell what languages the sources are in, where these are not one and the same."""
    homes = {source: _home(counts) for source, counts in spoken.items()}
    differ = all(homes.values()) and not _are_alike(homes[SYNTHETIC], homes[REAL])
    mixed = [s for s, counts in spoken.items() if not homes[s] and counts.total() >= 2 * _FEWEST]
    title, advice = "Languages of the sources", ""
    if differ:
        title = f"Synthetic looks {NAMES[homes[SYNTHETIC]]}, real {NAMES[homes[REAL]]}"
        advice = "What is learned from texts in one language holds for the other one hardly at all."
    elif mixed:
        title = f"{' and '.join(mixed).capitalize()} texts in several languages"
        advice = "; ".join(f"{source}: {_shares(spoken[source])}" for source in mixed)
        advice += ", of rows spread over the file. The bundled model knows English words alone."
    return Finding(
        code="source_languages",
        title=title,
        state=FindingState.CHECK if differ or mixed else FindingState.FINE,
        rows=(),
        of=len(table.frame),
        advice=advice,
    )


def _shares(counts: Counter[str]) -> str:
    shown = (f"{NAMES[code]} {n / counts.total():.0%}" for code, n in counts.most_common(4))
    return ", ".join(shown)
