"""Why a row deserves a look, in one sentence of plain text."""

import math
import re
from dataclasses import dataclass

from synthcur.wording import share_in_words


@dataclass(frozen=True, kw_only=True)
class RowFacts:
    """What is known of one synthetic row.

    Attributes
    ----------
    label, quality, diversity, weight
        Its label, P' and Q of that label, and its weight.
    best_label, best_quality
        The most likely label under P' and its probability.
    group_size
        Rows of its group of near-duplicates, itself included; 1 without duplicates.
    is_likely_mislabelled
        See `signals.likely_mislabelled`.
    coverage
        `coverage_gaps.coverage` of the real row nearest to it; None in workspaces that hold none.
    uncertainty
        See `signals.weight_uncertainty`.
    """

    label: str
    quality: float
    best_label: str
    best_quality: float
    diversity: float
    weight: float
    group_size: int = 1
    is_likely_mislabelled: bool = False
    coverage: float | None = None
    uncertainty: float = 0.0


def reason(facts: RowFacts) -> str:
    """Say in one sentence, as plain text, what matters most about a row.

    It is what `stands_out` says, or that nothing does.
    """
    return stands_out(facts) or f"{_both(facts)}: nothing stands out."


def stands_out(facts: RowFacts) -> str:
    """Say in one sentence what is worth a look in a row; empty where nothing is.

    What calls for a decision comes first (wrong label, duplicate), then what makes label or weight
    doubtful, then what explains the weight.
    """
    quality, diversity = facts.quality, facts.diversity
    reads_otherwise = facts.best_label != facts.label
    on_real, both = _on_real(facts), _both(facts)
    factor = math.exp(facts.uncertainty)
    weight, least, most = (_number(facts.weight * times) for times in (1, 1 / factor, factor))
    covered = 1.0 if facts.coverage is None else facts.coverage
    of_average = f"{share_in_words(covered)} of average"
    ranked = (
        (reads_otherwise and facts.is_likely_mislabelled, f"{both}."),
        (facts.group_size > 1, f"One of {facts.group_size:,} rows that say nearly the same."),
        (factor > 2, f"Quality checkers disagree: its weight may as well be {least} or {most}."),
        (facts.best_quality < 0.5, f"{on_real}: no label fits well."),
        (reads_otherwise, f"{both}."),
        (quality > 1.5 * diversity, f"{both}: right and rare, at a weight of {weight}."),
        (diversity > 1.5 * quality, f"{both}: more typical of the generator than of real rows."),
        (
            covered < 0.5,
            f"Coverage is {of_average} around its nearest real row.",
        ),
    )
    return next((sentence for applies, sentence in ranked if applies), "")


def _on_real(facts: RowFacts) -> str:
    gives = f"{facts.label} {share_in_words(facts.quality)}"
    if facts.best_label != facts.label:
        gives += f" and {facts.best_label} {share_in_words(facts.best_quality)}"
    return f"Trained on real data, the checker gives {gives}"


def _both(facts: RowFacts) -> str:
    return f"{_on_real(facts)}; trained on other synthetic rows, {share_in_words(facts.diversity)}"


def _number(weight: float) -> str:
    return "under 0.01" if weight < 0.01 else f"{weight:,.2f}"


def emphasised(sentence: str, facts: RowFacts) -> tuple[str, ...]:
    """Cut a `reason` into parts; every second one, from the second on, is to be emphasised.

    Those are the labels with what the checkers give them. The parts joined are the sentence.
    """
    shares = (
        (f"{facts.label} ", facts.quality),
        (f"{facts.best_label} ", facts.best_quality),
        ("", facts.diversity),
    )
    phrases = {words + share_in_words(share) for words, share in shares}
    longest_first = sorted(phrases, key=len, reverse=True)
    return tuple(re.split(f"({'|'.join(map(re.escape, longest_first))})", sentence))
