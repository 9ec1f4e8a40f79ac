"""The rail of the Train page: what is to be run, and what that will cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from synthcur.arms import ARMS, FLOOR, OFFERED, Arm, base_of
from synthcur.checkers.pool_coverage import is_foreign, warning
from synthcur.data.row_groups import RowGroups
from synthcur.errors import InputError, SynthcurError
from synthcur.jobs.estimate import Estimate, estimate
from synthcur.models.base_models import ROOT_VARIABLE, known_width
from synthcur.results.findings import arm_title
from synthcur.settings import (
    AUTOMATIC,
    BUNDLED_MODEL,
    FIXED,
    MAX_EPOCHS,
    VAL_ACCURACY,
    VAL_LOG_LOSS,
    FitSettings,
    TrainSettings,
    WeightingSettings,
)
from synthcur.store.records import Scores, ranked_checkers
from synthcur.training.left_out import each_left_out, generators
from synthcur.training.recipes import automatic, rate_in_words, recipe_in_words
from synthcur.ui import parts, resources, session
from synthcur.weighting.inputs import CHECKER_TITLES

COMMON = ("ce", "ce_real", "ce_both", *FLOOR, "imp", "dimp", "p_only", "scheme")
"""Arms that are always in view; the others open on demand."""

_OTHER = "other"
_MODELS = {BUNDLED_MODEL: "MiniLM-L6, bundled, 22 M", _OTHER: "Other: folder or hub name"}
_OWN = "own"
_RECIPES = {
    AUTOMATIC: "Automatic",
    FIXED: "As published",
    _OWN: "Fixed values",
}
_PUBLISHED = FitSettings()
_PUBLISHED_RATE = rate_in_words(_PUBLISHED.learning_rate)


@dataclass(frozen=True)
class Choice:
    """What the rail is set to.

    Attributes
    ----------
    settings
        The job, or None while something is missing.
    problem
        What is missing, in a sentence; empty with `settings`.
    cost
        The size of the job in words.
    """

    settings: TrainSettings | None
    problem: str
    cost: str


def rail(name: str) -> Choice:
    """Draw the controls of a training job and return what they are set to."""
    scores, schemes = resources.scores(name), resources.store().schemes(name)
    with st.sidebar:
        arms, weighting = _arm_choice(scores, schemes)
        checkers = _checker_choice(scores)
        if checkers in scores:
            _warn_of_pool(scores[checkers], arms)
        seeds = st.number_input(
            "Seeds",
            min_value=1,
            max_value=50,
            value=TrainSettings().seeds,
            key="train_seeds",
            persist_state="session",
            help="Each arm is trained once per seed. A claim needs at least 5.",
        )
        left_out, said = _left_out_choice(name, arms)
        model = _model_choice()
        recipe = _recipe_choice()
        epochs, rate = _own_values() if recipe == _OWN else (_PUBLISHED.epochs, _PUBLISHED_RATE)
        try:
            fit = FitSettings(
                base_model=model,
                epochs=epochs,
                learning_rate=_as_number(rate),
                chosen_by=VAL_LOG_LOSS if recipe == _OWN else VAL_ACCURACY,
            )
            settings = session.allowed(
                TrainSettings(
                    arms=(*arms, *left_out),
                    seeds=seeds,
                    fit=fit,
                    checkers=checkers,
                    weighting=weighting,
                    recipe=AUTOMATIC if recipe == AUTOMATIC else FIXED,
                )
            )
        except SynthcurError as error:
            st.caption(parts.plain(str(error), limit=400))
            return Choice(None, error.what, "")
        rows = _rows(name)
        if left_out:
            more = replace(settings, arms=left_out, seeds=1)
            said.caption(_more_in_words(estimate(resources.store(), more, rows)))
        if recipe != _OWN:
            st.caption(parts.plain(_recipe_in_words(settings, rows), limit=400))
        cost = _cost_in_words(estimate(resources.store(), settings, rows))
        st.caption(cost)
    return Choice(settings, "", cost)


def _arm_choice(
    scores: Mapping[str, Scores], schemes: Mapping[str, WeightingSettings]
) -> tuple[tuple[str, ...], WeightingSettings | None]:
    def ticked(arms: Iterable[Arm]) -> set[str]:
        return {arm.name for arm in arms if _is_ticked(arm, scores, schemes)}

    st.caption("Arms")
    with st.container(gap="xsmall"):
        chosen = ticked(arm for arm in ARMS.values() if is_common(arm))
    scheme = None
    if "scheme" in chosen:
        scheme = st.selectbox(
            "Scheme", list(schemes)[::-1], key="train_scheme", persist_state="session"
        )
    with st.expander("More arms"), st.container(gap="xsmall"):
        chosen |= ticked(arm for arm in ARMS.values() if not is_common(arm))
    return tuple(name for name in ARMS if name in chosen), schemes.get(scheme or "")


def is_common(arm: Arm) -> bool:
    """Whether an arm is in view without opening the list of the others."""
    return arm.name in COMMON or arm.is_recommended


def _is_ticked(
    arm: Arm, scores: Mapping[str, Scores], schemes: Mapping[str, WeightingSettings]
) -> bool:
    reason = ""
    if arm.needs_scores and not scores:
        reason = "Needs checkers; they have not scored these rows yet. "
    elif arm.weights == "scheme" and not schemes:
        reason = "No scheme is saved yet; save one on the Curate page. "
    ticked = st.checkbox(
        parts.plain(f"{arm.title}, recommended" if arm.is_recommended else arm.title),
        value=arm.name in OFFERED and not reason,
        key=f"train_arm_{arm.name}_{'off' if reason else 'on'}",
        persist_state="session",
        disabled=bool(reason),
        help=f"{reason}{arm.sentence}  \n`{arm.formula}`  \n{arm.cost}  \n{arm.source}.",
    )
    return ticked and not reason


def _left_out_choice(name: str, arms: Sequence[str]) -> tuple[tuple[str, ...], DeltaGenerator]:
    """Draw the switch that has an arm trained without each generator too, where there are several.

    Returns
    -------
    names, room
        Of the arms that this adds, none if it is off; and where their cost is to be said.
    """
    names = each_left_out(_generators(name, resources.origin(name)), arms)
    if not names:
        return (), st.empty()
    base = arm_title(base_of(names[0]))
    is_on = st.checkbox(
        "Also train without each generator",
        key="train_without_each",
        persist_state="session",
        help=f"{parts.plain(base)} is trained once more without the rows of each of the "
        f"{len(names)} generators, for as many steps. The Results page then says what the rows of "
        "each are worth.",
    )
    return (names if is_on else ()), st.empty()


@st.cache_resource(show_spinner=False, max_entries=8)
def _generators(name: str, origin: str) -> RowGroups | None:
    return generators(resources.collection(name))


def _more_in_words(cost: Estimate) -> str:
    time = "" if cost.seconds is None else f", about {parts.duration(cost.seconds)}"
    return f"{cost.n_runs} more runs per seed{time}."


def _warn_of_pool(scores: Scores, arms: Iterable[str]) -> None:
    """Say that the pool reads as written for other texts where an arm learns it alone."""
    covered = resources.noted_of_pool(scores).get("real_covered")
    if covered and is_foreign(covered) and any(ARMS[arm].rows == "synthetic" for arm in arms):
        st.caption(f":material/warning: {warning(covered)}")


def _checker_choice(scores: Mapping[str, Scores]) -> str:
    kinds = ranked_checkers(scores)
    if len(kinds) < 2:
        return kinds[0] if kinds else "probe"
    chosen = st.radio(
        "Checkers",
        kinds,
        format_func=CHECKER_TITLES.__getitem__,
        horizontal=True,
        key="train_checkers",
        persist_state="session",
        help="Which pair supplies P′ and Q: logistic regressions on embeddings (probe), BERT-size "
        "classifiers (fine-tuned), or the mean of what both say.",
    )
    return chosen or kinds[0]


def _model_choice() -> str:
    chosen = st.selectbox(
        "Model",
        list(_MODELS),
        format_func=_MODELS.__getitem__,
        key="train_model",
        persist_state="session",
    )
    if chosen != _OTHER:
        return BUNDLED_MODEL
    named = st.text_input(
        "Folder or hub name",
        key="train_model_name",
        persist_state="session",
        placeholder="bert-base-uncased",
        help="A name on the Hugging Face hub, or a folder of this machine with a config.json. "
        f"Where people sign in, or {ROOT_VARIABLE} is set: one below the folder it names.",
    )
    return named.strip()


def _recipe_choice() -> str:
    chosen = st.selectbox(
        "Recipe",
        list(_RECIPES),
        format_func=_RECIPES.__getitem__,
        key="train_recipe",
        persist_state="session",
        help="How fast and how long every arm is trained. Automatic: by the model, the rows and "
        "the labels. As published: what Kuo et al. used for bert-base.",
    )
    return chosen or AUTOMATIC


def _own_values() -> tuple[int, str]:
    left, right = st.columns(2, gap="small")
    epochs = left.number_input(
        "Epochs",
        min_value=1,
        max_value=MAX_EPOCHS,
        value=_PUBLISHED.epochs,
        key="train_epochs",
        persist_state="session",
    )
    rate = right.text_input(
        "Learning rate", _PUBLISHED_RATE, key="train_rate", persist_state="session"
    )
    return epochs, rate


def _recipe_in_words(settings: TrainSettings, rows: Mapping[str, int]) -> str:
    """Say what the chosen recipe comes to for these rows."""
    if settings.recipe != AUTOMATIC:
        return f"{_sentence(settings.fit)}, for thousands of rows and bert-base."
    n_rows, n_labels = rows["synthetic"] + rows["real"], rows["labels"]
    width = known_width(settings.fit.base_model)
    fit = automatic(settings.fit, width=width or 1, n_rows=n_rows, n_labels=n_labels)
    of = f"{parts.count(n_rows)} rows of {n_labels} labels"
    if width is None:
        return f"{fit.steps:,} steps for {of}; the learning rate follows the model's width."
    return f"{_sentence(fit)}: for {of} and a model {width:,} units wide."


def _sentence(fit: FitSettings) -> str:
    words = recipe_in_words(fit)
    return words[0].upper() + words[1:]


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"The learning rate {text!r} is not a number.", fix="Write it like 6e-5."
        ) from error


def _rows(name: str) -> dict[str, int]:
    collection = resources.effective(name)
    return {
        "synthetic": len(collection.synthetic),
        "real": len(collection.real_train),
        "validation": resources.store().collection_info(name).counts["validation"],
        "labels": len(collection.labels),
    }


def _cost_in_words(cost: Estimate) -> str:
    runs = "1 run" if cost.n_runs == 1 else f"{cost.n_runs} runs"
    if cost.seconds is None:
        return f"Estimate: {runs}; no run of this model has been timed on this machine yet."
    return (
        f"Estimate: {runs}, about {parts.duration(cost.seconds)} on this machine, by the speed of "
        f"run {cost.measured_on}."
    )
