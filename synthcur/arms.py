"""The ways to train a classifier on a collection, in one registry.

An arm is a rule for the weight of a synthetic row, the rows that are trained on, and whether the
weight follows the model in training. Everything that lists, runs or explains arms reads `ARMS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from synthcur.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train.

    Attributes
    ----------
    name
        Name used in commands and stored with every run.
    title
        Name shown to people.
    formula
        Loss of one synthetic row, in plain characters.
    sentence
        What it does and when it helps.
    rule
        Rule of `synthcur.weighting` that gives the weights of the synthetic rows.
    rows
        Which rows are trained on: ``synthetic``, ``real`` or ``both``.
    is_dynamic
        Whether the denominator is the model in training instead of the diversity checker.
    """

    name: str
    title: str
    formula: str
    sentence: str
    rule: str = "ce"
    rows: str = "synthetic"
    is_dynamic: bool = False

    @property
    def needs_scores(self) -> bool:
        """Whether the checkers must have scored the collection first."""
        return self.rule != "ce"


_ALL = (
    Arm(
        name="ce",
        title="Plain (synthetic only)",
        formula="-log p(y|x)",
        sentence="Every synthetic row counts the same: the baseline.",
    ),
    Arm(
        name="imp",
        title="IMP, P′/Q",
        formula="P'(y|x) / Q(y|x) * -log p(y|x)",
        sentence="Rows that fit the real data and are rare for the generator count more; the "
        "weights are fixed before training.",
        rule="imp",
    ),
    Arm(
        name="dimp",
        title="DIMP, P′/p",
        formula="P'(y|x) / sg[p(y|x)] * -log p(y|x)",
        sentence="Like IMP, but the model in training takes the place of the diversity checker, "
        "so a row counts less once it is learned.",
        rule="dimp",
        is_dynamic=True,
    ),
    Arm(
        name="p_only",
        title="Quality only, P′",
        formula="P'(y|x) * -log p(y|x)",
        sentence="Rows count as much as the quality checker believes their label.",
        rule="p_only",
    ),
    Arm(
        name="ce_both",
        title="Plain, synthetic + real",
        formula="-log p(y|x)",
        sentence="Synthetic and real training rows together, all with weight 1.",
        rows="both",
    ),
    Arm(
        name="ce_real",
        title="Plain (real only)",
        formula="-log p(y|x)",
        sentence="Only the real training rows: what can be had without synthetic data.",
        rows="real",
    ),
    Arm(
        name="scheme",
        title="Saved scheme",
        formula="w(x, y) * -log p(y|x)",
        sentence="The weighting saved on the Curate page, fixed before training.",
        rule="scheme",
    ),
)

ARMS: Mapping[str, Arm] = MappingProxyType({arm.name: arm for arm in _ALL})


def get_arm(name: str) -> Arm:
    """Return the arm of that name.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.
    """
    if name not in ARMS:
        raise InputError(f"Unknown arm {name!r}.", fix=f"Choose from {', '.join(ARMS)}.")
    return ARMS[name]
