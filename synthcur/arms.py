"""The ways to train a classifier on a collection, in one registry.

An arm is the rows that are trained on, the weight of a synthetic row, the target that is learned
from it, whether the weight follows the model in training, and what is trained at all. Everything
that lists, runs or explains arms reads `ARMS`; what the names of weights and targets mean stands in
`training_rows`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


def get_arm(name: str) -> Arm:
    """Return the arm of that name or alias.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.
    """
    known = stored_name(name)
    if known not in ARMS:
        raise InputError(f"Unknown arm {name!r}.", fix=f"Choose from {', '.join(said_names())}.")
    return ARMS[known]


def stored_name(name: str) -> str:
    """Return the name under which an arm is stored; any other name as it is."""
    return ALIASES.get(name, name)


def said_name(name: str) -> str:
    """Return the name of an arm that people are told: its alias, if it has one."""
    return next((alias for alias, stored in ALIASES.items() if stored == name), name)


def said_names() -> list[str]:
    """Return the names of all arms that people are told, in the order of `ARMS`."""
    return [said_name(name) for name in ARMS]


def short_name(name: str) -> str:
    """Return what a chart calls an arm; one that this release does not know goes by its name."""
    return ARMS[name].short if name in ARMS else name
