"""Seeded, stratified splits of real rows where no file gives them."""

from collections.abc import Sequence

import numpy as np

from synthcur.schema import TEST, TRAIN, VALIDATION

SHARE = 0.2
"""Share of the usable real rows that a missing validation or test split receives."""
LEFT_FOR_TRAINING = 2
"""Texts of a label that stay in train before another split gets one."""


def draw_splits(
    labels: Sequence[str],
    groups: Sequence[str],
    missing: Sequence[str],
    *,
    seed: int,
    share: float = SHARE,
) -> np.ndarray:
    """Divide rows among train and the missing splits, label by label.

    Parameters
    ----------
    labels
        Label of every usable row (n,).
    groups
        Key (n,) of every row's text; rows of one group stay together, so that no text lands on
        both sides.
    missing
        Which of ``validation`` and ``test`` to draw; each receives `share` of a label's texts, at
        least one where `LEFT_FOR_TRAINING` remain for train.
    seed
        Seed of the draw.
    share
        0 to 1.

    Returns
    -------
    numpy.ndarray
        Split names (n,).
    """
    rng = np.random.default_rng(seed)
    by_label: dict[str, dict[str, None]] = {}
    label_of: dict[str, str] = {}
    for label, group in zip(labels, groups, strict=True):
        by_label.setdefault(label_of.setdefault(group, label), {})[group] = None
    split_of: dict[str, str] = {}
    for label in sorted(by_label):
        texts = list(by_label[label])
        order = [texts[i] for i in rng.permutation(len(texts))]
        for split in (s for s in (TEST, VALIDATION) if s in missing):
            wanted = max(1, round(share * len(texts)))
            take = max(0, min(wanted, len(order) - LEFT_FOR_TRAINING))
            split_of.update(dict.fromkeys(order[:take], split))
            order = order[take:]
        split_of.update(dict.fromkeys(order, TRAIN))
    return np.array([split_of[group] for group in groups], dtype=object)
