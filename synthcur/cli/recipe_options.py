"""How classifiers are to be trained, by the options of a command."""

import argparse
from pathlib import Path

from synthcur.errors import InputError
from synthcur.settings import (
    AUTOMATIC,
    BUNDLED_MODEL,
    FIXED,
    VAL_ACCURACY,
    VAL_LOG_LOSS,
    FitSettings,
)


def fit(options: argparse.Namespace) -> FitSettings:
    """Return the base model with what is given of how it is trained.

    Raises
    ------
    InputError
        If the base model is a folder that is not there.
    """
    model = options.base_model
    if model != BUNDLED_MODEL and model.strip() and (folder := _folder(model)) is not None:
        model = str(folder)
    elif model.startswith(("/", ".", "~")):
        raise InputError(
            f"There is no model folder {model!r} on this machine.",
            fix="Check the path, or name a model of the hub.",
        )
    given = {"epochs": options.epochs, "learning_rate": options.lr, "steps": options.steps}
    return FitSettings(
        base_model=model,
        chosen_by=VAL_LOG_LOSS if _is_given(options) else VAL_ACCURACY,
        **{name: value for name, value in given.items() if value is not None},
    )


def kind(options: argparse.Namespace) -> str:
    """Return the kind of recipe: what is given by hand is followed as it stands."""
    return FIXED if _is_given(options) or options.recipe == "published" else AUTOMATIC


def _is_given(options: argparse.Namespace) -> bool:
    """Whether values are given beside which the published recipe is not named."""
    is_named = options.recipe == "published"
    return not is_named and (options.epochs is not None or options.lr is not None)


def _folder(path: str) -> Path | None:
    try:
        folder = Path(path).expanduser()
        return folder.resolve() if folder.is_dir() else None
    except (OSError, RuntimeError):  # too long a name, or a user that there is not
        return None
