"""The state of a collection in a few figures, as the Overview tells it; pure numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthcur.arms import ARMS
from synthcur.review.decisions import (
    DISCARD,
    EDIT,
    RELABEL,
    Decision,
    current_decisions,
    effective_labels,
)
from synthcur.schema import Collection
from synthcur.settings import RULES, WeightingSettings
from synthcur.weighting.rules import (
    NO_FACTS,
    Facts,
    effective_sample_size,
    mass_by_group,
    sample_weight,
)


@dataclass(frozen=True)
class WeightFlow:
    """What becomes of the synthetic rows, from all of them to the effective ones.

    Attributes
    ----------
    rows_in
        All synthetic rows N.
    discarded
        Rows that a person discarded.
    copies
        Rows left whose text and label an earlier one has too; a copy adds nothing.
    effective
        Kish's effective sample size of the rows still left, at most their number.
    """

    rows_in: int
    discarded: int
    copies: int
    effective: float

    @property
    def down_weighted(self) -> float:
        """Rows that uneven weights cost: those still left minus the effective ones."""
        return self.rows_in - self.discarded - self.copies - self.effective


@dataclass(frozen=True)
class Decided:
    """How many synthetic rows people have decided on, by what was decided."""

    reviewed: int
    discarded: int
    relabelled: int


def weight_flow(
    collection: Collection,
    decisions: Sequence[Decision],
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    settings: WeightingSettings,
    facts: Facts = NO_FACTS,
) -> tuple[WeightFlow, pd.DataFrame]:
    """Follow the weight through the pool, with the decisions applied.

    Parameters
    ----------
    collection
        As imported; N synthetic rows, K labels.
    decisions
        The log of decisions.
    quality_probs, diversity_probs
        P' and Q, (N, K).
    settings, facts
        The weighting, and what it needs to know of the N rows.

    Returns
    -------
    flow : WeightFlow
    mass : pd.DataFrame
        `rules.mass_by_group` of the rows left by label; the weights average 1 there, so that a
        median of 1 means "as in plain training".
    """
    labels, kept = effective_labels(collection, decisions)
    texts = collection.synthetic[["text", "text_pair"]].assign(label=labels)
    stays = kept.copy()
    stays[kept] = ~texts[kept].duplicated().to_numpy()
    weights = sample_weight(
        quality_probs[stays], diversity_probs[stays], labels[stays], settings, facts.of(stays)
    )
    if weights.size and weights.mean() > 0:
        weights = weights / weights.mean()
    flow = WeightFlow(
        rows_in=len(labels),
        discarded=int((~kept).sum()),
        copies=int((kept & ~stays).sum()),
        effective=effective_sample_size(weights),
    )
    names = np.asarray(collection.labels, dtype=object)[labels[stays]]
    return flow, mass_by_group(weights, names)


def decided(decisions: Sequence[Decision]) -> Decided:
    """Count what people have decided so far, undone decisions apart."""
    current = current_decisions(decisions).values()
    actions = [decision.action for decision in current]
    return Decided(len(actions), actions.count(DISCARD), actions.count(RELABEL))


def rows_decided(spec_decisions: Sequence[Mapping[str, Any]]) -> int:
    """Count the rows that people had decided on when a job was started.

    Parameters
    ----------
    spec_decisions
        ``decisions`` of the job's spec: verdicts and edits stand apart, so a row that was kept and
        edited has two entries.
    """
    return len({each["sample_id"] for each in spec_decisions})


def decided_since(
    spec_decisions: Sequence[Mapping[str, Any]],
    current: Mapping[str, Decision],
    texts: Mapping[str, str],
) -> int:
    """Count the rows whose verdict or text is another than when a job was started.

    Parameters
    ----------
    spec_decisions
        As for `rows_decided`.
    current, texts
        Verdicts and new texts as they stand now, see `review.decisions.current_decisions` and
        `review.decisions.current_texts`.
    """
    then: dict[tuple[str, bool], Any] = {
        (each["sample_id"], each["action"] == EDIT): each.get("text")
        if each["action"] == EDIT
        else (each["action"], each.get("label"))
        for each in spec_decisions
    }
    now: dict[tuple[str, bool], Any] = {
        (sample_id, False): (each.action, each.label) for sample_id, each in current.items()
    }
    now |= {(sample_id, True): text for sample_id, text in texts.items()}
    return len({key[0] for key in then.keys() | now if then.get(key) != now.get(key)})


def shown_weighting(
    schemes: Mapping[str, WeightingSettings], best_arm: str | None
) -> tuple[str, WeightingSettings]:
    """Choose the weighting an overview is told with, and name it.

    It is the newest saved scheme; without one, the rule of the arm that leads the newest results;
    without those, ``imp``.
    """
    if schemes:
        name = list(schemes)[-1]
        return f"scheme “{name}”", schemes[name]
    rule = best_arm if best_arm in RULES and best_arm != "ce" else "imp"
    start = ", at the start of training" if ARMS[rule].dynamic else ""
    return f"{ARMS[rule].title}{start}", WeightingSettings(rule=rule)
