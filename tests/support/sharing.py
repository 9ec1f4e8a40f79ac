"""How processes share the tests: one at a time, but for browsers, which two of them have."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

BROWSERS = 2
"""Processes that drive a browser: with more, they and their servers wait for each other."""

FOLDER = "tests/browser/"


class Sharing(LoadScopeScheduling):
    """Hand out tests in their order; the files of `FOLDER` are dealt to `BROWSERS` heaps first."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._files: dict[str, int] = {}

    def _split_scope(self, nodeid: str) -> str:
        """Name what has to stay together with a test: its heap, or nothing but itself."""
        if not nodeid.startswith(FOLDER):
            return nodeid
        file = nodeid.partition("::")[0]
        return f"{FOLDER} {self._files.setdefault(file, len(self._files)) % BROWSERS}"
