"""The losses of the method: pure torch, one value a batch.

Source: Kuo et al. 2024 (arXiv 2410.21526), IMP-Loss and DIMP-Loss, and the authors' code. All of
it is computed in float32, also under bf16 autocast; nothing is clipped, normalised or smoothed.
"""

import math

import torch
from torch.nn import functional

from synthcur.weighting import SMALLEST_PROBABILITY


def weighted_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, sample_weight: torch.Tensor
) -> torch.Tensor:
    """Mean over the batch of ``w_i * -log p(y_i|x_i)``.

    The mean divides by the number of rows, not by the sum of the weights, as in the paper.

    Parameters
    ----------
    logits
        Shape (n, K).
    labels
        Label ids, shape (n,).
    sample_weight
        Shape (n,), >= 0; no gradient flows through it.

    Returns
    -------
    torch.Tensor
        A float32 scalar. With all weights 1 it is plain cross-entropy; with ``P'/Q`` it is
        IMP-Loss; with `dynamic_weight` it is DIMP-Loss.
    """
    losses = functional.cross_entropy(logits.float(), labels, reduction="none")
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
        ``mean(P'/p)``. p is clamped to `weighting.SMALLEST_PROBABILITY`, like every probability.
    """
    log_p = functional.log_softmax(logits.detach().float(), dim=-1)
    own = log_p.gather(1, labels.unsqueeze(1)).squeeze(1)
    return quality.float() * torch.exp(-own.clamp(min=math.log(SMALLEST_PROBABILITY)))
