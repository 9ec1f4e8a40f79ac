"""The map: points drawn in the browser, weighed there, and selected there.

Two components share one view. `mount_points` ships the rows once, as bytes, and holds everything
that is seen. `mount_link` carries the settings down and the selection up; it is small, so that a
slider costs a few kilobytes. A component takes one script, so the files of this folder are joined
in the order of `_SCRIPTS`; they import nothing from each other.
"""

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

from synthcur.errors import StoreError
from synthcur.palette import Palette
from synthcur.schema import REAL
from synthcur.settings import WeightingSettings
from synthcur.ui.curate_rows import UNKNOWN, CurateRows
from synthcur.weighting import LOG_WEIGHT_EDGES

FOLDER = Path(__file__).parent
STATIC = Path(__file__).parents[3] / "static"
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
    *("weights", "geometry", "points", "plots", "panels", "contents", "selector", "view", "map"),
)
_UNKNOWN_CODE = 65_535


def pack(rows: CurateRows) -> bytes:
    """Lay out the rows for the browser.

    Returns
    -------
    bytes
        Length of the header (uint32), header (JSON, padded to four bytes), then over the N + R rows
        x, y, p, q (float32; NaN where there is none), label and predicted label (uint16, 65,535
        where there is none) and kept (uint8); all little endian. P' and Q go as they are, so the
        browser computes from the same numbers as `synthcur.weighting`.
    """
    frame = rows.frame
    header = {
        "map": rows.map_id,
        "version": rows.version,
        "n": rows.n,
        "m": int((frame["source"] == REAL).sum()),
        "labels": list(rows.label_names),
        "texts": _short_texts(rows) if len(frame) <= MOST_TEXTS else None,
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    predicted = frame["predicted"].to_numpy()
    arrays = (
        *(rows.coordinates[:, axis].astype("<f4") for axis in (0, 1)),
        *(frame[column].to_numpy(dtype="<f4") for column in ("p", "q")),
        frame["label"].to_numpy(dtype="<u2"),
        np.where(predicted == UNKNOWN, _UNKNOWN_CODE, predicted).astype("<u2"),
        frame["kept"].to_numpy(dtype="u1"),
    )
    return b"".join([len(text).to_bytes(4, "little"), text, *(each.tobytes() for each in arrays)])


def _short_texts(rows: CurateRows) -> list[str]:
    texts = rows.frame["text"].str.slice(0, TEXT_LENGTH + 1)
    pairs = rows.frame["text_pair"]
    if pairs.notna().any():
        texts = texts.str.slice(0, TEXT_LENGTH // 2) + " | " + pairs.fillna("")
    return [text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…" for text in texts]


def control(
    rows: CurateRows,
    settings: WeightingSettings,
    palette: Palette,
    *,
    formula: str,
    baseline: WeightingSettings | None = None,
    most_discarded: int = 0,
) -> dict[str, Any]:
    """Return the message that a change of settings costs.

    Parameters
    ----------
    rows
        What is on the map.
    settings
        The weighting.
    palette
        Colours of the theme.
    formula
        Short name of the weight, for the key.
    baseline
        Weighting that the histogram is compared with, if any.
    most_discarded
        How many rows may be discarded from the map at once; 0 for none.
    """
    labels = {"n_labels": len(rows.label_names)}
    return {
        "map": rows.map_id,
        "settings": asdict(settings) | labels,
        "baseline": None if baseline is None else asdict(baseline) | labels,
        "edges": list(LOG_WEIGHT_EDGES[1:-1]),
        "formula": formula,
        "most_discarded": most_discarded,
        "colours": {
            **{name: getattr(palette, name) for name in ("text", "muted", "grid", "reference")},
            **{name: getattr(palette, name) for name in ("panel", "discard", "other")},
            "categories": list(palette.categories),
            "weight_bins": list(palette.weight_bins),
            "ramp": list(RAMP_DARK if palette.is_dark else RAMP_LIGHT),
        },
    }


def encode_rows(positions: np.ndarray) -> str:
    """Write row positions as they travel: base64 of little-endian uint32."""
    return base64.b64encode(positions.astype("<u4").tobytes()).decode("ascii")


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
    if len(raw) % 4:
        return None
    positions = np.unique(np.frombuffer(raw, dtype="<u4")).astype(np.int64)
    return positions[positions < len(rows.frame)]


def mount_points(payload: bytes) -> None:
    """Draw the map from what `pack` returns; call it outside of fragments."""
    ensure_plotly(STATIC)
    _points_component()(data=payload, key="map_points", height="content")


def mount_link(
    rows: CurateRows,
    selected: np.ndarray,
    message: Mapping[str, Any],
    *,
    on_select: Callable[[], None],
    on_action: Callable[[], None],
) -> None:
    """Send settings to the map and receive what is done there; call it inside a fragment.

    Parameters
    ----------
    rows
        What is on the map.
    selected
        Positions that the session holds as selected. They are sent only where the browser does not
        know them: it is the one who selects, but not the only one.
    message
        What `control` returns.
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
        data=dict(message),
        key=LINK_KEY,
        height=1,
        on_selection_change=on_select,
        on_action_change=on_action,
    )


def link_state() -> Mapping[str, Any]:
    """Return what the browser has reported last: ``selection`` and, in its run, ``action``."""
    state = st.session_state.get(LINK_KEY)
    return state if isinstance(state, Mapping) else {}


def ensure_plotly(folder: Path) -> None:
    """Put the bundle of the installed plotly into the folder of served files, unless it is there.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    target = folder / "plotly.min.js"
    if target.is_file():
        return
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise StoreError("The package plotly is not installed.", fix="Run: make setup")
    source = Path(found.origin).parent / "package_data" / "plotly.min.js"
    try:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copy = shutil.copyfile(source, Path(scratch) / target.name)
            os.replace(copy, target)
    except OSError as error:
        raise StoreError(
            f"The chart library could not be copied to {target}: {error}.", fix="Run: make setup"
        ) from error


@cache
def script() -> str:
    """Return the joined script of the points component."""
    return "\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)


@st.cache_resource(show_spinner=False)
def _points_component() -> ComponentRenderer:
    css = (FOLDER / "map.css").read_text("utf-8")
    return v2.component("synthcur_map", js=script(), css=css, isolate_styles=False)


@st.cache_resource(show_spinner=False)
def _link_component() -> ComponentRenderer:
    js = (FOLDER / "link.js").read_text("utf-8")
    return v2.component("synthcur_map_link", js=js, isolate_styles=False)
