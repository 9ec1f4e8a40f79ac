"""The name of a data set on the Hugging Face hub, as people write it in place of a file."""

import re
from dataclasses import dataclass

from synthcur.errors import InputError

PREFIX = "hub:"
_NAME = re.compile(
    r"hub:(?P<repo>[\w.-]{1,96}(?:/[\w.-]{1,96})?)"
    r"(?:@(?P<revision>[\w./-]{1,200}))?"
    r"(?:\[(?P<config>[^\[\]]{1,200})\])?"
    r"(?::(?P<split>[\w.-]{1,100}))?"
)
HOW = "Write hub:owner/set, and where needed hub:owner/set@revision[config]:split."


@dataclass(frozen=True)
class HubSource:
    """Which rows of the hub are meant.

    Attributes
    ----------
    repo
        ``owner/set``, or one of the hub's old names without an owner.
    revision
        Branch, tag or commit; None for the main branch as it is.
    config
        Part of the data set, None for its default.
    split
        None for the one called ``train``, or the only one.
    """

    repo: str
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    @property
    def name(self) -> str:
        """How people write it."""
        at = f"@{self.revision}" if self.revision else ""
        of = f"[{self.config}]" if self.config else ""
        return f"{PREFIX}{self.repo}{at}{of}{f':{self.split}' if self.split else ''}"


def hub_source(given: str) -> HubSource | None:
    """Read the name of a data set; None where a text does not begin as one does.

    Raises
    ------
    InputError
        If it begins so and goes on otherwise.
    """
    if not given.startswith(PREFIX):
        return None
    found = _NAME.fullmatch(given.strip())
    if found is None:
        raise InputError(f"“{given[:80]}” names no data set of the hub.", fix=HOW)
    return HubSource(**found.groupdict())
