"""Downloads of the rows for other tools: one format is chosen, and made when it is asked for."""

from dataclasses import dataclass

import streamlit as st

from synthcur.data.converters.label_studio import labelling_config
from synthcur.exports.tool_files import FORMATS, tool_files
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store
from synthcur.ui import resources

_TITLES = {
    "label-studio": "Label Studio",
    "prodigy": "Prodigy",
    "doccano": "doccano",
    "argilla": "Argilla",
    "distilabel": "distilabel, Data Designer",
    "chat": "Chat messages",
}
_SAID = {
    "label-studio": "Tasks with the label as a prediction, its score the weight, and verdicts as "
    "annotations. Discarded rows are skipped tasks.",
    "prodigy": "Tasks of a choice with the label chosen; rows that were decided have an answer.",
    "doccano": "Documents with their label; discarded ones have none.",
    "argilla": "Records with the label as a suggestion, its score the weight.",
    "distilabel": "The rows that stay, with the columns of the Parquet file that they came in.",
    "chat": "The rows that stay: the text asks, the label answers.",
}


def tool_form(
    store: Store, name: str, *, checkers: str | None, weighting: WeightingSettings
) -> None:
    """Draw the choice of a tool and the download of its file.

    Parameters
    ----------
    store, name, checkers, weighting
        As of `synthcur.exports.tool_files.tool_files`.
    """
    collection = resources.collection(name)
    offered = [kind for kind in FORMATS if kind != "distilabel" or collection.layout]
    kind = st.selectbox("Tool", offered, format_func=_TITLES.__getitem__, key="tool_format")
    st.caption(
        f"{_SAID[kind]} Weights and every decision go along, and come back when the file is "
        "imported here again."
    )
    make = _File(store, name, kind, checkers, weighting)
    st.download_button(
        f"File for {_TITLES[kind]}",
        data=make,
        file_name=f"synthcur-{name}-{kind}.{make.ending}",
        mime="application/octet-stream",
        key="tool_file",
        on_click="ignore",
        width="stretch",
    )
    if kind == "label-studio":
        st.caption("For the project’s labelling interface, under Code:")
        config = labelling_config(collection.labels, has_pairs=collection.has_pairs)
        st.code(config, language=None, height=140)


@dataclass(frozen=True)
class _File:
    """The file of one format, made when the download is asked for."""

    store: Store
    collection: str
    kind: str
    checkers: str | None
    weighting: WeightingSettings

    @property
    def ending(self) -> str:
        if self.kind == "distilabel":
            return "parquet"
        return "json" if self.kind in ("label-studio", "argilla") else "jsonl"

    def __call__(self) -> bytes:
        files = tool_files(
            self.store,
            self.collection,
            self.kind,
            checkers=self.checkers,
            weighting=self.weighting,
        )
        return next(iter(files.values()))
