"""The Train page beside its rail: the state of the newest job, its curves, its runs.

All of it is read from the store in every poll, so a reload, a second tab or a restarted server
shows the same.
"""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from synthcur.arms import ARMS, FLOOR, base_of, get_arm, short_name
from synthcur.jobs import job_queue
from synthcur.results.findings import PLAIN, arm_title
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.stats.majority import LEARNED_NOTHING
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import RESUMABLE, JobState
from synthcur.store.records import Job, Run
from synthcur.training.recipes import fit_of, recipe_in_words
from synthcur.training.unfinished import unfinished_in_words
from synthcur.ui import parts, resources, score_jobs, session, train_longer, trust
from synthcur.ui.clock import clock
from synthcur.ui.session import open_results
from synthcur.ui.train import charts as train_charts
from synthcur.ui.train import dynamics
from synthcur.ui.train import polling as train_pace
from synthcur.ui.train import snapshot as train_picture
from synthcur.ui.train import tables as train_tables
from synthcur.ui.train.rail import Choice
from synthcur.ui.train.snapshot import Picture
from synthcur.weighting.weight_flow import rows_decided
from synthcur.wording import seeds_in_words

HISTORY_PACES = 10
"""Polls of what is live for one look at what the epochs have left behind."""


def newest_job(name: str) -> Job | None:
    """Return the collection's newest training job that is running, else its newest."""
    found = resources.store().jobs(name, JobKind.TRAIN)
    running = [job for job in found if job.is_active and job.status != JobState.QUEUED]
    return next(iter(running or found), None)


def live(name: str, choice: Choice) -> None:
    """Draw the state of the newest job; while a job of the collection is active, again and again.

    What the epochs left behind stands below and is looked at less often.
    """
    _warn_of_checkers(name, choice)
    job = newest_job(name)
    active = [
        each for each in (job, score_jobs.active(name)) if each is not None and each.is_active
    ]
    pace = train_pace.pace() if active else None
    followed = {each.id: _finished(each) for each in active}
    poll = st.fragment(_draw, run_every=pace, key="train_live")
    poll(name, job.id if job else None, followed, pace, choice)
    if job is not None:
        every = HISTORY_PACES * pace if pace is not None and job.is_active else None
        st.fragment(_left_behind, run_every=every, key="train_history")(job)
        if not job.is_active:
            train_tables.earlier(name, job)


def _warn_of_checkers(name: str, choice: Choice) -> None:
    """Say that the checkers are not to be trusted which the chosen arms take weights from."""
    scores, settings = resources.scores(name), choice.settings
    if settings is None or settings.checkers not in scores:
        return
    if any(get_arm(arm).needs_scores for arm in settings.arms):
        trust.warn(name, scores[settings.checkers])


def _left_behind(job: Job) -> None:
    with session.page():
        dynamics.show(job)


def _finished(job: Job) -> int:
    return sum(run.is_done for run in resources.store().runs(job.id))


def queue(name: str, choice: Choice) -> None:
    """Draw in the rail what runs and waits, and let one more job be added behind it."""
    active = [job for job in resources.store().active_jobs() if job.kind == JobKind.TRAIN]
    if not active:
        return
    with st.sidebar:
        settings = [TrainSettings.from_dict(job.settings) for job in active]
        if choice.settings is not None and choice.settings not in settings:
            label = "Add to the queue"
            if st.button(label, icon=":material/playlist_add:", width="stretch"):
                _submit(name, choice.settings)
        st.subheader("Queue", anchor=False)
        lines = (_queued_in_words(job, name) for job in active)
        st.caption("  \n".join(lines))
        for job in [job for job in active if job.status == JobState.QUEUED][1:]:
            label, key = f"Run {job.number} next", f"train_first_{job.id}"
            if st.button(label, icon=":material/arrow_upward:", key=key):
                job_queue.put_first(session.writing(), job.id)
                st.rerun()


def _queued_in_words(job: Job, name: str) -> str:
    settings = TrainSettings.from_dict(job.settings)
    state = "waiting" if job.status == JobState.QUEUED else "running"
    arms = ", ".join(short_name(arm) for arm in settings.arms)
    other = "" if job.collection == name else f", {parts.plain(job.collection)}"
    return f"Run {job.number}, {state}: {arms}; {seeds_in_words(settings.seeds)}{other}"


def _draw(
    name: str,
    job_id: str | None,
    followed: Mapping[str, int],
    pace: float | None,
    choice: Choice,
) -> None:
    """Draw one state.

    The whole page is drawn anew when one of the jobs followed has ended or finished a run, or when
    this page is to ask more or less often. Not before the buttons were asked: a press would be lost
    if it came with the very draw that notices.
    """
    with session.page():
        store = resources.store()
        if job_id is None:
            _before_the_first(name, choice)
        else:
            _newest(name, store.job(job_id), choice)
        jobs_now = [store.job(each) for each in followed]
        if not all(job.is_active and followed[job.id] == _finished(job) for job in jobs_now):
            st.rerun()
        if followed and train_pace.pace() != pace:
            st.rerun()


def _newest(name: str, job: Job, choice: Choice) -> None:
    store = resources.store()
    runs = store.runs(job.id)
    drawn = train_picture.picture(store, job, runs)
    _state(name, job, runs, drawn, choice)
    if job.is_active or runs:
        train_charts.show(job, drawn)
    if not job.is_active:
        _offer_scores(name)


def _before_the_first(name: str, choice: Choice) -> None:
    title = "No run yet: what do the weights do to a classifier?"
    caption = choice.cost or "Set the run on the left."
    with parts.finding_line(title, caption, stage="no_run"):
        _start_button(name, choice)
    _offer_scores(name)
    with parts.card("Arms", "what each way of training does with a synthetic row"):
        # A static table wraps its text; a data frame would cut sentences at their column.
        st.table(arm_table(), border="horizontal", hide_index=True, alt="The arms")


def arm_table() -> pd.DataFrame:
    """Return what there is to say of every arm, as Markdown that shows its characters."""
    return pd.DataFrame(
        [
            {
                "Arm": parts.plain(arm.title),
                "What it does": parts.plain(arm.sentence, limit=400),
                "Loss of a row": f"`{arm.formula}`",
                "Cost": parts.plain(arm.cost),
                "Source": parts.plain(arm.source),
            }
            for arm in ARMS.values()
        ]
    )


def _offer_scores(name: str) -> None:
    """Offer to score the rows where the arms with weights still lack their checkers."""
    if resources.scores(name):
        return
    store, running = resources.store(), score_jobs.active(name)
    if running is not None:
        parts.job_progress(running)
        return
    rows = parts.count(store.collection_info(name).counts["synthetic"])
    if parts.empty(
        "The arms with weights need checkers, and none has scored these rows yet.",
        button=f"Score {rows} rows",
        key="train_score",
        icon=":material/calculate:",
    ):
        job_queue.submit_score(session.writing(), name, ScoreSettings())
        st.rerun()


def _state(name: str, job: Job, runs: list[Run], drawn: Picture, choice: Choice) -> None:
    """Draw the state sentence with its badge and buttons, and what belongs right below it."""
    title, caption = _state_in_words(job, runs, drawn)
    if drawn.state.nothing:
        done = sum(run.is_done for run in runs)
        caption += f" {len(drawn.state.nothing)} of {done} runs {LEARNED_NOTHING}."
    floor = [parts.plain(drawn.floor, limit=1000)] if drawn.floor else []
    caption = "  \n".join([caption, *_unfinished_in_words(runs, drawn), *floor])
    with parts.finding_line(title, caption, stage="active" if job.is_active else "ended"):
        word, colour, icon = train_tables.BADGES[job.status]
        st.badge(word, color=colour, icon=icon)
        if job.is_active:
            _cancel_button(job)
        else:
            _results_button(job)
            if job.status in RESUMABLE:
                _resume_button(job)
            _longer_button(job, drawn)
            _start_button(name, choice)
    if job.is_active:
        done, total = job.done or 0.0, job.total or 0.0
        st.progress(min(1.0, done / total) if total else 0.0)
    elif job.has_failed:
        _failure(job)
    _log(job)


def _unfinished_in_words(runs: list[Run], drawn: Picture) -> list[str]:
    """Say of every arm that was still learning why, and that it could become more."""
    said = []
    done = [run for run in runs if run.is_done]
    for arm in dict.fromkeys(arm for arm, _ in drawn.state.unfinished):
        whys = {seed: why for (name, seed), why in drawn.state.unfinished.items() if name == arm}
        own = [run for run in done if run.arm == arm]
        words = unfinished_in_words(
            arm_title(arm),
            list(whys),
            len(own),
            why=next(iter(whys.values())),
            reached=sum(run.val_accuracy or 0.0 for run in own) / len(own),
        )
        said.append(f"{parts.plain(words, limit=400)}.")
    return said


def _longer_button(job: Job, drawn: Picture) -> None:
    arms = {arm for arm, _ in (*drawn.state.nothing, *drawn.state.unfinished)}
    if arms:
        train_longer.button(job, arms, baseline=PLAIN, is_primary=False)


def _state_in_words(job: Job, runs: list[Run], drawn: Picture) -> tuple[str, str]:
    settings = TrainSettings.from_dict(job.settings)
    done, planned = sum(run.is_done for run in runs), len(settings.arms) * settings.seeds
    of = f"{done} of {planned} runs done"
    name = f"Run {job.number}"
    if job.status == JobState.QUEUED:
        return f"{name} waits for the run before it to end", f"{planned} runs."
    if job.is_active:
        return _progress_in_words(name, job, settings, runs, drawn), (
            f"{of}{_speed_in_words(drawn)}, started {clock(job.started_at or job.created_at)}. "
            "Process of its own: closing this tab does not stop it."
        )
    ended = clock(job.ended_at or job.created_at)
    time = f"in {parts.duration((job.ended_at or 0) - (job.started_at or job.created_at))}"
    return {
        JobState.DONE: (f"{name} finished: {planned} runs {time}", f"Ended {ended}. {_data(job)}"),
        JobState.CANCELLED: (
            f"{name} was cancelled, {of}",
            f"Ended {ended}. Finished runs, their models and checkpoints are kept.",
        ),
        JobState.FAILED: (f"{name} failed, {of}", f"Ended {ended}. Finished runs are kept."),
        JobState.CRASHED: (
            f"{name} stopped unexpectedly, {of}",
            f"Noticed {ended}. Finished runs are kept.",
        ),
    }[job.status]


def _progress_in_words(
    name: str, job: Job, settings: TrainSettings, runs: list[Run], drawn: Picture
) -> str:
    if job.status == JobState.CANCELLING:
        return f"{name} is stopping"
    running = [run for run in runs if run.is_running]
    if not running:
        return f"{name}: {'between two runs' if runs else 'starting'}"
    left = f", {parts.duration(job.eta_s)} left" if job.eta_s else ""
    arm = short_name(running[-1].arm)
    return f"{name}: {arm}, {_epoch_in_words(running[-1], drawn.latest, settings)}{left}"


def _epoch_in_words(run: Run, latest: Mapping[str, float], settings: TrainSettings) -> str:
    """Say where a run is; real rows alone take more epochs than the settings of the job say."""
    if base_of(run.arm) in FLOOR:
        return "takes seconds"
    if "epoch" not in latest:
        return "first steps"
    of = float(settings.fit.epochs)
    if run.steps:
        of = round(latest["epoch"] * run.steps / latest["step"])
    return f"epoch {latest['epoch']:.1f} of {of}"


def _speed_in_words(drawn: Picture) -> str:
    rate = drawn.latest.get("samples_per_s")
    return "" if rate is None else f", {rate:.0f} samples/s"


def _data(job: Job) -> str:
    decided = rows_decided(job.spec["decisions"])
    decisions = "1 decision" if decided == 1 else f"{parts.count(decided)} decisions"
    return f"Trained with {decisions} applied, {recipe_in_words(fit_of(job))}."


def _start_button(name: str, choice: Choice) -> None:
    pressed = st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        key="train_start",
        disabled=choice.settings is None,
        help=parts.plain(choice.problem) or None,
    )
    if pressed and choice.settings is not None:
        _submit(name, choice.settings)


def _submit(name: str, settings: TrainSettings) -> None:
    """Queue the job; the same one that waits or runs is not queued twice, whoever asks."""
    job_queue.submit_train(session.writing(), name, session.allowed(settings))
    st.rerun()


def _cancel_button(job: Job) -> None:
    if parts.cancel_pressed(job, key="train"):
        job_queue.cancel(session.writing(), job.id)
        st.rerun()


def _results_button(job: Job) -> None:
    if any(run.is_done for run in resources.store().runs(job.id)) and st.button(
        "See the results", icon=":material/fact_check:", key="train_results"
    ):
        open_results(job)
        st.switch_page("pages/results.py")


def _failure(job: Job) -> None:
    lines = (parts.plain(line, limit=2000) for line in (job.what, job.fix) if line)
    st.error("  \n".join(lines) or "The worker left no reason.")


def _log(job: Job) -> None:
    """Offer the last lines of what the worker printed, while it runs too."""
    log = job_queue.log_tail(job).strip()
    if log:
        with st.expander("Log, last lines"):
            st.code(log[-6000:], language=None, wrap_lines=True)


def _resume_button(job: Job) -> None:
    label = "Retry" if job.status == JobState.FAILED else "Resume"
    if st.button(
        label,
        icon=":material/resume:",
        key=f"train_resume_{job.id}",
        help="Finished runs are not trained again; the one that was stopped goes on from its last "
        "checkpoint, with the rows and decisions this run began with.",
    ):
        job_queue.resume(session.writing(), job.id)
        st.rerun()
