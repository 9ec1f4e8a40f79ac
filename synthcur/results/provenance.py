"""What made a run, as names and hashes, and what two runs do not have in common."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from synthcur.settings import TrainSettings, fingerprint
from synthcur.store.records import Job, Run
from synthcur.training.recipes import fit_of

Facts = dict[str, str]
"""Words by what they say, in the order in which they are told."""

_SCORES = {
    "embeddings": "embeddings",
    "quality": "P′, quality checker",
    "diversity": "Q, diversity checker",
    "signals": "signals",
}


def facts(job: Job) -> Facts:
    """Tell what a training job was made from.

    Data, decisions and checkers are named by their fingerprints: equal names mean equal content,
    and a run of equal settings on equal hardware gives the same predictions.
    """
    settings, spec = TrainSettings.from_dict(job.settings), job.spec
    facts = {"collection": job.collection, "version": f"{job.version}"}
    facts |= {"data": spec["collection_fp"]}
    facts |= {"decisions": _decisions(spec["decisions"])}
    facts |= {"decisions, hash": fingerprint(spec["decisions"])}
    facts |= {"checkers": settings.checkers if spec["scores"] else "not used"}
    for key, title in _SCORES.items():
        facts[title] = spec["scores"].get(key) or "not used"
    facts |= {"arms": ", ".join(settings.arms), "seeds": _seeds(settings.seeds)}
    facts |= {"recipe": settings.recipe}
    facts |= {key.replace("_", " "): f"{each}" for key, each in fit_of(job).to_dict().items()}
    facts["scheme"] = fingerprint(settings.weighting) if settings.weighting else "not used"
    facts["recipe, hash"] = fingerprint(job.settings)
    return facts


def prediction_hashes(runs: Sequence[Run]) -> list[tuple[str, int, str]]:
    """Name the predictions of every finished run, as (arm, seed, hash of the content)."""
    done = [run for run in runs if run.is_done and run.predictions]
    return [(run.arm, run.seed, run.predictions or "") for run in done]


def difference(first: Job, second: Job) -> list[tuple[str, str, str]]:
    """List what two training jobs do not have in common, as (what, of the first, of the second)."""
    one, other = facts(first), facts(second)
    keys = [*one, *(key for key in other if key not in one)]
    found = [(key, one.get(key, "—"), other.get(key, "—")) for key in keys]
    return [row for row in found if row[1] != row[2]]


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> str:
    if not decisions:
        return "none"
    counts = Counter(str(each["action"]) for each in decisions)
    return ", ".join(f"{number:,} {action}" for action, number in counts.most_common())


def _seeds(number: int) -> str:
    return "0" if number == 1 else f"0 to {number - 1}"
