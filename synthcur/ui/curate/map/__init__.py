"""The map: points drawn in the browser, weighed there, and selected there.

Three components share one view. `mount_points` ships the rows once, as bytes, and holds the map.
`mount_figures` makes room for figures above it. `mount_link` carries the settings and what is told
of the weights down and the selection up; it is small, because a move of a slider costs only that.
A component takes one script, so the files of this folder are joined in the order of `_SCRIPTS`;
they import nothing from each other.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

from synthcur.charts.palette import Palette
from synthcur.settings import WeightingSettings
from synthcur.ui.curate.bytewise import planes
from synthcur.ui.curate.places import curve_codes
from synthcur.ui.curate.rows import CurateRows, short_text
from synthcur.weighting.rules import LOG_WEIGHT_EDGES, group_size
from synthcur.weighting.what_if import LEAST_ROWS, LEAST_SHARE, QUADRANTS

FOLDER = Path(__file__).parent
LINK_KEY = "map_link"
TEXT_LENGTH = 200
"""Characters of a text that are shown at the pointer."""

MOST_TEXTS = 10_000
"""With more rows than this the map gets no texts, to keep its message small."""

# Cividis in ten steps, its lightness pressed into the range that keeps 3:1 against the page.
RAMP_LIGHT = (
    *("#A49402", "#968404", "#887513", "#73693C", "#615D4E"),
    *("#505153", "#3F4557", "#2A3960", "#012A6E", "#00224E"),
)
RAMP_DARK = (
    *("#3A649D", "#4571BB", "#6C7EAA", "#848CA0", "#98999C"),
    *("#ACA797", "#C1B687", "#D8C56D", "#EED542", "#FFE825"),
)

_SCRIPTS = (
    *("memo", "weights", "weighing", "geometry", "points", "marks", "webgl", "canvas", "chart"),
    *("plots", "divisions", "panels", "frame", "contents", "masses", "outlook", "contours"),
    *("tables", "sections", "selector", "sliders", "quarters", "names"),
    *("address", "state", "view", "map"),
)


def pack(rows: CurateRows) -> bytes:
    """Lay out the rows for the browser.

    Returns
    -------
    bytes
        Length of the header (uint32), header (JSON), and, deflated, the columns: over the N + R
        rows the code of the place less that of the row before (uint32, see `places.curve_codes`;
        the first synthetic and the first real row count from 0), P' (float32), label (uint16), the
        predicted label less the label (uint16, modulo K) and kept (uint8); Q of the N synthetic
        rows (float32) and how many near-duplicates share its weight (uint32), see
        `rules.group_size`; the texts (JSON). All little endian; of every column the lowest
        bytes of all rows come first, then the next, which deflates better. P' and Q go as they
        are, so the browser computes from the same numbers as `synthcur.weighting.rules`.
    """
    frame, shares, groups = rows.frame, rows.facts.real_shares, rows.facts.duplicate_group
    header = {
        "map": rows.map_id,
        "version": rows.version,
        "n": rows.n,
        "m": len(frame) - rows.n,
        "labels": list(rows.label_names),
        "real_shares": None if shares is None else shares.tolist(),
    }
    codes = np.split(curve_codes(rows.places), [rows.n])
    label, predicted = frame["label"].to_numpy(), frame["predicted"].to_numpy()
    columns = (
        np.concatenate([np.diff(part, prepend=np.uint32(0)) for part in codes]).astype("<u4"),
        frame["p"].to_numpy(dtype="<f4"),
        label.astype("<u2"),
        ((predicted - label) % len(rows.label_names)).astype("<u2"),
        frame["kept"].to_numpy(dtype="u1"),
        frame["q"].to_numpy(dtype="<f4")[: rows.n],
        np.ones(rows.n, "<u4") if groups is None else group_size(groups, rows.kept).astype("<u4"),
    )
    texts = _short_texts(rows) if has_texts(rows) else None
    body = b"".join([*map(planes, columns), json.dumps(texts).encode()])
    text = json.dumps(header).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, zlib.compress(body)])


def has_texts(rows: CurateRows) -> bool:
    """Whether the map gets the texts of its rows."""
    return len(rows.frame) <= MOST_TEXTS


def _short_texts(rows: CurateRows) -> list[str]:
    texts = zip(rows.frame["text"], rows.frame["text_pair"], strict=True)
    return [short_text(text, pair, TEXT_LENGTH) for text, pair in texts]


def facts(
    palette: Palette, *, most_discarded: int, sliders: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return what the map needs once per page: colours, scales, and the settings that go unsaid.

    Parameters
    ----------
    palette
        Colours of the theme.
    most_discarded
        How many rows may be discarded from the map at once; 0 for none.
    sliders
        Which sliders set which settings, see ``sliders.js``.
    """
    return {
        "sliders": list(sliders),
        "edges": list(LOG_WEIGHT_EDGES[1:-1]),
        "settings": asdict(WeightingSettings()),
        "least": {"share": LEAST_SHARE, "rows": LEAST_ROWS},
        "most_discarded": most_discarded,
        "table_script": _table_script(),
        "quadrants": list(QUADRANTS.values()),
        "colours": {
            **{name: getattr(palette, name) for name in ("text", "muted", "grid", "reference")},
            **{name: getattr(palette, name) for name in ("panel", "keep", "discard", "other")},
            "categories": list(palette.categories),
            "weight_bins": list(palette.weight_bins),
            "ramp": list(RAMP_DARK if palette.is_dark else RAMP_LIGHT),
        },
    }


@cache
def _table_script() -> str:
    """Return the file, beside Streamlit's own script, that draws tables; "" if there is no one."""
    scripts = Path(st.__file__).parent / "static" / "static" / "js"
    found = [each.name for each in scripts.glob("DataFrame.*.js")]
    return found[0] if len(found) == 1 else ""


def control(
    rows: CurateRows,
    settings: WeightingSettings,
    *,
    formula: str,
    baseline: WeightingSettings | None = None,
    scheme: str = "",
) -> dict[str, Any]:
    """Return the message that a change of settings costs.

    Parameters
    ----------
    rows
        What is on the map.
    settings
        The weighting.
    formula
        Short name of the weight, for the key.
    baseline
        Weighting that the histogram is compared with, if any.
    scheme
        Name of what is started from, for the address.
    """
    return {
        "map": rows.map_id,
        "settings": _changed(settings),
        "baseline": None if baseline is None else _changed(baseline),
        "formula": formula,
        "scheme": scheme,
    }


def _changed(settings: WeightingSettings) -> dict[str, Any]:
    """Return the settings that differ from those that go unsaid."""
    plain = asdict(WeightingSettings())
    return {name: value for name, value in asdict(settings).items() if value != plain[name]}


def encode_rows(positions: np.ndarray) -> str:
    """Write ascending row positions as they travel: base64 of runs.

    A run is the first row and how many follow one another, each uint32, little endian. What is
    selected on the map is mostly of few runs, because neighbours there are neighbours in the rows.
    """
    starts = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
    lengths = np.diff(starts, append=len(positions))
    runs = np.stack([positions[starts], lengths], axis=1).astype("<u4")
    return base64.b64encode(runs.tobytes()).decode("ascii")


def reported_rows(value: object, rows: CurateRows) -> np.ndarray | None:
    """Read a selection as the browser reports it.

    Returns
    -------
    np.ndarray or None
        Positions among the N + R rows, ascending, each once; None if the value is not a selection
        on this map.
    """
    if not isinstance(value, Mapping) or value.get("map") != rows.map_id:
        return None
    try:
        raw = base64.b64decode(str(value.get("rows", "")), validate=True)
    except ValueError:
        return None
    if len(raw) % 8:
        return None
    size = len(rows.frame)
    starts, lengths = np.frombuffer(raw, dtype="<u4").reshape(-1, 2).T.astype(np.int64)
    ends = np.minimum(starts + lengths, size)
    opened, closed = (
        np.bincount(np.minimum(each, size), minlength=size + 1) for each in (starts, ends)
    )
    return np.flatnonzero(np.cumsum(opened - closed)[:size])


def mount_points(payload: bytes) -> None:
    """Draw the map from what `pack` returns; call it outside of fragments."""
    _points_component()(data=payload, key="map_points", height="content")


def mount_figures(
    palette: Palette,
    trust: Sequence[tuple[str, str, str]],
    *,
    most_discarded: int,
    sliders: Sequence[Mapping[str, Any]] = (),
    groupings: Sequence[Mapping[str, Any]] = (),
    pool_in_words: str = "",
) -> None:
    """Make room for the figures and say what the view needs to know once per page.

    Call it outside of fragments.

    Parameters
    ----------
    palette
        Colours of the theme.
    trust
        Figures that no setting changes, each as (label, value, of what).
    most_discarded
        How many rows may be discarded from the map at once; 0 for none.
    sliders
        As for `facts`.
    groupings
        What `groupings.packed` returns.
    pool_in_words
        How near the pool as a whole is to the real rows.
    """
    data = {
        **facts(palette, most_discarded=most_discarded, sliders=sliders),
        "trust": [list(each) for each in trust],
        "pool_in_words": pool_in_words,
    }
    _figures_component()(data=_with_codes(data, groupings), key="map_figures", height="content")


def _with_codes(data: Mapping[str, Any], groupings: Sequence[Mapping[str, Any]]) -> bytes:
    """Lay out what is known once per page: length (uint32) of the deflated JSON, it, then codes."""
    named = [
        {
            **{key: value for key, value in each.items() if key != "codes"},
            "size": len(each["codes"]),
        }
        for each in groupings
    ]
    header = json.dumps({**data, "groupings": named}, ensure_ascii=False).encode()
    text = zlib.compress(header)
    codes = [each["codes"] for each in groupings]
    return b"".join([len(text).to_bytes(4, "little"), text, *codes])


def mount_link(
    rows: CurateRows,
    selected: np.ndarray,
    message: Mapping[str, Any],
    *,
    on_select: Callable[[], None],
    on_action: Callable[[], None],
) -> None:
    """Send settings to the map and receive what is done there; call it inside a fragment.

    The tables of rows and labels are drawn where it stands.

    Parameters
    ----------
    rows
        What is on the map.
    selected
        Positions that the session holds as selected. They are sent only where the browser does not
        know them: it is the one who selects, but not the only one.
    message
        What `control` and `curate.outlook.message` return.
    on_select, on_action
        Called before the run, when `link_state` has a new ``selection`` or ``action``.
    """
    reported = reported_rows(link_state().get("selection"), rows)
    if reported is None:
        reported = np.empty(0, dtype=np.int64)
    if not np.array_equal(reported, selected):
        text = encode_rows(selected)
        stamp = hashlib.sha256(text.encode()).hexdigest()[:12]
        message = {**message, "selection": {"rows": text, "stamp": stamp}}
    _link_component()(
        data=zlib.compress(json.dumps(message, ensure_ascii=False).encode()),
        key=LINK_KEY,
        height="content",
        on_selection_change=on_select,
        on_action_change=on_action,
    )


def link_state() -> Mapping[str, Any]:
    """Return what the browser has reported last: ``selection`` and, in its run, ``action``."""
    state = st.session_state.get(LINK_KEY)
    return state if isinstance(state, Mapping) else {}


_COMMENTS = re.compile(r"^ *(?:/\*\*.*?\*/|//[^\n]*)\n", re.DOTALL | re.MULTILINE)
"""Comments that begin a line; a string never does in these files."""

_INDENTS = re.compile(r"^ +", re.MULTILINE)


@cache
def script() -> str:
    """Return the joined script of the points component, without what only people read."""
    joined = "\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    return _INDENTS.sub("", _COMMENTS.sub("", joined))


@st.cache_resource(show_spinner=False)
def _points_component() -> ComponentRenderer:
    css = (FOLDER / "map.css").read_text("utf-8")
    return v2.component("synthcur_map", js=script(), css=css, isolate_styles=False)


@st.cache_resource(show_spinner=False)
def _figures_component() -> ComponentRenderer:
    js = (FOLDER / "figures.js").read_text("utf-8")
    return v2.component("synthcur_map_figures", js=js, isolate_styles=False)


@st.cache_resource(show_spinner=False)
def _link_component() -> ComponentRenderer:
    js = (FOLDER / "link.js").read_text("utf-8")
    return v2.component("synthcur_map_link", js=js, isolate_styles=False)
