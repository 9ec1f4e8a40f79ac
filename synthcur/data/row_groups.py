"""The further columns of a collection as groups of its rows, to colour, filter and split by; pure.

A column is offered where it tells rows apart in groups that a person can take in. Numbers and dates
of many values are cut into ranges; ids, free texts and columns of one value are not offered. Cells
without a value are a group of their own, and nothing is taken together that is written apart.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count, pairwise

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

MOST_VALUES = 50
"""Values that each make a group; of more, the largest do where they hold half of the rows."""

MOST_STEPS = 12
"""Different numbers that each make a group; more are cut into ranges."""

MOST_RANGES = 6
MOST_DATES = 8
"""Ranges of numbers, and days, months or years that each make a group."""

NAME_LENGTH = 40
"""Characters of the name of a group or a column."""

NOT_SAID = "not said"

_GENERATORS = (
    *("generator", "model", "llm", "generator_model", "model_name", "source_model"),
    *("generated_by", "generation_model", "llm_model", "teacher", "teacher_model", "engine"),
)
_PROMPTS = (
    *("prompt", "prompt_id", "prompt_name", "prompt_template", "template", "template_id"),
    *("prompt_version", "system_prompt", "instruction"),
)
_FIRST = (*_GENERATORS, *_PROMPTS, "temperature", "temp", "batch", "batch_id")
"""Columns in the order in which they are offered before all others."""

_OF_IDS = re.compile(r"(^|_)(id|ids|idx|index|row|nr|no|number)$")
_OF_TIME = re.compile(r"date|time|created|stamp|_at$")
_NUMBER = re.compile(r"[-+]?\.?\d|$")
_SAMPLE = 200
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ud800-\udfff\ufeff]+"
)


@dataclass(frozen=True)
class RowGroups:
    """One way to divide n rows into G groups by a column.

    Attributes
    ----------
    column
        Its name as in the file.
    title
        The same on one line, without characters that nobody sees, and short.
    names
        Of the groups, each once: the most frequent value first, numbers and dates by size; then
        others taken together, then the cells that say nothing.
    values
        What the cells of each group hold, "" for no value and for several taken together; empty
        where the groups are ranges.
    codes
        Group of every row, (n,) int32 in ``range(G)``.
    is_ordered
        Whether the groups are numbers or dates by size.
    n_valued
        Number of groups that are one value or range, the first ones.
    """

    column: str
    title: str
    names: tuple[str, ...]
    values: tuple[str, ...]
    codes: np.ndarray
    is_ordered: bool
    n_valued: int

    @property
    def sizes(self) -> np.ndarray:
        """Rows of every group, (G,)."""
        return np.bincount(self.codes, minlength=len(self.names))

    @property
    def is_generator(self) -> bool:
        """Whether it is called as what says which model wrote a row."""
        return _plain(self.column) in _GENERATORS

    def of(self, rows: np.ndarray) -> "RowGroups":
        """Return the groups of some rows (positions or a mask), without those that have none."""
        codes = self.codes[rows]
        used, codes = np.unique(codes, return_inverse=True)
        return replace(
            self,
            names=tuple(self.names[code] for code in used),
            values=tuple(self.values[code] for code in used) if self.values else (),
            codes=codes.astype(np.int32).ravel(),
            n_valued=int((used < self.n_valued).sum()),
        )

    def fewer(self, most: int) -> "RowGroups":
        """Return at most `most` groups of one value, the others of them taken together."""
        rest = self.n_valued - most
        if rest <= 1:  # one group goes by its own name
            return self
        sizes = self.sizes[: self.n_valued]
        kept = np.sort(np.argsort(-sizes, kind="stable")[:most])
        places = np.full(len(self.names), most)
        places[kept] = np.arange(most)
        beyond = np.arange(self.n_valued, len(self.names))
        places[beyond] = most + 1 + np.arange(len(beyond))
        left = [*kept, None, *beyond]
        return replace(
            self,
            names=tuple(f"{rest:,} others" if at is None else self.names[at] for at in left),
            values=tuple("" if at is None else self.values[at] for at in left)
            if self.values
            else (),
            codes=places[self.codes].astype(np.int32),
            n_valued=most,
        )


def row_groups(provenance: pd.DataFrame) -> list[RowGroups]:
    """Divide rows by every column that is worth it.

    Parameters
    ----------
    provenance
        The further columns of some rows, see `schema.Collection`.

    Returns
    -------
    list of RowGroups
        What names the generator first, then prompt, temperature and batch, then the other columns
        in the order of the file.
    """
    named = [(str(name), at) for at, name in enumerate(provenance.columns)]
    named.sort(key=lambda each: _place(each[0]))
    found = [groups_of(name, provenance.iloc[:, at]) for name, at in named]
    known = [each for each in found if each is not None]
    titles = _apart([each.title for each in known])
    return [replace(each, title=title) for each, title in zip(known, titles, strict=True)]


def find(groups: Iterable[RowGroups], column: str) -> RowGroups | None:
    """Return the groups by a column, whatever its case where none is written just so."""
    known = list(groups)
    for same in (str, str.casefold):
        for each in known:
            if same(each.column) == same(column):
                return each
    return None


def groups_of(column: str, cells: pd.Series) -> RowGroups | None:
    """Divide rows by one column; None where it is not worth it.

    Parameters
    ----------
    column
        Its name.
    cells
        One value per row, of any type.
    """
    if _is_free_text(cells):
        return None
    if is_numeric_dtype(cells) and cells.nunique() > MOST_VALUES:  # read as they are, and fast
        codes, numbers = pd.factorize(cells.to_numpy(np.float64, na_value=np.nan))
        is_finite = bool(np.isfinite(numbers).all())
        return _of_ranges(column, _number_ranges(column, numbers, codes)) if is_finite else None
    texts, codes = _distinct(cells)
    n_said, n_texts = int((codes >= 0).sum()), len(texts)
    if n_texts < 1 or n_texts + (n_said < len(codes)) < 2:
        return None
    numbers = _numbers(texts)
    if numbers is not None and (n_texts > MOST_STEPS or n_texts > n_said / 2):
        return _of_ranges(column, _number_ranges(column, numbers, codes))
    if numbers is None and (days := _dates(texts)) is not None:
        return _of_ranges(column, _date_ranges(days, codes))
    return _of_values(column, texts, codes, numbers, n_said)


def cell_texts(cells: pd.Series) -> np.ndarray:
    """Return what each cell says as text, "" where it says nothing, (n,) of str."""
    texts, codes = _distinct(cells)
    return np.array([*texts, ""], dtype=object)[codes]


def _of_values(
    column: str, texts: Sequence[str], codes: np.ndarray, numbers: np.ndarray | None, n_said: int
) -> RowGroups | None:
    if len(texts) > n_said / 2:
        return None
    sizes = np.bincount(codes[codes >= 0], minlength=len(texts))
    largest_first = sorted(range(len(texts)), key=lambda at: (-sizes[at], texts[at]))
    order = largest_first if numbers is None else np.argsort(numbers, kind="stable").tolist()
    if len(texts) > MOST_VALUES and sizes[order[: MOST_VALUES - 1]].sum() < n_said / 2:
        return None
    place = np.empty(len(texts) + 1, dtype=np.int32)
    place[order], place[-1] = np.arange(len(texts)), len(texts)
    values = [texts[at] for at in order]
    found = _made(column, _short(values), place[codes], is_ordered=numbers is not None)
    blank = len(found.names) - len(values)
    found = replace(found, values=(*values, *[""] * blank))
    return found.fewer(MOST_VALUES - 1) if len(texts) > MOST_VALUES else found


def _of_ranges(column: str, ranges: tuple[list[str], np.ndarray] | None) -> RowGroups | None:
    if ranges is None:
        return None
    names, codes = ranges
    place = np.where(codes < 0, len(names), codes).astype(np.int32)
    return _made(column, names, place, is_ordered=True)


def _made(column: str, names: Sequence[str], codes: np.ndarray, *, is_ordered: bool) -> RowGroups:
    """Name what says nothing, if any row does: the code after the last name."""
    named = len(names)
    every = _apart([*names, NOT_SAID] if (codes == named).any() else names)
    return RowGroups(column, one_line(column), tuple(every), (), codes, is_ordered, named)


def _is_free_text(cells: pd.Series) -> bool:
    """Whether nearly every cell has words of its own; seen at once where there are many."""
    first = cells.head(2 * _SAMPLE).dropna().head(_SAMPLE)
    is_words = all(isinstance(each, str) and not _NUMBER.match(each.strip()) for each in first)
    return (
        is_words
        and len(first) == _SAMPLE
        and first.nunique() > _SAMPLE // 2
        and (cells.nunique() > len(cells) / 2)
    )


def _distinct(cells: pd.Series) -> tuple[list[str], np.ndarray]:
    """Return the different texts of a column and which of them each cell has, -1 for none."""
    try:
        codes, found = pd.factorize(cells)
    except TypeError:  # lists and mappings, which cannot be looked up
        codes, found = pd.factorize(cells.map(_text))
    again, texts = pd.factorize(np.array([_text(each) for each in found], dtype=object))
    says = np.array([bool(each) for each in texts], dtype=bool)
    places = np.where(says, np.cumsum(says) - 1, -1)
    return [each for each in texts if each], np.append(places[again], -1)[codes].astype(np.int64)


def _text(value: object) -> str:
    """Return what a cell says on its own, without the spaces around it."""
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return ""
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, date | pd.Timestamp):
        return value.isoformat()
    return str(value).strip()


def _numbers(texts: Sequence[str]) -> np.ndarray | None:
    found = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    return found if np.isfinite(found).all() else None


def _number_ranges(
    column: str, numbers: np.ndarray, codes: np.ndarray
) -> tuple[list[str], np.ndarray] | None:
    """Cut numbers where about as many rows lie on either side, at ends that read well."""
    is_whole = bool((numbers == np.round(numbers)).all())
    if _OF_TIME.search(_plain(column)) and (stamps := _stamps(numbers)) is not None:
        return _date_ranges(stamps, codes)
    n_said = int((codes >= 0).sum())
    if is_whole and (len(numbers) == n_said or _OF_IDS.search(_plain(column))):
        return None  # they number the rows
    values = numbers[codes[codes >= 0]]
    shares = np.arange(1, MOST_RANGES) / MOST_RANGES
    edges = np.unique(np.quantile(values, shares))
    edges = _readable(edges[edges > values.min()], float(values.min()), is_whole=is_whole)
    place = np.searchsorted(edges, numbers, side="right")
    used, place = np.unique(place, return_inverse=True)
    if len(used) < 2:
        return None
    ends = edges[used[1:] - 1]
    middle = [_between(low, high, is_whole=is_whole) for low, high in pairwise(ends)]
    names = [f"under {_number(ends[0])}", *middle, f"from {_number(ends[-1])}"]
    return names, np.append(place.ravel(), -1)[codes]


def _readable(edges: np.ndarray, least: float, *, is_whole: bool) -> np.ndarray:
    """Round ends as far as none moves by more than a fifth of the way to the next."""
    steps = np.diff([least, *edges])
    room = 0.2 * np.minimum(steps, np.append(steps[1:], np.inf))
    largest = np.abs(edges).max(initial=1.0)
    for power in range(int(np.log10(largest)) + 1, -12, -1):
        rounded = np.array(
            [float(f"{round(edge / 10.0**power) * 10.0**power:.10g}") for edge in edges]
        )
        if (np.abs(rounded - edges) <= room).all() or (is_whole and power == 0):
            return np.unique(rounded)
    return edges


def _between(low: float, high: float, *, is_whole: bool) -> str:
    last = high - 1 if is_whole else high
    return _number(low) if is_whole and last == low else f"{_number(low)} to {_number(last)}"


def _number(value: float) -> str:
    if value == round(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.10g}".replace("-", "−")


def _stamps(numbers: np.ndarray) -> np.ndarray | None:
    """Read numbers as seconds or milliseconds since 1970; None unless all lie in 2001 to 2100."""
    for unit, per_second in (("s", 1), ("ms", 1000)):
        seconds = numbers / per_second
        if ((seconds >= 978_307_200) & (seconds < 4_102_444_800)).all():
            return numbers.astype(np.int64).astype(f"datetime64[{unit}]")
    return None


def _dates(texts: Sequence[str]) -> np.ndarray | None:
    if not all(_DAY.match(text) for text in texts):
        return None
    found = pd.to_datetime(
        pd.Series(texts, dtype=object), format="ISO8601", utc=True, errors="coerce"
    )
    if found.isna().any():
        return None
    return found.dt.tz_localize(None).to_numpy()


def _date_ranges(stamps: np.ndarray, codes: np.ndarray) -> tuple[list[str], np.ndarray] | None:
    """Take years, months, days, hours or minutes: the finest of which there are few enough."""
    unit, known, place = "Y", stamps[:0], np.empty(0, dtype=np.int64)
    for finer in ("Y", "M", "D", "h", "m"):
        found, of_each = np.unique(stamps.astype(f"datetime64[{finer}]"), return_inverse=True)
        if len(found) > max(1, len(known)) and (len(known) < 2 or len(found) <= MOST_DATES):
            unit, known, place = finer, found, of_each
    if len(known) < 2:
        return None
    names = [str(each).replace("T", " ") + (":00" if unit == "h" else "") for each in known]
    if len(known) > MOST_DATES:
        rows = place[codes[codes >= 0]]
        shares = np.arange(1, MOST_RANGES) / MOST_RANGES
        starts = np.unique([0, *np.quantile(rows, shares, method="higher")]).astype(np.int64)
        ends = [*(starts[1:] - 1), len(known) - 1]
        place = np.searchsorted(starts, place, side="right") - 1
        names = [
            names[start] if start == end else f"{names[start]} to {names[end]}"
            for start, end in zip(starts, ends, strict=True)
        ]
    return names, np.append(place.ravel(), -1)[codes]


def _short(values: Sequence[str]) -> list[str]:
    """Cut values to names; long ones that begin alike are told by where they differ."""
    whole = [_one_line(each) for each in values]
    cut = [_cut(each) for each in whole]
    for name, number in Counter(cut).items():
        same = [at for at, each in enumerate(cut) if each == name]
        if number > 1:
            alike = _common_start([whole[at] for at in same])
            start = max(0, len(alike) - NAME_LENGTH // 4)
            for at in same:
                cut[at] = _cut(f"…{whole[at][start:]}" if start else whole[at])
    return cut


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)  # whatever these share, all between them share
    differ = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(differ, len(first))]


def _apart(names: Sequence[str]) -> list[str]:
    """Give names that are the same a number each."""
    found: dict[str, None] = {}
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        found[name if name not in found else next(n for n in numbered if n not in found)] = None
    return list(found)


def one_line(text: str) -> str:
    """Return a text in at most `NAME_LENGTH` characters that can all be seen."""
    return _cut(_one_line(text))


def _one_line(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split()) or "(nothing to see)"


def _cut(text: str) -> str:
    return text if len(text) <= NAME_LENGTH else f"{text[: NAME_LENGTH - 1]}…"


def _place(column: str) -> int:
    name = _plain(column)
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _plain(column: str) -> str:
    return re.sub(r"\W+", "_", column.casefold()).strip("_")
