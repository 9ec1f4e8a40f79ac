"""What a process can do before it knows which collection it is to score.

In steps of some seconds, so that a job that comes meanwhile waits for one of them at most.
"""

import numpy as np
import pandas as pd

from synthcur.checkers.projection import SMALLEST_FOR_UMAP, coordinates
from synthcur.environment import set_environment


def _import_torch() -> None:
    set_environment()
    import torch  # noqa: F401


def _read_one_text() -> None:
    from synthcur.models.encoders import encode

    encode(pd.DataFrame({"text": ["one text"], "text_pair": [None]}))


def _import_probes() -> None:
    import sklearn.linear_model
    import sklearn.neighbors  # noqa: F401


def _import_umap() -> None:
    import umap  # noqa: F401


def _draw_one_map() -> None:
    rows = np.random.default_rng(0).normal(size=(2 * SMALLEST_FOR_UMAP, 8)).astype(np.float32)
    coordinates(rows / np.linalg.norm(rows, axis=1, keepdims=True))


STEPS = (_import_torch, _read_one_text, _import_probes, _import_umap, _draw_one_map)
"""In the order in which scoring needs them."""
