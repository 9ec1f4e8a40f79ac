"""Saved schemes of the Curate page, side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import pandas as pd
import streamlit as st

from synthcur.settings import WeightingSettings
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job, Scores
from synthcur.ui import parts, resources, weighting_choice
from synthcur.ui.curate import outlook as curate_outlook
from synthcur.ui.curate import panel
from synthcur.weighting import what_if
from synthcur.weighting.what_if import Outlook


def table(
    schemes: Mapping[str, WeightingSettings], outlooks: Mapping[str, Outlook], jobs: Iterable[Job]
) -> pd.DataFrame:
    """Return schemes side by side, one row each, in words and figures.

    Parameters
    ----------
    schemes, outlooks
        By name.
    jobs
        Of the collection; training jobs say which weighting they used.
    """
    used = [job.settings.get("weighting") for job in jobs if job.kind == JobKind.TRAIN]
    return pd.DataFrame(
        {
            "scheme": list(schemes),
            "says": [in_words(settings) for settings in schemes.values()],
            "effective": [round(outlooks[name].effective) for name in schemes],
            "share": [
                100 * outlooks[name].effective / max(outlooks[name].rows, 1) for name in schemes
            ],
            "top": [100 * outlooks[name].top_share for name in schemes],
            "mean": [outlooks[name].mean for name in schemes],
            "thin": [
                sum(concern.label is not None for concern in outlooks[name].concerns)
                for name in schemes
            ],
            "runs": [
                sum(asked is not None and WeightingSettings.from_dict(asked) == settings
                    for asked in used)
                for settings in schemes.values()
            ],
        }
    )  # fmt: skip


def in_words(settings: WeightingSettings) -> str:
    """Say a weighting in one line: the rule, then what differs from it as published."""
    plain = asdict(WeightingSettings(rule=settings.rule))
    changed = {key: value for key, value in asdict(settings).items() if value != plain[key]}
    words = [panel.FORMULAS[settings.rule]]
    words += [_WORDS[key](value) for key, value in changed.items()]
    return ", ".join(words)


_WORDS = {
    "quality": lambda value: f"P′ {value}",
    "diversity": lambda value: "Q out of fold" if value == "out_of_fold" else "Q in sample",
    "quality_exponent": lambda value: f"P′ to the {value:g}",
    "diversity_exponent": lambda value: f"Q to the {value:g}",
    "least_quality": lambda value: f"P′ from {value:g}",
    "prior_correction": lambda _: "label shares corrected",
    "clip_low": lambda value: f"log weight from {value:g}",
    "clip_high": lambda value: f"log weight to {value:g}",
    "floor": lambda value: f"{100 * value:.0f} % mixed with 1",
    "collapse_duplicates": lambda _: "duplicates share one weight",
    "balance_classes": lambda _: "labels balanced",
    "normalise": lambda _: "mean 1",
}


def compare(name: str, scores: Scores) -> None:
    """Draw all rules and saved schemes side by side, behind one line."""
    schemes = weighting_choice.schemes(name)
    saved = len(resources.store().schemes(name))
    title = f"Compare schemes: {parts.count(saved)} saved, beside the rules"
    # As with the table of trust: what draws it would be loaded before the map is.
    opened = st.expander(title, key="curate_schemes_open", on_change="rerun")
    if not opened.open:
        return
    outlooks = {
        title: _outlook(panel.load_rows(name, scores, settings).version, name, scores, settings)
        for title, settings in schemes.items()
    }
    found = table(schemes, outlooks, resources.store().jobs(name))
    column = st.column_config
    with opened:
        st.dataframe(
            found,
            hide_index=True,
            row_height=28,
            key="curate_schemes",
            column_config={
                "scheme": column.TextColumn("Scheme", width=170),
                "says": column.TextColumn("Weight"),
                "effective": column.NumberColumn("Effective rows", width=110, format="localized"),
                "share": column.NumberColumn("Of the rows", width=92, format="%.0f %%"),
                "top": column.NumberColumn("Top 1 %", width=76, format="%.0f %%"),
                "mean": column.NumberColumn("Mean", width=70, format="%.2f"),
                "thin": column.NumberColumn("Thin labels", width=92),
                "runs": column.NumberColumn("Training jobs", width=100),
            },
        )
        st.caption(
            "Effective rows, not accuracy. Top 1 %: their share of the weight. Thin labels: under "
            f"{what_if.LEAST_ROWS} effective rows. Training jobs: those that used these settings."
        )


@st.cache_resource(show_spinner=False, max_entries=64)
def _outlook(version: str, name: str, _scores: Scores, settings: WeightingSettings) -> Outlook:
    rows = panel.load_rows(name, _scores, settings)
    weights = rows.weights(settings)[rows.kept]
    return what_if.outlook(weights, curate_outlook.label_names(rows))
