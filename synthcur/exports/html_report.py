"""A training job as one HTML file: opens offline, prints, and needs nothing beside itself.

No script, no font, no address of another server: the charts are inline SVG, and a content security
policy in the file forbids everything else. Here is what it says; ``templates/report.html`` is how
it looks, and escapes every text, that of samples too.
"""

import time
from collections.abc import Callable

import pandas as pd

from synthcur import __version__
from synthcur.arms import ARMS, base_of, short_name
from synthcur.charts import curve_axis, curves
from synthcur.charts.curves import LOSS, SCORES, Measure
from synthcur.charts.figures import arm_colour
from synthcur.charts.palette import DARK, LIGHT, Palette
from synthcur.data.row_groups import RowGroups
from synthcur.exports import svg
from synthcur.exports.report_page import (
    Chart,
    Command,
    Page,
    Paragraph,
    Part,
    Section,
    Table,
    render,
)
from synthcur.exports.svg import Line
from synthcur.results import findings, provenance
from synthcur.results.by_group import (
    ByGroup,
    by_group,
    chosen_column,
    notes,
    score_in_words,
    tested_columns,
)
from synthcur.results.comparison import command_line, results
from synthcur.results.dynamics import (
    WEIGHT_EDGES,
    Dynamics,
    effective_rows,
    read_dynamics,
    weight_histogram,
)
from synthcur.results.findings import difference_in_words
from synthcur.results.outcome import Results
from synthcur.results.pairwise import (
    Comparison,
    ReviewEffect,
    compare,
    flips_in_words,
    review_effect,
)
from synthcur.results.worth import HOW, told_apart
from synthcur.schema import REAL, VALIDATION
from synthcur.settings import TrainSettings
from synthcur.stats.majority import first_metric, majority_in_words, majority_score
from synthcur.stats.reliability import calibration_gap
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.weighting.weight_flow import rows_decided
from synthcur.wording import p_in_words, points, seeds_in_words

MOST_FLIPS = 20
"""Flipped test rows that are printed; more are counted."""

MOST_COLUMNS = 2
"""Further columns of the test rows that the arms are split by unless one is asked for."""

MOST_LABELS = 16
"""Labels whose confusions are drawn; more do not fit the page."""

_INK = ("page", "raised", "text", "muted", "border", "grid", "keep", "discard", "reference")


def html_report(
    store: Store,
    name: str,
    *,
    job_id: str | None = None,
    baseline: str = findings.PLAIN,
    metric: str | None = None,
    by: str | None = None,
) -> str:
    """Write the report of a training job.

    Parameters
    ----------
    store, name, job_id, baseline, metric
        As `results.comparison.results` takes them.
    by
        A column of the test rows that the arms are split by; the first `MOST_COLUMNS` further ones
        if it is left out.

    Returns
    -------
    str
        A whole HTML document of some 100 kB.

    Raises
    ------
    NotFoundError, InputError
        As `results.comparison.results`.
    """
    found = results(store, name, job_id=job_id, baseline=baseline, metric=metric)
    job, leader = store.job(found.job), findings.leading_arm(found)
    arm = leader.name
    seen = compare(store, job.id, arm=arm, baseline=baseline) if arm != baseline else None
    rows = [
        [_arms(found)],
        [_worth(found)],
        [_by_label(seen), _reliability(seen)] if seen else [],
        *([_by_group(by_group(store, found, each))] for each in _columns(store, job, by)),
        _curves(store, job, found),
        [_confusion(seen) if seen else None, _weights(store, job, arm)],
        [_decisions(job, review_effect(store, job, metric=found.metric))],
        [_flips(seen, has_verdict=leader.difference is not None)] if seen else [],
        [_provenance(store, job)],
        [_command(store, job)],
    ]
    page = Page(
        title=f"{found.verdict} – {name}",
        verdict=found.verdict,
        basis=findings.basis(found),
        made=_made(store, job, found),
        rows=tuple(tuple(each for each in row if each is not None) for row in rows),
        light=_variables(LIGHT),
        dark=_variables(DARK),
    )
    return render(page)


def _variables(palette: Palette) -> str:
    ink = [f"--{name}:{getattr(palette, name)}" for name in _INK]
    arms = [f"--arm-{arm.replace('_', '-')}:{arm_colour(arm, palette)}" for arm in ARMS]
    return ";".join(ink + arms)


def _colour(arm: str) -> str:
    base = base_of(arm)
    return f"var(--arm-{base.replace('_', '-')})" if base in ARMS else "var(--muted)"


def _made(store: Store, job: Job, found: Results) -> str:
    """Say of what, when and by which release the report is."""
    info = store.collection_info(job.collection)
    ended = time.strftime("%d %b %Y, %H:%M", time.localtime(job.ended_at or job.created_at))
    finished, planned = found.runs_finished, found.runs_planned
    state = f"{finished} runs" if finished == planned else f"{finished} of {planned} runs finished"
    rows = ", ".join(f"{number:,} {part}" for part, number in info.counts.items())
    return f"{info.title}: {rows} rows. Run {job.number}, {state}, {ended}. synthcur {__version__}."


def _arms(found: Results) -> Section:
    title = findings.METRIC_TITLES[found.metric]
    against = short_name(found.baseline)
    rows = []
    for arm in found.arms:
        score, difference = arm.score, arm.difference
        interval = f"{points(score.low)} to {points(score.high)}"
        p_holm = p_in_words(difference.p_holm) if difference else "—"
        outcome = findings.outcome(arm, baseline=found.baseline)
        rows.append(
            (
                *(arm.title, arm.rows or "—", score.n_seeds, f"{points(score.mean)} %"),
                *(interval, difference_in_words(difference), p_holm, outcome),
            )
        )
    head = ("Arm", "Rows", "Seeds", title, "95 % interval", f"Against {against}, points")
    said = [f"{arm.verdict}." for arm in found.arms if arm.verdict]
    if below := findings.floor_of(found):
        said.append(below)
    note = (
        f"{findings.METRIC_WORDS[found.metric]} on {found.test_rows:,} real test rows, mean "
        f"over seeds; {majority_in_words(found.majority)}"
    )
    if why := findings.why_macro_f1(found):
        note += f". {why}"
    table = Table((*head, "After Holm", "Verdict"), rows)
    chart = Chart(svg.forest(found.arms, baseline=against))
    return Section("Arms", note, (table, chart, *map(Paragraph, said)))


def _by_label(seen: Comparison) -> Section:
    arm, baseline = _names(seen)
    rows = [
        (label, int(rows), f"{points(before)} %", f"{points(after)} %", _signed(after - before))
        for label, rows, before, after in zip(
            *(seen.by_label[column] for column in ("label", "rows", "baseline", "arm")), strict=True
        )
    ]
    note = f"share right, mean of {seeds_in_words(seen.n_seeds)}"
    table = Table(("Label", "Test rows", baseline, arm, "Change"), rows)
    return Section("By label", note, (table,))


def _columns(store: Store, job: Job, by: str | None) -> list[RowGroups]:
    known = tested_columns(store, job)
    return known[1 : 1 + MOST_COLUMNS] if by is None else [chosen_column(known, by)]


def _by_group(found: ByGroup) -> Section:
    rows = [
        (each.name, each.rows, *(score_in_words(each.scores[arm]) for arm in found.arms))
        for each in found.groups
    ]
    head = (found.title, "Test rows", *map(short_name, found.arms))
    note = "share right in percent, mean over seeds, with 95 % interval"
    return Section(f"By {found.title}", note, (Table(head, rows), *map(Paragraph, notes(found))))


def _worth(found: Results) -> Section | None:
    if not found.worth:
        return None
    what, whole, names = told_apart(found.worth)
    rows = [
        (
            *(name, "—" if each.rows is None else each.rows),
            *(f"{points(each.without.score.mean)} %", difference_in_words(each.difference)),
            "—" if each.difference is None else p_in_words(each.difference.p_holm),
        )
        for name, each in zip(names, found.worth, strict=True)
    ]
    head = (what, "Rows", f"{whole} without it", "Worth, points", "After Holm")
    said = [Paragraph(f"{each.verdict}.") for each in found.worth]
    return Section(f"What each {what} is worth", HOW, (Table(head, rows), *said))


def _reliability(seen: Comparison) -> Section:
    arm, baseline = _names(seen)
    gap = [calibration_gap(each) for each in (seen.baseline_reliability, seen.reliability)]
    named = [
        (baseline, _colour(seen.baseline), seen.baseline_reliability),
        (arm, _colour(seen.arm), seen.reliability),
    ]
    chart = svg.reliability_chart(named, title="Share right against stated probability")
    sentence = (
        f"Mean distance from the diagonal: {baseline} {points(gap[0])}, {arm} {points(gap[1])} "
        "points. Bars: 95 % intervals."
    )
    return Section("How sure, how right", sentence, (Chart(chart),))


def _confusion(seen: Comparison) -> Section:
    arm, baseline = _names(seen)
    labels = seen.by_label["label"].tolist()
    shown = sorted(range(len(labels)), key=lambda i: -seen.confusion[i].sum())[:MOST_LABELS]
    shown = sorted(shown)
    counts = seen.confusion[shown][:, shown]
    names = [labels[i] for i in shown]
    moves = seen.confusion_change.copy()
    moves[range(len(labels)), range(len(labels))] = 0
    order = sorted(
        ((abs(float(moves[i, j])), i, j) for i, j in zip(*moves.nonzero(), strict=True)),
        reverse=True,
    )
    changes = [(labels[i], labels[j], _signed_rows(float(moves[i, j]))) for _, i, j in order[:6]]
    note = f"{arm}, test rows by true label (rows) and what it said (columns), mean over seeds"
    head = ("True", "Said", f"Confusions, {arm} minus {baseline}")
    chart = svg.matrix(counts, names, title=f"Confusion matrix of {arm}")
    return Section("Confusion", note, (Chart(chart), Table(head, changes)))


def _curves(store: Store, job: Job, found: Results) -> list[Section | None]:
    axis = curve_axis.axis_of(job)
    metrics = curve_axis.on_one_axis(store.metrics(job.id), store.runs(job.id), length=axis.length)
    collection = store.versions.read_by(job)
    labels = collection.label_ids(collection.part(REAL, VALIDATION))
    score = first_metric(labels)
    majority = majority_score(labels, score)
    return [
        _curve(metrics, found, LOSS, axis, lambda value: f"{value:.2f}"),
        _curve(metrics, found, SCORES[score], axis, lambda value: f"{100 * value:.0f} %", majority),
    ]


def _curve(
    metrics: pd.DataFrame,
    found: Results,
    measure: Measure,
    axis: curve_axis.Axis,
    write: Callable[[float], str],
    majority: float | None = None,
) -> Section | None:
    arms = [arm.name for arm in found.arms]
    finished = [(arm.name, run.seed) for arm in found.arms for run in arm.runs]
    table = curves.curve_table(metrics, measure, finished=finished, arms=arms)
    lines = []
    for arm in arms:
        named = short_name(arm)
        own = table[(table["arm"] == named) & (table["kind"] == "mean")]
        if len(own):
            x, y, low, high = (own[each].tolist() for each in ("epoch", "value", "low", "high"))
            lines.append(Line(named, _colour(arm), x, y, low, high))
    if not lines:
        return None
    title = f"{measure.title} by {axis.unit}"
    chart = svg.lines_chart(lines, title=title, write=write, majority=majority)
    note = "line: mean of the seeds; band: smallest to largest"
    return Section(measure.title, note, (Chart(chart),))


def _weights(store: Store, job: Job, arm: str) -> Section | None:
    runs = [run for run in store.runs(job.id) if run.arm == arm and run.is_done]
    seen = read_dynamics(store, job, runs[0]) if runs else None
    if seen is None or seen.weights is None:
        return None
    counts = weight_histogram(seen.weights[-1:])[0]
    chart = svg.histogram(counts.tolist(), WEIGHT_EDGES, title="Histogram of the weights")
    return Section("Weights", _weights_in_words(seen, arm, runs[0].seed), (Chart(chart),))


def _weights_in_words(seen: Dynamics, arm: str, seed: int) -> str:
    name, n = short_name(arm), len(seen.rows)
    when = f" in the last of {len(seen.margin)} epochs" if seen.is_dynamic else ""
    effective = effective_rows(seen.weights)[-1] if seen.weights is not None else n
    return (
        f"{name}, seed {seed}: {n:,} rows by the weight of their loss{when}; together they hold "
        f"the information of {effective:,.0f} equally weighted rows (not an accuracy)."
    )


def _decisions(job: Job, effect: ReviewEffect | None) -> Section:
    counts = pd.Series([each["action"] for each in job.spec["decisions"]], dtype=object)
    rows = [(str(action), int(number)) for action, number in counts.value_counts().items()]
    table = [Table(("Decision", "Rows"), rows)] if rows else []
    words = "Rows that people had decided on when this run was started."
    if not rows:
        words = "Nobody had decided on a row when this run was started."
    return Section("Decisions", words, (*table, *_effect(effect)))


def _effect(effect: ReviewEffect | None) -> tuple[Part, ...]:
    if effect is None:
        return ()
    rows = [
        (
            *(short_name(each.arm), f"{points(each.before)} %"),
            *(f"{points(each.after)} %", each.difference_in_words),
            *(each.p_in_words, each.outcome),
        )
        for each in effect.arms
    ]
    before, after = (rows_decided(job.spec["decisions"]) for job in (effect.before, effect.after))
    text = (
        f"Against run {effect.before.number}, of the same recipe with {before:,} decisions "
        f"instead of {after:,}:"
    )
    head = ("Arm", "Before", "After", "Difference, points", "After Holm", "Verdict")
    return Paragraph(text), Table(head, rows)


def _flips(seen: Comparison, *, has_verdict: bool) -> Section:
    arm, baseline = _names(seen)
    table = seen.flips.head(MOST_FLIPS)
    rows = []
    for row in table.to_dict("records"):
        pair = "" if pd.isna(row["text_pair"]) else f"\n— {row['text_pair']}"
        turned = "now right" if row["is_right"] else "now wrong"
        says = (row["label"], row["baseline_says"], row["arm_says"], turned)
        rows.append((f"{row['text']}{pair}", *says))
    more = len(seen.flips) - len(table)
    note = flips_in_words(seen.flip_test, has_verdict=has_verdict)
    note += f" The {len(table)} that changed most; {more:,} more." if more > 0 else ""
    head = ("Text", "True", f"{baseline} said", f"{arm} said", "")
    return Section("Flipped test rows", note, (Table(head, rows, text=(0,)),), is_long=True)


def _provenance(store: Store, job: Job) -> Section:
    facts = Table(("Made from", ""), list(provenance.facts(job).items()), text=(1,))
    named = [
        (short_name(arm), f"seed {seed}", content)
        for arm, seed, content in provenance.prediction_hashes(store.runs(job.id))
    ]
    note = (
        "Equal hashes mean equal content: rows, decisions, probabilities of both checkers, and "
        "what each run said of the test rows."
    )
    table = Table(("Arm", "Run", "Predictions, hash"), named)
    return Section("Provenance", note, (facts, table), is_long=True)


def _command(store: Store, job: Job) -> Section:
    settings = TrainSettings.from_dict(job.settings)
    note = (
        f"Repeats these runs with the decisions as they stand then; {settings.seeds} seeds from 0."
    )
    command = command_line(job, store.schemes(job.collection))
    return Section("Command line", note, (Command(command),))


def _names(seen: Comparison) -> tuple[str, str]:
    return short_name(seen.arm), short_name(seen.baseline)


def _signed(change: float) -> str:
    return points(change, signed=True)


def _signed_rows(rows: float) -> str:
    return f"{rows:+.1f}".replace("-", "−").removesuffix(".0")
