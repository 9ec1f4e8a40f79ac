"""Pretrained models: where their files are, which are refused, and how texts become batches.

Only safetensors are read and no code of a model's author ever runs: the files are found and looked
over first, then loaded from their folder without the network.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import AutoTokenizer, DataCollatorWithPadding, PreTrainedTokenizerBase

from synthcur.errors import InputError
from synthcur.models import bundled
from synthcur.models.base_models import PUBLISHED_WIDTH, width_of
from synthcur.models.numpy_encoder import encodable
from synthcur.settings import BUNDLED_MODEL

CONNECT_SECONDS = 10.0

_HUB_FILES = (
    "config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab*",
    "merges.txt",
    "*.model",
)
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_USE_BUNDLED = f"Or use the bundled model, {BUNDLED_MODEL!r}, which needs no network."

_SPACE = re.compile(r"\s")
_LONG = 20
"""Characters per token that is read, from which a text of a pair is cut before it is tokenised."""
_LONGEST_WORD = 1_000

Encoded = Sequence[Mapping[str, Any]]
"""Tokenised texts: one mapping a text, ``input_ids`` and what else the model reads."""


def model_folder(base_model: str) -> Path:
    """Find the files of a base model.

    Parameters
    ----------
    base_model
        `settings.BUNDLED_MODEL`, a folder of this machine (a path that starts with ``/``, ``.`` or
        ``~``), or a name on the Hugging Face hub. A hub model is downloaded once; afterwards the
        copy of this machine is used when offline.

    Returns
    -------
    Path
        A folder with ``config.json``, a tokenizer and weights as safetensors.

    Raises
    ------
    InputError
        If there is no such model, it cannot be reached, or it is not safe to load.
    """
    if base_model == BUNDLED_MODEL:
        return bundled.model_folder()
    # owner/model is always a name: what lies in the folder of the process must not answer to it.
    if base_model.startswith(("/", ".", "~")):
        folder = Path(base_model).expanduser()
        if not folder.is_dir():
            raise InputError(
                f"There is no model folder {base_model!r} on this machine.",
                fix=f"Check the path. {_USE_BUNDLED}",
            )
    else:
        folder = _download(base_model)
    _check_files(base_model, folder)
    return folder


def model_width(base_model: str) -> int:
    """Return the number of hidden units of a base model; one that does not tell is as bert-base.

    Parameters and errors as in `model_folder`.
    """
    return width_of(model_folder(base_model)) or PUBLISHED_WIDTH


def load_tokenizer(folder: Path, base_model: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder.

    Raises
    ------
    InputError
        If it cannot be read or knows no padding.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unusable_model(base_model, f"its tokenizer cannot be read ({error})") from error
    if tokenizer.pad_token_id is None:
        raise unusable_model(base_model, "its tokenizer has no padding token")
    return tokenizer


def unusable_model(base_model: str, why: str) -> InputError:
    """Return the error for a model that was found but cannot be used."""
    return InputError(
        f"The model {base_model!r} cannot be used: {why}.",
        fix=f"Choose a BERT-like encoder with safetensors weights. {_USE_BUNDLED}",
    )


def tokenise(
    tokenizer: PreTrainedTokenizerBase, rows: pd.DataFrame, *, max_length: int
) -> list[dict[str, Any]]:
    """Turn rows into token ids; a pair of texts becomes one input.

    Parameters
    ----------
    tokenizer
        Of the model that will read them.
    rows
        Columns ``text`` and ``text_pair`` (None where the task has single texts).
    max_length
        Tokens after which an input is cut; of a pair the longer text is cut first.
    """
    if rows.empty:
        return []
    texts = [encodable(text) for text in rows["text"]]
    pairs = None
    if rows["text_pair"].notna().to_numpy().any():
        pairs = [encodable(text) for text in rows["text_pair"].fillna("")]
        both = (
            _without_ends(tokenizer, *each, max_length) for each in zip(texts, pairs, strict=True)
        )
        texts, pairs = map(list, zip(*both, strict=True))
    columns = tokenizer(texts, pairs, truncation=True, max_length=max_length)
    return [
        dict(zip(columns.keys(), values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def _without_ends(
    tokenizer: PreTrainedTokenizerBase, first: str, second: str, max_length: int
) -> tuple[str, str]:
    """Cut off two long texts of a pair what comes long after the last token that is read.

    The library makes every combination of what it cuts off both texts, so that two long ones take
    gigabytes. Which of them is the longer stays, for it decides which one keeps a token more.
    """
    if min(len(first), len(second)) <= _LONG * max_length or not tokenizer.is_fast:
        return first, second
    ends = [_token_ends(tokenizer, text) for text in (first, second)]
    if min(map(len, ends)) <= max_length:
        return first, second
    is_first_longer, is_second_longer = len(ends[0]) > len(ends[1]), len(ends[1]) > len(ends[0])
    cut = [
        _end_of_word(text, own[max_length]) for text, own in zip((first, second), ends, strict=True)
    ]
    kept = [bisect_right(own, end) for own, end in zip(ends, cut, strict=True)]
    if is_first_longer and kept[0] <= kept[1]:
        cut[0] = _end_of_word(first, ends[0][min(kept[1], len(ends[0]) - 1)])
    if is_second_longer and kept[1] <= kept[0]:
        cut[1] = _end_of_word(second, ends[1][min(kept[0], len(ends[1]) - 1)])
    return first[: cut[0]], second[: cut[1]]


def _token_ends(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Return where every token of a whole text ends."""
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return [end for _, end in found["offset_mapping"]]


def _end_of_word(text: str, at: int) -> int:
    space = _SPACE.search(text, at, at + _LONGEST_WORD)
    return space.start() if space else min(len(text), at + _LONGEST_WORD)


def padded_batches(
    tokenizer: PreTrainedTokenizerBase, encoded: Encoded, *, size: int, device: torch.device
) -> Iterator[tuple[np.ndarray, dict[str, torch.Tensor]]]:
    """Yield batches of inputs of similar length, so that little is spent on padding.

    The longest come first: too little memory then shows at once.

    Yields
    ------
    indices : (n,)
        Places of the inputs in `encoded`.
    batch
        What the model reads, padded to the longest of the batch, on `device`.
    """
    collate = DataCollatorWithPadding(tokenizer)
    lengths = np.array([len(each["input_ids"]) for each in encoded], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), size):
        indices = order[start : start + size]
        batch = collate([dict(encoded[i]) for i in indices])
        yield indices, {name: value.to(device) for name, value in batch.items()}


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 natively, so that autocast makes it faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        abilities = torch.cpu.get_capabilities()
        return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return False


def autocast(device: torch.device) -> torch.autocast:
    """Return the context in which forward passes run: bfloat16 where `has_bfloat16`."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device))


def _download(name: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(
            snapshot_download(name, allow_patterns=list(_HUB_FILES), etag_timeout=CONNECT_SECONDS)
        )
    except errors.HFValidationError as error:
        raise InputError(
            f"{name!r} is neither a folder of this machine nor a model name.",
            fix=f"Write it as owner/model, such as google-bert/bert-base-uncased. {_USE_BUNDLED}",
        ) from error
    except errors.GatedRepoError as error:
        raise InputError(
            f"The model {name!r} is only given to those its owner has let in.",
            fix=f"Ask for access on its page and set HF_TOKEN. {_USE_BUNDLED}",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"The Hugging Face hub knows no model {name!r}, or it is private.",
            fix=f"Check the spelling. {_USE_BUNDLED}",
        ) from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, OSError) as error:
        raise InputError(
            f"The model {name!r} could not be fetched: the Hugging Face hub cannot be reached "
            "from here, and there is no copy on this machine.",
            fix=f"Check the network, or give a folder that holds the model. {_USE_BUNDLED}",
        ) from error


def _check_files(base_model: str, folder: Path) -> None:
    config = _read_json(base_model, folder / "config.json")
    tokenizer_config = folder / "tokenizer_config.json"
    configs = [config]
    if tokenizer_config.exists():
        configs.append(_read_json(base_model, tokenizer_config))
    if any("auto_map" in each for each in configs):
        raise unusable_model(base_model, "it brings code of its own, which is never run")
    if not any(folder.glob("*.safetensors")):
        raise unusable_model(base_model, "it has no weights as safetensors")
    # Without one transformers would make a tokenizer that knows no word, and say nothing.
    if not any(found for pattern in _VOCABULARIES for found in folder.glob(pattern)):
        raise unusable_model(base_model, "it has no vocabulary for its tokenizer")


def _read_json(base_model: str, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise unusable_model(base_model, f"its {path.name} is missing or damaged") from error
    if not isinstance(value, dict):
        raise unusable_model(base_model, f"its {path.name} is damaged")
    return value
