"""What a finished scoring says of the synthetic rows, in the form that weights are made from."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.weighting.rules import Facts, label_shares

CHECKER_TITLES: Mapping[str, str] = MappingProxyType(
    {"probe": "Probe", "finetune": "Fine-tuned", "average": "Average of both"}
)
"""What people read for each of `settings.CHECKER_KINDS`."""

Read = Callable[[str, str], np.ndarray]
"""Gives an array of an artefact by its fingerprint and its name."""

_QUALITY_ARRAYS = {"raw": "synthetic", "calibrated": "calibrated"}
_DIVERSITY_ARRAYS = {"in_sample": "synthetic", "out_of_fold": "calibrated"}


def weighing_probs(
    artefacts: Mapping[str, str], settings: WeightingSettings, read: Read
) -> tuple[np.ndarray, np.ndarray]:
    """Return the P' and the Q that a weighting asks for.

    Parameters
    ----------
    artefacts
        Fingerprints of a scoring, ``quality`` and ``diversity`` among them.
    settings
        `WeightingSettings.quality` chooses P', `WeightingSettings.diversity` Q.
    read
        Where arrays come from.

    Returns
    -------
    quality, diversity : np.ndarray
        P'(.|x) and Q(.|x) of the synthetic rows, shape (N, K), rows sum to 1.
    """
    quality = read(artefacts["quality"], _QUALITY_ARRAYS[settings.quality])
    return quality, read(artefacts["diversity"], _DIVERSITY_ARRAYS[settings.diversity])


def weighing_facts(collection: Collection, artefacts: Mapping[str, str], read: Read) -> Facts:
    """Return what else weights can be made from.

    Parameters
    ----------
    collection
        As imported.
    artefacts
        Fingerprints of its scoring; without ``signals``, in older workspaces, near-duplicates are
        not known.
    read
        Where arrays come from.
    """
    labels = collection.real_train_labels
    group = read(artefacts["signals"], "duplicate_group") if "signals" in artefacts else None
    return Facts(label_shares(labels, len(collection.labels)), group)


def noted_of_pool(
    artefacts: Mapping[str, str], read_meta: Callable[[str], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return what a scoring noted of the pool as a whole; earlier versions noted less or nothing.

    Parameters
    ----------
    artefacts
        Fingerprints of the scoring.
    read_meta
        Gives what an artefact notes beside its arrays, by its fingerprint.

    Returns
    -------
    Mapping
        ``real_covered`` (`pool_coverage.Covered`), ``real_vs_synthetic`` (`roc.RocAuc`), ``vendi``
        and ``vendi_by_quality`` (`signals.vendi_score`, plain and weighted) as plain data.
    """
    return read_meta(artefacts["signals"]) if "signals" in artefacts else {}
