"""A fresh classification head, fitted to the frozen encoder before all of the model is trained.

A head drawn at random must be learned together with the encoder: with few steps per label it is
not, and until it is, its gradients pull the encoder away from what it knows. Fitted first, both
start from what a linear classifier gets (Kumar et al. 2022, arXiv 2202.10054, "linear probing, then
fine-tuning").
"""

import numpy as np
import torch
from torch.nn import functional

from synthcur.models.classifier import PREDICT_BATCH, Classifier
from synthcur.models.pretrained import Encoded, autocast, padded_batches
from synthcur.training.pools import WeightedExamples

MOST_ITERATIONS = 200
"""Iterations of L-BFGS; it ends sooner where the loss has stopped falling."""

PENALTY = 1.0
"""Weight of half the squared norm beside the summed loss of the rows, whose weights average 1."""


def fit_head(classifier: Classifier, encoded: Encoded, train: WeightedExamples) -> None:
    """Fit the last linear layer to what the untrained model gives it for the training rows.

    A model whose logits are not made by one linear layer per row is left as it is.

    Parameters
    ----------
    classifier
        Its last layer is changed in place, and nothing else of it.
    encoded
        The n training rows as `Classifier.tokenise` returns them.
    train
        Their labels or targets, and their factors, which weigh them.
    """
    head = _last_linear(classifier.model, len(classifier.labels))
    features = None if head is None else _features(classifier, head, encoded)
    if head is None or features is None:
        return
    device = features.device
    eye = torch.eye(len(classifier.labels), device=device)
    targets = eye[torch.as_tensor(train.labels, dtype=torch.long, device=device)]
    if train.targets is not None:
        targets = torch.as_tensor(train.targets, dtype=torch.float32, device=device)
    factor = torch.as_tensor(train.factor, dtype=torch.float32, device=device)
    _fit(head, features, targets, factor / factor.mean())


def _last_linear(model: torch.nn.Module, n_labels: int) -> torch.nn.Linear | None:
    layers = [
        layer
        for layer in model.modules()
        if isinstance(layer, torch.nn.Linear) and layer.out_features == n_labels
    ]
    return layers[-1] if layers else None


def _features(
    classifier: Classifier, head: torch.nn.Linear, encoded: Encoded
) -> torch.Tensor | None:
    """Return what the layer is given, (n, D), if the logits are what it makes of that."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def see(_: torch.nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor) -> None:
        seen.append((given[0], made))

    hook = head.register_forward_hook(see)  # type: ignore[arg-type]
    model, device = classifier.model, classifier.model.device
    features = torch.empty(len(encoded), head.in_features, device=device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), autocast(device):
            for indices, batch in padded_batches(
                classifier.tokenizer, encoded, size=PREDICT_BATCH, device=device
            ):
                logits = model(**batch).logits
                given, made = seen.pop()
                if seen or given.ndim != 2 or not torch.equal(made, logits):
                    return None
                features[torch.as_tensor(np.ascontiguousarray(indices))] = given.float()
    finally:
        hook.remove()
        model.train(was_training)
    return features


def _fit(
    head: torch.nn.Linear, features: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> None:
    """Minimise the weighted cross-entropy: features (n, D), targets (n, K), weights (n,)."""
    optimizer = torch.optim.LBFGS(
        head.parameters(), max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe"
    )
    penalty = PENALTY / len(features)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        losses = functional.cross_entropy(head(features), targets, reduction="none")
        value = (weights * losses).mean() + penalty / 2 * head.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)  # type: ignore[arg-type]
    optimizer.zero_grad()
