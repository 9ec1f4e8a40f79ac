"""What the name and the content of a column say about what it is, one column at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from synthcur.data.labels import bare, labels_in

if TYPE_CHECKING:
    import pandas as pd

TEXT_NAMES = (
    *("text", "texts", "sentence", "utterance", "premise"),
    *("text1", "text_1", "text_a", "sentence1", "sentence_1", "sentence_a", "question1"),
)
MESSAGE_NAMES = (
    *("content", "query", "message", "document", "review", "question", "tweet", "body", "post"),
    *("email", "mail", "ticket", "passage", "paragraph", "statement", "headline", "abstract"),
)
OUTPUT_NAMES = (
    *("completion", "completions", "response", "responses", "output", "outputs", "generation"),
    *("generations", "generated", "generated_text", "generated_response", "model_output"),
    *("output_text", "completion_text", "response_text", "synthetic_text", "reply", "sample"),
)
LESSER_NAMES = ("title", "subject", "comment", "description", "summary", "input", "inputs")
PROMPT_WORDS = {"prompt", "prompts", "instruction", "instructions", "system", "context", "seed"}
PAIR_NAMES = (
    *("text_pair", "pair", "hypothesis"),
    *("text2", "text_2", "text_b", "sentence2", "sentence_2", "sentence_b", "question2"),
)
LABEL_NAMES = ("label", "labels", "gold_label")
CLASS_NAMES = (
    *("label_text", "label_name", "label_names", "class_label", "class_name", "true_label"),
    *("intent", "class", "category", "target", "sentiment", "emotion", "topic", "y"),
)
_CLASS_WORDS = {
    *("label", "labels", "class", "category", "intent", "topic", "sentiment", "emotion", "target"),
    *("accept", "kategorie", "klasse", "etikett", "thema", "etiqueta", "categoria", "categoría"),
    *("clase", "tema", "etiquette", "étiquette", "categorie", "catégorie", "classe", "etichetta"),
    *("标签", "类别", "分类", "метка", "категория", "класс", "ラベル"),
}
_GUESSED_WORDS = {
    *("suggestion", "suggestions", "suggested", "prediction", "predictions", "predicted", "pred"),
    *("model", "imported", "old", "previous", "original", "auto", "raw"),
}
_BESIDE_WORDS = {
    *("id", "ids", "uid", "uuid", "idx", "index", "nr", "number", "hash", "key", "row", "rank"),
    *("split", "subset", "fold", "source", "origin", "dataset", "file", "url", "link", "path"),
    *("generator", "llm", "engine", "version", "seed", "temperature", "tokens", "length", "count"),
    *("lang", "language", "locale", "country", "date", "time", "timestamp", "created", "updated"),
    *("annotator", "annotators", "user", "users", "author", "reviewer", "session", "agent"),
    *("status", "state", "answer", "decision", "verdict", "score", "scores", "confidence"),
    *("probability", "weight", "note", "notes", "comments", "reason", "reasoning", "rationale"),
    *("explanation", "thought", "thoughts", "metadata", "meta", "config", "options", "view"),
}
NEGATIVE_VERDICTS = {
    *("reject", "rejected", "ignore", "ignored", "skip", "skipped", "discard", "discarded"),
    *("decline", "declined"),
}
_VERDICTS = NEGATIVE_VERDICTS | {
    *("accept", "accepted", "approve", "approved", "submitted", "completed", "complete", "done"),
    *("pending", "draft", "open", "in progress", "todo", "unreviewed", "reviewed"),
}
_BINARY = (
    *({"0", "1"}, {"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"nein", "ja"}),
    *({"non", "oui"}, {"no", "sí"}, {"no", "si"}, {"não", "sim"}, {"нет", "да"}, {"否", "是"}),
)
_LONGEST_MARK = 4
"""Characters of what is written into the column of a label to tick it."""

SAMPLE = 1000
MOST_LABELS = 200
_LONGEST_LABEL = 60
_LONGEST_LOOK = 400
"""Characters of a cell that are looked at."""
_WORDS = re.compile(r"[^\W\d_]{2,}[^\w]+(?:\w+[^\w]+)*?[^\W\d_]{2,}")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{4}")
_MOMENT = re.compile(r"\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?[./]\d\d?[./]\d{2,4}( .*)?|\d\d?:\d\d.*")
_FRACTION = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnFacts:
    """A column of a table, seen through rows spread evenly over it.

    Attributes
    ----------
    name
        As in the table.
    cells
        At most `SAMPLE` cells (n,), as read.
    """

    name: str
    cells: Sequence[object]

    @cached_property
    def plain_name(self) -> str:
        """The name in small letters, with ``_`` for whatever else separates words."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name.strip().strip("\"'"))
        return re.sub(r"[\s.\-/:]+", "_", words.casefold())

    @cached_property
    def words(self) -> set[str]:
        """The words of the name."""
        return set(self.plain_name.split("_")) - {""}

    @cached_property
    def row_labels(self) -> list[str | None]:
        """What every cell would be as a label (n,), bare; None where missing or several."""
        found = (labels_in(cell) for cell in self.cells)
        single = (each[0] if len(each) == 1 and each[0].strip() else None for each in found)
        return [None if label is None else bare(label[:_LONGEST_LOOK])[0] for label in single]

    @cached_property
    def values(self) -> frozenset[str]:
        """The different labels of `row_labels`."""
        return frozenset(label for label in self.row_labels if label is not None)

    @cached_property
    def texts(self) -> list[str]:
        """The cells that are text and not blank."""
        found = (cell.strip() for cell in self.cells if isinstance(cell, str))
        return [cell for cell in found if cell]

    # Labels

    @cached_property
    def is_binary(self) -> bool:
        """Whether every cell is 0 or 1, true or false, yes or no."""
        return bool(self.values) and any(self.values <= pair for pair in _BINARY)

    @cached_property
    def is_tick(self) -> bool:
        """Whether the column may tell for one label which rows have it."""
        if self.is_binary and len(self.values) == 2:
            return True
        one = next(iter(self.values)) if len(self.values) == 1 else None
        return one is not None and len(one) <= _LONGEST_MARK and None in self.row_labels

    @cached_property
    def is_verdict(self) -> bool:
        """Whether every cell says what somebody thought of the row, such as ``reject``."""
        return bool(self.values) and self.values <= _VERDICTS

    @cached_property
    def has_few_values(self) -> bool:
        """Whether values repeat as those of a label do."""
        filled = sum(label is not None for label in self.row_labels)
        return 2 <= len(self.values) <= min(MOST_LABELS, filled // 2)

    @cached_property
    def label_rank(self) -> float:
        """How much speaks for a column of labels, from 5 to 0; below 0 it cannot be one."""
        named = 2.0
        if self.plain_name in LABEL_NAMES:
            named = 5.0
        elif self.plain_name in CLASS_NAMES:
            named = 4.0
        elif self.words & _BESIDE_WORDS:
            named = 0.0
        elif self.words & _GUESSED_WORDS:
            named = 1.0
        elif self.words & _CLASS_WORDS:
            named = 3.0
        if named >= 4.0:
            return named if self.has_few_values else named - 2.5 + 1.0 * (named == 5.0)
        is_short = max(map(len, self.values), default=0) <= _LONGEST_LABEL
        if not (self.has_few_values and is_short):
            return -1.0
        measured = all(_MOMENT.fullmatch(v) or _FRACTION.fullmatch(v) for v in self.values)
        return 0.0 if measured or self.is_verdict else named

    def shares_labels(self, others: frozenset[str]) -> bool:
        """Whether at least half of the values of the smaller side are on both sides."""
        smaller = min(len(self.values), len(others))
        return smaller > 0 and len(self.values & others) >= smaller / 2

    # Texts

    @cached_property
    def reads_like_text(self) -> bool:
        """Whether most cells have several words, most cells differ, and none is nested."""
        cells = self.texts
        if not cells or len(set(cells)) < 0.3 * len(cells):
            return False
        if sum(cell[0] in "[{" and cell[-1] in "]}" for cell in cells) > 0.5 * len(cells):
            return False
        return sum(map(has_several_words, cells)) > 0.5 * len(cells)

    @cached_property
    def is_output(self) -> bool:
        """Whether the name is that of what a model wrote."""
        return self.plain_name in OUTPUT_NAMES

    @cached_property
    def text_rank(self) -> int:
        """How much speaks for a column of texts, from 6 to 0; below 0 it cannot be one."""
        if not self.texts:
            return -1
        if self.plain_name in TEXT_NAMES:
            return 6
        if self.plain_name in MESSAGE_NAMES and (self.reads_like_text or self._differs):
            return 5
        if not self.reads_like_text:
            return 0 if self._differs and self.plain_name in (*OUTPUT_NAMES, *LESSER_NAMES) else -1
        if self.is_output:
            return 5
        if self.words & PROMPT_WORDS:
            return 1
        if self.words & _BESIDE_WORDS:
            return 0
        if self.plain_name in LESSER_NAMES:
            return 2
        return 4 if self.words & {"text", "texts", "sentence", "message", "utterance"} else 3

    @cached_property
    def _differs(self) -> bool:
        return len(set(self.texts)) > max(1.0, 0.3 * len(self.texts))


def facts_of(frame: pd.DataFrame) -> dict[str, ColumnFacts]:
    """Look at the columns of a table.

    Rows are taken from all over it: a file is often sorted by label.
    """
    n = len(frame)
    import numpy as np  # a process that only reads a file starts without it

    rows = np.linspace(0, n - 1, min(n, SAMPLE)).astype(int) if n else []
    sample = frame.iloc[rows]
    return {str(name): ColumnFacts(str(name), list(sample[name])) for name in frame.columns}


def has_several_words(cell: str) -> bool:
    """Whether a cell has two words, or as many letters of a writing without spaces."""
    head = cell[:_LONGEST_LOOK]
    return _WORDS.search(head) is not None or _UNSPACED.search(head) is not None
