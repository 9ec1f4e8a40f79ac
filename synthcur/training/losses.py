"""The losses of the method: pure torch, one value per batch.

Source: Kuo et al. 2024 (arXiv 2410.21526), IMP-Loss and DIMP-Loss, and the authors' code. All of
it is computed in float32, also under bf16 autocast; nothing is clipped, normalised or smoothed.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch.nn import functional

from synthcur.weighting.rules import SMALLEST_PROBABILITY


def weighted_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, sample_weight: torch.Tensor
) -> torch.Tensor:
    """Mean over the batch of ``w_i * -log p(y_i|x_i)``, or of its expectation under soft targets.

    The mean divides by the number of rows, not by the sum of the weights, as in the paper.

    Parameters
    ----------
    logits
        Shape (n, K).
    targets
        Label ids, shape (n,), or probabilities of the labels, shape (n, K), float32.
    sample_weight
        Shape (n,), >= 0; no gradient flows through it.

    Returns
    -------
    torch.Tensor
        A float32 scalar. With all weights 1 it is plain cross-entropy; with ``P'/Q`` it is
        IMP-Loss; with `dynamic_weight` it is DIMP-Loss.
    """
    losses = functional.cross_entropy(logits.float(), targets, reduction="none")
    return (sample_weight.detach().float() * losses).mean()


def dynamic_weight(
    logits: torch.Tensor, labels: torch.Tensor, quality: torch.Tensor
) -> torch.Tensor:
    """Weight of DIMP-Loss, ``P'(y|x) / sg[p(y|x)]``, from the logits of the same forward pass.

    Parameters
    ----------
    logits
        Of the model in training, shape (n, K).
    labels
        Label ids, shape (n,).
    quality
        P' of every row under its label, shape (n,), in [0, 1].

    Returns
    -------
    torch.Tensor
        Shape (n,), float32, detached: the stop-gradient makes the gradient of the loss that of
        ``mean(P'/p)``. p is clamped to `rules.SMALLEST_PROBABILITY`, like every probability.
    """
    return quality.float() * torch.exp(-own_log_probability(logits, labels))


def focal_weight(logits: torch.Tensor, labels: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Weight of the focal loss with gamma = 1, ``1 - sg[p(y|x)]``, times the row's own factor.

    Source: Lin et al. 2017 (arXiv 1708.02002); detached, with gamma = 1, in the code of Kuo et al.
    Parameters and result as in `dynamic_weight`.
    """
    return factor.float() * -torch.expm1(own_log_probability(logits, labels))


def rho_weight(logits: torch.Tensor, labels: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """1 for the half of the batch with the largest reducible loss, 0 for the rest.

    The reducible loss ``-log p(y|x) + log P'(y|x)`` is the logarithm of the DIMP weight.
    Source: Mindermann et al. 2022 (arXiv 2206.07137), RHO-LOSS; there a larger batch is drawn of
    which the top is trained on. Parameters and result as in `dynamic_weight`.
    """
    weight = dynamic_weight(logits, labels, quality)
    chosen = torch.zeros_like(weight)
    chosen[weight.topk(math.ceil(len(weight) / 2)).indices] = 1.0
    return chosen


def own_log_probability(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return log p(y|x), shape (n,), float32, detached, at least log `SMALLEST_PROBABILITY`."""
    log_p = functional.log_softmax(logits.detach().float(), dim=-1)
    own = log_p.gather(1, labels.unsqueeze(1)).squeeze(1)
    return own.clamp(min=math.log(SMALLEST_PROBABILITY))


Weigh = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

DYNAMIC_WEIGHTS: Mapping[str, Weigh] = MappingProxyType(
    {"dimp": dynamic_weight, "focal": focal_weight, "rho": rho_weight}
)
"""Weights that follow the model in training: (logits, labels, factor) to weights (n,)."""
