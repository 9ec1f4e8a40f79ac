"""Which base models a job may be given by somebody on the other side of a network."""

import json
import os
import re
from pathlib import Path

from synthcur.errors import InputError
from synthcur.models import bundled
from synthcur.settings import BUNDLED_MODEL

USER_HEADER = "SYNTHCUR_USER_HEADER"
"""Variable that names the header in which a proxy says who is there; set it behind one only."""

ROOT_VARIABLE = "SYNTHCUR_MODEL_ROOT"
"""Variable that names the only folder below which base models are taken from this machine."""

PUBLISHED_WIDTH = 768
"""Hidden units of the model of Kuo et al. 2024, bert-base."""

_WIDTHS = ("hidden_size", "dim", "d_model")
"""What kinds of models call the number of their hidden units."""

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)


def check_base_model(given: str, *, guarded: bool = False) -> str:
    """Return the base model under the name by which a job may use it.

    Parameters
    ----------
    given
        `settings.BUNDLED_MODEL`, a name on the Hugging Face hub, or a folder.
    guarded
        Whether only hub names and folders below `ROOT_VARIABLE` (absolute, or as seen from it) are
        taken, and no folder where it is not set. So it is in any case where the environment names
        that folder, or a header by which people sign in.

    Returns
    -------
    str
        A folder as its absolute path without links, everything else as it was given.

    Raises
    ------
    InputError
        If it is guarded and nothing of these. The message is the same for a folder that exists and
        for one that does not, so that nobody learns what is on the disk.
    """
    if given == BUNDLED_MODEL:
        return given
    root = os.environ.get(ROOT_VARIABLE, "")
    if not (guarded or root or os.environ.get(USER_HEADER)):
        return _as_folder(given)
    folder = _below(Path(root).expanduser(), given) if root else None
    if folder is not None:
        return str(folder)
    if _HUB_NAME.fullmatch(given) and ".." not in given:
        return given
    raise InputError(
        "This server takes as base model a name on the Hugging Face hub or a folder with a "
        "config.json below its own folder of models, and what was given is neither.",
        fix="Write it as owner/model, such as google-bert/bert-base-uncased. The variable "
        f"{ROOT_VARIABLE} names the folder of models.",
    )


def known_width(base_model: str) -> int | None:
    """Return the width of a model whose files are here without asking a hub, else None."""
    folder = bundled.package_folder() if base_model == BUNDLED_MODEL else Path(base_model)
    return None if folder is None else width_of(folder)


def width_of(folder: Path) -> int | None:
    """Return the number of hidden units of a model by its ``config.json``; None if it says none."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    found = (config.get(name) for name in _WIDTHS) if isinstance(config, dict) else ()
    return next((width for width in found if isinstance(width, int) and width > 0), None)


def _as_folder(given: str) -> str:
    """Return the absolute path of what is a folder of this machine, anything else as given."""
    try:
        folder = Path(given).expanduser()
        return str(folder.resolve()) if given and folder.is_dir() else given
    except (OSError, RuntimeError, ValueError):  # what cannot be a path
        return given


def _below(root: Path, given: str) -> Path | None:
    """Return the folder of a model below a root; links that lead out of it do not help."""
    parts = given.split("/")
    if not given.isprintable() or "\\" in given or ".." in parts or parts[0].startswith("~"):
        return None
    try:
        root = root.resolve()
        # By its letters alone first: no file is asked for whose name leads elsewhere.
        if not (root / given).is_relative_to(root):
            return None
        folder = (root / given).resolve()
        is_model = folder != root and folder.is_relative_to(root)
        return folder if is_model and (folder / "config.json").is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None
