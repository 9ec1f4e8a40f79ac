"""The words of results: the finding in one sentence, what it rests on, the arm that leads; pure.

Everything here reads the `Results` of a training job and nothing else.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from synthcur.arms import known_arm, said_name
from synthcur.results.floor import Below, below_in_words
from synthcur.results.outcome import ArmResult, Results
from synthcur.stats.bootstrap import MACRO_F1
from synthcur.stats.majority import LEARNED_NOTHING, UNEVEN, majority_in_words, uneven_in_words
from synthcur.stats.metrics import Interval
from synthcur.training.unfinished import STILL_LEARNING, no_verdict
from synthcur.wording import p_in_words, points, seeds_in_words

PLAIN = "ce"
METRIC_TITLES = {"accuracy": "Accuracy", "macro_f1": "Macro-F1"}
METRIC_WORDS = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
"""What the scores are called in a sentence."""


def headline(found: Results) -> str:
    """Say in one sentence which arm won: the finding of the Results page.

    An arm is named if it is better than the baseline, after Holm correction over all of them. If
    none is, the sentence says so, or names the one arm there is. Arms that learned nothing, or were
    still learning, are named as such; where none is left to compare, that is the finding.
    """
    rivals = compared_arms(found)
    if not rivals:
        return _without_rivals(found)
    idle, unfinished = _undertrained_arms(found)
    also = f"; {' and '.join(idle)} learned nothing" if idle else ""
    if unfinished:
        also += f"; {' and '.join(unfinished)} stopped while still learning"
    return f"{_of_rivals(found, rivals)}{also}"


def _undertrained_arms(found: Results) -> tuple[list[str], list[str]]:
    """Name the arms that learned nothing, and the others that were still learning."""
    marked = [(arm.mark, _in_a_sentence(arm.name, found)) for arm in found.arms]
    nothing, unfinished = (
        [name for mark, name in marked if mark == each]
        for each in (LEARNED_NOTHING, STILL_LEARNING)
    )
    return nothing, unfinished


def _of_rivals(found: Results, rivals: Sequence[ArmResult]) -> str:
    plain, best = as_baseline(found.baseline), leading_arm(found)
    if best.is_better or len(rivals) == 1:
        return _short_verdict(best, plain)
    if all(arm.is_worse for arm in rivals):
        return f"All {len(rivals)} arms are worse than {plain}"
    if len(rivals) > 3:
        return f"No evidence that any of {len(rivals)} arms is better than {plain}"
    names = " or ".join(_in_a_sentence(arm.name, found) for arm in rivals)
    return f"No evidence that {names} is better than {plain}"


def _without_rivals(found: Results) -> str:
    arms = found.arms
    if len(arms) == 1:
        scored = f"{arms[0].title}: {points(arms[0].score.mean)} % {_unit(found)}"
        return arms[0].verdict or scored
    baseline, plain = found.arm(found.baseline), as_baseline(found.baseline)
    nothing, unfinished = _undertrained_arms(found)
    if len(nothing) == len(arms):
        return no_verdict(["every arm"])
    if len(unfinished) == len(arms):
        return no_verdict([], ["every arm"])
    if baseline is not None and baseline.is_undertrained:
        return no_verdict([plain]) if baseline.learned_nothing else no_verdict([], [plain])
    if baseline is not None and (nothing or unfinished):
        return no_verdict(nothing, unfinished)
    best = leading_arm(found).title
    return f"{best} has the highest mean, but there is no {plain} to compare with"


def _in_a_sentence(arm: str, found: Results) -> str:
    # "IMP, P′/Q" is called IMP in a sentence.
    return as_baseline(arm) if arm == found.baseline else arm_title(arm).split(",")[0]


def compared_arms(found: Results) -> list[ArmResult]:
    """List the arms that are compared with the baseline, best mean first."""
    return [arm for arm in found.arms if arm.difference is not None]


def leading_arm(found: Results) -> ArmResult:
    """Return the arm that the page looks at closely.

    Of the arms that are better than the baseline, or else of all that are compared with it, it is
    the one with the largest difference; a larger one that is no evidence does not outdo evidence.
    Without any, it is the one with the highest mean, before all that `is_undertrained`.
    """
    rivals = compared_arms(found)
    better = [arm for arm in rivals if arm.is_better]
    if not rivals:
        return next((arm for arm in found.arms if not arm.is_undertrained), found.arms[0])
    return max(better or rivals, key=_gain)


def offered_arms(found: Results) -> list[ArmResult]:
    """List the arms whose model may be offered, the one to offer first: none that lost.

    Where arms are better than the baseline, these, by their difference. Else all that were trained
    to the end and are not worse, by their log loss on the validation rows, for the test rows cannot
    tell them apart; the baseline before its equals. Runs of release 0.1 have no log loss, and where
    there is one of them their accuracy takes its place. What stays below a linear probe on the
    validation rows comes behind all that does not: the probe is better, and takes seconds.
    """
    better = [arm for arm in found.arms if arm.is_better and arm.name not in found.below_probe]
    if better:
        return sorted(better, key=_gain, reverse=True)
    standing = [arm for arm in found.arms if not (arm.is_worse or arm.is_undertrained)]
    runs = [run for arm in standing for run in arm.runs]
    has_losses = all(run.val_log_loss is not None for run in runs)

    def place(arm: ArmResult) -> tuple[bool, float, bool]:
        if has_losses:
            measured = [run.val_log_loss or 0.0 for run in arm.runs]
        else:
            measured = [-(run.val_accuracy or 0.0) for run in arm.runs]
        is_below = arm.name in found.below_probe
        return is_below, float(np.mean(measured)), arm.name != found.baseline

    return sorted(standing, key=place)


def _gain(arm: ArmResult) -> float:
    return arm.difference.mean if arm.difference else 0.0


def floor_in_words(below: Mapping[str, Below]) -> str:
    """Say which arms stay below a linear probe on the validation rows; empty where none does."""
    probes = {each.probe: _lowered(arm_title(each.probe)) for each in below.values()}
    # "IMP, P′/Q" is called IMP in a sentence.
    arms = {arm: arm_title(arm).split(",")[0] for arm in below}
    return below_in_words(below, {**arms, **probes})


def floor_of(found: Results) -> str:
    """Return `floor_in_words` of the results of a job."""
    return floor_in_words(found.below_probe)


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]


def basis(found: Results) -> str:
    """Say what the headline rests on: interval, test rows, seeds, p-value."""
    leader = leading_arm(found)
    rows, difference = f"{found.test_rows:,}", leader.difference
    if difference is None:
        seeds = seeds_in_words(leader.score.n_seeds)
        return f"{rows} real test rows, {seeds}; {majority_in_words(found.majority)}."
    seeds = f" and {seeds_in_words(difference.n_seeds)}"
    if difference.n_seeds == 1:
        seeds = "; 1 seed, whose luck it leaves out"
    n_compared = len(compared_arms(found))
    corrected = f" after Holm correction over {n_compared} arms" if n_compared > 1 else ""
    return (
        f"{leader.title}: {difference_in_words(difference)} points of "
        f"{METRIC_WORDS[found.metric]}, 95 % interval by paired bootstrap over "
        f"{rows} real test rows{seeds}; {p_in_words(difference.p_holm)}{corrected}."
    )


def why_macro_f1(found: Results) -> str:
    """Say why macro-F1 comes first, where it does for how uneven the test rows are."""
    if found.metric != MACRO_F1 or found.largest <= UNEVEN:
        return ""
    return uneven_in_words(found.largest, "test rows")


def results_text(found: Results) -> str:
    """Write results as a table and sentences for a terminal."""
    title = METRIC_WORDS[found.metric]
    head = (
        f"Run {found.number} on {found.collection}: {title} on "
        f"{found.test_rows:,} test rows, 95 % intervals over rows and seeds"
    )
    if found.runs_finished < found.runs_planned:
        head += f" ({found.runs_finished} of {found.runs_planned} runs finished)"
    head += f"; always naming the largest label: {points(found.majority)} %"
    if why := why_macro_f1(found):
        head += f". {why}"
    against = f"against {said_name(found.baseline)}, points"
    table = [("arm", "seeds", title, "interval", against, "after Holm")]
    for arm in found.arms:
        score, difference = arm.score, arm.difference
        interval = f"{points(score.low)} to {points(score.high)}"
        cells = (said_name(arm.name), str(len(arm.runs)), f"{points(score.mean)} %", interval)
        p_holm = p_in_words(difference.p_holm) if difference else "—"
        table.append((*cells, difference_in_words(difference), arm.mark or p_holm))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    sentences = [arm.verdict for arm in found.arms if arm.verdict]
    return "\n".join([head, "", *lines, "", *sentences, floor_of(found)]).rstrip()


def difference_in_words(difference: Interval | None) -> str:
    """Write a difference in points with its interval: ``+4.4 [+1.8, +7.2]``."""
    if difference is None:
        return "—"
    mean, low, high = (
        points(each, signed=True) for each in (difference.mean, difference.low, difference.high)
    )
    return f"{mean} [{low}, {high}]"


def outcome(arm: ArmResult, *, baseline: str) -> str:
    """Return the verdict on an arm in a word or two; a dash where it is compared with nothing."""
    if arm.mark:
        return arm.mark
    if arm.difference:
        return arm.difference.outcome
    return "baseline" if arm.name == baseline else "—"


def arm_title(arm: str) -> str:
    """Return what people read for an arm, its name where it is none of today's."""
    known = known_arm(arm)
    return known.title if known else arm


def as_baseline(arm: str) -> str:
    """Return the arm's title as it stands after "than"."""
    return "plain training" if arm == PLAIN else arm_title(arm)


def _unit(found: Results) -> str:
    seeds = seeds_in_words(len(found.arms[0].runs))
    return f"{METRIC_WORDS[found.metric]} on {found.test_rows:,} test rows, {seeds}"


def _short_verdict(arm: ArmResult, plain: str) -> str:
    if arm.difference is None or arm.difference.outcome == "no evidence":
        return f"No evidence of a difference between {arm.title} and {plain}"
    gained = points(arm.difference.mean, signed=True)
    return f"{arm.title} is {arm.difference.outcome} than {plain}: {gained} points"
