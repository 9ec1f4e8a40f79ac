"""Texts to embeddings: mean-pooled, unit-length vectors of the bundled MiniLM."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from transformers import AutoModel

from synthcur.models.pretrained import (
    autocast,
    default_device,
    load_tokenizer,
    model_folder,
    padded_batches,
    tokenise,
)
from synthcur.settings import BUNDLED_MODEL

MAX_LENGTH = 256
"""Tokens read of a text, as the model's authors set it."""

BATCH = 64


def mean_pool(hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """Average the token vectors (n, T, D) of every text over its real tokens (n, T): (n, D)."""
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


def encode(
    rows: pd.DataFrame,
    *,
    base_model: str = BUNDLED_MODEL,
    on_progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Embed rows.

    Parameters
    ----------
    rows
        Columns ``text`` and ``text_pair``; a pair is read as one input.
    base_model
        See `pretrained.model_folder`.
    on_progress
        Called with the number of rows done so far.

    Returns
    -------
    np.ndarray
        Shape (n, D), float32, every row of length 1, in the order of `rows`.
    """
    folder = model_folder(base_model)
    tokenizer = load_tokenizer(folder, base_model)
    model = AutoModel.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=torch.float32
    )
    model = model.to(default_device()).eval()
    encoded = tokenise(tokenizer, rows, max_length=min(MAX_LENGTH, tokenizer.model_max_length))
    embeddings = np.zeros((len(encoded), model.config.hidden_size), dtype=np.float32)
    done = 0
    with torch.inference_mode(), autocast(model.device):
        for indices, batch in padded_batches(tokenizer, encoded, size=BATCH, device=model.device):
            hidden = model(**batch).last_hidden_state.float()
            pooled = mean_pool(hidden, batch["attention_mask"])
            unit = torch.nn.functional.normalize(pooled, dim=-1)
            embeddings[indices] = unit.cpu().numpy()
            done += len(indices)
            if on_progress is not None:
                on_progress(done)
    return embeddings
