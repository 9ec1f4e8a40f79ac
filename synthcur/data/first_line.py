"""Whether the first line of delimited text names the columns, or is a row already."""

from collections.abc import Sequence
from statistics import median

from synthcur.data.column_facts import (
    CLASS_NAMES,
    LABEL_NAMES,
    LESSER_NAMES,
    MESSAGE_NAMES,
    OUTPUT_NAMES,
    PAIR_NAMES,
    SAMPLE,
    TEXT_NAMES,
    ColumnFacts,
    has_several_words,
)
from synthcur.data.labels import bare

HEADER, ROW, DOUBT = "header", "row", "doubt"
"""What a first line is; of a doubtful one, which is read as the header, people are told."""

_USUAL = {
    *(*TEXT_NAMES, *MESSAGE_NAMES, *OUTPUT_NAMES, *LESSER_NAMES),
    *(*PAIR_NAMES, *LABEL_NAMES, *CLASS_NAMES, "id", "idx", "prompt", "instruction"),
}
_SENTENCE = 4


def first_line(cells: Sequence[str], columns: Sequence[Sequence[str]]) -> str:
    """Judge a first line by the rows below it.

    A row is known by a cell that occurs below it in a column of labels, beside a cell that reads
    like the texts below it. Either sign alone, with no usual name, leaves a doubt.

    Parameters
    ----------
    cells
        The first line.
    columns
        The cells below each of them; every column has at least one.

    Returns
    -------
    str
        `HEADER`, `ROW` or `DOUBT`.
    """
    pairs = [
        (cell, ColumnFacts(cell, below[:: max(1, len(below) // SAMPLE)]))
        for cell, below in zip(cells, columns, strict=True)
    ]
    is_label = [
        below.has_few_values and not below.reads_like_text and bare(cell)[0] in below.values
        for cell, below in pairs
    ]
    texts = [(cell, below) for cell, below in pairs if below.reads_like_text]
    is_sentence = any(
        has_several_words(cell)
        and (len(cell.split()) >= _SENTENCE or not cell.isascii())
        and len(cell) >= median(map(len, below.texts)) / 2
        for cell, below in texts
    )
    if any(is_label) and is_sentence:
        return ROW
    usual = any(
        below.plain_name in _USUAL and not label
        for (_, below), label in zip(pairs, is_label, strict=True)
    )
    if usual or not (any(is_label) or is_sentence):
        return HEADER
    return ROW if any(is_label) and any(has_several_words(cell) for cell, _ in texts) else DOUBT
