"""What a finished scoring says of the synthetic rows, in the form that weights are made from."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from synthcur.settings import WeightingSettings

CHECKER_TITLES: Mapping[str, str] = MappingProxyType(
    {"probe": "Probe", "finetune": "Fine-tuned", "average": "Average of both"}
)
"""What people read for each of `settings.CHECKER_KINDS`."""

Read = Callable[[str, str], np.ndarray]
"""Gives an array of an artefact by its fingerprint and its name."""

_DIVERSITY_ARRAYS = {"in_sample": "synthetic", "out_of_fold": "calibrated"}


def weighing_probs(
    artefacts: Mapping[str, str], settings: WeightingSettings, read: Read
) -> tuple[np.ndarray, np.ndarray]:
    """Return P' and the Q that a weighting asks for.

    Parameters
    ----------
    artefacts
        Fingerprints of a scoring, ``quality`` and ``diversity`` among them.
    settings
        Its `WeightingSettings.diversity` chooses Q.
    read
        Where arrays come from.

    Returns
    -------
    quality, diversity : np.ndarray
        P'(.|x) and Q(.|x) of the synthetic rows, shape (N, K), rows sum to 1.
    """
    diversity = _DIVERSITY_ARRAYS[settings.diversity]
    return read(artefacts["quality"], "synthetic"), read(artefacts["diversity"], diversity)
