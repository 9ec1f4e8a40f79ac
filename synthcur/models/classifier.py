"""A BERT-size sequence classifier: build it, ask it for probabilities, save it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from synthcur.models.pretrained import (
    Encoded,
    autocast,
    default_device,
    load_tokenizer,
    model_folder,
    padded_batches,
    tokenise,
    unusable_model,
)

PREDICT_BATCH = 64


@dataclass(frozen=True)
class Classifier:
    """A model with what it takes to ask it.

    Attributes
    ----------
    model
        A transformers model for sequence classification; ``config.id2label`` holds the labels.
    tokenizer
        Its tokenizer.
    labels
        The K labels in the order of its outputs.
    max_length
        Tokens after which a text is cut.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    max_length: int

    def tokenise(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        """Turn rows (columns ``text``, ``text_pair``) into what the model reads."""
        return tokenise(self.tokenizer, rows, max_length=self.max_length)


def build(base_model: str, labels: Sequence[str], *, max_length: int = 128) -> Classifier:
    """Put a fresh classification head for the labels on a pretrained model.

    The head is drawn from torch's global generator: seed it first.

    Parameters
    ----------
    base_model
        See `pretrained.model_folder`.
    labels
        The K labels in the order of the outputs.
    max_length
        Tokens after which texts are cut; less where the model reads less.

    Raises
    ------
    InputError
        If the model cannot be found, reached or used.
    """
    folder = model_folder(base_model)
    tokenizer = load_tokenizer(folder, base_model)
    names = dict(enumerate(labels))
    try:
        config = AutoConfig.from_pretrained(
            folder,
            num_labels=len(names),
            id2label=names,
            label2id={label: i for i, label in names.items()},
            problem_type="single_label_classification",
            local_files_only=True,
        )
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            local_files_only=True,
            dtype=torch.float32,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise unusable_model(base_model, f"transformers cannot load it ({error})") from error
    if len(tokenizer) > config.vocab_size:
        raise unusable_model(
            base_model,
            f"its tokenizer knows {len(tokenizer):,} tokens and the model {config.vocab_size:,}",
        )
    limit = min(max_length, tokenizer.model_max_length, _positions(config))
    # Saved with the model, so that who reads it elsewhere cuts texts where training did.
    tokenizer.model_max_length = limit
    return Classifier(model.to(default_device()), tokenizer, tuple(labels), limit)


def predict_proba(
    classifier: Classifier,
    rows: pd.DataFrame,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Probabilities of every label for every row.

    Parameters
    ----------
    classifier
        Asked in evaluation mode; the mode it was in is restored.
    rows
        Columns ``text`` and ``text_pair``.
    on_progress
        Called with the number of rows done so far.

    Returns
    -------
    np.ndarray
        Shape (n, K), float32, rows sum to 1, in the order of `rows`.
    """
    return predict_encoded(classifier, classifier.tokenise(rows), on_progress=on_progress)


def predict_encoded(
    classifier: Classifier,
    encoded: Encoded,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Do the same as `predict_proba` for rows that are tokenised already."""
    model = classifier.model
    probs = np.zeros((len(encoded), len(classifier.labels)), dtype=np.float32)
    batches = padded_batches(classifier.tokenizer, encoded, size=PREDICT_BATCH, device=model.device)
    was_training = model.training
    model.eval()
    done = 0
    with torch.inference_mode(), autocast(model.device):
        for indices, batch in batches:
            logits = model(**batch).logits.float()
            probs[indices] = torch.softmax(logits, dim=-1).cpu().numpy()
            done += len(indices)
            if on_progress is not None:
                on_progress(done)
    model.train(was_training)
    return probs


def save(classifier: Classifier, folder: Path, *, note: Mapping[str, Any]) -> None:
    """Write the model, its tokenizer and a note on where it comes from.

    The folder loads with ``AutoModelForSequenceClassification.from_pretrained`` and with
    ``pipeline("text-classification", folder, truncation=True)``; its tokenizer's
    ``model_max_length`` is where training cut texts.

    Parameters
    ----------
    classifier
        The trained classifier.
    folder
        Made when absent.
    note
        Plain data for ``synthcur.json``, such as arm, seed and validation accuracy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    classifier.model.save_pretrained(folder)
    classifier.tokenizer.save_pretrained(folder)
    (folder / "synthcur.json").write_text(json.dumps(dict(note), indent=1), "utf-8")


def _positions(config: Any) -> int:
    # RoBERTa's first positions, up to its padding id, are never a token's.
    positions = getattr(config, "max_position_embeddings", None) or 512
    return positions - (config.pad_token_id + 1 if config.model_type == "roberta" else 0)
