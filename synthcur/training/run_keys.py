"""What of an arm and of a decision names a kept run: what changes training, and nothing else.

Runs that release 0.1 kept were named by everything an arm held, its words for people among them.
Those words stand here as they were, so that such runs are found again whatever is written about an
arm today. They name and show nothing else; an arm that came later has none and needs none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from synthcur.arms import FINETUNE, Arm
from synthcur.review.decisions import Decision

_TRAINED_BY = ("name", "rows", "weights", "targets", "dynamic")
"""Fields of an arm that change what is trained."""

_LATER: Mapping[str, Any] = MappingProxyType({"learner": FINETUNE, "without": ""})
"""Fields that do so too and came after release 0.1, with the value that names nothing."""

_TOLD_OF_A_DECISION = ("sample_id", "action", "label", "text")
"""Fields of a decision that change what is trained; a job is told of no others."""

_UNTOLD: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("annotator", "note", "reason", "queue"), ""),
        **{"seq": 0, "created_at": 0.0, "undoes": None, "batch": None},
    }
)
"""The other fields that a decision had in release 0.1, as a job read them."""

_FIRST_WORDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ce": {
            "title": "Plain (synthetic only)",
            "formula": "-log p(y|x)",
            "sentence": "Every synthetic row counts the same: the baseline.",
            "cost": "No more than plain training.",
            "source": "Cross-entropy",
            "is_recommended": False,
        },
        "ce_real": {
            "title": "Plain (real only)",
            "formula": "-log p(y|x)",
            "sentence": (
                "Only the real training rows, for as many steps as the synthetic rows would "
                "take and 150 at least: what can be had without synthetic data."
            ),
            "cost": "No more than plain training.",
            "source": "Cross-entropy",
            "is_recommended": False,
        },
        "ce_both": {
            "title": "Plain (synthetic + real)",
            "formula": "-log p(y|x)",
            "sentence": "Synthetic and real training rows together, all with weight 1.",
            "cost": "The real rows are read too.",
            "source": "Cross-entropy",
            "is_recommended": False,
        },
        "imp": {
            "title": "IMP, P′/Q",
            "formula": "P'(y|x) / Q(y|x) * -log p(y|x)",
            "sentence": (
                "Rows that fit the real data and are rare for the generator count more; the "
                "weights are fixed before training."
            ),
            "cost": "Both checkers, once a collection.",
            "source": "Kuo et al. 2024, arXiv 2410.21526",
            "is_recommended": False,
        },
        "dimp": {
            "title": "DIMP, P′/p",
            "formula": "P'(y|x) / sg[p(y|x)] * -log p(y|x)",
            "sentence": (
                "Like IMP, but the model in training takes the place of the diversity checker, "
                "so a row counts less once it is learned."
            ),
            "cost": "The quality checker, once a collection.",
            "source": "Kuo et al. 2024, arXiv 2410.21526",
            "is_recommended": False,
        },
        "p_only": {
            "title": "Quality only, P′",
            "formula": "P'(y|x) * -log p(y|x)",
            "sentence": "Rows count as much as the quality checker believes their label.",
            "cost": "The quality checker, once a collection.",
            "source": "Kuo et al. 2024, arXiv 2410.21526, without the diversity checker",
            "is_recommended": False,
        },
        "consensus": {
            "title": "Consensus (synthetic + real)",
            "formula": (
                "G(y|x) * sum_k t(k|x) * -log p(k|x), G = norm sqrt(P' Q), t = norm sqrt(G y)"
            ),
            "sentence": (
                "Real rows join in. A synthetic row counts as much as two calibrated checkers "
                "that have not seen it agree on its label, and teaches a softened label."
            ),
            "cost": "Both checkers out of fold, once a collection; the real rows are read too.",
            "source": "Made for synthcur, see docs/method.md",
            "is_recommended": False,
        },
        "witnesses": {
            "title": "Three witnesses (synthetic + real)",
            "formula": "sum_k t(k|x) * -log p(k|x), t = norm P'^a Q^b e(y|k)",
            "sentence": (
                "Real rows join in. A synthetic row teaches how likely each label is after both"
                " checkers and the generator are heard, each as far as it is right on the real "
                "rows."
            ),
            "cost": "Both checkers out of fold, once a collection; the real rows are read too.",
            "source": "Made for synthcur, see docs/method.md",
            "is_recommended": True,
        },
        "focal": {
            "title": "Focal",
            "formula": "(1 - sg[p(y|x)]) * -log p(y|x)",
            "sentence": (
                "Rows that the model finds hard count more, right or wrong; no checker is asked."
            ),
            "cost": "No more than plain training.",
            "source": "Lin et al. 2017, arXiv 1708.02002, with gamma = 1 as in Kuo et al.",
            "is_recommended": False,
        },
        "quality_filter": {
            "title": "Quality filter",
            "formula": "-log p(y|x) where P'(y|x) >= 1/K, else 0",
            "sentence": (
                "Rows whose label the quality checker finds less likely than chance are left "
                "out; the others count the same."
            ),
            "cost": "The quality checker; less training.",
            "source": "Filtering by a model of the real data",
            "is_recommended": False,
        },
        "random_drop": {
            "title": "Random drop",
            "formula": "-log p(y|x) for a random part, else 0",
            "sentence": (
                "A control: as many random rows as IMP's weights are worth, which tells what "
                "the smaller size alone does."
            ),
            "cost": "Both checkers; less training.",
            "source": "Control",
            "is_recommended": False,
        },
        "distill": {
            "title": "Distilled from P′",
            "formula": "sum_k P'(k|x) * -log p(k|x)",
            "sentence": (
                "The generator's label is put aside; the synthetic texts are learned under what"
                " the quality checker says."
            ),
            "cost": "The quality checker, once a collection.",
            "source": "Hinton et al. 2015, arXiv 1503.02531",
            "is_recommended": False,
        },
        "rho": {
            "title": "RHO-LOSS, top half",
            "formula": (
                "-log p(y|x) for the half of a batch with the largest P'(y|x) / p(y|x), else 0"
            ),
            "sentence": (
                "Each step learns only from the rows that are learnable and not learned yet."
            ),
            "cost": "The quality checker, once a collection.",
            "source": "Mindermann et al. 2022, arXiv 2206.07137",
            "is_recommended": False,
        },
        "votes": {
            "title": "Votes of real rows",
            "formula": "v(x, y) * -log p(y|x)",
            "sentence": (
                "Every real row votes for the 8 nearest synthetic rows of its label, with 1, "
                "1/2, 1/4 and so on; rows without a vote are left out."
            ),
            "cost": "Embeddings; less training.",
            "source": "After WASP, Zou et al. 2025, arXiv 2502.00245",
            "is_recommended": False,
        },
        "scheme": {
            "title": "Saved scheme",
            "formula": "w(x, y) * -log p(y|x)",
            "sentence": "The weighting saved on the Curate page, fixed before training.",
            "cost": "Both checkers, once a collection.",
            "source": "Your own",
            "is_recommended": False,
        },
    }
)


def arm_key(arm: Arm) -> dict[str, Any]:
    """Return what names an arm in the name of a kept run, as plain data.

    Two arms that train alike under one name have equal keys, whatever is written about them.
    """
    fields = [*_TRAINED_BY, *(each for each in _LATER if getattr(arm, each) != _LATER[each])]
    return {**_FIRST_WORDS.get(arm.name, {}), **{each: getattr(arm, each) for each in fields}}


def decision_key(decision: Decision) -> dict[str, Any]:
    """Return what names a decision in the name of a kept run: what it does to a row."""
    return {**_UNTOLD, **{each: getattr(decision, each) for each in _TOLD_OF_A_DECISION}}
