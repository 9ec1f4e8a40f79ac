"""From finished runs to tables and sentences: what the Results page shows and ``results`` prints.

Everything is computed from the predictions that every run leaves behind for the same test rows.
Runs that have not ended are left out, so a job can be read while it runs.
"""

import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from synthcur.arms import ARMS
from synthcur.errors import InputError, NotFoundError
from synthcur.evaluation import (
    ACCURACY,
    METRICS,
    SIGNIFICANT,
    Difference,
    Interval,
    holm,
    mean_interval,
    p_in_words,
    paired_difference,
    points,
    seeds_in_words,
    verdict,
)
from synthcur.records import Job, Run
from synthcur.settings import BUNDLED_MODEL, TrainSettings, WeightingSettings, fingerprint
from synthcur.store import Store
from synthcur.summary import rows_decided

PLAIN = "ce"
METRIC_TITLES = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
_NOT_COMPARED: Mapping[str, Any] = MappingProxyType({"difference": None, "verdict": ""})
_NO_SCHEMES: Mapping[str, WeightingSettings] = MappingProxyType({})


def readable_jobs(store: Store, name: str) -> list[Job]:
    """List the collection's training jobs with at least one finished run, newest first."""
    jobs = [job for job in store.jobs(name) if job.kind == "train"]
    return [job for job in jobs if any(run.status == "done" for run in store.runs(job.id))]


def results(
    store: Store,
    name: str,
    *,
    job_id: str | None = None,
    baseline: str = PLAIN,
    metric: str = ACCURACY,
) -> dict[str, Any]:
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
        Score of the means, intervals and differences: ``accuracy`` or ``macro_f1``.

    Returns
    -------
    dict
        Plain JSON data. ``arms`` is sorted by mean, best first; each has its ``runs`` (one a
        seed), ``mean``, ``low``, ``high`` and, unless it is the baseline, ``difference`` and
        ``verdict``. A difference has its ``p_value``, that after Holm correction over all arms
        compared here, ``p_holm``, and as ``outcome`` what stands after it: ``better``, ``worse``
        or ``no evidence``. Scores are fractions. ``verdict`` is the finding in one sentence.

    Raises
    ------
    NotFoundError
        If there is no finished run to read.
    InputError
        If the metric is unknown, or the job does not train this collection.
    """
    if metric not in METRICS:
        raise InputError(f"Unknown score {metric!r}.", fix=f"Choose from {', '.join(METRICS)}.")
    job = _choose_job(store, name, job_id)
    finished = finished_runs(store, job)
    compared = _compared(_differences(store, finished, baseline, metric), baseline)
    arms = [
        {**_arm_result(store, runs, metric), **compared.get(arm, _NOT_COMPARED)}
        for arm, runs in finished.items()
    ]
    arms.sort(key=lambda arm: -arm["mean"])
    found: dict[str, Any] = {
        "collection": name,
        "job": job.id,
        "number": job.number,
        "status": job.status,
        "runs_finished": sum(map(len, finished.values())),
        "runs_planned": len(job.settings["arms"]) * job.settings["seeds"],
        "metric": metric,
        "baseline": baseline,
        "test_rows": arms[0]["n_rows"],
        "made_from": made_from(job),
        "arms": arms,
    }
    return {**found, "verdict": headline(found)}


def headline(found: Mapping[str, Any]) -> str:
    """Say in one sentence which arm won: the finding of the Results page.

    An arm is named if it is better than the baseline, after Holm correction over all of them. If
    none is, the sentence says so, or names the one arm there is.
    """
    rivals = compared_arms(found)
    plain = _as_baseline(found["baseline"])
    if not rivals:
        arms = found["arms"]
        if len(arms) == 1:
            return f"{arms[0]['title']}: {points(arms[0]['mean'])} % {_unit(found)}"
        return f"{arms[0]['title']} has the highest mean, but there is no {plain} to compare with"
    best = leading_arm(found)
    if best["difference"]["outcome"] == "better" or len(rivals) == 1:
        return _short_verdict(best, plain)
    if all(arm["difference"]["outcome"] == "worse" for arm in rivals):
        return f"All {len(rivals)} arms are worse than {plain}"
    if len(rivals) > 3:
        return f"No evidence that any of {len(rivals)} arms is better than {plain}"
    # "IMP, P′/Q" is called IMP in a sentence.
    names = " or ".join(arm["title"].split(",")[0] for arm in rivals)
    return f"No evidence that {names} is better than {plain}"


def compared_arms(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the arms that are compared with the baseline, best mean first."""
    return [arm for arm in found["arms"] if arm["difference"]]


def leading_arm(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arm that the page looks at closely.

    Of the arms that are better than the baseline, or else of all that are compared with it, it is
    the one with the largest difference; a larger one that is no evidence does not outdo evidence.
    """
    rivals = compared_arms(found)
    better = [arm for arm in rivals if arm["difference"]["outcome"] == "better"]
    if not rivals:
        return found["arms"][0]
    return max(better or rivals, key=lambda arm: arm["difference"]["mean"])


def basis(found: Mapping[str, Any]) -> str:
    """Say what the headline rests on: interval, test rows, seeds, p-value."""
    leader = leading_arm(found)
    rows, difference = f"{found['test_rows']:,}", leader["difference"]
    if difference is None:
        return f"{rows} real test rows, {seeds_in_words(leader['n_seeds'])}."
    seeds = f" and {seeds_in_words(difference['n_seeds'])}"
    if difference["n_seeds"] == 1:
        seeds = "; 1 seed, whose luck it leaves out"
    n_compared = len(compared_arms(found))
    corrected = f" after Holm correction over {n_compared} arms" if n_compared > 1 else ""
    return (
        f"{leader['title']}: {difference_in_words(difference)} points of "
        f"{METRIC_TITLES[found['metric']].lower()}, 95 % interval by paired bootstrap over "
        f"{rows} real test rows{seeds}; {p_in_words(difference['p_holm'])}{corrected}."
    )


def results_text(found: Mapping[str, Any]) -> str:
    """Write what `results` returned as a table and sentences for a terminal."""
    title = METRIC_TITLES[found["metric"]]
    head = (
        f"Run {found['number']} on {found['collection']}: {title.lower()} on "
        f"{found['test_rows']:,} test rows, 95 % intervals over rows and seeds"
    )
    if found["runs_finished"] < found["runs_planned"]:
        head += f" ({found['runs_finished']} of {found['runs_planned']} runs finished)"
    against = f"against {found['baseline']}, points"
    table = [("arm", "seeds", title.lower(), "interval", against, "after Holm")]
    for arm in found["arms"]:
        interval = f"{points(arm['low'])} to {points(arm['high'])}"
        cells = (arm["arm"], str(len(arm["runs"])), f"{points(arm['mean'])} %", interval)
        difference = arm["difference"]
        p_holm = p_in_words(difference["p_holm"]) if difference else "—"
        table.append((*cells, difference_in_words(difference), p_holm))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    sentences = [arm["verdict"] for arm in found["arms"] if arm["verdict"]]
    return "\n".join([head, "", *lines, "", *sentences]).rstrip()


def difference_in_words(difference: Mapping[str, Any] | None) -> str:
    """Write a difference in points with its interval: ``+4.4 [+1.8, +7.2]``."""
    if difference is None:
        return "—"
    mean, low, high = (points(difference[key], signed=True) for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def made_from(job: Job) -> dict[str, Any]:
    """Name by fingerprints what a training job was made from."""
    spec = job.spec
    return {
        "data": spec["collection_fp"],
        "decisions": rows_decided(spec["decisions"]),
        "decisions_fp": fingerprint(spec["decisions"]),
        "quality": spec["scores"].get("quality"),
        "diversity": spec["scores"].get("diversity"),
        "settings": fingerprint(job.settings),
    }


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
    words += ["--epochs", str(settings.fit.epochs), "--lr", f"{settings.fit.learning_rate:g}"]
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
        return next((job for job in readable if job.status == "done"), readable[0])
    job = store.job(job_id)
    if job.kind != "train" or job.collection != name:
        raise InputError(
            f"The job {job_id!r} is no training of the collection {name!r}.",
            fix="List the jobs with: python -m synthcur jobs",
        )
    return job


def finished_runs(store: Store, job: Job) -> dict[str, list[Run]]:
    """Group the finished runs of a job by arm, in the order of the job's arms."""
    done = [run for run in store.runs(job.id) if run.status == "done"]
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


def probabilities(store: Store, runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Read the probabilities (S, T, K) of some runs for the test rows, and the true ids (T,)."""
    artefacts = [run.predictions or "" for run in runs]
    probs = np.stack([store.artefacts.array(name, "probs") for name in artefacts])
    return probs, store.artefacts.array(artefacts[0], "labels").astype(np.int64)


def _predictions(store: Store, runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted label ids (S, T) of some runs, and the true ones (T,)."""
    probs, labels = probabilities(store, runs)
    return probs.argmax(axis=2), labels


def _arm_result(store: Store, runs: Sequence[Run], metric: str) -> dict[str, Any]:
    predictions, labels = _predictions(store, runs)
    return {
        "arm": runs[0].arm,
        "title": _title(runs[0].arm),
        "rows": runs[0].rows,
        "runs": [_run_result(run) for run in runs],
        **_interval_data(mean_interval(predictions, labels, metric=metric)),
    }


def _differences(
    store: Store, finished: Mapping[str, Sequence[Run]], baseline: str, metric: str
) -> dict[str, Difference]:
    """Paired difference to the baseline of every other arm with a seed in common."""
    found = {}
    for arm, runs in finished.items():
        pairs = paired_runs(runs, finished.get(baseline, []))
        if pairs and arm != baseline:
            mine, labels = _predictions(store, [pair[0] for pair in pairs])
            theirs, _ = _predictions(store, [pair[1] for pair in pairs])
            found[arm] = paired_difference(mine, theirs, labels, metric=metric)
    return found


def _compared(differences: Mapping[str, Difference], baseline: str) -> dict[str, dict[str, Any]]:
    """Difference and verdict of every arm, corrected for how many arms are compared."""
    adjusted = holm([found.p_value for found in differences.values()])
    result = {}
    for (arm, found), p_holm in zip(differences.items(), adjusted, strict=True):
        difference = {
            **_interval_data(found),
            "p_value": found.p_value,
            "p_holm": p_holm,
            "outcome": found.outcome if p_holm < SIGNIFICANT else "no evidence",
        }
        sentence = verdict(
            found, _title(arm), _as_baseline(baseline), p_holm=p_holm, n_arms=len(differences)
        )
        result[arm] = {"difference": difference, "verdict": sentence}
    return result


def _run_result(run: Run) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "accuracy": run.accuracy,
        "macro_f1": run.macro_f1,
        "val_accuracy": run.val_accuracy,
        "best_epoch": run.best_epoch,
        "seconds": run.seconds,
        "samples_per_s": run.samples_per_s,
        "predictions": run.predictions,
        "has_model": run.model is not None,
    }


def _interval_data(interval: Interval) -> dict[str, Any]:
    return {
        "mean": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "n_rows": interval.n_rows,
        "n_seeds": interval.n_seeds,
    }


def _title(arm: str) -> str:
    return ARMS[arm].title if arm in ARMS else arm


def _as_baseline(arm: str) -> str:
    return "plain training" if arm == PLAIN else _title(arm)


def _unit(found: Mapping[str, Any]) -> str:
    seeds = seeds_in_words(len(found["arms"][0]["runs"]))
    return f"{METRIC_TITLES[found['metric']].lower()} on {found['test_rows']:,} test rows, {seeds}"


def _short_verdict(arm: Mapping[str, Any], plain: str) -> str:
    outcome, mean = arm["difference"]["outcome"], arm["difference"]["mean"]
    if outcome == "no evidence":
        return f"No evidence of a difference between {arm['title']} and {plain}"
    return f"{arm['title']} is {outcome} than {plain}: {points(mean, signed=True)} points"
