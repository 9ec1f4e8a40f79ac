"""What is seen on the Curate page: figures, warnings, the map, the rows behind it."""

from typing import Any

import numpy as np
import streamlit as st

from synthcur.jobs import job_queue
from synthcur.review.decisions import current_decisions
from synthcur.settings import ScoreSettings, WeightingSettings
from synthcur.store.records import Job, Run, Scores
from synthcur.ui import parts, resources, score_jobs, theme, trust, weighting_choice
from synthcur.ui.curate import actions as curate_actions
from synthcur.ui.curate import clusters as curate_clusters
from synthcur.ui.curate import colours as curate_colours
from synthcur.ui.curate import gaps as curate_gaps
from synthcur.ui.curate import groupings, rail
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate import outlook as curate_outlook
from synthcur.ui.curate import rows as curate_rows
from synthcur.ui.curate import table as curate_table
from synthcur.ui.curate import trust as curate_trust
from synthcur.ui.curate.clusters import Naming
from synthcur.ui.curate.colours import RunWeights
from synthcur.ui.curate.gaps import Cover
from synthcur.ui.curate.rail import WhatIf
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import page, session, writing

FORMULAS = {
    "imp": "P′/Q",
    "dimp": "K·P′",
    "p_only": "P′",
    "quality_filter": "1 or 0 by P′",
    "ce": "1",
}
_SELECTED = "curate_selected"


def load_rows(name: str, scores: Scores, settings: WeightingSettings | None = None) -> CurateRows:
    """Return the joined rows of a scored collection with the P' and Q of a weighting.

    Without settings those that are being tried.

    It is the same object until a decision is made or another P' or Q is asked for.
    """
    log_length = resources.store().decisions.count(name)
    settings = settings or weighting_choice.what_if(name).settings
    artefacts = tuple(sorted(scores.artefacts.items()))
    return _load_rows(name, artefacts, (settings.quality, settings.diversity), log_length)


@st.cache_resource(show_spinner=False, max_entries=4)
def _load_rows(
    name: str, artefacts: tuple[tuple[str, str], ...], measured: tuple[str, str], log_length: int
) -> CurateRows:
    found = dict(artefacts)
    settings = WeightingSettings(quality=measured[0], diversity=measured[1])
    quality, diversity = resources.weighing_probs(found, settings)
    arrays = {
        "quality": quality,
        "diversity": diversity,
        "synthetic": resources.array(found["coordinates"], "synthetic"),
        "real": resources.array(found["coordinates"], "real"),
        "real_quality": resources.array(found["quality"], "out_of_fold"),
    }
    return curate_rows.join(
        resources.collection(name),
        resources.store().decisions.log(name)[:log_length],
        arrays,
        found,
        measured=measured,
        facts=resources.weighing_facts(name, found),
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def payload(version: str, _rows: CurateRows) -> bytes:
    """Return the map's points as bytes, made once a version."""
    return row_map.pack(_rows)


def figures(name: str, rows: CurateRows, scores: Scores) -> None:
    """Make room for the figures of the weights, and say how far the checkers can be trusted."""
    measured = trust.measured(name, scores)
    row_map.mount_figures(
        theme.palette(),
        curate_trust.figures(scores.trust, measured),
        most_discarded=curate_actions.MOST_DISCARDED,
        sliders=rail.SLIDERS,
        groupings=_groupings(name, rows, scores),
        pool_in_words=curate_gaps.pool_in_words(resources.noted_of_pool(scores)),
    )
    trust.warn(name, scores)
    curate_trust.show(scores, measured)


def _groupings(name: str, rows: CurateRows, scores: Scores) -> list[dict[str, Any]]:
    """Return every way to divide the rows into groups with names, ready for the browser."""
    log_length = resources.store().decisions.count(name)
    found = curate_colours.newest_run(name)
    return [
        *_column_groupings(rows.map_id, resources.origin(name), rows, name),
        *_lasting_groupings(rows.version, curate_clusters.naming(name, scores), rows),
        *_judged_groupings(rows.version, log_length, scores.artefacts.get("signals"), rows, name),
        *(_run_grouping(rows.version, *found, rows) if found is not None else ()),
    ]


@st.cache_resource(show_spinner=False, max_entries=4)
def _judged_groupings(
    version: str, log_length: int, signals: str | None, _rows: CurateRows, name: str
) -> list[dict[str, Any]]:
    decided = current_decisions(resources.store().decisions.log(name)[:log_length])
    verdicts = {each: decision.action for each, decision in decided.items()}
    found = [curate_colours.decisions(_rows, verdicts)]
    if signals is not None:
        flags = resources.array(signals, "is_likely_mislabelled")
        found.append(curate_colours.flaws(_rows, flags[_rows.at]))
    return groupings.packed(found)


def _run_grouping(version: str, job: Job, run: Run, rows: CurateRows) -> list[dict[str, Any]]:
    weights = curate_colours.weights_of(job, run)
    if weights is None:
        return []
    return _packed_run(version, job.id, weights.note, rows, weights)


@st.cache_resource(show_spinner=False, max_entries=4)
def _packed_run(
    version: str, job_id: str, note: str, _rows: CurateRows, _run: RunWeights
) -> list[dict[str, Any]]:
    return groupings.packed([curate_colours.run_weights(_rows, _run)])


@st.cache_resource(show_spinner=False, max_entries=4)
def _lasting_groupings(
    version: str, naming: Naming | None, _rows: CurateRows
) -> list[dict[str, Any]]:
    """Return the groups of rows that have names, made once a version of the rows and the names."""
    clusters, names = None, ()
    if naming is not None:
        clusters = [resources.array(naming.clusters, part) for part in ("synthetic", "real")]
        names = naming.names
    return groupings.packed(groupings.groupings(_rows, clusters=clusters, cluster_names=names))


@st.cache_resource(show_spinner=False, max_entries=4)
def _column_groupings(
    map_id: str, origin: str, _rows: CurateRows, name: str
) -> list[dict[str, Any]]:
    """Return the groups by further columns, made once per map: no decision changes them."""
    columns = groupings.mapped_columns(resources.collection(name))
    return groupings.packed(groupings.by_columns(_rows, columns))


@st.cache_resource(show_spinner=False, max_entries=4)
def _cover(version: str, _rows: CurateRows, known: str) -> Cover:
    index, cosine = (
        resources.array(known, part) for part in ("synthetic_index", "synthetic_cosine")
    )
    return curate_gaps.cover(_rows, index, cosine)


def unscored(name: str) -> None:
    """Say that weights need checkers, and how far they are."""
    synthetic = resources.store().collection_info(name).counts["synthetic"]
    if score_jobs.active(name) is not None:
        with st.container(border=True):
            st.markdown(
                "The two checkers read every row. The map opens by itself when they are done."
            )
            score_jobs.watch(name)
        return
    score_jobs.say_failure(name)
    sentence = "No weights yet. They need two checkers, one of quality and one of diversity."
    label = f"Score {parts.count(synthetic)} rows"
    if parts.empty(sentence, button=label, key="curate_score", icon=":material/scoreboard:"):
        job_queue.submit_score(writing(), name, ScoreSettings())
        st.rerun()


@st.fragment(key="curate_body")
def body(rows: CurateRows, name: str, scores: Scores) -> None:
    """Keep the map in step with settings and selection; draw the rows that are selected."""
    with page():
        state = weighting_choice.what_if(name)
        settings = state.settings
        selected = _selected(rows)
        curate_actions.act(name, rows, selected)
        weights = rows.weights(settings)
        log = resources.store().decisions.log(name)
        verdicts = {each: decision.action for each, decision in current_decisions(log).items()}
        known = scores.artefacts.get("coverage")
        around = _cover(rows.version, rows, known) if known else None
        curate_table.show(name, rows, scores, selected, weights, settings, verdicts, around=around)
        told = curate_outlook.message(
            rows,
            weights,
            settings,
            verdicts=verdicts,
            is_listing=not len(selected),
            sends_texts=not row_map.has_texts(rows),
            around=around,
        )
        baseline = histogram_before(state, rows)
        said = row_map.control(
            rows,
            settings,
            formula=FORMULAS[settings.rule],
            baseline=baseline,
            scheme=state.scheme,
        )
        row_map.mount_link(
            rows,
            selected,
            said | told,
            on_select=lambda: _select(rows),
            on_action=curate_actions.note_action,
        )


def histogram_before(state: WhatIf, rows: CurateRows) -> WeightingSettings | None:
    """Return the scheme that the histogram is compared with, None where it cannot be.

    The browser weighs with the P' and Q it has been sent, so a scheme that reads others is not
    compared.
    """
    saved, (quality, diversity) = state.saved, rows.measured
    is_known = saved.rule == "ce" or saved.quality == quality
    is_known &= saved.rule != "imp" or saved.diversity == diversity
    return saved if state.is_changed and is_known else None


def _select(rows: CurateRows) -> None:
    positions = row_map.reported_rows(row_map.link_state().get("selection"), rows)
    if positions is not None:
        session().selection = rows.sample_ids(positions)
        st.session_state[_SELECTED] = (rows.map_id, session().selection, positions)


def _selected(rows: CurateRows) -> np.ndarray:
    """Return the positions of the session's selection, looked up once."""
    selection = session().selection
    known = st.session_state.get(_SELECTED)
    if known is None or known[0] != rows.map_id or known[1] is not selection:
        known = (rows.map_id, selection, rows.positions(selection))
        st.session_state[_SELECTED] = known
    return known[2]
