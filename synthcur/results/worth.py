"""What the rows of one generator are worth, in words: an arm with them and without them; pure."""

from collections.abc import Sequence

from synthcur.arms import base_of, left_out_words, short_name
from synthcur.results.outcome import ArmResult, Worth
from synthcur.stats.majority import nothing_in_words
from synthcur.stats.metrics import CorrectedDifference
from synthcur.wording import p_in_words, points, seeds_in_words

HOW = (
    "The arm was trained once more without each of them, for as many steps. A difference above 0 "
    "is what its rows add to those of the others; one below 0 is what they cost."
)


def worth_of(
    arm: ArmResult,
    whole: ArmResult | None,
    difference: CorrectedDifference | None,
    *,
    n_compared: int,
) -> Worth:
    """Say what the rows are worth that an arm leaves out.

    Parameters
    ----------
    arm
        The arm that leaves them out.
    whole
        The one that learns them too; None where no run of it has finished.
    difference
        Score of the whole minus that without, where the two are compared.
    n_compared
        Number of arms that leave rows out and are compared so.
    """
    column, value = left_out_words(arm.name)
    rows = None
    if whole is not None and whole.rows is not None and arm.rows is not None:
        rows = whole.rows - arm.rows
    verdict = _why_not(arm, whole)
    if difference is not None:
        verdict = _verdict(value, rows, difference, n_compared)
    return Worth(
        column=column,
        value=value,
        whole=base_of(arm.name),
        without=arm,
        rows=rows,
        difference=difference,
        verdict=verdict,
    )


def _verdict(value: str, rows: int | None, found: CorrectedDifference, n_compared: int) -> str:
    seeds = seeds_in_words(found.n_seeds)
    if found.low <= 0 <= found.high or found.outcome == "no evidence":
        interval = f"{points(found.low, signed=True)} to {points(found.high, signed=True)}"
        size = f"{points(found.mean, signed=True)} points (95 % interval {interval}, {seeds})"
        sentence = f"No evidence that {value} adds or costs anything: {size}"
        if found.low <= 0 <= found.high:
            return sentence
        correction = f"after Holm correction over {n_compared} that were left out"
        return f"{sentence}; {correction} this is not significant ({p_in_words(found.p_holm)})"
    mean, low, high = found.mean, found.low, found.high
    its = "it" if rows is None else f"its {rows:,} rows"
    if found.outcome == "better":
        size = f"{points(mean)} points (95 % interval {points(low)} to {points(high)}, {seeds})"
        return f"{value} is worth {size}: so much is lost without {its}"
    size = f"{points(-mean)} points (95 % interval {points(-high)} to {points(-low)}, {seeds})"
    return f"{value} costs {size}: so much is gained without {its}"


def _why_not(arm: ArmResult, whole: ArmResult | None) -> str:
    """Say why an arm that leaves rows out is not compared."""
    if whole is None:
        return f"No run of {base_of(arm.name)} with all rows has finished to compare with"
    for each in (arm, whole):
        if each.learned_nothing:
            return nothing_in_words(each.title, each.learned_nothing, len(each.runs))
        if each.unfinished:
            return f"{each.title} was still learning when it stopped: train longer"
    return "No seed in common yet"


def told_apart(found: Sequence[Worth]) -> tuple[str, str, list[str]]:
    """Return what was left out in turn, of which arm, and the name of each.

    Where it is of several columns or arms, the names say of which.
    """
    columns, wholes = ({getattr(each, name) for each in found} for name in ("column", "whole"))
    what = found[0].column if len(columns) == 1 else "group of rows"
    arm = short_name(found[0].whole) if len(wholes) == 1 else "the arm"
    names = [each.value if len(columns) == 1 else f"{each.column} {each.value}" for each in found]
    if len(wholes) > 1:
        pairs = zip(names, found, strict=True)
        names = [f"{name}, {short_name(each.whole)}" for name, each in pairs]
    return what, arm, names


def worth_text(found: Sequence[Worth]) -> str:
    """Write what rows are worth as lines for a terminal; empty without any."""
    if not found:
        return ""
    what, arm, names = told_apart(found)
    lines = [f"What each {what} is worth, by {arm} with and without its rows:"]
    for name, each in zip(names, found, strict=True):
        lines.append(f"  {each.verdict}" if name == each.value else f"  {name}: {each.verdict}")
    return "\n".join([*lines, HOW])
