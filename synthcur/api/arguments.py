"""What somebody hands over in Python: texts, labels and weights, checked row by row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthcur.data.labels import quoted
from synthcur.data.texts import is_blank
from synthcur.errors import InputError

COUNTED = "Rows are counted from 1."
_KINDS = (str, bool, int, float)
"""What a label can be; all labels are of one kind."""


def require_columns(frame: Any, name: str, columns: Sequence[str]) -> None:
    """Refuse what is no data frame with rows and with each of the columns once.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"{name} is a {type(frame).__name__}, not a data frame.",
            fix="Read it with pandas, for instance pd.read_csv.",
        )
    for column in columns:
        found = list(frame.columns).count(column)
        if found != 1:
            shown = ", ".join(quoted(str(each)) for each in list(frame.columns)[:12]) or "none"
            times = "no column" if found == 0 else f"{found} columns"
            raise InputError(
                f"{name} has {times} {quoted(str(column))}.",
                fix=f"Its columns: {shown}. Name those to read with text=, label= and text_pair=.",
            )
    if len(set(columns)) < len(columns):
        raise InputError(f"One column of {name} is named for two uses.", fix="Choose another.")
    if frame.empty:
        raise InputError(f"{name} has no rows.", fix="Give some.")


def text_rows(texts: Any, name: str) -> pd.DataFrame:
    """Read single texts or pairs of texts.

    Parameters
    ----------
    texts
        n strings, or n pairs of strings: a sequence, an array or Series of them, an array (n, 2),
        or a data frame of one or two columns.
    name
        What to call them in an error.

    Returns
    -------
    pandas.DataFrame
        Columns ``text`` and ``text_pair``, which is None where texts are single; n rows.

    Raises
    ------
    InputError
        If one is missing or no text, or some are pairs and others not.
    """
    if isinstance(texts, str):
        raise InputError(f"{name} is a single text.", fix="Give a list: [text].")
    if isinstance(texts, pd.DataFrame):
        texts = texts.to_numpy(dtype=object)
    if isinstance(texts, np.ndarray) and texts.ndim == 2:
        texts = [each[0] if len(each) == 1 else tuple(each) for each in texts]
    rows = [_text_and_pair(each, name, row) for row, each in enumerate(texts, start=1)]
    kinds = [pair is None for _, pair in rows]
    if len(set(kinds)) > 1:
        odd = kinds.index(not kinds[0]) + 1
        raise InputError(
            f"Row {odd:,} of {name} is {'a single text' if kinds[odd - 1] else 'a pair'}, "
            f"row 1 {'a single text' if kinds[0] else 'a pair'}.",
            fix=f"Give texts or pairs, not both. {COUNTED}",
        )
    return pd.DataFrame(rows, columns=["text", "text_pair"], dtype=object)


def require_texts(rows: pd.DataFrame, name: str) -> None:
    """Refuse rows of `text_rows` that hold nothing to read.

    Raises
    ------
    InputError
        If one does.
    """
    columns = ["text", "text_pair"] if rows["text_pair"].notna().any() else ["text"]
    for column in columns:
        blank = [row for row, text in enumerate(rows[column], start=1) if is_blank(text)]
        if blank:
            more = f" ({len(blank):,} such rows)" if len(blank) > 1 else ""
            raise InputError(
                f"Row {blank[0]:,} of {name} has an empty {column}{more}.",
                fix=f"Leave out rows without a text. {COUNTED}",
            )


def label_array(labels: Any, name: str, *, rows: int | None = None) -> np.ndarray:
    """Read labels of one kind: strings, truth values or numbers.

    Parameters
    ----------
    labels
        One per row.
    name
        What to call them in an error.
    rows
        How many there must be.

    Returns
    -------
    numpy.ndarray
        (n,), of the kind of the labels.

    Raises
    ------
    InputError
        If one is missing, empty or no label, they are of several kinds, or their number is wrong.
    """
    if isinstance(labels, str):
        raise InputError(f"{name} is a single label.", fix="Give one per row.")
    values = [each.item() if isinstance(each, np.generic) else each for each in labels]
    _require_length(len(values), name, rows)
    for row, value in enumerate(values, start=1):
        if value is None or value is pd.NA or value != value or value == "":
            raise InputError(
                f"Row {row:,} of {name} has no label.",
                fix=f"Leave out rows without a label. {COUNTED}",
            )
        if type(value) not in _KINDS or type(value) is not type(values[0]):
            raise InputError(
                f"Row {row:,} of {name} has the label {quoted(str(value))}, a "
                f"{type(value).__name__}; row 1 has a {type(values[0]).__name__}.",
                fix=f"Make all labels strings, or all of them numbers. {COUNTED}",
            )
    return np.array(values)


def weight_array(weights: Any, name: str, *, rows: int) -> np.ndarray:
    """Read the weight of every row.

    Parameters
    ----------
    weights
        One per row; None for 1 everywhere.
    name
        What to call them in an error.
    rows
        How many there must be.

    Returns
    -------
    numpy.ndarray
        (rows,) float64, finite, >= 0 and not all 0.

    Raises
    ------
    InputError
        If one is no such number, all are 0, or their number is wrong.
    """
    if weights is None:
        return np.ones(rows)
    try:
        given = pd.Series(list(weights), dtype="Float64")
        values = given.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is no number: {error}.") from error
    _require_length(len(values), name, rows)
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(wrong):
        value = values[wrong[0]]
        shown = "none" if np.isnan(value) else f"{value:g}"
        raise InputError(
            f"Row {wrong[0] + 1:,} of {name} has the weight {shown} ({len(wrong):,} such rows).",
            fix=f"Weights are finite numbers from 0 on. {COUNTED}",
        )
    if not values.any():
        raise InputError(
            f"All weights of {name} are 0: there is nothing to learn.",
            fix="Give some rows a weight, or leave the weights out.",
        )
    return values


def _text_and_pair(value: Any, name: str, row: int) -> tuple[str, str | None]:
    parts = tuple(value) if isinstance(value, tuple | list | np.ndarray) else (value,)
    for part in parts:
        if not isinstance(part, str):
            is_missing = part is None or part is pd.NA or part != part
            what = "has no text" if is_missing else f"is a {type(part).__name__}, not a text"
            raise InputError(
                f"Row {row:,} of {name} {what}.", fix=f"Give a string a row, or a pair. {COUNTED}"
            )
    if len(parts) not in (1, 2):
        raise InputError(
            f"Row {row:,} of {name} has {len(parts)} texts.", fix=f"Give one or two. {COUNTED}"
        )
    return str(parts[0]), str(parts[1]) if len(parts) == 2 else None


def _require_length(found: int, name: str, rows: int | None) -> None:
    if rows is not None and found != rows:
        raise InputError(
            f"{name} has {found:,} values for {rows:,} rows.", fix="Give exactly one per row."
        )
