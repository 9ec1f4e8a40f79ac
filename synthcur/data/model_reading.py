"""What models will read of the texts: how many of their words they know, and what lies too far."""

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.data.texts import estimated_tokens
from synthcur.models.numpy_encoder import bundled_tokenizer, unknown_share
from synthcur.schema import REAL, SYNTHETIC, Finding, FindingState

MAX_TOKENS = 128
UNKNOWN_SHARE = 0.25
"""Share of words that the bundled model does not know from which another one is advised."""
_GLANCED = 100
"""Rows of a source whose words are looked up."""
_UNKNOWN = (
    "The map and the probe checkers always use the bundled English model and see little of these "
    "texts. Choose a model of their language: for checkers “score NAME --checkers finetune "
    "--base-model MODEL” on the command line, for training the base model “Other” on the Train "
    "page, such as FacebookAI/xlm-roberta-base."
)


def unknown_words(table: Rows) -> Finding:
    """Tell where the texts of a source are mostly unknown words to the bundled English model."""
    tokenizer = bundled_tokenizer()
    sources = table.frame["source"].to_numpy()
    shares = {}
    for source in (SYNTHETIC, REAL):
        rows = np.flatnonzero(sources == source)
        some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _GLANCED)).astype(int)]
        shares[source] = unknown_share(tokenizer, table.frame["text"].iloc[some])
    worst = max(shares.values())
    is_much = worst >= UNKNOWN_SHARE
    what = f"{worst:.0%} of the words" if is_much else "Words"
    each = ", ".join(f"{source} {share:.0%}" for source, share in shares.items())
    return Finding(
        code="unknown_words",
        title=f"{what} unknown to the bundled model",
        state=FindingState.CHECK if is_much else FindingState.FINE,
        rows=(),
        of=len(table.frame),
        proposal="Choose a model of their language" if is_much else "",
        advice=f"Unknown words: {each}. {_UNKNOWN}" if is_much else "",
    )


def too_long(table: Rows) -> Finding:
    """Find texts that classifiers read the beginning of alone, and how much of them is lost."""
    most = MAX_TOKENS - (3 if table.has_pairs else 2)
    texts, pairs = table.frame["text"], table.frame["text_pair"]
    wholes = (f"{text} {pair}" if pair else text for text, pair in zip(texts, pairs, strict=True))
    # A piece has at least one character, so most texts need no counting.
    tokens = np.array([estimated_tokens(each) if len(each) > most else 0 for each in wholes])
    found = tokens > most
    lost = (tokens[found] - most).sum() / tokens[found].sum() if found.any() else 0.0
    return table.finding(
        "too_long",
        f"Too long for {MAX_TOKENS} tokens (estimate)",
        FindingState.CHECK,
        found,
        proposal=f"Cut at {MAX_TOKENS}",
        advice=f"Classifiers read the first {MAX_TOKENS} tokens of a text, and about {lost:.0%} of "
        "the words of these texts lie behind. What is stored is never cut. Where the end matters, "
        "shorten the texts or divide them into several rows.",
    )
