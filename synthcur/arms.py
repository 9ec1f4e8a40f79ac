"""The ways to train a classifier on a collection, in one registry.

An arm is the rows that are trained on, the weight of a synthetic row, the target that is learned
from it, whether the weight follows the model in training, and what is trained at all. Everything
that lists, runs or explains arms reads `ARMS`; what the names of weights and targets mean stands in
`training_rows`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from synthcur.errors import InputError

FINETUNE, PROBE = "finetune", "probe"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train.

    Attributes
    ----------
    name
        Name used in commands and stored with every run.
    title
        Name shown to people.
    short
        The same as short as a chart needs it.
    formula
        Loss of one synthetic row, in plain characters.
    sentence
        What it does and when it helps.
    cost
        What it costs beside plain training.
    source
        Where it comes from.
    rows
        Which rows are trained on: ``synthetic``, ``real`` or ``both``.
    weights
        Name in `training_sets.FACTORS` of the weights of the synthetic rows.
    targets
        Name in `training_sets.TARGETS` of what is learned from them; empty for their labels.
    dynamic
        Name in `losses.DYNAMIC_WEIGHTS` when the weight follows the model in training; else empty.
    learner
        What is trained: ``finetune``, all of a BERT-size model, or ``probe``, a logistic regression
        on the embeddings of the bundled encoder (`synthcur.worker.probe_arms`), which reads neither
        weights nor targets.
    is_recommended
        Whether it is the one to start with where somebody has real rows; of one arm only.
    without
        Which synthetic rows it leaves out, ``column=value`` as `arm_without` writes it; empty for
        none, as of all arms in `ARMS`.
    """

    name: str
    title: str
    short: str
    formula: str
    sentence: str
    cost: str
    source: str
    rows: str = "synthetic"
    weights: str = "one"
    targets: str = ""
    dynamic: str = ""
    learner: str = FINETUNE
    is_recommended: bool = False
    without: str = ""

    @property
    def needs_scores(self) -> bool:
        """Whether the checkers must have scored the collection first."""
        return self.weights != "one" or bool(self.targets)

    @property
    def is_probe(self) -> bool:
        """Whether nothing is fine-tuned: no steps, no epochs, no curve."""
        return self.learner == PROBE

    @property
    def is_plain(self) -> bool:
        """Whether every row counts the same under its own label."""
        return self.weights == "one" and not self.targets and not self.dynamic


_NONE = "No more than plain training."
_CHECKERS = "Trains both checkers, once per collection."
_QUALITY = "Trains the quality checker, once per collection."
_SECONDS = "Seconds, once the texts are read."
_PROBE = "-log p(y|x), p = softmax(W e(x) + b)"
_KUO = "Kuo et al. 2024, arXiv 2410.21526"

_ALL = (
    Arm(
        name="ce",
        title="Plain (synthetic only)",
        short="Plain",
        formula="-log p(y|x)",
        sentence="Every synthetic row counts the same: the baseline.",
        cost=_NONE,
        source="Cross-entropy",
    ),
    Arm(
        name="ce_real",
        title="Plain (real only)",
        short="Real only",
        formula="-log p(y|x)",
        sentence="Only the real training rows, for as many steps as the other arms take: what can "
        "be had without synthetic data.",
        cost=_NONE,
        source="Cross-entropy",
        rows="real",
    ),
    Arm(
        name="ce_both",
        title="Plain (synthetic + real)",
        short="Plain + real",
        formula="-log p(y|x)",
        sentence="Synthetic and real training rows together, all with weight 1.",
        cost="Reads the real rows too.",
        source="Cross-entropy",
        rows="both",
    ),
    Arm(
        name="probe_real",
        title="Linear probe (real only)",
        short="Probe (real)",
        formula=_PROBE,
        sentence="Nothing is fine-tuned: a logistic regression on sentence embeddings of the real "
        "training rows. A fine-tuned model that stays below it is not worth its training.",
        cost=_SECONDS,
        source="Logistic regression",
        rows="real",
        learner=PROBE,
    ),
    Arm(
        name="probe_both",
        title="Linear probe (synthetic + real)",
        short="Probe (both)",
        formula=_PROBE,
        sentence="Nothing is fine-tuned: a logistic regression on sentence embeddings of synthetic "
        "and real training rows together.",
        cost=_SECONDS,
        source="Logistic regression",
        rows="both",
        learner=PROBE,
    ),
    Arm(
        name="imp",
        title="IMP, P′/Q",
        short="IMP",
        formula="P'(y|x) / Q(y|x) * -log p(y|x)",
        sentence="Rows that fit the real data and are rare for the generator count more; the "
        "weights are fixed before training.",
        cost=_CHECKERS,
        source=_KUO,
        weights="imp",
    ),
    Arm(
        name="dimp",
        title="DIMP, P′/p",
        short="DIMP",
        formula="P'(y|x) / sg[p(y|x)] * -log p(y|x)",
        sentence="Like IMP, but the model in training takes the place of the diversity checker, "
        "so a row counts less once it is learned.",
        cost=_QUALITY,
        source=_KUO,
        weights="p_only",
        dynamic="dimp",
    ),
    Arm(
        name="p_only",
        title="Quality only, P′",
        short="P′ only",
        formula="P'(y|x) * -log p(y|x)",
        sentence="Rows count as much as the quality checker believes their label.",
        cost=_QUALITY,
        source=f"{_KUO}, without the diversity checker",
        weights="p_only",
    ),
    Arm(
        name="consensus",
        title="Consensus (synthetic + real)",
        short="Consensus",
        formula="G(y|x) * sum_k t(k|x) * -log p(k|x), G = norm sqrt(P' Q), t = norm sqrt(G y)",
        sentence="Real rows join in. A synthetic row counts as much as two calibrated checkers "
        "that have not seen it agree on its label, and teaches a softened label.",
        cost="Trains both checkers out of fold, once per collection; reads the real rows too.",
        source="Made for synthcur, see docs/method.md",
        rows="both",
        weights="consensus",
        targets="consensus",
    ),
    Arm(
        name="witnesses",
        title="Label model (synthetic + real)",
        short="Label model",
        formula="sum_k t(k|x) * -log p(k|x), t = norm P'^a Q^b e(y|k)",
        sentence="Real rows join in. A synthetic row teaches how likely each label is after both "
        "checkers and the generator are heard, each as far as it is right on the real rows.",
        cost="Trains both checkers out of fold, once per collection; reads the real rows too.",
        source="Made for synthcur, see docs/method.md",
        rows="both",
        targets="witnesses",
        is_recommended=True,
    ),
    Arm(
        name="focal",
        title="Focal",
        short="Focal",
        formula="(1 - sg[p(y|x)]) * -log p(y|x)",
        sentence="Rows that the model finds hard count more, right or wrong; no checker is asked.",
        cost=_NONE,
        source="Lin et al. 2017, arXiv 1708.02002, with gamma = 1 as in Kuo et al.",
        dynamic="focal",
    ),
    Arm(
        name="quality_filter",
        title="Quality filter",
        short="Filter",
        formula="-log p(y|x) where P'(y|x) >= 1/K, else 0",
        sentence="Rows whose label the quality checker finds less likely than chance are left out; "
        "the others count the same.",
        cost="Trains the quality checker; less training.",
        source="Filtering by a model of the real data",
        weights="quality_filter",
    ),
    Arm(
        name="random_drop",
        title="Random drop",
        short="Random drop",
        formula="-log p(y|x) for a random part, else 0",
        sentence="A control: as many random rows as IMP's weights are worth, which tells what the "
        "smaller size alone does.",
        cost="Trains both checkers; less training.",
        source="Control",
        weights="random",
    ),
    Arm(
        name="distill",
        title="Distilled from P′",
        short="Distilled",
        formula="sum_k P'(k|x) * -log p(k|x)",
        sentence="The generator's label is put aside; the synthetic texts are learned under what "
        "the quality checker says.",
        cost=_QUALITY,
        source="Hinton et al. 2015, arXiv 1503.02531",
        weights="one",
        targets="quality",
    ),
    Arm(
        name="rho",
        title="RHO-LOSS, top half",
        short="RHO",
        formula="-log p(y|x) for the half of a batch with the largest P'(y|x) / p(y|x), else 0",
        sentence="Each step learns only from the rows that are learnable and not learned yet.",
        cost=_QUALITY,
        source="Mindermann et al. 2022, arXiv 2206.07137",
        weights="p_only",
        dynamic="rho",
    ),
    Arm(
        name="votes",
        title="Votes of real rows",
        short="Votes",
        formula="v(x, y) * -log p(y|x)",
        sentence="Every real row votes for the 8 nearest synthetic rows of its label, with 1, 1/2, "
        "1/4 and so on; rows without a vote are left out.",
        cost="Embeddings; less training.",
        source="After WASP, Zou et al. 2025, arXiv 2502.00245",
        weights="votes",
    ),
    Arm(
        name="scheme",
        title="Saved scheme",
        short="Scheme",
        formula="w(x, y) * -log p(y|x)",
        sentence="The weighting saved on the Curate page, fixed before training.",
        cost=_CHECKERS,
        source="Your own",
        weights="scheme",
    ),
)

ARMS: Mapping[str, Arm] = MappingProxyType({arm.name: arm for arm in _ALL})

RECOMMENDED = next(arm.name for arm in _ALL if arm.is_recommended)
"""Name of the arm to start with, by the evidence in ``docs/benchmarks.md``."""

FLOOR = tuple(arm.name for arm in _ALL if arm.is_probe)
"""Names of the arms that show in seconds what fine-tuning has to beat."""

OFFERED = ("ce", *FLOOR, "imp", "dimp", RECOMMENDED)
"""Names of the arms that a training job runs unless others are asked for."""


ALIASES: Mapping[str, str] = MappingProxyType({"label_model": "witnesses"})
"""What people call an arm, and the name under which it is stored."""


LEFT_OUT = "~"
"""What stands in the name of an arm between the arm it is like and the rows that it leaves out."""

WORD_LENGTH = 40
"""Characters of a column or a value in the name of an arm."""

_WITHOUT = re.compile(
    r"(?P<column>[\w.+-]{1,40})(~[0-9a-f]{4})?=(?P<value>[\w.+-]{1,40})(~[0-9a-f]{4})?"
)


def get_arm(name: str) -> Arm:
    """Return the arm of that name or alias, be it one that leaves rows out.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.
    """
    stored = stored_name(name)
    if (found := known_arm(stored)) is not None:
        return found
    base, sign, _ = stored.partition(LEFT_OUT)
    if not sign or base not in ARMS:
        fix = f"Choose from {', '.join(said_names())}."
        raise InputError(f"Unknown arm {name!r}.", fix=fix)
    if ARMS[base].rows == "real":
        raise InputError(
            f"The arm {base!r} learns no synthetic rows, so it can leave none out.",
            fix="Choose one that does, such as ce_both.",
        )
    raise InputError(
        f"{name!r} does not say which rows to leave out.",
        fix=f"Write it as {base}{LEFT_OUT}COLUMN=VALUE, or use --without COLUMN=VALUE.",
    )


def known_arm(name: str) -> Arm | None:
    """Return the arm that is stored under a name; None where this release knows none."""
    if name in ARMS:
        return ARMS[name]
    base, _, without = name.partition(LEFT_OUT)
    arm, words = ARMS.get(base), _WITHOUT.fullmatch(without)
    if arm is None or arm.rows == "real" or words is None:
        return None
    column, value = words["column"], words["value"]
    return replace(
        arm,
        name=name,
        title=f"{arm.title} without {value}",
        short=f"{arm.short} − {value}",
        sentence=f"{arm.sentence} Synthetic rows whose {column} is {value} are left out.",
        is_recommended=False,
        without=without,
    )


def arm_without(arm: str, column: str, value: str) -> str:
    """Return the name of an arm that leaves out the synthetic rows with a value in a column.

    It names files too, and stands in lists with commas, so that of column and value only letters,
    digits and ``_.+-`` are kept; where that loses something, a digest of the whole follows.
    """
    return f"{arm}{LEFT_OUT}{as_word(column)}={as_word(value)}"


def as_word(text: str) -> str:
    """Return a column or a value as it stands in the name of an arm, see `arm_without`."""
    word = re.sub(r"[^\w.+-]+", "-", text)[:WORD_LENGTH] or "-"
    if word == text:
        return word
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{word}{LEFT_OUT}{digest[:4]}"


def left_out_words(name: str) -> tuple[str, str]:
    """Return column and value, as people read them, by which an arm leaves rows out."""
    words = _WITHOUT.fullmatch(name.partition(LEFT_OUT)[2])
    return (words["column"], words["value"]) if words else ("", "")


def base_of(name: str) -> str:
    """Return the name of the arm that an arm is like but for rows it leaves out; else its own."""
    return name.partition(LEFT_OUT)[0]


def stored_name(name: str) -> str:
    """Return the name under which an arm is stored; any other name as it is."""
    base, sign, rest = name.partition(LEFT_OUT)
    return f"{ALIASES.get(base, base)}{sign}{rest}"


def said_name(name: str) -> str:
    """Return the name of an arm that people are told: its alias, if it has one."""
    base, sign, rest = name.partition(LEFT_OUT)
    said = next((alias for alias, stored in ALIASES.items() if stored == base), base)
    return f"{said}{sign}{rest}"


def said_names() -> list[str]:
    """Return the names of all arms that people are told, in the order of `ARMS`."""
    return [said_name(name) for name in ARMS]


def short_name(name: str) -> str:
    """Return what a chart calls an arm; one that this release does not know goes by its name."""
    arm = known_arm(name)
    return arm.short if arm else name
