"""Finding rows by what is typed: by words, or by what the words mean. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

LONGEST_QUERY = 500
"""Characters of a query that are read."""

_QUOTED = re.compile(r'["“”„]([^"“”„]*)["“”„]?')
_NOT_WORDS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Return a text as it is compared: without case, accents, marks and the width of gaps.

    Words stand between single blanks, with one more before the first and after the last.
    """
    if not text.isascii():
        split = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(each for each in split if unicodedata.category(each) != "Mn")
    return f" {_NOT_WORDS.sub(' ', text.casefold()).strip()} "


def fold_all(texts: Iterable[str]) -> list[str]:
    """Fold every text; done once for a collection, some microseconds a text."""
    return [fold(text) for text in texts]


def terms(query: str) -> list[str]:
    """Cut a query into what a text must hold: words, and phrases between quotation marks.

    A word finds those that begin with it, so that *refund* finds *refunds* and *car* does not find
    *scare*; a phrase ends where it ends. Scripts without capitals, of which many write no blanks
    between words, are found anywhere.

    Returns
    -------
    list of str
        Parts of folded texts, each once; none where the query holds no word.
    """
    query = query[:LONGEST_QUERY]
    phrases = [_anywhere(fold(phrase)) for phrase in _QUOTED.findall(query)]
    words = [_anywhere(f" {word}") for word in fold(_QUOTED.sub(" ", query)).split()]
    return list(dict.fromkeys(term for term in [*phrases, *words] if term.strip()))


def by_words(folded: Sequence[str], query: str) -> np.ndarray:
    """Find the texts that hold every word and phrase of a query.

    Parameters
    ----------
    folded
        See `fold_all`; n texts.
    query
        What was typed.

    Returns
    -------
    np.ndarray
        Positions in `folded`, ascending, int64; none where the query holds no word.
    """
    left: Iterable[int] = range(len(folded))
    # The longest term is likely the rarest: those after it then have little to look through.
    wanted = sorted(terms(query), key=len, reverse=True)
    for term in wanted:
        left = [i for i in left if term in folded[i]]
    return np.fromiter(left if wanted else (), dtype=np.int64)


def by_meaning(
    sentence: np.ndarray, embeddings: np.ndarray, *, count: int = 50
) -> tuple[np.ndarray, np.ndarray]:
    """Find the texts that are closest to a sentence by cosine.

    Parameters
    ----------
    sentence
        Embedding of what was typed, (D,), of length 1; see `numpy_encoder.LightEncoder.encode`.
    embeddings
        Of the n texts, from the same encoder, (n, D), of length 1.
    count
        Texts to return at most.

    Returns
    -------
    positions : np.ndarray
        The closest first, int64; of equal ones the first in the collection.
    cosine : np.ndarray
        How close each is, -1 to 1.
    """
    cosine = embeddings @ sentence
    count = min(count, len(cosine))
    if count < len(cosine):
        least = np.partition(cosine, len(cosine) - count)[len(cosine) - count]
        near = np.flatnonzero(cosine >= least)
    else:
        near = np.arange(count)
    closest = near[np.argsort(-cosine[near], kind="stable")][:count]
    return closest, cosine[closest]


def _anywhere(term: str) -> str:
    """Drop the blanks that tie a term to the ends of words where its script may have none."""
    return term.strip() if any(unicodedata.category(each) == "Lo" for each in term) else term
