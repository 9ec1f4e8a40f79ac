"""The README of a model and of a data set that leave the workspace, as the hub reads them.

A card names what its files were made from and what was measured. It holds no sample text. What
people or files supplied (titles, labels, notes) is quoted, so that it stays characters: in the
YAML head as JSON strings, which YAML reads, and in the body escaped for Markdown.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthcur import __version__
from synthcur.arms import Arm, get_arm, known_arm
from synthcur.exports.dataset_files import size_category
from synthcur.exports.publication import NOTHING_SAID, Publication
from synthcur.models.numpy_encoder import MAX_LENGTH
from synthcur.results import provenance
from synthcur.results.comparison import command_line, results
from synthcur.results.findings import METRIC_WORDS, difference_in_words, floor_of
from synthcur.results.outcome import Results
from synthcur.settings import BUNDLED_MODEL, TrainSettings, WeightingSettings, fingerprint
from synthcur.stats.bootstrap import ACCURACY, MACRO_F1
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.wording import points, seeds_in_words

_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

_ON_THE_HUB = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_METRIC_TYPES = {ACCURACY: "accuracy", MACRO_F1: "f1"}

BUNDLED_ON_THE_HUB = "sentence-transformers/all-MiniLM-L6-v2"
"""Where the authors of the bundled weights publish them; the file there is the same, see
`models.bundled`."""

TOKENIZER_CONFIG = "tokenizer_config.json"
"""File of a model folder that says, among other things, how many tokens are read."""

COLUMNS = {
    "sample_id": "stable id of the row",
    "text": "the text, as edited in review",
    "text_pair": "the second text of a pair",
    "label": "the label after review",
    "p": "P′(y|x): what the quality checker, trained on real rows, gives the label",
    "q": "Q(y|x): what the diversity checker, trained on synthetic rows, gives the label",
    "weight": "weight of the row's loss",
    "decision": "what people decided: keep, discard, relabel, unsure, edit; empty for nothing",
    "imported_label": "the label in the imported file",
    "reason": "why",
    "note": "what the reviewer wrote",
    "annotator": "who decided",
    "scheme_hash": "fingerprint of the weighting that `weight` was made with",
}
"""What the columns of a curated table mean."""


def model_card(store: Store, job: Job, run: Run, *, said: Publication = NOTHING_SAID) -> str:
    """Write the card of a model: data, weights, decisions, seeds, figures, how to load it.

    Parameters
    ----------
    store, job
        Where the run belongs.
    run
        A finished run whose model is kept.
    said
        What the publisher says of it.
    """
    settings = TrainSettings.from_dict(job.settings)
    found = results(store, job.collection, job_id=job.id)
    info, collection = store.collection_info(job.collection), store.versions.read_by(job)
    arm = get_arm(run.arm)
    head: dict[str, Any] = {
        "library_name": "sentence-transformers" if arm.is_probe else "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["synthcur", "synthetic-data", f"arm-{run.arm}"],
        **_said(said),
    }
    if (base := _base_on_the_hub(settings, arm)) is not None:
        head["base_model"] = base
    if said.data_set:
        head["datasets"] = [said.data_set]
    if (index := _model_index(found, run, title=info.title, name=info.name)) is not None:
        head["model-index"] = [index]
    counts = ", ".join(f"{number:,} {part}" for part, number in collection.counts.items())
    lines = [
        f"# {_plain(info.title)}: {_plain(arm.title)}, seed {run.seed}",
        f"A text classifier with {len(collection.labels)} labels, trained "
        f"with synthcur {__version__}. {_plain(found.verdict)}.",
        "## How to load it",
        _how_to_load(arm, training_length(job, run), has_pairs=collection.has_pairs),
        "## Figures",
        f"On {found.test_rows:,} real test rows that no checker, no weight and no choice of a "
        "checkpoint has seen; mean over seeds, 95 % interval over rows and seeds. The files here "
        f"are those of seed {run.seed}, the best on the validation rows.",
        _results_table(found, run.arm),
        *_warnings(found, run.arm),
        f"This seed: accuracy {_percent(run.accuracy)}, macro-F1 {_percent(run.macro_f1)}; on the "
        f"validation rows {_percent(run.val_accuracy)}{_epoch(run)}.",
        "## Data and decisions",
        f"{counts} rows. {_plain(arm.sentence)} Loss of a row: `{arm.formula}`.",
        _facts_table(provenance.facts(job)),
        "## The same again",
        f"```\n{command_line(job, store.schemes(job.collection))}\n```",
        "## Limits",
        "The figures speak of these test rows and of texts like them. The training texts were "
        "written by a language model and may carry what it gets wrong.",
    ]
    return _front_matter(head) + "\n\n".join(lines) + "\n"


def training_length(job: Job, run: Run) -> int:
    """Return after how many tokens a run cut its texts, be they in training or judged.

    That is what its settings say, of a probe what its encoder reads, or less where the model reads
    less.
    """
    known = known_arm(run.arm)
    is_probe = known is not None and known.is_probe
    length = MAX_LENGTH if is_probe else TrainSettings.from_dict(job.settings).fit.max_length
    if run.model is None:
        return length
    try:
        path = job.folder / run.model / TOKENIZER_CONFIG
        known = json.loads(path.read_text("utf-8"))["model_max_length"]
    except (OSError, ValueError, KeyError, TypeError):
        return length
    return min(length, int(known))


def _said(said: Publication) -> dict[str, Any]:
    """Return what the publisher says as the head of a card has it."""
    found: dict[str, Any] = {}
    if said.languages:
        found["language"] = list(said.languages)
    if said.licence:
        found["license"] = said.licence
    return found


def _base_on_the_hub(settings: TrainSettings, arm: Arm) -> str | None:
    """Name the model that was trained on where the hub knows it; a local folder it does not."""
    base = BUNDLED_MODEL if arm.is_probe else settings.fit.base_model
    if base == BUNDLED_MODEL:
        return BUNDLED_ON_THE_HUB
    return base if _ON_THE_HUB.fullmatch(base) else None


def _model_index(found: Results, run: Run, *, title: str, name: str) -> dict[str, Any] | None:
    """Return the figure of a run's arm as the hub lists it; None where it has none."""
    arm = found.arm(run.arm)
    if arm is None:
        return None
    score = arm.score
    words = (
        f"{METRIC_WORDS[found.metric]}, mean of {seeds_in_words(score.n_seeds)}, 95 % interval "
        f"{points(score.low)} to {points(score.high)} over {found.test_rows:,} test rows and seeds"
    )
    metric = {"type": _METRIC_TYPES[found.metric], "value": round(score.mean, 4), "name": words}
    return {
        "name": f"{title}, {arm.title}",
        "results": [
            {
                "task": {"type": "text-classification"},
                "dataset": {"name": title, "type": name, "split": "test"},
                "metrics": [metric],
            }
        ],
    }


def _epoch(run: Run) -> str:
    return "" if run.best_epoch is None else f", epoch {run.best_epoch:g}"


def _how_to_load(arm: Arm, length: int, *, has_pairs: bool) -> str:
    """Write the lines that ask a model as training did: texts cut alike, pairs as pairs."""
    lines = _load_probe(has_pairs) if arm.is_probe else _load_classifier(length, has_pairs)
    return (
        f"{lines}\n\nTraining read {length:,} tokens of {'a pair' if has_pairs else 'a text'} at "
        "most; these lines cut longer ones there. Left uncut they fail, or are judged on what it "
        "never saw."
    )


def _load_classifier(length: int, has_pairs: bool) -> str:
    asked = '{"text": "a text", "text_pair": "its second text"}' if has_pairs else '"a text"'
    return (
        "```python\nfrom transformers import pipeline\n\n"
        "classify = pipeline(\n"
        f'    "text-classification", model="this folder", truncation=True, max_length={length}\n'
        f")\nclassify({asked})\n```"
    )


def _load_probe(has_pairs: bool) -> str:
    """Write the lines for sentence-transformers, and those that do without it."""
    texts = '[("a text", "its second text")]' if has_pairs else '["a text"]'
    return (
        "The encoder is as it was published; all that was fitted is the linear layer on top of its "
        "sentence embeddings, whose outputs are the logits of the labels.\n\n"
        f"```python\n{_SENTENCE_TRANSFORMERS.format(texts=texts)}```\n\n"
        "The same without sentence-transformers:\n\n"
        f"```python\n{_PLAIN_LINES.format(texts=texts)}```"
    )


_SENTENCE_TRANSFORMERS = """\
import json

from sentence_transformers import SentenceTransformer

folder = "this folder"
labels = json.load(open(f"{{folder}}/synthcur.json"))["labels"]
texts = {texts}

logits = SentenceTransformer(folder).encode(texts, convert_to_tensor=True)
probs = logits.softmax(-1)
print([labels[i] for i in probs.argmax(-1)])
"""

_PLAIN_LINES = """\
import json

import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder = "this folder"
labels = json.load(open(f"{{folder}}/synthcur.json"))["labels"]
texts = {texts}

tokenizer = AutoTokenizer.from_pretrained(folder)
encoder = AutoModel.from_pretrained(folder).eval()
layer = load_file(f"{{folder}}/3_Dense/model.safetensors")
inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
mask = inputs["attention_mask"].unsqueeze(-1)
with torch.inference_mode():
    hidden = encoder(**inputs).last_hidden_state
mean = (hidden * mask).sum(1) / mask.sum(1)
unit = torch.nn.functional.normalize(mean, dim=-1)
probs = (unit @ layer["linear.weight"].T + layer["linear.bias"]).softmax(-1)
print([labels[i] for i in probs.argmax(-1)])
"""


def dataset_card(
    store: Store,
    name: str,
    table: pd.DataFrame,
    *,
    weighting: WeightingSettings,
    features: Sequence[Mapping[str, Any]] = (),
    said: Publication = NOTHING_SAID,
) -> str:
    """Write the card of a curated data set, with the head that ``datasets`` loads it by.

    Parameters
    ----------
    store, name
        Workspace and collection.
    table
        As of `downloads.curated_table`.
    weighting
        That its weights were made with.
    features
        Its columns, see `dataset_files.card_features`.
    said
        What the publisher says of the rows.
    """
    info = store.collection_info(name)
    head: dict[str, Any] = {
        "pretty_name": f"{info.title}, curated",
        "task_categories": ["text-classification"],
        "size_categories": [size_category(len(table))],
        "tags": ["synthcur", "synthetic", "synthetic-data"],
        **_said(said),
        **({"dataset_info": {"features": list(features)}} if features else {}),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "data/train.parquet"}],
            }
        ],
    }
    labels = table["label"].value_counts()
    known = [(each, meaning) for each, meaning in COLUMNS.items() if each in table.columns]
    others = [each for each in table.columns if each not in COLUMNS]
    lines = [
        f"# {_plain(info.title)}, curated",
        f"{len(table):,} synthetic rows that a classifier is to be trained on, with weights and "
        f"the decisions of people. Written by synthcur {__version__}.",
        "## Columns",
        _markdown_table(
            ("column", "meaning"), [*known, *((each, "as imported") for each in others)]
        ),
        "## Labels",
        _markdown_table(("label", "rows"), [(label, f"{n:,}") for label, n in labels.items()]),
        "## Made from",
        _facts_table(
            {
                "data": info.fingerprint,
                "weighting": json.dumps(weighting.to_dict()),
                "weighting, hash": fingerprint(weighting),
                "decisions": f"{int((table['decision'] != '').sum()):,} of these rows",
            }
        ),
    ]
    return _front_matter(head) + "\n\n".join(lines) + "\n"


def _front_matter(head: dict[str, Any]) -> str:
    lines = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items())
    return f"---\n{lines}\n---\n\n"


def _results_table(found: Results, own: str) -> str:
    head = (
        "arm",
        "seeds",
        METRIC_WORDS[found.metric],
        "95 % interval",
        f"against {found.baseline}, points",
    )
    rows = [
        (
            f"{arm.title}{' (this model)' if arm.name == own else ''}",
            seeds_in_words(arm.score.n_seeds),
            f"{points(arm.score.mean)} %",
            f"{points(arm.score.low)} to {points(arm.score.high)}",
            arm.mark or difference_in_words(arm.difference),
        )
        for arm in found.arms
    ]
    simplest = ("always the largest label", "—", f"{points(found.majority)} %", "—", "—")
    return _markdown_table(head, [*rows, simplest])


def _warnings(found: Results, own: str) -> list[str]:
    """Say that this model's arm lost, was not trained to the end or is below a probe."""
    arm, warnings = found.arm(own), []
    if arm is not None and (arm.is_worse or arm.is_undertrained):
        warnings.append(f"**{_plain(arm.verdict)}.**")
    if own in found.below_probe:
        warnings.append(f"**{_plain(floor_of(found))}**")
    return warnings


def _facts_table(facts: dict[str, str]) -> str:
    return _markdown_table(("what", "value"), list(facts.items()))


def _markdown_table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *(tuple(map(_plain, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: object) -> str:
    """Return one line whose Markdown shows its characters and nothing else."""
    return _MARKUP.sub(r"\\\1", _UNSEEN.sub(" ", str(text)).strip())


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{points(share)} %"
