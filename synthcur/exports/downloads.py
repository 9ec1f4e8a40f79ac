"""Files that leave the workspace: curated rows with their weights, models, results.

Every file is written beside its place and then moved there, so it is either whole or not there.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthcur.data.table_files import as_bytes
from synthcur.errors import ArtefactError, InputError, NotFoundError, StoreError
from synthcur.exports import cards, dataset_files
from synthcur.exports.publication import NOTHING_SAID, Publication
from synthcur.files import make_folder, unmake, whole_file
from synthcur.results import comparison as report
from synthcur.results.findings import offered_arms
from synthcur.results.outcome import Results
from synthcur.review.decisions import (
    Decision,
    current_decisions,
    current_notes,
    effective_labels,
    standing,
    with_edits,
)
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings, fingerprint
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.weighting.inputs import weighing_facts, weighing_probs
from synthcur.weighting.rules import sample_weight

_SCHEME = "scheme_hash"
"""Column of a data set's folder that names the weighting."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


def curated_table(
    store: Store, name: str, *, checkers: str | None, weighting: WeightingSettings | None = None
) -> pd.DataFrame:
    """Return the synthetic rows that the next run trains on, with weight and decision.

    Parameters
    ----------
    store, name
        Workspace and collection.
    checkers
        Which pair of checkers supplies P' and Q; None leaves p, q and weight empty.
    weighting
        How the weights are made, and which Q stands in ``q``; IMP by default.

    Returns
    -------
    pandas.DataFrame
        sample_id, text, (text_pair,) label, p, q, weight, decision, imported_label, reason, note,
        annotator, then every other key of the input row; a key of the input that has one of these
        names gets ``_in_file`` appended, and a number where that is taken, too. Discarded rows are
        left out, relabelled ones have their new label and are weighed under it.
    """
    collection, log = store.collection(name), store.decisions.log(name)
    labels, kept = effective_labels(collection, log)
    synthetic = with_edits(collection.synthetic, log)
    names = np.asarray(collection.labels, dtype=object)
    table = synthetic[["sample_id", "text"]].copy()
    if collection.has_pairs:
        table["text_pair"] = synthetic["text_pair"]
    table["label"] = names[labels]
    table = pd.concat(
        [table, _weights(store, collection, checkers, weighting, labels, kept)], axis=1
    )
    table = pd.concat([table, _decided(synthetic, log)], axis=1)
    is_synthetic = (collection.rows["source"] == "synthetic").to_numpy()
    other = collection.provenance.loc[is_synthetic].reset_index(drop=True)
    other = other.set_axis(_free_names(other.columns, [*table.columns, _SCHEME]), axis="columns")
    return pd.concat([table, other], axis=1).loc[kept].reset_index(drop=True)


def weights_table(
    store: Store, name: str, *, checkers: str, weighting: WeightingSettings
) -> pd.DataFrame:
    """Return `curated_table` without what was decided about the rows."""
    table = curated_table(store, name, checkers=checkers, weighting=weighting)
    return table.drop(columns=["decision", "imported_label", "reason", "note", "annotator"])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as the kind of file that the ending of `path` names, see `as_bytes`."""
    with _whole_file(path) as target:
        target.write_bytes(as_bytes(table, path.suffix.removeprefix(".").lower()))


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8."""
    with _whole_file(path) as target:
        target.write_text(text, "utf-8")


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes as they are."""
    with _whole_file(path) as target:
        target.write_bytes(content)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, whatever the path ends in."""
    with _whole_file(path) as target:
        target.write_bytes(as_bytes(table, "parquet"))


def decisions_table(log: Iterable[Decision]) -> pd.DataFrame:
    """Return the decisions that stand, in order, as ``decide --from`` reads them."""
    columns = ["sample_id", "action", "label", "note", "reason", "text"]
    columns += ["annotator", "queue", "created_at"]
    rows = [[getattr(decision, column) for column in columns] for decision in standing(log)]
    return pd.DataFrame(rows, columns=columns)


def model_archive(store: Store, run: Run, *, said: Publication = NOTHING_SAID) -> Path:
    """Return a zip of a run's model folder, made at its first use.

    The folder inside loads with ``AutoModelForSequenceClassification.from_pretrained``; its
    ``README.md`` is the model's card, and its tokenizer reads as many tokens as training did.

    Raises
    ------
    NotFoundError
        If no model of this run is kept.
    ArtefactError
        If it is missing from the job's folder.
    """
    if run.model is None:
        raise NotFoundError(
            f"The model of {run.arm} with seed {run.seed} was not kept.",
            fix="One model is kept an arm: that of the seed with the best validation accuracy.",
        )
    job = store.job(run.job_id)
    job_folder = job.folder.resolve()
    folder = (job_folder / run.model).resolve()
    if not folder.is_relative_to(job_folder) or not folder.is_dir():
        raise ArtefactError(
            f"The model folder {run.model!r} is missing from {job_folder}.",
            fix="Train the arm again.",
        )
    written = {
        "README.md": cards.model_card(store, job, run, said=said),
        **_tokenizer_config(folder, job, run),
    }
    # Named by what is written anew: the card tells all runs finished so far.
    name = f"{run.job_id}-{run.arm}-seed{run.seed}-{fingerprint(written)}.zip"
    path = store.workspace / "downloads" / name
    if not path.exists():
        with _whole_file(path) as target:
            _zip_folder(folder, target, inside=f"{run.arm}-seed{run.seed}", written=written)
    return path


def _tokenizer_config(folder: Path, job: Job, run: Run) -> dict[str, str]:
    """Give a tokenizer the length of training; models of release 0.1 kept that of their base."""
    try:
        config = json.loads((folder / cards.TOKENIZER_CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    config["model_max_length"] = cards.training_length(job, run)
    return {cards.TOKENIZER_CONFIG: json.dumps(config, indent=2, ensure_ascii=False) + "\n"}


def model_folder(store: Store, run: Run, out: Path, *, said: Publication = NOTHING_SAID) -> Path:
    """Unpack `model_archive` into a folder and return the one that holds the model."""
    with zipfile.ZipFile(model_archive(store, run, said=said)) as archive:
        archive.extractall(out)
    return out / f"{run.arm}-seed{run.seed}"


def dataset_folder(
    store: Store,
    name: str,
    out: Path,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
    said: Publication = NOTHING_SAID,
) -> Path:
    """Write the curated rows as a folder that ``datasets.load_dataset`` and the hub read.

    ``README.md`` is the card, ``data/train.parquet`` the rows of `curated_table` with one column
    more, ``scheme_hash``, and numbers of named classes as labels, ``decisions.jsonl`` the decisions
    that stand, and ``croissant.json`` the description that other loaders read.

    Parameters
    ----------
    said
        What the publisher says of the rows.
    """
    settings = weighting or WeightingSettings()
    table = curated_table(store, name, checkers=checkers, weighting=settings)
    table = table.assign(**{_SCHEME: fingerprint(settings) if checkers else ""})
    rows = dataset_files.classes_table(table, store.collection(name).labels)
    content = dataset_files.parquet_bytes(rows)
    with _whole_file(out / dataset_files.ROWS_FILE) as target:
        target.write_bytes(content)
    write_table(decisions_table(store.decisions.log(name)), out / "decisions.jsonl")
    card = cards.dataset_card(
        store,
        name,
        table,
        weighting=settings,
        features=dataset_files.card_features(rows),
        said=said,
    )
    write_text(card, out / "README.md")
    title = store.collection_info(name).title
    described = dataset_files.croissant(rows, content, name=name, title=title, said=said)
    _write_json(described, out / "croissant.json")
    return out


def dataset_archive(
    store: Store,
    name: str,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
    said: Publication = NOTHING_SAID,
) -> bytes:
    """Return `dataset_folder` as a zip."""
    with tempfile.TemporaryDirectory(prefix="synthcur-") as scratch:
        folder = Path(scratch) / f"{name}-curated"
        dataset_folder(store, name, folder, checkers=checkers, weighting=weighting, said=said)
        target = Path(scratch) / "dataset.zip"
        _zip_folder(folder, target, inside=folder.name)
        return target.read_bytes()


def export(
    store: Store,
    name: str,
    out: Path,
    *,
    checkers: str | None,
    weighting: WeightingSettings | None = None,
    said: Publication = NOTHING_SAID,
    as_workbook: bool = False,
) -> list[Path]:
    """Write everything a collection has come to into a folder.

    Curated rows as Parquet, JSON Lines, CSV, if asked for XLSX, and a folder for ``datasets``, the
    decisions that stand, and, where a training job has finished, its results and one zip a kept
    model.

    Returns
    -------
    list of Path
        The files, in the order they were written.
    """
    table = curated_table(store, name, checkers=checkers, weighting=weighting)
    written = ["curated.parquet", "curated.jsonl", "curated.csv", "decisions.jsonl"]
    if as_workbook:
        written.insert(3, "curated.xlsx")
    for file in written[:-1]:
        write_table(table, out / file)
    write_table(decisions_table(store.decisions.log(name)), out / "decisions.jsonl")
    dataset_folder(store, name, out / "dataset", checkers=checkers, weighting=weighting, said=said)
    written.append("dataset")
    if report.readable_jobs(store, name):
        found = report.results(store, name)
        _write_json(found.to_dict(), out / "results.json")
        written.append("results.json")
        for run in kept_models(store, found.job):
            target = f"model-{run.arm}.zip"
            _copy(model_archive(store, run, said=said), out / target)
            written.append(target)
    return [out / file for file in written]


def kept_models(store: Store, job_id: str) -> list[Run]:
    """List the runs of a job whose model is kept, one per arm."""
    return [run for run in store.runs(job_id) if run.is_done and run.model]


def offered_model(store: Store, found: Results) -> Run | None:
    """Return the run whose model a page offers by itself: never that of an arm that lost.

    Parameters
    ----------
    store
        Where the job is.
    found
        Its results.

    Returns
    -------
    Run or None
        The first of `findings.offered_arms` of which a model is kept; None if there is none.
    """
    kept = {run.arm: run for run in kept_models(store, found.job)}
    return next((kept[arm.name] for arm in offered_arms(found) if arm.name in kept), None)


def _weights(
    store: Store,
    collection: Collection,
    checkers: str | None,
    weighting: WeightingSettings | None,
    labels: np.ndarray,
    kept: np.ndarray,
) -> pd.DataFrame:
    values = pd.DataFrame(np.nan, index=range(len(labels)), columns=["p", "q", "weight"])
    if checkers is None:
        return values
    name = collection.name
    found = store.scores(name).get(checkers)
    if found is None:
        raise NotFoundError(
            f"The {checkers} checkers have not scored {name!r}.",
            fix=f"Run: python -m synthcur score {name} --checkers {checkers}",
        )
    settings = weighting or WeightingSettings()
    quality, diversity = weighing_probs(found.artefacts, settings, store.artefacts.array)
    facts = weighing_facts(collection, found.artefacts, store.artefacts.array)
    own = np.arange(len(labels)), labels
    values["p"], values["q"] = quality[own].astype(float), diversity[own].astype(float)
    values.loc[kept, "weight"] = sample_weight(
        quality[kept], diversity[kept], labels[kept], settings, facts.of(kept)
    )
    return values


def _decided(synthetic: pd.DataFrame, log: list[Decision]) -> pd.DataFrame:
    """Say what was decided about every synthetic row; empty where nothing was."""
    current, notes = current_decisions(log), current_notes(log)
    nothing = Decision(sample_id="", action="")
    rows = []
    for sample_id, label in zip(synthetic["sample_id"], synthetic["label"], strict=True):
        decision = current.get(sample_id, nothing)
        note = notes.get(sample_id, decision.note)
        rows.append((decision.action, label, decision.reason, note, decision.annotator))
    return pd.DataFrame(
        rows, columns=["decision", "imported_label", "reason", "note", "annotator"], dtype=object
    )


def _free_names(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Return the names with ``_in_file`` and a number appended to those that are taken."""
    names, used, free = list(names), set(taken), []
    for name in names:
        endings = chain([""], (f"_{number}" for number in count(2)))
        candidates = (f"{name}_in_file{ending}" for ending in endings)
        others = used.union(names)
        free.append(name if name not in used else next(c for c in candidates if c not in others))
        used.add(free[-1])
    return free


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, moved into place when the block ends well.

    Raises
    ------
    InputError
        If what stands there is no file: a folder, or a device, which a move would replace.
    StoreError
        If the disk refuses; neither a part of the file nor a folder made for it stays.
    """
    made: list[Path] = []
    is_whole = False
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise InputError(f"{path} is {kind}.", fix="Name a file to write to.")
        made = make_folder(path.parent)
        with whole_file(path) as temporary:
            yield temporary
        is_whole = True
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}.",
            fix="Nothing of it was kept. Check the path, the disk space and the permissions.",
        ) from error
    finally:
        if not is_whole:
            unmake(made)


def _write_json(data: Mapping[str, Any], path: Path) -> None:
    write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", path)


def _copy(source: Path, path: Path) -> None:
    with _whole_file(path) as target, open(source, "rb") as file, open(target, "wb") as copy:
        while block := file.read(1 << 20):
            copy.write(block)


def _zip_folder(
    folder: Path, target: Path, *, inside: str, written: Mapping[str, str] = _NOTHING
) -> None:
    """Zip a folder; the texts of `written` stand in place of its files of these names."""
    # Weights do not compress: storing them makes the zip as fast as the disk.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and name.as_posix() not in written:
                archive.write(path, Path(inside) / name)
        for each, text in written.items():
            archive.writestr(f"{inside}/{each}", text)
