"""Which encoding text has: by its mark, as somebody says, or guessed, and then told to be a guess.

UTF-8 is what text is until a byte does not fit. Bytes that do not are read as Windows-1252 where
that gives words of Western languages; else charset-normalizer chooses among a few encodings.
"""

import codecs
import re
from dataclasses import dataclass

from synthcur.errors import InputError

ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "iso8859-1": "ISO 8859-1",
    "iso8859-2": "ISO 8859-2",
    "iso8859-5": "ISO 8859-5",
    "iso8859-7": "ISO 8859-7",
    "iso8859-9": "ISO 8859-9",
    "iso8859-15": "ISO 8859-15",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "mac-roman": "Mac Roman",
    "cp437": "DOS 437",
    "cp850": "DOS 850",
    "cp852": "DOS 852",
    "cp866": "DOS 866",
    "cp874": "Windows-874 (Thai)",
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "cp949": "CP949 (Korean)",
}
"""Names of encodings that text may have, and what people call them."""

_MARKED = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The mark of UTF-32 begins with that of UTF-16, so it comes first."""
_WITHOUT_MARK = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_GUESSED = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("koi8_r", "cp866", "gb18030", "big5", "cp932", "euc_jp", "cp949"),
)
_SAMPLE = 40_000
"""Bytes of lines with a byte beyond ASCII that are looked at for a guess."""
_FEW_NULS = 0.02
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_NOT_WESTERN = re.compile(
    r"(?<=[^\W\d_])[¡-¿×÷†‡‰ˆ˜ƒ‚„“”•™]+(?=[^\W\d_])|[À-ÿŒœŠšŽžŸƒ‚„¡-¿]{3,}"
    "|(?<=[a-zß-ÿ])[À-ÞŠŽŸ]"
)
_AROUND = re.compile(r"[^\s,;|\t\"]*[^\x00-\x7f,;|\t\"][^\s,;|\t\"]*")


@dataclass(frozen=True)
class Encoding:
    """How bytes are made text.

    Attributes
    ----------
    codec
        Name for Python.
    is_guessed
        Whether neither a mark, nor UTF-8, nor a person says so.
    example
        A word of the file that another encoding would spell otherwise; empty unless guessed.
    """

    codec: str
    is_guessed: bool = False
    example: str = ""

    @property
    def name(self) -> str:
        """What `ReadOptions` call it."""
        return "utf-8" if self.codec == "utf-8-sig" else self.codec

    @property
    def title(self) -> str:
        """What people call it."""
        return ENCODINGS[self.name]

    def in_words(self) -> str:
        """Say what was guessed, with an example; empty where nothing was."""
        if not self.is_guessed:
            return ""
        return f"{self.title}{f', such as “{self.example}”' if self.example else ''}"


def encoding_named(word: str) -> str:
    """Return the name that `ENCODINGS` has for an encoding.

    Raises
    ------
    InputError
        If it is none in which text is read.
    """
    try:
        found = codecs.lookup(word.strip()).name
    except (LookupError, ValueError):
        found = ""
    found = {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "euc_kr": "cp949"}.get(
        found, {"shift_jis": "cp932"}.get(found, found)
    )
    if found not in ENCODINGS:
        raise InputError(
            f"“{word[:40]}” is no encoding in which text is read.",
            fix=f"There are {', '.join(ENCODINGS)}.",
        )
    return found


def encoding_of(data: bytes, name: str, given: str | None = None) -> Encoding:
    """Find the encoding of text.

    Parameters
    ----------
    data
        The bytes.
    name
        Of the file, to show.
    given
        What somebody says the encoding is.

    Raises
    ------
    InputError
        If the bytes are no text in it; the first byte that does not fit is named by its line.
    """
    marked = next((code for mark, code in _MARKED.items() if data.startswith(mark)), None)
    if given is not None:
        codec = encoding_named(given)
        is_same = marked is not None and marked.startswith(codec.removesuffix("-le")[:6])
        found = Encoding(marked if marked is not None and is_same else codec)
    elif marked is not None:
        found = Encoding(marked)
    elif (codec := _without_mark(data)) is not None:
        found = Encoding(codec, is_guessed=True)
    else:
        found = Encoding("utf-8")
    try:
        text = data.decode(found.codec)
    except UnicodeDecodeError as error:
        codec = None if given or marked else _guessed(data)
        if codec is None:
            raise _does_not_fit(data, name, found, error) from error
        text = data.decode(codec)
        found = Encoding(codec, is_guessed=True, example=_example(text))
    _check_nul(text, name, found)
    return found


def _does_not_fit(
    data: bytes, name: str, encoding: Encoding, error: UnicodeDecodeError
) -> InputError:
    line = data[: error.start].count(b"\n") + 1
    return InputError(
        f"{name} is not {encoding.title}: byte {error.start:,} (line {line:,}, "
        f"value 0x{data[error.start]:02x}) does not belong there.",
        fix="Save the file as UTF-8, or say which encoding it has; files from older Windows "
        "programs are often Windows-1252.",
    )


def _check_nul(text: str, name: str, encoding: Encoding) -> None:
    # A file that begins with the mark of UTF-8 is text, whatever characters it holds.
    if encoding.codec != "utf-8-sig" and (nul := text.find("\x00")) >= 0:
        raise InputError(
            f"{name} holds a NUL byte on line {text.count(chr(10), 0, nul) + 1:,}.",
            fix="Save the file as UTF-8 text; NUL bytes mean that it is binary or damaged.",
        )


def _without_mark(data: bytes) -> str | None:
    """Know UTF-16 and UTF-32 without a mark by the NUL bytes of their plain letters and line ends.

    Read with the bytes of each character the wrong way round, they hold next to none.
    """
    nuls = data.count(b"\x00")
    if not nuls:
        return None
    if nuls < _FEW_NULS * len(data) and _decoded(data, "utf-8") is not None:
        return None
    best, most = None, 0
    for codec in _WITHOUT_MARK:
        # One that is cut in the middle of a character is still known; the place is named later.
        text = _decoded(data[: len(data) - len(data) % (4 if "32" in codec else 2)], codec)
        if text is None or _CONTROL.search(text) or not re.search("[\r\n]", text):
            continue
        plain = len(text) - _beyond_ascii(text)
        if plain > most:
            best, most = codec, plain
    return best


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _guessed(data: bytes) -> str | None:
    """Guess the encoding of bytes that are not UTF-8; None where they are damaged, or no text."""
    if _CONTROL.search(data.decode("latin-1")) or _is_damaged(data):
        return None
    sample = _sample(data)
    western = _decoded(sample, "cp1252")
    latin = None if western is None else _latin(western)
    if latin is not None and _decoded(data, latin) is not None:
        return latin
    # Most files do without it, and its import takes a while.
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=list(_GUESSED), preemptive_behaviour=False).best()
    codec = None if found is None else encoding_named(found.encoding)
    if codec is not None and _decoded(data, codec) is not None:
        return codec
    return None


def _is_damaged(data: bytes) -> bool:
    """Whether bytes are UTF-8 but for a few places: reading all as something else would harm."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return _beyond_ascii(text) - wrong >= wrong


def _sample(data: bytes) -> bytes:
    lines, size = [], 0
    for line in re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data):
        lines.append(line.group())
        size += len(lines[-1])
        if size > _SAMPLE:
            break
    return b"".join(lines)[: 10 * _SAMPLE]


def _latin(text: str) -> str | None:
    """Tell Windows-1252 from its neighbours, by text that was read as Windows-1252.

    Turkish, Slavic, Hungarian and Romanian letters become such that no Western language has
    together. Where letters beyond ASCII are many and in a row, it is another alphabet: None.
    """
    beyond = _beyond_ascii(text)
    strange = sum(len(found) for found in _NOT_WESTERN.findall(text))
    if 3 * strange > beyond:
        return None
    letters = set(text.lower())
    has_accents = letters & set("áíóúé")
    if letters & set("ðý") and not has_accents:
        return "cp1254"
    slavic = letters & set("šž") and letters & set("èøì") and not letters & set("äå")
    hungarian = letters & set("õû") and letters & set("öü") and "á" in letters
    romanian = "þ" in letters and not has_accents
    if slavic or hungarian or romanian:
        return "cp1250"
    return "cp1252" if 10 * strange <= beyond else None


def _example(text: str) -> str:
    found = _AROUND.search(text)
    return found.group()[:40] if found else ""
