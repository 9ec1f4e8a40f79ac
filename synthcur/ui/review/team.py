"""The team at the bench: own numbers, agreement, the honest test of the weights, settings."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict

import pandas as pd
import streamlit as st

from synthcur.review import agreement
from synthcur.review.agreement import Agreement, Audit
from synthcur.review.decisions import DISCARD, RELABEL, VERDICTS, Decision
from synthcur.review.queues import PACE_ROWS, pace
from synthcur.stats.roc import RocAuc
from synthcur.ui import parts, resources
from synthcur.ui.review.cards import Bench
from synthcur.ui.review.messages import Opened, disputed, shared_opinions
from synthcur.ui.session import page, writing

GUIDELINE_LENGTH = 1_000
EVERYBODY = "all together"


def team_button(bench: Bench, random_check: Opened | None) -> None:
    """Draw the button that opens the team's figures and settings."""
    words = "Who decided what, how far people agree, the guidelines."
    if st.button("Team", icon=":material/group:", key="review_team", width="stretch", help=words):
        _show(bench, random_check)


@st.dialog("Team and guidelines", width="large")
def _show(bench: Bench, random_check: Opened | None) -> None:
    with page():
        views = {
            "Figures": lambda: _figures(bench, random_check),
            "Settings": lambda: _settings(bench),
        }
        view = st.radio("Show", list(views), horizontal=True, label_visibility="collapsed")
        views[view]()


def _figures(bench: Bench, random_check: Opened | None) -> None:
    parts.card_title("People", "in alphabetical order; decisions that stand")
    found = people(bench)
    if found.empty:
        st.text("Nobody has decided a row yet.")
    else:
        st.dataframe(found, hide_index=True, row_height=28, height="content")
    parts.card_title("Agreement", "rows that two people decided")
    st.text("\n".join(agreement_in_words(bench)))
    ids = random_check.sample_ids if random_check else ()
    parts.card_title("Do people agree with the weights?", "by the random check")
    st.text("\n".join(weights_in_words(weights_test(bench, ids))))
    parts.card_title("Wrong labels", "by the random check")
    file_labels = {
        each: bench.collection.labels[bench.file_labels[bench.row_of[each]]] for each in ids
    }
    st.text("\n".join(audit_in_words(agreement.audit(file_labels, bench.state.current))))
    name = bench.collection.name
    st.download_button(
        "Download the log",
        lambda: log_lines(resources.store().decisions.log(name)),
        file_name=f"{name}-log.jsonl",
        icon=":material/download:",
        on_click="ignore",
        disabled=not bench.state.seq,
        help="Every row in its order: who, when, what, why, and what was taken back.",
    )


def people(bench: Bench) -> pd.DataFrame:
    """Return own numbers of everybody who decided, and those of all together below them."""
    table, counted = [], []
    for annotator, own in sorted(bench.state.own.items()):
        verdicts = [row for row in own if row.action in VERDICTS]
        changed = sum(row.action in (DISCARD, RELABEL) for row in verdicts)
        if verdicts:
            share = parts.percent(changed / len(verdicts), digits=0)
            seconds = pace(own[-2 * PACE_ROWS :], annotator)
            shown = "" if seconds is None else parts.duration(seconds)
            table.append((annotator, len(verdicts), share, shown))
            counted.append((len(verdicts), changed))
    if len(table) > 1:
        total, changed = map(sum, zip(*counted, strict=True))
        table.append((EVERYBODY, total, parts.percent(changed / total, digits=0), ""))
    return pd.DataFrame(table, columns=["Annotator", "Decisions", "Changed", "A row takes"])


def agreement_in_words(bench: Bench) -> list[str]:
    """Say how far people agree on the rows that several judged."""
    who, sample_ids, table = shared_opinions(bench)
    if not sample_ids:
        return ["No row was judged by two people. Set an overlap under Settings."]
    lines = []
    if len(who) == 2:
        kappa = agreement.cohen_kappa(*table)
        lines.append(f"Cohen’s kappa of {who[0]} and {who[1]}: {_coefficient(kappa)}.")
    lines.append(f"Krippendorff’s alpha: {_coefficient(agreement.krippendorff_alpha(table))}.")
    apart = len(disputed(bench))
    lines.append(f"{parts.count(apart)} of {parts.count(len(sample_ids))} rows judged differently.")
    return lines


def _coefficient(found: Agreement) -> str:
    if math.isnan(found.value):
        return f"not defined on {_rows(found.n)} that all came to the same"
    if math.isnan(found.low):
        return f"{found.value:.2f}, {_rows(found.n)}, too few for an interval"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}], {_rows(found.n)}"


def _rows(n: int) -> str:
    return f"{parts.count(n)} row{'' if n == 1 else 's'}"


def weights_test(bench: Bench, sample_ids: tuple[str, ...]) -> dict[str, RocAuc]:
    """Hold P', Q and weight against what people made of the random check."""
    rows = {each: bench.row_of[each] for each in sample_ids}
    own = range(len(bench.file_labels)), bench.file_labels
    scores = {
        "P′": bench.quality[own],
        "Q": bench.diversity[own],
        "Weight": bench.file_weights(),
    }
    return agreement.with_weights(scores, rows, bench.state.current)


def weights_in_words(found: Mapping[str, RocAuc]) -> list[str]:
    """Say how often a rejected row scores lower than a kept one."""
    if not found:
        return ["The random check has no row that was discarded or relabelled beside one kept."]
    first = next(iter(found.values()))
    lines = [
        f"Chance that a row people rejected ({first.n_positive} discarded or relabelled) scores "
        f"lower than one they kept ({first.n_negative}); 0.50 is chance:"
    ]
    for name, auc in found.items():
        lines.append(f"{name}  {auc.value:.2f} [{auc.low:.2f}, {auc.high:.2f}]")
    return lines


def audit_in_words(found: Audit | None) -> list[str]:
    """Say how many labels are wrong before and after review, with Wilson intervals."""
    if found is None:
        return ["No row of the random check has been decided."]
    before = parts.percent(found.wrong / found.n)
    lines = [
        f"In the file: {found.wrong} of {found.n}, {before} "
        f"[{parts.percent(found.low)}, {parts.percent(found.high)}]."
    ]
    if found.n_left:
        after = parts.percent(found.wrong_left / found.n_left)
        lines.append(
            f"As the other queues have left it: {found.wrong_left} of {found.n_left}, {after} "
            f"[{parts.percent(found.low_left)}, {parts.percent(found.high_left)}]."
        )
    goal = parts.percent(agreement.STOP_BELOW, digits=0)
    advice = "you can stop" if found.may_stop else "go on"
    lines.append(
        f"Stop rule: the upper end of that interval below {goal}. "
        f"It is {parts.percent(found.high_left)}: {advice}."
    )
    return lines


def log_lines(log: Iterable[Decision]) -> bytes:
    """Return a whole log as JSON Lines, what was taken back and undo rows included."""
    return "".join(f"{json.dumps(asdict(row), ensure_ascii=False)}\n" for row in log).encode()


def _settings(bench: Bench) -> None:
    name = bench.collection.name
    with st.form("review_settings", border=False):
        share = st.slider(
            "Rows that two people decide, in percent",
            min_value=0,
            max_value=100,
            value=round(100 * bench.overlap),
            step=5,
            help="The same rows whoever asks. Neither sees figures or what the other said.",
        )
        written = {
            label: st.text_area(
                f"Guideline {i}: {parts.plain(label)}",
                bench.guidelines.get(label, ""),
                max_chars=GUIDELINE_LENGTH,
                height=68,
                key=f"review_guideline_{name}_{i}",
            )
            for i, label in enumerate(bench.collection.labels, start=1)
        }
        if st.form_submit_button("Save overlap and guidelines", type="primary"):
            writing().turns.set_overlap(name, share / 100)
            said = {label: text for label, text in written.items() if text.strip()}
            writing().set_guidelines(name, said)
            st.rerun()
