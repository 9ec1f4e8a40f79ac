"""The filters of the open queue: label, words, and a value in a further column of the files."""

import streamlit as st

from synthcur.data.row_groups import RowGroups, find, one_line, row_groups
from synthcur.schema import SYNTHETIC
from synthcur.ui import parts, resources
from synthcur.ui.review.cards import Bench
from synthcur.ui.review.messages import Opened, filtered

_LABEL = "review_label"
_WORDS = "review_words"
_COLUMN = "review_column"
_GROUP = "review_group"


def queue_filter(bench: Bench, opened: Opened) -> Opened:
    """Draw the filters behind a button and return the rows of the queue that they leave.

    The options of a choice are shown as they are: nothing in them is Markdown.
    """
    name = bench.collection.name
    with st.popover("Filter", icon=":material/filter_list:"):
        label = st.selectbox(
            "Label in the file",
            ["", *bench.collection.labels],
            format_func=lambda each: one_line(each) if each else "every label",
            key=f"{_LABEL}_{name}",
        )
        words = st.text_input("Words in the text", key=_WORDS, max_chars=200)
        column, group = _column_filter(name)
    return filtered(opened, bench, label=label, words=words, column=column, group=group)


def _column_filter(name: str) -> tuple[RowGroups | None, str]:
    """Draw the choice of a further column and of one of its groups, where there are any."""
    columns = _columns(name, resources.origin(name))
    if not columns:
        return None, ""
    by_name = {each.column: each for each in columns}
    chosen = st.selectbox(
        "Column of the file",
        ["", *by_name],
        format_func=lambda each: by_name[each].title if each else "none",
        key=f"{_COLUMN}_{name}",
    )
    column = find(columns, chosen) if chosen else None
    if column is None:
        return None, ""
    sizes = dict(zip(column.names, column.sizes.tolist(), strict=True))
    group = st.selectbox(
        "Value in it",
        ["", *column.names],
        format_func=lambda each: f"{each}, {parts.count(sizes[each])}" if each else "every value",
        key=f"{_GROUP}_{name}_{column.title}",
    )
    return column, group


@st.cache_resource(show_spinner=False, max_entries=8)
def _columns(name: str, origin: str) -> list[RowGroups]:
    collection = resources.collection(name)
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    return row_groups(collection.provenance.loc[is_synthetic])
