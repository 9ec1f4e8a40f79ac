"""A BERT small enough for tests: two layers of 32 units, drawn at random, with its own words."""

import itertools
import json
import re
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from harness import samples

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def words() -> list[str]:
    """Every word of the sample texts, sorted."""
    parts = [*samples.SYNTHETIC.values(), *samples.REAL.values()]
    texts = itertools.chain.from_iterable(parts)
    return sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower())})


def write_tiny_bert(folder: Path) -> Path:
    """Write the model and its tokenizer; equal every time."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*SPECIAL, *words()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
