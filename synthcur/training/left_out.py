"""Arms that leave out the synthetic rows with a value in a further column; no torch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from synthcur.arms import ARMS, arm_without, as_word, base_of, known_arm, stored_name
from synthcur.data.row_groups import RowGroups, cell_texts, one_line, row_groups
from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, Collection
from synthcur.training.pools import Examples, Pool

MOST_GENERATORS = 8
"""Generators of which each can be left out in turn; of more, each is worth too little to tell."""

MOST_NAMED = 10
"""Columns, values or labels that a message lists."""

_FIRST_CHOICE = ("ce_both", "ce")


def leaves_out(arms: Sequence[str]) -> bool:
    """Whether one of some arms leaves out rows by a column, which its job then has to read."""
    return any(base_of(arm) != arm for arm in arms)


def generators(collection: Collection) -> RowGroups | None:
    """Return what wrote the synthetic rows by name; None where no column tells them apart."""
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    found = row_groups(collection.provenance.loc[is_synthetic])
    return next((each for each in found if each.is_generator and each.values), None)


def each_left_out(groups: RowGroups | None, arms: Sequence[str]) -> tuple[str, ...]:
    """Name the arms that leave out one generator each, of the arm that tells its worth best.

    Parameters
    ----------
    groups
        What `generators` returns.
    arms
        Names of the arms that are trained on all rows; the first of ``ce_both``, ``ce`` and those
        that learn synthetic rows is the one.

    Returns
    -------
    tuple of str
        One name per generator, the largest first; empty where there are not 2 to
        `MOST_GENERATORS` of them, or no arm learns synthetic rows.
    """
    base = compared_arm(arms)
    if groups is None or base is None:
        return ()
    values = [value for value in groups.values if value]
    if not 2 <= len(values) <= MOST_GENERATORS:
        return ()
    return tuple(arm_without(base, groups.column, value) for value in values)


def without_each(
    asked: Sequence[str], arms: Sequence[str], collection: Collection
) -> tuple[str, ...]:
    """Name the arms that leave out what somebody asks for.

    Parameters
    ----------
    asked
        ``COLUMN=VALUE`` each, or ``COLUMN`` alone for each of its values in turn.
    arms
        As for `each_left_out`.
    collection
        The rows; its columns are found whatever their case.

    Raises
    ------
    InputError
        If none of the arms learns synthetic rows, there is no such column or value, or a column
        alone has not 2 to `MOST_GENERATORS` values.
    """
    base = compared_arm([stored_name(arm) for arm in arms])
    if base is None:
        raise InputError(
            "None of the arms learns synthetic rows, so none can be trained without some of them.",
            fix="Name one that does, such as ce_both.",
        )
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    provenance = collection.provenance.loc[is_synthetic]
    found: list[str] = []
    for each in asked:
        column, sign, value = each.partition("=")
        at = _column(column.strip(), provenance)
        texts = cell_texts(provenance.iloc[:, at])
        values = [value.strip()] if sign else _few_values(column, texts)
        name = str(provenance.columns[at])
        found += [arm_without(base, name, text) for text in values]
    check_left_out(found, collection)
    return tuple(each for each in dict.fromkeys(found) if each not in arms)


def _column(column: str, provenance: pd.DataFrame) -> int:
    names = [str(name) for name in provenance.columns]
    for same in (str, str.casefold):
        for at, name in enumerate(names):
            if same(name) == same(column):
                return at
    raise _no_column(column, provenance)


def _few_values(column: str, texts: np.ndarray) -> list[str]:
    values = pd.Series([text for text in texts if text], dtype=object).value_counts()
    if 2 <= len(values) <= MOST_GENERATORS:
        return [str(value) for value in values.index]
    raise InputError(
        f"The column {column!r} has {len(values)} different values among the synthetic rows; "
        f"each in turn can be left out of 2 to {MOST_GENERATORS}.",
        fix=f"Name those to leave out: --without {column}=VALUE.",
    )


def _no_column(column: str, provenance: pd.DataFrame) -> InputError:
    return InputError(
        f"There is no column {column!r} by which rows could be left out.",
        fix=f"Further columns of the rows: {_listed(list(map(str, provenance.columns)))}.",
    )


def _listed(names: Sequence[str]) -> str:
    more = " …" if len(names) > MOST_NAMED else ""
    return (", ".join(repr(one_line(name)) for name in names[:MOST_NAMED]) or "none") + more


def compared_arm(arms: Sequence[str]) -> str | None:
    """Return the arm whose rows are left out in turn; None where none learns synthetic rows."""
    able = [arm for arm in arms if arm in ARMS and ARMS[arm].rows != "real"]
    tuned = [arm for arm in able if not ARMS[arm].is_probe]
    return next((arm for arm in (*_FIRST_CHOICE, *tuned, *able) if arm in able), None)


def check_left_out(arms: Sequence[str], collection: Collection) -> None:
    """Refuse arms that leave out what is not there, or all rows of a label.

    Raises
    ------
    InputError
        If there is no such column, no row with such a value in it, or no row of a label left.
    """
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    provenance = collection.provenance.loc[is_synthetic]
    for arm in filter(None, map(known_arm, arms)):
        if not arm.without:
            continue
        left = set(collection.synthetic["label"][~left_out_rows(arm.without, provenance)])
        if arm.rows == "both":
            left |= set(collection.real_train["label"])
        missing = [label for label in collection.labels if label not in left]
        if missing:
            raise InputError(
                f"{arm.title} would have no row of {_listed(missing)} to learn from.",
                fix="Leave out other rows, or train an arm that learns real rows too, such as "
                "ce_both.",
            )


def left_out_rows(without: str, provenance: pd.DataFrame | None) -> np.ndarray:
    """Find the rows that an arm leaves out.

    Parameters
    ----------
    without
        `Arm.without`.
    provenance
        Further columns of n rows.

    Returns
    -------
    numpy.ndarray
        (n,) bool, True for at least one.

    Raises
    ------
    InputError
        If there is no such column, or no row with such a value in it.
    """
    column, _, value = without.partition("=")
    frame = pd.DataFrame() if provenance is None else provenance
    known = {as_word(str(name)): at for at, name in enumerate(frame.columns)}
    if column not in known:
        raise _no_column(column, frame)
    texts = cell_texts(frame.iloc[:, known[column]])
    words = {text: as_word(text) for text in set(texts) if text}
    found = np.array([words.get(text) == value for text in texts], dtype=bool)
    if not found.any():
        raise InputError(
            f"No synthetic row has {value!r} in its column {column!r}.",
            fix=f"Values there: {_listed(sorted(words))}.",
        )
    return found


def without_rows(pool: Pool, without: str) -> Pool:
    """Return a pool without the synthetic rows that an arm leaves out; errors as there."""
    stays = ~left_out_rows(without, pool.provenance)

    def of(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[stays]

    rows, embeddings = pool.synthetic, pool.embeddings
    return replace(
        pool,
        synthetic=Examples(rows.rows[stays].reset_index(drop=True), rows.labels[stays]),
        quality_probs=of(pool.quality_probs),
        diversity_probs=of(pool.diversity_probs),
        calibrated_probs=of(pool.calibrated_probs),
        out_of_fold_probs=of(pool.out_of_fold_probs),
        is_confirmed=of(pool.is_confirmed),
        embeddings=None if embeddings is None else (embeddings[0][stays], embeddings[1]),
        duplicate_group=of(pool.duplicate_group),
        provenance=None if pool.provenance is None else pool.provenance[stays],
    )
