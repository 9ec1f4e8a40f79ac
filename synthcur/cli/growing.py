"""Commands that change a collection, go back to an earlier version, and lead it to the bin."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from synthcur.cli import answers, import_options
from synthcur.cli.answers import Answer
from synthcur.cli.following import print_progress
from synthcur.data import changes
from synthcur.data.changes import Change
from synthcur.data.import_record import import_record
from synthcur.data.labels import quoted
from synthcur.data.loading import accept, build, check_name
from synthcur.data.version_comparison import Comparison
from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.results.version_figures import VersionComparison, compare_versions, make_version
from synthcur.results.version_figures import preview as preview_of
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings
from synthcur.store.life import BIN_DAYS
from synthcur.store.records import Version
from synthcur.store.store import Store
from synthcur.workspace import open_store

ALL_POOLS = "all"


def versions(options: argparse.Namespace) -> Answer:
    """List the versions of a collection, and say which one is open."""
    store = open_store(options.workspace)
    info = store.collection_info(options.name)
    found = store.versions.all(options.name)
    lines = [_version_line(each, is_open=each.number == info.version) for each in found]
    data = {
        "collection": options.name,
        "open": info.version,
        "versions": [version_data(store, options.name, each) for each in found],
    }
    return Answer(data, "\n".join(lines))


def history(options: argparse.Namespace) -> Answer:
    """Say who did what and when, version by version, with all that is known of every import."""
    store = open_store(options.workspace)
    store.collection_info(options.name)
    found = store.versions.all(options.name)
    events = store.versions.history(options.name)
    data = {
        "collection": options.name,
        "versions": [
            {**version_data(store, options.name, each), "change": dict(each.change)}
            for each in found
        ],
        "events": [{"at": at, "text": text, "annotator": who} for at, text, who in events],
    }
    lines = [f"{_day(at)}  {text}{f'  ({who})' if who else ''}" for at, text, who in events]
    return Answer(data, "\n".join(lines))


def add_rows(options: argparse.Namespace) -> Answer:
    """Check files beside what a collection has, and add their rows as its next version."""
    store, name = open_store(options.workspace), options.name
    collection = store.collection(name)
    paths, tables, mappings = import_options.read_files(options, store.workspace)
    draft = build(name, tables, mappings, onto=collection)
    import_options.print_findings(draft)
    codes = import_options.accepted(draft, options.accept)
    change = changes.add_rows(
        collection,
        accept(draft, codes),
        record=import_record(draft, codes, tables, mappings, import_options.file_facts(paths)),
        pool=options.pool or "",
        replaces="" if options.replace == ALL_POOLS else options.replace,
    )
    return _changed(store, options, lambda _: change)


def labels(options: argparse.Namespace) -> Answer:
    """Rename, merge or split labels as the next version of a collection."""
    store = open_store(options.workspace)
    if bool(options.rename) == bool(options.split):
        raise InputError(
            "Say what becomes of which label.", fix="Give --rename OLD NEW, or --split LABEL."
        )
    if options.rename:
        names = dict(options.rename)
        return _changed(store, options, lambda each: changes.rename_labels(each, names))
    return _changed(store, options, lambda each: _split(store, options, each))


def _split(store: Store, options: argparse.Namespace, collection: Collection) -> Change:
    label = options.split
    if options.column and not (options.tag or options.row or options.into):
        return changes.split_label(
            collection, label, changes.by_column(collection, label, options.column)
        )
    if options.into and bool(options.tag) != bool(options.row) and not options.column:
        tagged = store.tags.rows(options.name).get(options.tag or "", ())
        ids = tagged if options.tag else options.row
        return changes.split_label(collection, label, dict.fromkeys(ids, str(options.into)))
    raise InputError(
        "Say which rows get which label.",
        fix="Give --column COLUMN, or --into NEW with --tag TAG or --row ID.",
    )


def exclude(options: argparse.Namespace) -> Answer:
    """Leave out all rows that have a value in a further column, as the next version."""
    store = open_store(options.workspace)
    return _changed(
        store, options, lambda each: changes.exclude(each, options.column, options.value)
    )


def remove_rows(options: argparse.Namespace) -> Answer:
    """Leave out rows by their ids, as the next version; earlier versions keep them."""
    store = open_store(options.workspace)
    return _changed(store, options, lambda each: changes.remove_rows(each, options.ids))


def undo(options: argparse.Namespace) -> Answer:
    """Go back to the version before, or to any other; nothing is lost."""
    store, name = open_store(options.workspace), options.name
    store.collection_info(name)
    if options.to is None:
        version = store.versions.undo(name, annotator=options.annotator)
    else:
        version = store.versions.open(name, options.to, annotator=options.annotator)
    data = {"collection": name, "version": version_data(store, name, version)}
    last = len(store.versions.all(name))
    return Answer(data, f"Version {version.number} of {last} is open: {version.what}")


def compare(options: argparse.Namespace) -> Answer:
    """Compare two versions: rows, labels, weight, and what was scored on each."""
    store = open_store(options.workspace)
    store.collection_info(options.name)
    found = compare_versions(store, options.name, options.first, options.second)
    return Answer(found.to_dict(), _comparison_text(found))


def rename(options: argparse.Namespace) -> Answer:
    """Give a collection another name, title or note."""
    store, name = open_store(options.workspace), options.name
    store.collection_info(name)
    if options.title is not None or options.note is not None:
        store.life.describe(
            name, title=options.title, note=options.note, annotator=options.annotator
        )
    elif options.new is None:
        raise InputError("Say what is to change.", fix="Give a new name, --title or --note.")
    if options.new is not None:
        check_name(options.new)
        store.life.rename(name, options.new, annotator=options.annotator)
    info = store.collection_info(options.new or name)
    data = {"collection": info.name, "title": info.title, "note": info.note}
    return Answer(data, f"{info.name}: {info.title}")


def duplicate(options: argparse.Namespace) -> Answer:
    """Copy a collection with versions, scores and decisions, without its jobs."""
    store = open_store(options.workspace)
    check_name(options.new)
    store.life.duplicate(options.name, options.new, annotator=options.annotator)
    return answers.of_collection(store, options.new)


def delete(options: argparse.Namespace) -> Answer:
    """Put a collection into the bin for 30 days, or remove one from the bin for good."""
    store, name = open_store(options.workspace), options.name
    if options.for_good:
        store.life.delete_for_good(name)
        return Answer({"collection": name, "days": 0}, f"{name} is gone for good.")
    store.life.delete(name, annotator=options.annotator)
    text = f"{name} is in the bin for {BIN_DAYS} days. Back with: python -m synthcur restore {name}"
    return Answer({"collection": name, "days": BIN_DAYS}, text)


def restore(options: argparse.Namespace) -> Answer:
    """Bring a collection back from the bin; without a name, list what lies there."""
    store = open_store(options.workspace)
    if options.name is None:
        found = [asdict(each) for each in store.life.bin()]
        lines = [f"{_day(each['binned_at'])}  {each['called']}  {each['title']}" for each in found]
        return Answer({"bin": found}, "\n".join(lines) or "The bin is empty.")
    if options.new is not None:
        check_name(options.new)
    name = store.life.restore(options.name, new=options.new or "", annotator=options.annotator)
    return answers.of_collection(store, name)


def erase(options: argparse.Namespace) -> Answer:
    """Say where rows and others of their texts are; with --yes erase them all, for good."""
    store, name = open_store(options.workspace), options.name
    store.collection_info(name)
    found = store.erasing.find(name, ids=options.row, containing=options.containing)
    called = {each.name: f"{each.called} (in the bin)" for each in store.life.bin()}
    if options.yes:
        store.erasing.erase(found, annotator=options.annotator)
    rows = {called.get(each, each): number for each, number in found.rows.items()}
    lines = [
        f"{called.get(each, each)}: {number:,} rows in version "
        f"{', '.join(map(str, found.versions[each]))}"
        for each, number in found.rows.items()
    ]
    lines.append(
        "Erased. Scores of these versions have to be computed again. A running server keeps what "
        "it has shown until it is started again; models that were trained on the rows stay, see: "
        "python -m synthcur clean --models"
        if options.yes
        else "Nothing was erased; add --yes to erase them. It cannot be undone."
    )
    return Answer({"collection": name, "rows": rows, "erased": options.yes}, "\n".join(lines))


def version_data(store: Store, name: str, version: Version) -> dict[str, Any]:
    """Describe a version; ``scores`` are the kinds of checkers that have scored it."""
    return {
        "number": version.number,
        "parent": version.parent,
        "fingerprint": version.fingerprint,
        "rows": dict(version.counts),
        "created_at": version.created_at,
        "annotator": version.annotator,
        "what": version.what,
        "scores": list(store.versions.scores(name, version.number)),
    }


def _changed(
    store: Store, options: argparse.Namespace, make: Callable[[Collection], Change]
) -> Answer:
    """Show what a change does; store and score it unless only that is asked for."""
    name = options.name
    before = store.collection_info(name).version
    change = make(store.versions.collection(name, before))
    found = preview_of(store, name, change)
    text = "\n".join([change.what, *found.in_words()])
    data: dict[str, Any] = {"collection": name, "what": change.what, "preview": found.to_dict()}
    if options.preview:
        return Answer({**data, "version": None}, f"{text}\nNothing was stored.")
    version = make_version(store, name, change, made_from=before, annotator=options.annotator)
    print(f"synthcur: version {version.number}", file=sys.stderr, flush=True)
    if not options.no_score:
        job = job_queue.submit_score(store, name, ScoreSettings())
        job_queue.wait(store, job.id, on_progress=print_progress())
    data["version"] = version_data(store, name, version)
    back = f"Version {version.number} is open. Back with: python -m synthcur undo {name}"
    return Answer(data, f"{text}\n{back}")


def _version_line(version: Version, *, is_open: bool) -> str:
    rows = sum(version.counts.values())
    who = f"  {version.annotator}" if version.annotator else ""
    mark = "*" if is_open else " "
    when = _day(version.created_at)
    return f"{mark} {version.number:3}  {when}  {rows:8,} rows  {version.what}{who}"


def _comparison_text(found: VersionComparison) -> str:
    lines = [f"Version {found.first}, then {found.second}", *found.difference.in_words()]
    lines += _label_lines(found.difference)
    lines += [
        f"version {each.version}, run {each.job}: {each.title} "
        f"{each.mean:.3f} ({each.low:.3f} to {each.high:.3f}), {each.metric}"
        for each in found.figures
    ]
    return "\n".join(lines)


def _label_lines(found: Comparison) -> list[str]:
    def share(value: float | None) -> str:
        return "not scored" if value is None else f"{value:.1%}"

    return [
        f"{quoted(each.label)}: {each.synthetic[0]:,} then {each.synthetic[1]:,} synthetic, "
        f"{each.real[0]:,} then {each.real[1]:,} real rows, "
        f"{share(each.mass[0])} then {share(each.mass[1])} of the weight"
        for each in found.labels
        if each.synthetic[0] != each.synthetic[1]
        or each.real[0] != each.real[1]
        or each.mass[0] != each.mass[1]
    ]


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
