"""Weigh LLM-generated training data by quality and diversity, look at it, train on it, prove it.

From Python::

    import pandas as pd, synthcur as sc

    synthetic, real = pd.read_csv("synthetic.csv"), pd.read_csv("real.csv")
    weighted = sc.weigh(synthetic, real, rule="imp")        # synthetic + columns p, q, weight
    model = sc.train(weighted, validation=sc.holdout(real), seed=0)
    model.predict_proba(["where is my parcel?"])

Each name is imported when it is first used: importing the package alone loads neither pandas nor
torch.

Reading order: `schema` and `settings` (the words), `loading` and `checks` (files become a
collection), `encoders`, `projection`, `checkers` (texts become probabilities), `weighting` and
`arms` (probabilities become weights), `review` (decisions), `losses`, `classifier`, `training`
(weights become models), `evaluation` and `report` (models become proof), `pipeline` (the stages in
order), `artefacts`, `store`, `spool`, `jobs` (where it is kept and how work runs), then `ui`,
`pages` and `app.py` (what people see), `__main__` (the same as commands) and `api` (the same in
Python).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthcur.api.estimator import TextClassifier, train
    from synthcur.api.frames import holdout
    from synthcur.api.functions import export, load_collection, weigh
    from synthcur.api.model_comparison import PairwiseComparison, compare
    from synthcur.errors import InputError, SynthcurError
    from synthcur.schema import Collection
    from synthcur.settings import FitSettings, WeightingSettings

__version__ = "0.2.0"

__all__ = [
    "Collection",
    "FitSettings",
    "InputError",
    "PairwiseComparison",
    "SynthcurError",
    "TextClassifier",
    "WeightingSettings",
    "compare",
    "export",
    "holdout",
    "load_collection",
    "train",
    "weigh",
]

_WHERE = {
    **dict.fromkeys(("export", "load_collection", "weigh"), "synthcur.api.functions"),
    **dict.fromkeys(("InputError", "SynthcurError"), "synthcur.errors"),
    **dict.fromkeys(("TextClassifier", "train"), "synthcur.api.estimator"),
    "holdout": "synthcur.api.frames",
    **dict.fromkeys(("PairwiseComparison", "compare"), "synthcur.api.model_comparison"),
    "Collection": "synthcur.schema",
    **dict.fromkeys(("FitSettings", "WeightingSettings"), "synthcur.settings"),
}
"""Module of every public name."""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from synthcur.environment import COMPUTING, tell

    # Before torch is imported: it reads this once.
    tell(COMPUTING)
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
