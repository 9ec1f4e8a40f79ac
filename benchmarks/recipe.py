"""The training recipe of Kuo et al. 2024 (arXiv 2410.21526), written plainly from its description.

Nothing here knows how synthcur trains, so that the two can be held against each other: every text
is padded to the full length, everything is float32, batches are drawn at random, and the checkers
are asked again in every step. Only the model and its tokenizer come from the package.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from synthcur.models.classifier import Classifier

EPOCHS = 5
BATCH_SIZE = 32
LEARNING_RATE = 6e-5
GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Encoded:
    """Texts as the model reads them, with their labels.

    Attributes
    ----------
    inputs
        What the tokenizer made of the n texts, each (n, L): every text has the full length L.
    labels
        Label ids, (n,).
    """

    inputs: Mapping[str, torch.Tensor]
    labels: torch.Tensor

    def take(self, rows: torch.Tensor | slice, device: torch.device) -> "Encoded":
        """Return some of the rows on a device."""
        inputs = {name: value[rows].to(device) for name, value in self.inputs.items()}
        return Encoded(inputs, self.labels[rows].to(device))


@dataclass(frozen=True)
class Trained:
    """What a training left behind beside the model, which is in its best state.

    Attributes
    ----------
    losses
        Loss of every step.
    val_accuracies
        Accuracy on the validation rows after every epoch, 0 to 1.
    best_epoch
        The epoch of the best of them, from 1; of equals the earliest.
    samples_per_s
        Rows trained on in a second, evaluation left out.
    """

    losses: tuple[float, ...]
    val_accuracies: tuple[float, ...]
    best_epoch: int
    samples_per_s: float


Loss = Callable[[Any, Encoded], torch.Tensor]
"""From the model in training and a batch to a scalar."""


def encode(classifier: Classifier, rows: pd.DataFrame, labels: np.ndarray) -> Encoded:
    """Tokenise rows (columns ``text``, ``text_pair``), each padded to the full length."""
    pairs = rows["text_pair"].fillna("").tolist() if rows["text_pair"].notna().any() else None
    inputs = classifier.tokenizer(
        rows["text"].tolist(),
        pairs,
        padding="max_length",
        truncation=True,
        max_length=classifier.max_length,
        return_tensors="pt",
    )
    return Encoded(dict(inputs), torch.tensor(labels))


def cross_entropy(model: Any, batch: Encoded) -> torch.Tensor:
    """Plain loss, ``mean(-log p)``."""
    return functional.cross_entropy(model(**batch.inputs).logits, batch.labels)


def imp(quality: Any, diversity: Any) -> Loss:
    """IMP-Loss, ``mean(P'/Q * -log p)``, with both checkers asked in every step."""
    quality.eval()
    diversity.eval()

    def loss(model: Any, batch: Encoded) -> torch.Tensor:
        with torch.no_grad():
            weight = torch.exp(_log_p(quality, batch)) / torch.exp(_log_p(diversity, batch))
        return (weight * -_log_p(model, batch)).mean()

    return loss


def dimp(quality: Any) -> Loss:
    """DIMP-Loss, ``mean(P'/sg[p] * -log p)``; both p are of one forward pass, dropout on."""
    quality.eval()

    def loss(model: Any, batch: Encoded) -> torch.Tensor:
        with torch.no_grad():
            believed = torch.exp(_log_p(quality, batch))
        log_p = _log_p(model, batch)
        return (believed / torch.exp(log_p).detach() * -log_p).mean()

    return loss


def train(
    model: Any,
    loss: Loss,
    rows: Encoded,
    validation: Encoded,
    *,
    seed: int,
    epochs: int = EPOCHS,
    batch_size: int = BATCH_SIZE,
    learning_rate: float = LEARNING_RATE,
) -> Trained:
    """Train a model and leave it in its best state on the validation rows.

    Parameters
    ----------
    model
        A transformers model for sequence classification.
    loss
        What is minimised.
    rows, validation
        What is learned, and what chooses the epoch.
    seed
        Of the order of the rows; dropout is drawn from torch's global generator.
    epochs, batch_size, learning_rate
        The published ones where nothing else is said.
    """
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0
    )
    n = len(rows.labels)
    n_steps = epochs * math.ceil(n / batch_size)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / n_steps)
    order = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    reached: list[float] = []
    best_state: dict[str, torch.Tensor] = {}
    seconds = 0.0
    for _ in range(epochs):
        model.train()
        began = time.perf_counter()
        for chosen in torch.randperm(n, generator=order).split(batch_size):
            value = loss(model, rows.take(chosen, model.device))
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
            optimizer.step()
            decay.step()
            losses.append(value.item())
        seconds += time.perf_counter() - began
        reached.append(_accuracy(model, validation))
        if reached[-1] > max(reached[:-1], default=-1.0):
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    best_epoch = reached.index(max(reached)) + 1
    return Trained(tuple(losses), tuple(reached), best_epoch, epochs * n / seconds)


def predict(model: Any, rows: Encoded) -> np.ndarray:
    """Probabilities (n, K) of every label, float32, the model in evaluation mode."""
    model.eval()
    probs = []
    with torch.no_grad():
        for start in range(0, len(rows.labels), BATCH_SIZE):
            batch = rows.take(slice(start, start + BATCH_SIZE), model.device)
            probs.append(torch.softmax(model(**batch.inputs).logits, dim=-1).cpu())
    return torch.cat(probs).numpy()


def _log_p(model: Any, batch: Encoded) -> torch.Tensor:
    """Logarithm of p(y|x) under the row's own label, (n,)."""
    log_probs = functional.log_softmax(model(**batch.inputs).logits, dim=-1)
    return log_probs[torch.arange(len(batch.labels)), batch.labels]


def _accuracy(model: Any, rows: Encoded) -> float:
    return float((predict(model, rows).argmax(axis=1) == rows.labels.numpy()).mean())
