"""Two data frames instead of files: the same checks, the same collection, and a held-out share."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.api.arguments import COUNTED, label_array, require_columns, require_texts, text_rows
from synthcur.data.columns import ColumnMapping
from synthcur.data.draft import Draft, accept
from synthcur.data.labels import in_words
from synthcur.data.loading import build
from synthcur.data.splits import LEFT_FOR_TRAINING, SHARE, draw_splits
from synthcur.data.tables import RawTable
from synthcur.data.texts import text_keys
from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, TRAIN, VALIDATION, Collection, Finding

_SHOWN = 5
"""Rows that a message names of each finding."""

_LABELLED = ("one_source_label", "unknown_label", "label_variants", "few_rows", "two_labels")
"""Findings that are about certain labels."""

_FIXES: Mapping[str, str] = MappingProxyType(
    {
        "label_variants": "Write each label in one way.",
        "two_labels": "Keep one label for each text.",
        "one_source_label": "Give both frames rows of every label, or leave these rows out.",
        "unknown_label": "Validate with the labels that are learned.",
        "few_rows": "Give more rows of these labels, or leave them out.",
        "nothing_left": "Give rows of two labels or more.",
    }
)
"""What to do about a finding, by its code."""


def holdout(
    real: pd.DataFrame,
    *,
    share: float = SHARE,
    text: str = "text",
    label: str = "label",
    text_pair: str | None = None,
) -> pd.DataFrame:
    """Return the share of the real rows that is kept for validation and never learned from.

    The share is drawn label by label from the different texts, so rows with the same text stay
    together. It hangs on the rows alone, not on their order, the index or a seed: `weigh` draws it
    again from the same frame and trains its checkers on the other rows only. Whoever validates with
    rows chosen in another way tells `weigh` of them: ``weigh(…, validation=chosen)``.

    Parameters
    ----------
    real
        Real rows; R of them.
    share
        Share of a label's texts, more than 0 and less than 1; at least one text of each label that
        has more than two.
    text, label, text_pair
        Their columns.

    Returns
    -------
    pandas.DataFrame
        Rows of `real` with all columns, in the same order, under the same index. The others are
        ``real.drop(held_out.index)``, where the index names each row once.

    Raises
    ------
    InputError
        If a column, text or label is missing, or no label has enough texts.

    Examples
    --------
    >>> held_out = synthcur.holdout(real)
    >>> model = synthcur.train(synthcur.weigh(synthetic, real), validation=held_out)
    """
    mapping = ColumnMapping(text, label, text_pair)
    return real.loc[_is_held_out(real, mapping, share)]


def collection_of(
    synthetic: pd.DataFrame,
    real: pd.DataFrame,
    validation: pd.DataFrame | None,
    mapping: ColumnMapping,
) -> Collection:
    """Make a collection of data frames by the checks that files go through.

    Nothing is left out and no label is changed: what must be resolved at an import is an error
    here. Only the columns of `mapping` are read.

    Parameters
    ----------
    synthetic
        The N synthetic rows, which become those of the collection in this order.
    real
        Real rows; those whose text is in `validation` are not learned from.
    validation
        Real rows to validate with; None for `holdout` of `real`.
    mapping
        Columns of all frames.

    Raises
    ------
    InputError
        If a column is missing, or rows have what must be resolved, with their numbers and labels.
    """
    every = np.ones(len(synthetic), dtype=bool)
    tables = {SYNTHETIC: _table("synthetic", synthetic, every, mapping)}
    if validation is None:
        held_out = _is_held_out(real, mapping, SHARE)
        tables[VALIDATION] = _table("real, held out", real, held_out, mapping)
    else:
        given = np.ones(len(validation), dtype=bool)
        tables[VALIDATION] = _table("validation", validation, given, mapping)
        held_out = _is_among(real, validation, mapping)
    if held_out.all():
        raise InputError(
            "Every text of real is also in validation: no row is left to learn from.",
            fix="Validate with fewer rows, or give more real ones.",
        )
    tables[TRAIN] = _table("real", real, ~held_out, mapping)
    draft = build("frames", tables, mapping, drawn=())
    _require_resolved(draft)
    return accept(draft, codes=())


def _is_held_out(real: pd.DataFrame, mapping: ColumnMapping, share: float) -> np.ndarray:
    """Tell which real rows are held out, (R,) bool."""
    if not 0 < share < 1:
        raise InputError(f"share is {share}.", fix="Use a number between 0 and 1, such as 0.2.")
    rows = _read(real, "real", mapping)
    require_texts(rows, "real")
    labels = label_array(real[mapping.label], "real").astype(str)
    keys = np.array(text_keys(rows), dtype=object)
    # Sorted first, so that the order of the rows decides nothing.
    order = sorted(range(len(rows)), key=lambda row: (keys[row], labels[row]))
    drawn = draw_splits(
        labels[order].tolist(), keys[order].tolist(), (VALIDATION,), seed=0, share=share
    )
    found = np.zeros(len(rows), dtype=bool)
    found[order] = drawn == VALIDATION
    if not found.any():
        raise InputError(
            f"No label of real has more than {LEFT_FOR_TRAINING} texts: none can be held out.",
            fix="Give more real rows, or rows to validate with.",
        )
    return found


def _is_among(real: pd.DataFrame, validation: pd.DataFrame, mapping: ColumnMapping) -> np.ndarray:
    """Tell which real rows have a text of the validation rows, (R,) bool."""
    known = set(text_keys(_read(validation, "validation", mapping)))
    return np.array([key in known for key in text_keys(_read(real, "real", mapping))], dtype=bool)


def _read(frame: pd.DataFrame, name: str, mapping: ColumnMapping) -> pd.DataFrame:
    """Return the columns ``text`` and ``text_pair`` of a frame."""
    columns = [mapping.text, *([mapping.text_pair] if mapping.text_pair else [])]
    require_columns(frame, name, [*columns, mapping.label])
    return text_rows(frame[columns], name)


def _table(name: str, frame: pd.DataFrame, chosen: np.ndarray, mapping: ColumnMapping) -> RawTable:
    """Return the chosen rows of a frame as if they were read from a file."""
    _read(frame, name, mapping)
    columns = [each for each in (mapping.text, mapping.text_pair, mapping.label) if each]
    places = np.flatnonzero(chosen)
    cells = frame[columns].iloc[places].reset_index(drop=True)
    rows = places + 1
    return RawTable(
        name=name,
        frame=cells.astype(object).where(cells.notna(), None),
        rows=rows,
        lines=rows,
        rejected=(),
        how="data frame",
    )


def _require_resolved(draft: Draft) -> None:
    found = draft.unresolved(())
    if not found:
        return
    fixes = dict.fromkeys(_FIXES.get(each.code, "Leave these rows out.") for each in found)
    raise InputError(
        f"The rows cannot be used: {'; '.join(_in_words(each) for each in found)}.",
        fix=f"{' '.join(fixes)} {COUNTED}",
    )


def _in_words(finding: Finding) -> str:
    """Name a finding, its labels, and its first rows by frame."""
    labels = f" ({in_words(finding.labels)})" if finding.code in _LABELLED else ""
    shown = [f"row {row:,} of {file}" for file, row in finding.rows[:_SHOWN]]
    more = len(finding.rows) - len(shown)
    rest = f" and {more:,} more" if more else ""
    return f"{finding.title}{labels}: {', '.join(shown)}{rest}"
