"""Workspaces as releases left them, each a folder named by its version.

A folder holds the ``workspace`` itself and ``summary.json``, what the release read in it. One that
belongs to a release is never made again: it stands for what people have on their disks.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def order(version: str) -> list[int]:
    """Return what versions are sorted by."""
    return [int(part) for part in version.split(".")]


def newest() -> Path:
    """Return the folder of the latest release that has one, or of the next release."""
    return max(FOLDER.glob("[0-9]*"), key=lambda path: order(path.name))
