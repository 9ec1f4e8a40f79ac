"""What only the person who publishes rows or a model can say of them."""

import re
from dataclasses import dataclass

from synthcur.errors import InputError

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
_DATA_SET = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


@dataclass(frozen=True)
class Publication:
    """What a card says that nothing in the workspace tells; empty where nobody said it.

    Attributes
    ----------
    languages
        Codes of the languages of the texts, as ISO 639 has them: ``en``, ``pt-BR``.
    licence
        Identifier of the licence in the hub's list: ``cc-by-4.0``, ``other``.
    data_set
        Name on the hub of the data that a model was trained on: ``owner/name``.
    """

    languages: tuple[str, ...] = ()
    licence: str = ""
    data_set: str = ""


NOTHING_SAID = Publication()


def publication(*, languages: str = "", licence: str = "", data_set: str = "") -> Publication:
    """Read what somebody has typed.

    Parameters
    ----------
    languages
        Codes with commas or spaces between them.
    licence, data_set
        As of `Publication`.

    Raises
    ------
    InputError
        If the hub would refuse a card that says it.
    """
    codes = tuple(dict.fromkeys(filter(None, re.split(r"[,\s]+", languages.strip()))))
    for code in codes:
        if not _LANGUAGE.fullmatch(code):
            raise InputError(
                f"“{code[:40]}” is no code of a language.", fix="Write en, de or pt-BR, say."
            )
    licence, data_set = licence.strip().lower(), data_set.strip()
    if licence and not _LICENCE.fullmatch(licence):
        raise InputError(
            f"“{licence[:40]}” is no identifier of a licence.",
            fix="Write one of the hub's, such as cc-by-4.0, apache-2.0 or other.",
        )
    if data_set and not _DATA_SET.fullmatch(data_set):
        raise InputError(f"“{data_set[:60]}” is no data set of the hub.", fix="Write owner/name.")
    return Publication(codes, licence, data_set)
