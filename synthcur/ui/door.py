"""Whether the web server is closed to everything but this machine's own browser."""

from collections.abc import Mapping
from typing import Any

from streamlit import config

from synthcur.errors import StoreError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WATCHED = (
    "server.address",
    "server.allowedHosts",
    "server.enableCORS",
    "server.enableXsrfProtection",
    "server.enableAgentApi",
    "client.showErrorLinks",
    "client.showErrorDetails",
)


def settings() -> dict[str, Any]:
    """Return the settings of the running server that decide who can reach it."""
    return {name: config.get_option(name) for name in WATCHED}


def require_closed(found: Mapping[str, Any]) -> None:
    """Refuse to serve a workspace through an open door.

    Parameters
    ----------
    found
        Values of `WATCHED`.

    Raises
    ------
    StoreError
        Naming every setting that lets others in.
    """
    hosts = found["server.allowedHosts"]
    faults = {
        "server.address": found["server.address"] not in LOOPBACK,
        "server.allowedHosts": not hosts or not set(hosts) <= set(LOOPBACK),
        "server.enableCORS": not found["server.enableCORS"],
        "server.enableXsrfProtection": not found["server.enableXsrfProtection"],
        "server.enableAgentApi": bool(found["server.enableAgentApi"]),
        "client.showErrorLinks": found["client.showErrorLinks"] is not False,
        "client.showErrorDetails": found["client.showErrorDetails"] not in ("type", "none"),
    }
    open_ones = [f"{name} = {found[name]!r}" for name, is_open in faults.items() if is_open]
    if open_ones:
        raise StoreError(
            "The workspace stays closed, because the server was not started with its own safe "
            f"settings: {', '.join(open_ones)}.",
            fix="Start it with: python -m synthcur serve",
        )
