"""Versions side by side: what a change would do, and how two that are stored differ."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthcur.data.changes import Change, check_usable
from synthcur.data.version_comparison import Comparison, compare
from synthcur.errors import SynthcurError
from synthcur.results.comparison import readable_jobs, results
from synthcur.settings import WeightingSettings
from synthcur.store.records import Version, chosen_checkers
from synthcur.store.store import Store
from synthcur.weighting.inputs import weighing_facts, weighing_probs
from synthcur.weighting.rules import sample_weight


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What an arm scored on a version: the latest finished job on it that trained the arm."""

    version: int
    job: int
    arm: str
    title: str
    metric: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class VersionComparison:
    """Two versions of a collection: numbers, what differs, and what was scored on each."""

    collection: str
    first: int
    second: int
    difference: Comparison
    figures: tuple[Figure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def preview(store: Store, name: str, change: Change) -> Comparison:
    """Tell what a change would do to the version that is open; nothing is stored.

    Raises
    ------
    InputError
        If nothing could be learned from what would be left.
    """
    check_usable(change.collection)
    return compare(store.collection(name), change.collection, (weights_of(store, name), None))


def make_version(
    store: Store, name: str, change: Change, *, made_from: int, annotator: str
) -> Version:
    """Store a change as the next version and open it; errors as of `preview` and `Versions.add`."""
    check_usable(change.collection)
    return store.versions.add(
        name,
        change.collection,
        made_from=made_from,
        what=change.what,
        change=change.data,
        annotator=annotator,
    )


def compare_versions(store: Store, name: str, first: int, second: int) -> VersionComparison:
    """Compare two versions of a collection.

    Raises
    ------
    NotFoundError
        If the collection has no such version.
    """
    before, after = (store.versions.collection(name, number) for number in (first, second))
    weights = (weights_of(store, name, first), weights_of(store, name, second))
    return VersionComparison(
        collection=name,
        first=first,
        second=second,
        difference=compare(before, after, weights),
        figures=tuple(
            figure for number in (first, second) for figure in _figures(store, name, number)
        ),
    )


def weights_of(store: Store, name: str, number: int | None = None) -> np.ndarray | None:
    """Return the IMP weights (N,) of a version's synthetic rows under the labels they came with.

    Parameters
    ----------
    number
        Of the version; the one that is open by default.

    Returns
    -------
    np.ndarray or None
        By the checkers that are trusted most; None where it is not scored.
    """
    scores = store.versions.scores(name, number)
    kind = chosen_checkers(scores)
    if kind is None:
        return None
    number = number or store.collection_info(name).version
    collection = store.versions.collection(name, number)
    artefacts, settings, read = scores[kind].artefacts, WeightingSettings(), store.artefacts.array
    try:
        probs = weighing_probs(artefacts, settings, read)
        facts = weighing_facts(collection, artefacts, read)
    except SynthcurError:
        return None  # cleaned away
    return sample_weight(*probs, collection.synthetic_labels, settings, facts)


def _figures(store: Store, name: str, number: int) -> Sequence[Figure]:
    found: dict[str, Figure] = {}
    for job in readable_jobs(store, name):
        if job.version != number:
            continue
        said = results(store, name, job_id=job.id)
        for arm in said.arms:
            found.setdefault(
                arm.name,
                Figure(
                    version=number,
                    job=job.number,
                    arm=arm.name,
                    title=arm.title,
                    metric=said.metric,
                    mean=arm.score.mean,
                    low=arm.score.low,
                    high=arm.score.high,
                ),
            )
    return list(found.values())
