"""Weigh LLM-generated training data, train on it, and read which way of training won."""

import argparse
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from synthcur import __version__
from synthcur import demo as demo_collection
from synthcur.arms import get_arm, known_arm
from synthcur.cli import answers, decision_files, import_options, recipe_options
from synthcur.cli.answers import Answer
from synthcur.cli.following import print_progress
from synthcur.data.import_record import import_record
from synthcur.data.loading import accept, build
from synthcur.data.people import decisions_in
from synthcur.errors import InputError, NotFoundError
from synthcur.exports import downloads, hub, tool_files
from synthcur.exports.html_report import html_report
from synthcur.exports.publication import Publication, publication
from synthcur.jobs import cleaning, job_queue
from synthcur.results import comparison as report
from synthcur.results import findings
from synthcur.results.by_group import by_group, by_group_text, chosen_column, tested_columns
from synthcur.results.learning_curves import learning_results, learning_text
from synthcur.results.worth import worth_text
from synthcur.settings import (
    BUNDLED_MODEL,
    CHECKER_KINDS,
    ScoreSettings,
    TrainSettings,
    WeightingSettings,
)
from synthcur.store.database import sqlite_in_words
from synthcur.store.records import chosen_checkers
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings, default_arms, default_sizes
from synthcur.training.left_out import without_each
from synthcur.training.recipes import fit_of, recipe_in_words
from synthcur.workspace import VARIABLE, lock_server, open_store, require_writable

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def demo(options: argparse.Namespace) -> Answer:
    """Put the bundled demo collection into the workspace."""
    store = open_store(options.workspace)
    demo_collection.ensure(store)
    return answers.of_collection(store, demo_collection.NAME)


def import_(options: argparse.Namespace) -> Answer:
    """Check files, store them as a collection and score it with the probe checkers."""
    store = open_store(options.workspace)
    paths, tables, mappings = import_options.read_files(options, store.workspace)
    import_options.print_decisions(tables["synthetic"], mappings["synthetic"], options.decisions)
    draft = build(
        options.name, tables, mappings, seed=options.seed, takes_decisions=options.decisions
    )
    import_options.print_findings(draft)
    codes = import_options.accepted(draft, options.accept)
    record = import_record(
        draft, codes, tables, mappings, import_options.file_facts(paths), seed=options.seed
    )
    collection = accept(draft, codes)
    store.add_collection(collection, record=record)
    import_options.remember(tables, mappings, store.workspace)
    taken = import_options.take(store, collection, draft.said_under(codes))
    if not options.no_score:
        job = job_queue.submit_score(store, options.name, ScoreSettings())
        job_queue.wait(store, job.id, on_progress=print_progress())
    mapping = import_options.mapping_data(tables, mappings)
    answer = answers.of_collection(store, options.name, draft.findings, mapping)
    in_file = len(decisions_in(tables["synthetic"], mappings["synthetic"]))
    return replace(answer, data={**answer.data, "decisions": {"in_file": in_file, "taken": taken}})


def score(options: argparse.Namespace) -> Answer:
    """Compute embeddings, the map and one pair of checkers."""
    store = open_store(options.workspace)
    settings = ScoreSettings(
        checkers=options.checkers,
        fit=recipe_options.fit(options),
        seed=options.seed,
        recipe=recipe_options.kind(options),
    )
    job = job_queue.submit_score(store, options.name, settings)
    job_queue.wait(store, job.id, on_progress=print_progress())
    return answers.of_collection(store, options.name)


def weights(options: argparse.Namespace) -> Answer:
    """Write the weight of every synthetic row as Parquet."""
    store = open_store(options.workspace)
    settings = WeightingSettings(rule=options.rule)
    if options.scheme:
        settings = _scheme(store, options.name, options.scheme)
    if options.diversity:
        settings = replace(settings, diversity=options.diversity)
    checkers = options.checkers or _best_checkers(store, options.name)
    table = downloads.weights_table(store, options.name, checkers=checkers, weighting=settings)
    downloads.write_parquet(table, options.out)
    doubt = _say_doubt(store, options.name, checkers)
    data = {"rows": len(table), "out": str(options.out), "checkers": checkers, "doubt": doubt}
    return Answer(data, f"{len(table):,} rows with weights written to {options.out}")


def train(options: argparse.Namespace) -> Answer:
    """Train every arm with every seed, follow it, and compare the arms."""
    store = open_store(options.workspace)
    arms = _names(options.arms)
    if options.without:
        arms += without_each(options.without, arms, store.collection(options.name))
    settings = TrainSettings(
        arms=arms,
        seeds=options.seeds,
        fit=recipe_options.fit(options),
        checkers=options.checkers or _checkers_or_none(store, options.name) or CHECKER_KINDS[0],
        weighting=_scheme(store, options.name, options.scheme) if options.scheme else None,
        recipe=recipe_options.kind(options),
    )
    job = job_queue.submit_train(store, options.name, settings)
    if any(get_arm(arm).needs_scores for arm in settings.arms):
        _say_doubt(store, options.name, settings.checkers)
    job_queue.wait(store, job.id, on_progress=print_progress())
    return _results(store, options.name, job.id, "ce")


def learning_curve(options: argparse.Namespace) -> Answer:
    """Train with different numbers of real rows and say with how many synthetic ones pay."""
    store = open_store(options.workspace)
    collection = store.collection(options.name)
    real = collection.real_train_labels
    settings = LearningCurveSettings(
        arms=_names(options.arms) if options.arms else default_arms(),
        seeds=options.seeds,
        sizes=options.sizes or default_sizes(real),
        fit=recipe_options.fit(options),
        recipe=recipe_options.kind(options),
    )
    job = job_queue.submit_learning_curve(store, options.name, settings)
    job_queue.wait(store, job.id, on_progress=print_progress())
    found = learning_results(store, store.job(job.id))
    return Answer(found.to_dict(), learning_text(found))


def results(options: argparse.Namespace) -> Answer:
    """Compare the arms of a training job on the test split."""
    store = open_store(options.workspace)
    return _results(
        store, options.name, options.job, options.baseline, options.metric, by=options.by
    )


def report_(options: argparse.Namespace) -> Answer:
    """Write the results of a training job as one HTML file that opens offline."""
    store = open_store(options.workspace)
    page = html_report(
        store,
        options.name,
        job_id=options.job,
        baseline=options.baseline,
        metric=options.metric,
        by=options.by,
    )
    downloads.write_text(page, options.out)
    data = {"out": str(options.out), "bytes": len(page.encode())}
    return Answer(data, f"{options.out}: {data['bytes'] / 1000:,.0f} kB")


def export(options: argparse.Namespace) -> Answer:
    """Write the curated rows, the models and the results to a folder, or rows for another tool."""
    store = open_store(options.workspace)
    checkers = _checkers_or_none(store, options.name)
    if options.format:
        written = tool_files.write_tool_files(
            store, options.name, options.out, options.format, checkers=checkers
        )
    else:
        written = downloads.export(
            store,
            options.name,
            options.out,
            checkers=checkers,
            said=_publication(options),
            as_workbook=options.xlsx,
        )
    names = [str(path) for path in written]
    return Answer({"files": names}, "\n".join(names))


def push(options: argparse.Namespace) -> Answer:
    """Put the curated rows, or the model of an arm, on the Hugging Face hub."""
    store, name, said = open_store(options.workspace), options.name, _publication(options)
    token = os.environ.get(hub.TOKEN, "")
    with tempfile.TemporaryDirectory(prefix="synthcur-") as scratch:
        if options.model:
            found = report.results(store, name, job_id=options.job)
            kept = {run.arm: run for run in downloads.kept_models(store, found.job)}
            if options.model not in kept:
                known = ", ".join(kept) or "none yet"
                raise NotFoundError(f"No model of {options.model!r} is kept.", fix=f"Kept: {known}")
            folder = downloads.model_folder(store, kept[options.model], Path(scratch), said=said)
        else:
            checkers = _checkers_or_none(store, name)
            folder = downloads.dataset_folder(
                store, name, Path(scratch), checkers=checkers, said=said
            )
        kind = "model" if options.model else "dataset"
        address = hub.push(
            folder, options.repo, kind=kind, token=token, is_private=not options.public
        )
    return Answer({"address": address, "kind": kind}, address)


def _publication(options: argparse.Namespace) -> Publication:
    return publication(
        languages=options.language, licence=options.license, data_set=options.dataset
    )


def decide(options: argparse.Namespace) -> Answer:
    """Apply decisions from a JSON Lines file; the same file twice changes nothing more.

    Each line holds ``sample_id`` and ``action`` (keep, discard, relabel, unsure, note, edit), and
    where it applies ``label``, ``note``, ``reason``, ``text`` and ``annotator``. All lines are
    applied or none. A file has not seen what others say now, so a line that would replace the
    verdict, note or text of somebody else is refused unless told to override; what somebody has
    before them on the Review page is refused in any case.
    """
    store = open_store(options.workspace)
    read, added = decision_files.apply(
        store,
        options.name,
        options.source,
        annotator=options.annotator,
        is_override=options.override,
    )
    text = f"{added:,} of {read:,} decisions added"
    if added < read:
        text += "; the rest was there"
    if not read:
        text = f"{options.source} holds no decisions"
    return Answer({"read": read, "added": added}, text)


def list_jobs(options: argparse.Namespace) -> Answer:
    """List background jobs, newest first."""
    store = open_store(options.workspace)
    job_queue.poll(store)
    found = [answers.as_data(job) for job in store.jobs()]
    lines = [
        f"{job['id']}  {job['kind']:5}  {job['status']:10}  {job['collection']}  {job['what']}"
        for job in found
    ]
    return Answer({"jobs": found}, "\n".join(lines) or "No jobs yet.")


def cancel(options: argparse.Namespace) -> Answer:
    """Stop a background job; a second call ends its process at once."""
    job = job_queue.cancel(open_store(options.workspace), options.job)
    return Answer(answers.as_data(job), f"{job.id} is {job.status}")


def resume(options: argparse.Namespace) -> Answer:
    """Let a job that was stopped go on from its last checkpoint, and follow it."""
    store = open_store(options.workspace)
    job_queue.poll(store)
    job = job_queue.resume(store, options.job)
    job = job_queue.wait(store, job.id, on_progress=print_progress())
    return Answer(answers.as_data(job), f"{job.id} is {job.status}")


def first(options: argparse.Namespace) -> Answer:
    """Let a waiting job start before all others that wait."""
    job = job_queue.put_first(open_store(options.workspace), options.job)
    return Answer(answers.as_data(job), f"{job.id} is {job.status}")


def clean(options: argparse.Namespace) -> Answer:
    """List what jobs that have ended left behind, with sizes; remove it when told to."""
    store = open_store(options.workspace)
    job_queue.poll(store)
    found = cleaning.leftovers(store, models=options.models)
    if options.yes:
        cleaning.remove(store, found)
    total = sum(each.size for each in found)
    lines = [f"{each.size / 1e6:10,.1f} MB  {each.what}" for each in found]
    said = "removed" if options.yes else "can go; add --yes to remove it"
    data = {"bytes": total, "removed": options.yes, "leftovers": [asdict(each) for each in found]}
    return Answer(data, "\n".join([*lines, f"{total / 1e6:10,.1f} MB  {said}"]))


def serve(options: argparse.Namespace) -> None:
    """Replace this process by the web server."""
    if options.address not in LOOPBACK:
        raise InputError(
            f"The server would be open to the network at {options.address}. It encrypts nothing, "
            "and people who reach it past a proxy can give themselves any name.",
            fix="Leave --address out. Reach the server through an SSH tunnel, or through a proxy "
            "on this machine that adds TLS and signs people in (docs/annotating.md).",
        )
    lock = lock_server(options.workspace)
    # What ails the workspace is told here, not by the server's first page.
    open_store(options.workspace).close()
    os.set_inheritable(lock.fileno(), True)
    app = _site() / "app.py"
    os.environ[VARIABLE] = str(options.workspace)
    os.chdir(app.parent)
    command = [sys.executable, "-m", "streamlit", "run", str(app)]
    command += ["--server.port", str(options.port), "--server.address", options.address]
    print(f"synthcur: http://{options.address}:{options.port}", file=sys.stderr, flush=True)
    os.execv(sys.executable, command)


def doctor(options: argparse.Namespace) -> Answer:
    """Check that everything needed is here and healthy."""
    # Torch takes seconds to import; no other command needs it.
    from synthcur.models.pretrained import default_device, has_bfloat16, model_folder

    store = open_store(options.workspace)
    require_writable(store.workspace)
    device = default_device()
    data = {
        "synthcur": __version__,
        "python": sys.version.split()[0],
        "sqlite": sqlite_in_words(),
        "workspace": f"{store.workspace}, writable",
        "bundled_model": f"{model_folder(BUNDLED_MODEL)}, SHA-256 as expected",
        "device": f"{device.type}, {'bfloat16' if has_bfloat16(device) else 'float32'}",
    }
    return Answer(data, "\n".join(f"{key:14} {value}" for key, value in data.items()))


def _site() -> Path:
    """Return the folder of ``app.py``, its pages, static files and ``.streamlit/config.toml``.

    A wheel carries a copy inside the package; a checkout has them beside it.
    """
    package = Path(__file__).resolve().parents[1]
    carried = package / "_site"
    return carried if carried.is_dir() else package.parent


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _checkers_or_none(store: Store, name: str) -> str | None:
    store.collection_info(name)
    return chosen_checkers(store.scores(name))


def _best_checkers(store: Store, name: str) -> str:
    checkers = _checkers_or_none(store, name)
    if checkers is None:
        raise InputError(
            f"The collection {name!r} is not scored yet.",
            fix=f"Run: python -m synthcur score {name}",
        )
    return checkers


def _scheme(store: Store, name: str, scheme: str) -> WeightingSettings:
    schemes = store.schemes(name)
    if scheme not in schemes:
        known = ", ".join(repr(each) for each in schemes) or "none yet"
        raise NotFoundError(f"There is no scheme {scheme!r} for {name!r}.", fix=f"Saved: {known}.")
    return schemes[scheme]


def _results(
    store: Store,
    name: str,
    job_id: str | None,
    baseline: str,
    metric: str | None = None,
    *,
    by: str | None = None,
) -> Answer:
    found = report.results(store, name, job_id=job_id, baseline=baseline, metric=metric)
    job = store.job(found.job)
    split = None
    if by is not None:
        split = by_group(store, found, chosen_column(tested_columns(store, job), by))
    settings = TrainSettings.from_dict(job.settings)
    recipe = f"Trained with {recipe_in_words(fit_of(job))}."
    weighs = any((arm := known_arm(each)) and arm.needs_scores for each in settings.arms)
    doubt = answers.doubt_of_checkers(store, name, settings.checkers) if weighs else ""
    of_groups = by_group_text(split, found.test_rows) if split else ""
    read = answers.version_read(store, job)
    worth = worth_text(found.worth)
    said = [findings.results_text(found), of_groups, worth, recipe, read, doubt]
    text = "\n\n".join(filter(None, said))
    data = {**found.to_dict(), "doubt": doubt, "by": split and split.to_dict()}
    return Answer(data, text)


def _say_doubt(store: Store, name: str, checkers: str) -> str:
    """Say on the error channel that checkers are not to be trusted, and return what was said."""
    doubt = answers.doubt_of_checkers(store, name, checkers)
    if doubt:
        print(f"synthcur: {doubt}", file=sys.stderr, flush=True)
    return doubt
