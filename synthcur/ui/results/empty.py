"""The Results page before its first finished run: what is missing, and what will stand here."""

from collections.abc import Iterable

import streamlit as st

from synthcur.checkers.trust import next_step
from synthcur.stats.majority import majority_in_words
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import JobState
from synthcur.store.records import Job, ranked_checkers
from synthcur.ui import parts, resources, trust
from synthcur.wording import points

_CLOSER = (
    (
        "By label",
        "The share of test rows read right, label by label, before and after: a gain on the whole "
        "that one label pays for shows here.",
    ),
    (
        "Confusion, change",
        "Which label is taken for which more often, and which less often, than under the baseline.",
    ),
    (
        "Flipped test rows",
        "The texts that became right or wrong. Choose one, and the training rows near it that the "
        "two arms weigh apart are listed below.",
    ),
)
_LAST = (
    (
        "How sure, how right",
        "What an arm states beside how often it is right, for the arm and for the baseline.",
    ),
    (
        "Learning from decisions",
        "The same recipe before and after review: what people's decisions did to the figures.",
    ),
    (
        "Provenance",
        "Hashes of data, decisions, scores and settings, the difference of two runs, and a button "
        "that repeats a run.",
    ),
)


def show(name: str) -> None:
    """Say what is missing and offer the way to it; below, what each card will tell."""
    job = _newest(name)
    title, caption, button = _state(job)
    with parts.finding_line(title, caption, stage="no_results"):
        if st.button(
            button,
            type="primary",
            icon=":material/show_chart:",
            key="results_to_train",
        ):
            st.switch_page("pages/train.py")
    with parts.card(
        "What it takes", "a run reads rows, and for most arms what checkers say of them"
    ):
        st.markdown("  \n".join(_steps(name, job)))
    test = parts.count(resources.store().collection_info(name).counts["test"])
    arms = (
        "One line per arm: its mean over seeds with a 95 % interval, the difference to plain "
        f"training on the same {test} test rows, and a verdict in words. "
        "“No evidence of a difference” is a verdict like the others."
    )
    st.caption("What will stand here after the first finished run:")
    _cards([("Arms", arms)])
    _cards(_CLOSER)
    _cards(_LAST)
    st.caption(
        "Then also in the rail: the model as a folder, the curated rows, one HTML report and the "
        "command line that repeats the run."
    )


def _newest(name: str) -> Job | None:
    return next(iter(resources.store().jobs(name, JobKind.TRAIN)), None)


def _state(job: Job | None) -> tuple[str, str, str]:
    """Return title, caption and button."""
    if job is None:
        return (
            "No run yet: nothing has been compared",
            "Results compare the arms on the real test rows, which no checker and no run has seen.",
            "Go to Train",
        )
    number = f"Run {job.number}"
    if job.is_active:
        return (
            f"{number} has finished no arm yet",
            "Results begin with the first arm and seed that finish; the rest joins as it comes.",
            "Watch the run",
        )
    ended = {JobState.FAILED: "failed", JobState.CANCELLED: "was cancelled"}.get(
        job.status, "stopped unexpectedly"
    )
    return (
        f"{number} {ended} before an arm had finished",
        parts.plain(job.what, limit=400) or "The Train page lets it go on from where it was.",
        "Go to Train",
    )


def _steps(name: str, job: Job | None) -> Iterable[str]:
    counts = resources.store().collection_info(name).counts
    yield _step(
        True,
        "Rows",
        f"{parts.count(counts['synthetic'])} synthetic, {parts.count(counts['train'])} real to "
        f"learn from, {parts.count(counts['validation'])} to choose checkpoints, "
        f"{parts.count(counts['test'])} to report on.",
    )
    scores = resources.scores(name)
    if scores:
        found = trust.measured(name, scores[ranked_checkers(scores)[0]])["quality"]
        said = (
            f"the quality checker reads {points(found.accuracy)} % of real rows right; "
            f"{majority_in_words(found.majority)}."
        )
        if not found.is_trusted:
            said += f" It is not to be trusted. {next_step(scores)}"
    else:
        said = "none has scored these rows yet; plain training does without, the others need them."
    yield _step(bool(scores), "Checkers", said)
    running = job is not None and job.is_active
    yield _step(False, "A finished run", "in progress." if running else "none yet.")


def _step(is_there: bool, title: str, said: str) -> str:
    icon = ":material/check:" if is_there else ":material/radio_button_unchecked:"
    return f"{icon} **{title}**: {said}"


def _cards(cards: Iterable[tuple[str, str]]) -> None:
    found = list(cards)
    for column, (title, sentence) in zip(st.columns(len(found), gap="small"), found, strict=True):
        with column, parts.card(title):
            st.caption(sentence)
