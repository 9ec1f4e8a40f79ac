"""What people said of the rows of a file before it came here: decisions that an import can take."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KEEP, DISCARD, RELABEL, UNSURE, NOTE, EDIT = (
    *("keep", "discard", "relabel", "unsure", "note", "edit"),
)
"""The words of `review.decisions` for what can be said of a row."""
VERDICTS = (KEEP, DISCARD, RELABEL, UNSURE)
_DONE = {
    **{KEEP: "kept", RELABEL: "relabelled", DISCARD: "discarded", UNSURE: "unsure"},
    **{EDIT: "edited", NOTE: "noted"},
}


@dataclass(frozen=True)
class Said:
    """One thing that one person said of one row.

    Attributes
    ----------
    row
        1-based number of the row in its file.
    action
        One of the words above.
    annotator
        Who said it, as the file names them.
    at
        Seconds since 1970, 0 where the file does not tell.
    column
        Column of labels that a verdict is about; empty for one on the whole row.
    label, text
        The label of a ``relabel``, the text of an ``edit`` (None: that of the file again).
    note, reason, queue
        As in `review.decisions.Decision`.
    """

    row: int
    action: str
    annotator: str
    at: float = 0.0
    column: str = ""
    label: str | None = None
    text: str | None = None
    note: str = ""
    reason: str = ""
    queue: str = ""


@dataclass(frozen=True)
class Outcome:
    """What all that was said of one row comes to; `label` and `text` are None where unchanged."""

    verdict: str = ""
    label: str | None = None
    text: str | None = None


def outcome(said: Iterable[Said]) -> Outcome:
    """Fold what was said of one row, in order, as the log of decisions is folded.

    The latest verdict wins; a label outlives later verdicts.
    """
    verdict, label, text = "", None, None
    for each in said:
        if each.action in VERDICTS:
            verdict = each.action
            label = each.label if each.action == RELABEL else label
        elif each.action == EDIT:
            text = each.text
    return Outcome(verdict, label, text)


def by_row(said: Iterable[Said]) -> dict[int, list[Said]]:
    """Return what was said by row number, in order."""
    found: dict[int, list[Said]] = {}
    for each in said:
        found.setdefault(each.row, []).append(each)
    return found


def in_words(said: Sequence[Said]) -> str:
    """Count what was said and by whom: ``12 decisions of ann, bob: 10 kept, 2 discarded``."""
    people = sorted({each.annotator for each in said})
    named = ", ".join(people[:3]) + (f" and {len(people) - 3:,} more" if len(people) > 3 else "")
    counts = Counter(each.action for each in said)
    kinds = ", ".join(f"{counts[each]:,} {word}" for each, word in _DONE.items() if counts[each])
    plural = "" if len(said) == 1 else "s"
    return f"{len(said):,} decision{plural} of {named}: {kinds}"
