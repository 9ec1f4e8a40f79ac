"""What libraries are told before they are imported, and kept from saying while they work."""

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

COMPUTING = {
    "OMP_WAIT_POLICY": "passive",  # threads that spin while others work slow down several times
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it a GPU sums in changing order
}
"""How libraries compute, unless the user has told them otherwise."""

ENVIRONMENT = {
    "TRANSFORMERS_VERBOSITY": "error",  # the log of a job is read by people
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    **COMPUTING,
}
"""What they are told in a process that is ours alone."""


def tell(environment: Mapping[str, str]) -> None:
    """Set variables that the user has not set."""
    for name, value in environment.items():
        os.environ.setdefault(name, value)


def set_environment() -> None:
    """Tell libraries what they are to know before they are imported."""
    tell(ENVIRONMENT)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from printing bars and remarks; afterwards it speaks as it did before.

    For a process that is not ours: nothing stays changed in it.
    """
    from transformers.utils import logging

    verbosity, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            logging.enable_progress_bar()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave random generators and torch's determinism as they were.

    For training in a process that is not ours, which seeds them and asks for determinism.
    """
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state()
    is_deterministic = torch.are_deterministic_algorithms_enabled()
    is_warning = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.use_deterministic_algorithms(is_deterministic, warn_only=is_warning)
