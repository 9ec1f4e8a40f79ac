"""Why a row deserves a look, in one sentence of plain text."""

import math
import re
from dataclasses import dataclass

from synthcur.queues import share_in_words


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
        `signals.coverage` of the real row nearest to it; None in workspaces that hold none.
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

    What calls for a decision comes first (wrong label, duplicate), then what makes label or weight
    doubtful, then what explains the weight.
    """
    label, quality, diversity = facts.label, facts.quality, facts.diversity
    reads_otherwise = facts.best_label != label
    gives = f"{label} {share_in_words(quality)}"
    if reads_otherwise:
        gives += f" and {facts.best_label} {share_in_words(facts.best_quality)}"
    on_real = f"Trained on real data, the checker gives {gives}"
    both = f"{on_real}; trained on other synthetic rows, {share_in_words(diversity)}"
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
        (True, f"{both}: nothing stands out."),
    )
    return next(sentence for applies, sentence in ranked if applies)


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
