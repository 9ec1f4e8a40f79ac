"""Put a folder on the Hugging Face hub, with a token that nothing keeps."""

import os
import re
from pathlib import Path

from synthcur.errors import InputError, WorkerError

TOKEN = "HF_TOKEN"
"""Variable that the command line reads the token from; an option would be seen by every process."""

KINDS = ("model", "dataset")
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


def push(folder: Path, repo: str, *, kind: str, token: str, is_private: bool = True) -> str:
    """Upload a folder as one commit; the repository is made if there is none.

    Parameters
    ----------
    folder
        What is uploaded.
    repo
        ``owner/name``.
    kind
        ``model`` or ``dataset``.
    token
        Of an account that may write there. It is handed to the library for this one call; it is
        neither stored nor logged, and is cut out of every message.
    is_private
        Whether a repository that is made here is private.

    Returns
    -------
    str
        Address of the repository.

    Raises
    ------
    InputError
        If the name or the token is missing or malformed.
    WorkerError
        If the hub refuses it or cannot be reached.
    """
    if not _REPO.fullmatch(repo):
        raise InputError(f"{repo!r} is no repository.", fix="Write owner/name.")
    if not token.strip():
        raise InputError(
            "No Hugging Face token was found.", fix=f"Set {TOKEN} to one with write access."
        )
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HTTPError,  # type: ignore[reportPrivateImportUsage]  # of the library's own client
    )

    hub = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token.strip())
    try:
        made = hub.create_repo(repo, repo_type=kind, private=is_private, exist_ok=True)
        hub.upload_folder(
            folder_path=folder,
            repo_id=repo,
            repo_type=kind,
            commit_message="Upload from synthcur",
        )
    except (HTTPError, OSError, ValueError) as error:
        said = str(error).replace(token.strip(), "…").splitlines()
        raise WorkerError(
            f"The hub did not take {repo}: {said[0] if said else type(error).__name__}",
            fix="Check the name, the token's right to write, and the connection.",
        ) from None  # the chain would carry the request, and with it the token
    return str(made)
