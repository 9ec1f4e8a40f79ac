"""From finished runs to tables and sentences: what the Results page shows and ``results`` prints.

Everything is computed from the predictions that every run leaves behind for the same test rows.
Runs that have not ended are left out, so a job can be read while it runs.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.arms import FLOOR, base_of, known_arm
from synthcur.errors import ArtefactError, InputError, NotFoundError
from synthcur.results.findings import PLAIN, arm_title, as_baseline, headline
from synthcur.results.floor import Below, below_probe
from synthcur.results.outcome import ArmResult, MadeFrom, Results, RunResult, Worth
from synthcur.results.worth import worth_of
from synthcur.settings import (
    AUTOMATIC,
    BUNDLED_MODEL,
    VAL_ACCURACY,
    TrainSettings,
    WeightingSettings,
    fingerprint,
)
from synthcur.stats.majority import first_metric, learned_nothing, majority_score, nothing_in_words
from synthcur.stats.metrics import (
    METRICS,
    Difference,
    corrected,
    mean_interval,
    paired_difference,
    verdict,
)
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import JobState
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.training.unfinished import (
    Course,
    learned_by_loss,
    unfinished_in_words,
    why_unfinished,
)
from synthcur.weighting.weight_flow import rows_decided

_NO_SCHEMES: Mapping[str, WeightingSettings] = MappingProxyType({})


def readable_jobs(store: Store, name: str) -> list[Job]:
    """List the collection's training jobs with at least one finished run, newest first."""
    jobs = store.jobs(name, JobKind.TRAIN)
    return [job for job in jobs if any(run.is_done for run in store.runs(job.id))]


def results(
    store: Store,
    name: str,
    *,
    job_id: str | None = None,
    baseline: str = PLAIN,
    metric: str | None = None,
) -> Results:
    """Compare the arms of a training job on the test split.

    Parameters
    ----------
    store, name
        Workspace and collection.
    job_id
        The job; by default the newest that has finished, else the newest with a finished run.
    baseline
        The arm that the others are compared with, seed by seed.
    metric
        Score of the means, intervals and differences: ``accuracy`` or ``macro_f1``; by default the
        one that comes first on the test rows (`majority.first_metric`).

    Returns
    -------
    Results
        Its arms by falling mean, each with what it scored. An arm that learned nothing
        (`majority.learned_nothing`) or was still learning when it stopped
        (`unfinished.why_unfinished`), with one seed or more, is compared with no other, nor counted
        among those that are.

    Raises
    ------
    NotFoundError
        If there is no finished run to read.
    InputError
        If the metric is unknown, or the job does not train this collection.
    """
    if metric not in (None, *METRICS):
        raise InputError(f"Unknown score {metric!r}.", fix=f"Choose from {', '.join(METRICS)}.")
    job = _choose_job(store, name, job_id)
    finished = finished_runs(store, job)
    _, labels = probabilities(store, next(iter(finished.values()))[:1])
    metric = metric or first_metric(labels)
    state = undertrained(store, job, [run for runs in finished.values() for run in runs])
    every = [_arm_result(store, runs, metric, state) for runs in finished.values()]
    whole = [arm for arm in every if base_of(arm.name) == arm.name or arm.name == baseline] or every
    learned = {arm.name: finished[arm.name] for arm in whole if not arm.is_undertrained}
    arms = _judged(whole, _differences(store, learned, baseline, metric), baseline)
    found = Results(
        collection=name,
        job=job.id,
        number=job.number,
        status=job.status,
        runs_finished=sum(map(len, finished.values())),
        runs_planned=len(job.settings["arms"]) * job.settings["seeds"],
        metric=metric,
        baseline=baseline,
        test_rows=len(labels),
        majority=majority_score(labels, metric),
        largest=majority_score(labels),
        made_from=made_from(job),
        below_probe=below_probes(store, {arm.name: finished[arm.name] for arm in whole}),
        arms=tuple(sorted(arms, key=lambda arm: -arm.score.mean)),
        worth=tuple(_worth(store, finished, every, metric)),
    )
    return replace(found, verdict=headline(found))


def made_from(job: Job) -> MadeFrom:
    """Name by fingerprints what a training job was made from."""
    spec = job.spec
    return MadeFrom(
        version=job.version,
        data=spec["collection_fp"],
        decided=rows_decided(spec["decisions"]),
        decided_fp=fingerprint(spec["decisions"]),
        quality=spec["scores"].get("quality"),
        diversity=spec["scores"].get("diversity"),
        settings=fingerprint(job.settings),
    )


def command_line(job: Job, schemes: Mapping[str, WeightingSettings] = _NO_SCHEMES) -> str:
    """Return the command that runs a training job again.

    Parameters
    ----------
    job
        The job.
    schemes
        The saved schemes of its collection; the one that the job used is named.
    """
    settings = TrainSettings.from_dict(job.settings)
    words = ["python", "-m", "synthcur", "train", job.collection]
    words += ["--arms", ",".join(settings.arms), "--seeds", str(settings.seeds)]
    if settings.recipe != AUTOMATIC:
        words += ["--recipe", "published"] if settings.fit.chosen_by == VAL_ACCURACY else []
        words += ["--epochs", str(settings.fit.epochs), "--lr", f"{settings.fit.learning_rate:g}"]
    if settings.fit.steps is not None:
        words += ["--steps", str(settings.fit.steps)]
    words += ["--checkers", settings.checkers]
    if settings.fit.base_model != BUNDLED_MODEL:
        words += ["--base-model", settings.fit.base_model]
    for scheme, weighting in schemes.items():
        if weighting == settings.weighting:
            words += ["--scheme", scheme]
            break
    return shlex.join(words)


def _choose_job(store: Store, name: str, job_id: str | None) -> Job:
    store.collection_info(name)
    if job_id is None:
        readable = readable_jobs(store, name)
        if not readable:
            raise NotFoundError(
                f"No training run of {name!r} has finished yet.",
                fix=f"Start one on the Train page, or: python -m synthcur train {name}",
            )
        return next((job for job in readable if job.status == JobState.DONE), readable[0])
    job = store.job(job_id)
    if job.kind != JobKind.TRAIN or job.collection != name:
        raise InputError(
            f"The job {job_id!r} is no training of the collection {name!r}.",
            fix="List the jobs with: python -m synthcur jobs",
        )
    return job


def finished_runs(store: Store, job: Job) -> dict[str, list[Run]]:
    """Group the finished runs of a job by arm, in the order of the job's arms."""
    done = [run for run in store.runs(job.id) if run.is_done]
    grouped = {arm: [run for run in done if run.arm == arm] for arm in job.settings["arms"]}
    found = {arm: sorted(runs, key=lambda run: run.seed) for arm, runs in grouped.items() if runs}
    if not found:
        raise NotFoundError(
            f"No run of job {job.id} has finished yet.",
            fix="Wait for it on the Train page, or list it with: python -m synthcur jobs",
        )
    return found


def paired_runs(first: Sequence[Run], second: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Put the runs of two arms side by side by seed, leaving out seeds that only one has."""
    by_seed = {run.seed: run for run in second}
    return [(run, by_seed[run.seed]) for run in first if run.seed in by_seed]


@dataclass(frozen=True)
class Undertrained:
    """Finished runs that give no verdict, as (arm, seed).

    Attributes
    ----------
    nothing
        Those whose model learned nothing by the test rows.
    unfinished
        The others that were still learning when they stopped, each with the reason in words.
    """

    nothing: frozenset[tuple[str, int]]
    unfinished: Mapping[tuple[str, int], str]


def undertrained(store: Store, job: Job, runs: Sequence[Run]) -> Undertrained:
    """Find the finished ones among some runs of a job that give no verdict."""
    done = [run for run in runs if run.is_done and run.predictions]
    if not done:
        return Undertrained(frozenset(), {})
    probs, labels = probabilities(store, done)
    idle = learned_nothing(probs.argmax(axis=2), labels)
    nothing = {(run.arm, run.seed) for run, is_idle in zip(done, idle, strict=True) if is_idle}
    batch_size = TrainSettings.from_dict(job.settings).fit.batch_size
    metrics = store.metrics(job.id)
    unfinished = {}
    for run in done:
        told = metrics[(metrics["arm"] == run.arm) & (metrics["seed"] == run.seed)]
        why = why_unfinished(_course(run, told, probs.shape[2], batch_size))
        if why and (run.arm, run.seed) not in nothing:
            unfinished[run.arm, run.seed] = why
    return Undertrained(frozenset(nothing), unfinished)


def _course(run: Run, told: pd.DataFrame, n_labels: int, batch_size: int) -> Course:
    """Read how a run has gone from its metrics; release 0.1 stored of it no more than its loss."""
    # A run that went on from a checkpoint has told some steps twice.
    losses, judged = (
        told[told[each].notna()].drop_duplicates("step", keep="last").sort_values("step")[each]
        for each in ("loss", "val_log_loss")
    )
    learned, steps, arm = run.learned, run.steps, known_arm(run.arm)
    if learned is None:
        steps = None
        if arm is not None and arm.is_plain:
            learned = learned_by_loss(losses.tolist(), n_labels)
    return Course(
        learned=learned,
        val_log_losses=judged.tolist(),
        steps=steps,
        n_rows=run.rows or 0,
        n_labels=n_labels,
        batch_size=batch_size,
    )


def below_probes(store: Store, finished: Mapping[str, Sequence[Run]]) -> dict[str, Below]:
    """Find the arms of a job that stay below its better linear probe, see `floor.below_probe`.

    Parameters
    ----------
    store
        Where the job is.
    finished
        Its finished runs by arm. Those of release 0.1 kept no probabilities of validation rows, and
        nothing is said of them.
    """
    said: dict[str, np.ndarray] = {}
    labels = np.empty(0, dtype=np.int64)
    for arm, runs in finished.items():
        names = [run.predictions or "" for run in runs]
        try:
            said[arm] = np.stack([store.artefacts.array(name, "val_probs") for name in names])
            labels = store.artefacts.array(names[0], "val_labels").astype(np.int64)
        except ArtefactError:
            continue
    probes = {arm: probs for arm, probs in said.items() if arm in FLOOR}
    arms = {arm: probs for arm, probs in said.items() if arm not in FLOOR}
    return below_probe(arms, probes, labels)


def probabilities(store: Store, runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Read the probabilities (S, T, K) of some runs for the test rows, and the true ids (T,)."""
    artefacts = [run.predictions or "" for run in runs]
    probs = np.stack([store.artefacts.array(name, "probs") for name in artefacts])
    return probs, store.artefacts.array(artefacts[0], "labels").astype(np.int64)


def _predictions(store: Store, runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted label ids (S, T) of some runs, and the true ones (T,)."""
    probs, labels = probabilities(store, runs)
    return probs.argmax(axis=2), labels


def _arm_result(store: Store, runs: Sequence[Run], metric: str, state: Undertrained) -> ArmResult:
    predictions, labels = _predictions(store, runs)
    arm = runs[0].arm
    return ArmResult(
        name=arm,
        title=arm_title(arm),
        rows=runs[0].rows,
        runs=tuple(_run_result(run, state) for run in runs),
        score=mean_interval(predictions, labels, metric=metric),
    )


def _run_result(run: Run, state: Undertrained) -> RunResult:
    key = run.arm, run.seed
    return RunResult(
        seed=run.seed,
        learned_nothing=key in state.nothing,
        unfinished=state.unfinished.get(key, ""),
        accuracy=run.accuracy,
        macro_f1=run.macro_f1,
        val_accuracy=run.val_accuracy,
        val_log_loss=run.val_log_loss,
        learned=run.learned,
        best_epoch=run.best_epoch,
        seconds=run.seconds,
        samples_per_s=run.samples_per_s,
        predictions=run.predictions,
        has_model=run.model is not None,
    )


def _differences(
    store: Store, finished: Mapping[str, Sequence[Run]], baseline: str, metric: str
) -> dict[str, Difference]:
    """Paired difference to the baseline of every other arm with a seed in common."""
    others = {arm: runs for arm, runs in finished.items() if arm != baseline}
    found = {
        arm: _difference(store, runs, finished.get(baseline, []), metric)
        for arm, runs in others.items()
    }
    return {arm: difference for arm, difference in found.items() if difference is not None}


def _difference(
    store: Store, runs: Sequence[Run], others: Sequence[Run], metric: str
) -> Difference | None:
    """Score of some runs minus that of others, by seed; None without a seed in common."""
    pairs = paired_runs(runs, others)
    if not pairs:
        return None
    mine, labels = _predictions(store, [pair[0] for pair in pairs])
    theirs, _ = _predictions(store, [pair[1] for pair in pairs])
    return paired_difference(mine, theirs, labels, metric=metric)


def _worth(
    store: Store, finished: Mapping[str, Sequence[Run]], arms: Sequence[ArmResult], metric: str
) -> list[Worth]:
    """Compare every arm that leaves rows out with the one that learns them too."""
    known = {arm.name: arm for arm in arms}
    left_out = [arm for arm in arms if base_of(arm.name) != arm.name]
    differences: dict[str, Difference] = {}
    for arm in left_out:
        whole = known.get(base_of(arm.name))
        if whole is None or whole.is_undertrained or arm.is_undertrained:
            continue
        found = _difference(store, finished[whole.name], finished[arm.name], metric)
        if found is not None:
            differences[arm.name] = found
    after = corrected(differences)
    return [
        worth_of(arm, known.get(base_of(arm.name)), after.get(arm.name), n_compared=len(after))
        for arm in left_out
    ]


def _judged(
    arms: Sequence[ArmResult], differences: Mapping[str, Difference], baseline: str
) -> list[ArmResult]:
    """Give arms their differences, corrected for how many they are, and their verdicts."""
    after = corrected(differences)
    judged = []
    for arm in arms:
        found = after.get(arm.name)
        if found is None:
            said = _why_not_compared(arm)
        else:
            said = verdict(
                differences[arm.name],
                arm.title,
                as_baseline(baseline),
                p_holm=found.p_holm,
                n_arms=len(after),
            )
        judged.append(replace(arm, difference=found, verdict=said))
    return judged


def _why_not_compared(arm: ArmResult) -> str:
    """Say of an arm that is not compared why, if it is for its training; else nothing."""
    if arm.learned_nothing:
        return nothing_in_words(arm.title, arm.learned_nothing, len(arm.runs))
    if arm.unfinished:
        why = next(run.unfinished for run in arm.runs if run.unfinished)
        return unfinished_in_words(
            arm.title, arm.unfinished, len(arm.runs), why=why, reached=arm.score.mean
        )
    return ""
