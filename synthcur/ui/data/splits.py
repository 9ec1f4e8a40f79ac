"""The card of the Data page that says how many rows every part has, and what it is for."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from synthcur.charts import figures
from synthcur.charts.palette import Palette
from synthcur.data.loading import PARTS
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION
from synthcur.ui import parts, theme
from synthcur.ui.data.sheet import PART_TITLES, part_of, shown_text

_USES = {
    SYNTHETIC: "trains the model, Q",
    TRAIN: "trains P′",
    VALIDATION: "chooses checkpoints",
    TEST: "only reported",
}
_LABELS_SHOWN = 7


def splits_card(rows: pd.DataFrame, made: tuple[str, ...]) -> None:
    """Draw how many rows every part has, what it is for, and which parts the app drew."""
    by_label = rows_by_label(rows)
    counts = {part: int(by_label[part].sum()) for part in PARTS}
    drawn = " and ".join(made)
    note = f"{drawn} drawn from train, seed 0" if made else "as in the files"
    with parts.card("Splits", note):
        parts.show_chart(
            splits_chart(counts, theme.palette()),
            key="splits",
            alt=", ".join(f"{PART_TITLES[part]} {counts[part]:,} rows" for part in PARTS),
        )
        st.caption("A test row never reaches a checker, a weight, a queue or a checkpoint choice.")
        _labels_table(by_label)


def rows_by_label(rows: pd.DataFrame) -> pd.DataFrame:
    """Count rows by label (index, sorted) and part (columns)."""
    counts = pd.crosstab(rows["label"].fillna(""), part_of(rows))
    return counts.reindex(columns=list(PARTS), fill_value=0)


def _labels_table(by_label: pd.DataFrame) -> None:
    titles = ("Synthetic", "Train", "Validation", "Test")
    table = by_label.set_axis(titles, axis="columns")
    table.insert(0, "Label", [shown_text(str(label)) for label in by_label.index])
    numbers = st.column_config.NumberColumn(format="localized", width=70)
    st.dataframe(
        table,
        hide_index=True,
        row_height=28,
        height=28 * (1 + min(max(len(table), 1), _LABELS_SHOWN)) + 2,
        column_config={"Label": st.column_config.TextColumn(), **dict.fromkeys(titles, numbers)},
        alt="Rows by label and part",
    )


def splits_chart(counts: Mapping[str, int], palette: Palette) -> go.Figure:
    """Bars of rows by part; the test split in ink, because it stands apart."""
    figure = figures.base(palette, height=150)
    figure.add_bar(
        orientation="h",
        y=[PART_TITLES[part] for part in PARTS],
        x=[counts[part] for part in PARTS],
        width=0.6,
        marker_color=[palette.text if part == TEST else palette.reference for part in PARTS],
        text=[f"{counts[part]:,}  {_USES[part]}" for part in PARTS],
        textposition="outside",
        textfont={"size": 12, "color": palette.text},
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 2, "b": 6})
    figure.update_yaxes(
        autorange="reversed", showgrid=False, tickfont={"size": 13, "color": palette.text}
    )
    # Room to the right of the longest bar for its text.
    most = max(1, *(counts[part] for part in PARTS))
    figure.update_xaxes(showgrid=False, showticklabels=False, range=[0, 2 * most])
    return figure
