"""Inputs that are broken, wrong or meant to harm: each becomes a table or one clear refusal."""

import codecs
import io
import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import xlsxwriter

from harness.bombs import PACKINGS, arrow, arrow_bomb, dictionary_bomb, packed, parquet, zipped
from harness.bombs import with_sizes as lying

Maker = Callable[[], bytes]

GOOD = b"text,label\nThe fern wilts,care\nWhere is my order,delivery\nThe pot is cracked,damage\n"
_ROWS = [{"text": f"The fern {i} wilts", "label": ["care", "delivery"][i % 2]} for i in range(40)]
_TABLE = pa.table({"text": [r["text"] for r in _ROWS], "label": [r["label"] for r in _ROWS]})
_MB = 1_000_000
_SHEETS = "xl/worksheets/sheet1.xml"


def workbook(rows: list[list[object]], *, sheets: tuple[str, ...] = ("Data",)) -> bytes:
    """Return an XLSX file whose last sheet has the rows; the others are empty."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        pages = [book.add_worksheet(name) for name in sheets]
        for at, cells in enumerate(rows):
            pages[-1].write_row(at, 0, cells)
    return file.getvalue()


def sheet(cells: str, *, before: str = "", rest: dict[str, bytes] | None = None) -> bytes:
    """Return an XLSX file written by hand around the XML of its rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension='
            f'"xml" ContentType="{kind}.sheet.main+xml"/></Types>'.encode(),
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name='
            '"Data" sheetId="1" r:id="r1"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>".encode(),
            _SHEETS: f'{before}<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>'
            "</worksheet>".encode(),
            **(rest or {}),
        }
    )


def text_cell(place: str, text: str) -> str:
    """Return the XML of a cell with text in it."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def ods(cells: str) -> bytes:
    """Return an ODS file around the XML of its rows."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    body = f'<table:table table:name="Data">{cells}</table:table>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f"{body}</office:spreadsheet></office:body></office:document-content>".encode(),
            "META-INF/manifest.xml": b"<manifest/>",
        }
    )


def ods_row(*texts: str, repeated: int = 1) -> str:
    """Return the XML of a row of texts."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        for text in texts
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def inputs() -> dict[str, tuple[str, Maker]]:
    """Return every input by what it is: a file name, and what makes the bytes."""
    groups = (_encodings, _delimited, _json, _packings, _columns, _workbooks, _no_tables, _cut)
    found = [each for group in groups for each in group()]
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names), sorted({n for n in names if names.count(n) > 1})
    return {name: (file, make) for name, file, make in found}


Inputs = Iterator[tuple[str, str, Maker]]


def _given(name: str, file: str, data: bytes) -> tuple[str, str, Maker]:
    return name, file, lambda: data


def _encodings() -> Inputs:
    words = "text,label\nDie Größe paßt nicht,Anfrage\nL’été à 20 €,été\n"
    for codec in ("cp1252", "cp850", "mac_roman", "utf-7", "utf-8-sig", "utf-16", "utf-32"):
        yield _given(f"encoding {codec}", "a.csv", words.encode(codec, "replace"))
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        data = words.encode(codec)
        yield _given(f"{codec} without a mark", "a.csv", data)
        yield _given(f"{codec} and one byte more", "a.csv", data + b"\x00")
        yield _given(f"{codec} cut in a character", "a.csv", data[:-1])
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE):
        yield _given(f"mark {mark.hex()} alone", "a.csv", mark)
        yield _given(f"mark {mark.hex()} before plain bytes", "a.csv", mark + GOOD)
    yield _given("two marks", "a.csv", codecs.BOM_UTF8 * 2 + GOOD)
    yield _given("NUL in a cell", "a.csv", GOOD + b"a\x00b,care\n")
    yield _given("NULs alone", "a.csv", b"\x00" * 1000)
    yield _given("control characters", "a.csv", GOOD + b"\x01\x02\x1b[31m,care\n")
    yield _given("control characters and high bytes", "a.csv", GOOD + b"\x01\xe9,care\n")
    yield _given("half UTF-8, half cp1252", "a.csv", words.encode() + words.encode("cp1252"))
    yield _given("a damaged byte in UTF-8", "a.csv", words.encode() + b"na\xefve,care\n")
    yield _given("overlong UTF-8", "a.csv", GOOD + b"\xc0\xaf,care\n")
    yield _given("surrogates in UTF-8", "a.csv", GOOD + b"\xed\xa0\x80,care\n")
    yield _given("all bytes", "a.csv", bytes(range(256)) * 40)
    random = np.random.default_rng(0)
    for size in (100, 10_000, 1_000_000):
        yield _given(f"{size:,} random bytes", "a.csv", random.bytes(size))


def _delimited() -> Inputs:
    yield _given("nothing", "a.csv", b"")
    yield _given("blanks", "a.csv", b" \n\t\r\n  ")
    yield _given("line ends", "a.csv", b"\n" * 100_000)
    yield _given("a header alone", "a.csv", b"text,label\n")
    yield _given("one row", "a.csv", b"text,label\na,b\n")
    yield _given("ragged rows", "a.csv", GOOD + b"one\nthree,more,cells\n,\n,,\n")
    yield _given("ragged everywhere", "a.csv", b"\n".join(b"," * i for i in range(60)))
    yield _given("an open quote", "a.csv", GOOD + b'"never closed,care\n' * 50)
    yield _given("quotes alone", "a.csv", b'"' * 10_001)
    yield _given("a stray quote", "a.csv", GOOD + b'"a"b,care\n')
    yield _given("equal headers", "a.csv", b"text,text,text\na,b,c\n")
    yield _given("empty headers", "a.csv", b",,,\na,b,c,d\n")
    yield "10,000 columns", "a.csv", lambda: b",".join([b"c"] * 10_000) + b"\n1\n"
    yield "a cell of 10 MB", "a.csv", lambda: b"text,label\n" + b"a" * 10 * _MB + b",b\n"
    yield "a line of 10 MB", "a.txt", lambda: b"a" * 10 * _MB
    yield "a header of 10 MB", "a.csv", lambda: b"a" * 10 * _MB + b",label\nx,y\n"
    yield "100,001 short rows", "a.csv", lambda: b"t,l\n" + b"a,b\n" * 100_001
    yield _given("formulas", "a.csv", GOOD + b'"=HYPERLINK(""http://evil"")",@SUM(A1)\n')
    yield _given("markup", "a.csv", GOOD + b"<script>alert(1)</script>,<img src=x onerror=y>\n")
    yield _given("markup in the header", "a.csv", b"<script>x</script>,label\na,b\nc,d\n")
    yield _given("right to left", "a.csv", GOOD + "\u202egnp.exe\u202c,\u2067x\n".encode())
    yield _given("a name that is a path", "../../etc/passwd", GOOD)
    yield _given("a name of another system", "C:\\x\\..\\a.csv", GOOD)
    yield _given("a name of controls", "a\x00\x1b[2J\u202e.csv", GOOD)
    yield _given("a name without end", "x" * 5_000, GOOD)
    yield _given("sep= without a delimiter", "a.csv", b"sep=\ntext,label\na,b\n")
    yield _given("sep=quote", "a.csv", b'sep="\ntext"label\na"b\n')
    yield _given("sep= alone", "a.csv", b"sep=;\n")
    yield _given("carriage returns", "a.csv", GOOD.replace(b"\n", b"\r"))
    yield _given("mixed line ends", "a.csv", GOOD.replace(b"\n", b"\r\n", 1) + b"x,y\r")
    yield _given("unusual line ends", "a.csv", GOOD + "a\u2028b\u0085c\x0bd,care\n".encode())
    yield _given("NaN labels", "a.csv", GOOD + b"a,nan\nb,NaN\nc,NULL\nd,\n")


def _json() -> Inputs:
    lines = [json.dumps(row) for row in _ROWS]
    array = json.dumps(_ROWS, indent=1)
    shapes = {
        "a number": "1",
        "a text": '"abc"',
        "null": "null",
        "an empty object": "{}",
        "empty objects": "[{}, {}]",
        "an empty list": "[]",
        "a list of lists": json.dumps([["text", "label"], ["a", "b"], ["c"]]),
        "empty lists": "[[], []]",
        "a list of texts": json.dumps(["a", "b"]),
        "a list of all kinds": json.dumps([1, "a", None, {"text": "x"}, [2]]),
        "columns first": json.dumps({"text": ["a", "b"], "label": ["c", "d"]}),
        "columns of different lengths": json.dumps({"text": ["a", "b"], "label": ["c"]}),
        "columns without a cell": json.dumps({"text": [], "label": []}),
        "numbered columns with gaps": json.dumps({"text": {"0": "a", "2": "b"}, "label": {"1": 1}}),
        "rows by index": json.dumps({str(i): row for i, row in enumerate(_ROWS)}),
        "split": json.dumps({"columns": ["text", "label"], "data": [["a", "b"], ["c"]]}),
        "split without columns": json.dumps({"columns": [], "data": [["a"]]}),
        "split with odd columns": json.dumps({"columns": [None, {}], "data": [["a", "b"]]}),
        "a wrapped list": json.dumps({"n": 2, "examples": _ROWS}),
        "a list wrapped deep": json.dumps({"a": {"b": {"c": {"d": {"e": _ROWS}}}}}),
        "two wrapped lists": json.dumps({"good": _ROWS, "bad": _ROWS}),
        "splits as lists": json.dumps({"train": _ROWS, "test": _ROWS[:3]}),
        "nested cells": json.dumps([{"text": {"a": [1, {"b": None}]}, "label": [["x"]]}]),
        "numbers beyond all": '[{"text": "a", "label": 1e999, "n": 1' + "0" * 4000 + "}]",
        "NaN": '[{"text": "a", "label": NaN}, {"text": "b", "label": -Infinity}]',
        "half an emoji": '[{"text": "\\ud83d", "label": "a"}, {"\\ud83d": 1}]',
        "repeated keys": '{"text": "a", "text": "b"}\n{"text": "c", "label": "d"}',
        "single quotes": "[{'text': 'a', 'label': 'b'}]",
        "comments": '[// rows\n{"text": "a", "label": "b"}]',
        "trailing commas": '[{"text": "a, ]", "label": "b",}, ]',
        "an array cut off": array[: len(array) // 2],
        "an array without its end": array.rstrip()[:-1],
        "a wrapped list cut off": json.dumps({"examples": _ROWS}, indent=1)[:-40],
        "lines cut off": "\n".join(lines)[:-9],
        "lines with commas": ",\n".join(lines) + ",",
        "lines with a mark": "\ufeff" + "\n".join(lines),
        "lines with a broken one": "\n".join([*lines[:3], "{broken", *lines[3:]]),
        "objects over lines": "\n".join(json.dumps(row, indent=2) for row in _ROWS),
        "objects in one line": "".join(lines),
        "two arrays": array + array,
        "an array and garbage": array + "]]]}",
        "sentences around": f"Here are they:\n\n{array}\n\nAsk for more!",
        "a fence": f"Sure!\n```json\n{array}\n```\nMore?",
        "a fence that is not closed": f"```json\n{array}",
        "a fence cut off": f"```json\n{array[:-300]}",
        "fences": "\n".join(f"Part {i}\n```json\n{array}\n```" for i in range(3)),
        "a fence of CSV": f"Sure:\n```csv\n{GOOD.decode()}```\n",
        "fences of CSV": f"```csv\n{GOOD.decode()}```\nand\n```csv\n{GOOD.decode()}```\n",
        "an empty fence": "Sure:\n```json\n```\n",
        "a fence in a cell": 'text,label\n"how:\n```\nx\n```\n",a\nb,c\n',
    }
    for name, text in shapes.items():
        yield _given(f"JSON: {name}", "a.json", text.encode("utf-8", "surrogatepass"))
    yield _given("JSON called CSV", "a.csv", array.encode())
    yield "JSON: deep lists", "a.json", lambda: b"[" * _MB
    yield "JSON: deep objects", "a.json", lambda: b'[{"a":' * 200_000
    yield "JSON: deep cells", "a.json", lambda: b'{"text":' + b"[" * 900 + b"]" * 900 + b"}"
    yield (
        "JSON: 2,000 keys",
        "a.json",
        lambda: json.dumps([dict.fromkeys(map(str, range(2000)))]).encode(),
    )
    yield (
        "JSON: a new key a row",
        "a.jsonl",
        lambda: b"\n".join(b'{"k%d": 1}' % i for i in range(3000)),
    )
    yield "JSON: open brackets in lines", "a.jsonl", lambda: b"[\n" * 100_000


def _packings() -> Inputs:
    for kind in PACKINGS:
        good = packed(GOOD, kind)
        file = f"a.csv.{kind}"
        yield _given(f"{kind}", file, good)
        yield _given(f"{kind} cut off", file, good[: len(good) // 2])
        yield _given(f"{kind} without its last bytes", file, good[:-5])
        yield _given(f"{kind} damaged", file, good[:20] + b"\xff\xff\xff" + good[23:])
        yield _given(f"{kind} with bytes behind", file, good + b"garbage")
        yield _given(f"{kind} of nothing", file, packed(b"", kind))
        yield _given(f"{kind} inside gz", file, packed(good, "gz"))
        if kind != "gz":
            yield _given(f"gz inside {kind}", file, packed(packed(GOOD, "gz"), kind))
        yield _given(f"{kind} called CSV", "a.csv", good)
        yield f"{kind} of 24 MB", file, lambda kind=kind: packed(b"0" * 24 * _MB, kind)
        yield (
            f"{kind} of {kind} of 24 MB",
            file,
            lambda kind=kind: packed(packed(b"0" * 24 * _MB, kind), kind),
        )
        if kind != "zip":
            yield _given(f"{kind} twice", file, good + good)
    yield _given("zip of two files", "a.zip", zipped({"a.csv": GOOD, "b.csv": GOOD}))
    yield _given("zip of many files", "a.zip", zipped({f"{i}.csv": GOOD for i in range(3000)}))
    yield _given("zip of a folder", "a.zip", zipped({"data/": b"", "data/a.csv": GOOD}))
    yield _given("zip of macOS", "a.zip", zipped({"a.csv": GOOD, "__MACOSX/._a.csv": b"x"}))
    yield _given("zip of no file", "a.zip", zipped({}))
    yield _given("zip with a way out", "a.zip", zipped({"../../etc/passwd": GOOD}))
    yield _given("zip that claims less", "a.zip", lying(zipped({"a.csv": GOOD}), 5))
    yield _given("zip that claims more", "a.zip", lying(zipped({"a.csv": GOOD}), 2**31))
    yield _given("zip of a workbook", "a.zip", zipped({"a.xlsx": workbook([["text", "label"]])}))
    yield _given("zip of a Word document", "a.docx", zipped({"word/document.xml": b"<w/>"}))
    encrypted = bytearray(zipped({"a.csv": GOOD}))
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.find(start) + at] |= 1
    yield _given("zip with a password", "a.zip", bytes(encrypted))
    yield _given("xz that wants memory", "a.xz", _xz_with_dictionary())


def _xz_with_dictionary() -> bytes:
    """Return xz whose header asks for a dictionary of 1.5 GB."""
    data, block = bytearray(packed(GOOD, "xz")), 12
    size = (data[block] + 1) * 4
    at = data.index(b"\x21\x01", block, block + size) + 2
    data[at] = 37
    crc = zlib.crc32(bytes(data[block : block + size - 4]))
    data[block + size - 4 : block + size] = struct.pack("<I", crc)
    return bytes(data)


def _columns() -> Inputs:
    good = parquet(text=_TABLE["text"].combine_chunks(), label=_TABLE["label"].combine_chunks())
    stream, file = arrow(_TABLE), arrow(_TABLE, stream=False)
    for name, ending, data in (
        ("Parquet", "parquet", good),
        ("Arrow stream", "arrow", stream),
        ("Arrow file", "arrow", file),
    ):
        yield _given(name, f"a.{ending}", data)
        yield _given(f"{name} called CSV", "a.csv", data)
        for part in (1, 3, 5, 7):
            yield _given(
                f"{name} cut off at {part}/8", f"a.{ending}", data[: len(data) * part // 8]
            )
            place = len(data) * part // 8
            flipped = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
            yield _given(f"{name} damaged at {part}/8", f"a.{ending}", flipped)
        yield _given(f"{name} with bytes behind", f"a.{ending}", data + b"garbage")
    yield "Parquet bomb", "a.parquet", dictionary_bomb
    yield "Parquet bomb in lists", "a.parquet", lambda: dictionary_bomb(kind="list")
    for kind in ("dictionary", "nested", "packed", "runs", "nothing"):
        yield f"Arrow bomb: {kind}", "a.arrow", lambda kind=kind: arrow_bomb(kind=kind)
    yield (
        "Arrow: 2,000 columns",
        "a.arrow",
        lambda: arrow(pa.table({f"c{i}": [1] for i in range(2000)})),
    )
    yield _given("Arrow: no rows", "a.arrow", arrow(_TABLE.slice(0, 0)))
    yield _given("Arrow: no columns", "a.arrow", arrow(pa.table({})))
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["a"])])
    yield _given("Arrow: a union", "a.arrow", arrow(pa.table({"text": union})))
    for name, features in {
        "numbers": {"label": {"names": [1, 2], "_type": "ClassLabel"}},
        "equal names": {"label": {"names": ["a", "a"], "_type": "ClassLabel"}},
        "no names": {"label": {"_type": "ClassLabel"}},
        "no features": [],
        "deep": {"label": {"feature": {"feature": {}}, "_type": "Sequence"}},
    }.items():
        kept = json.dumps({"info": {"features": features}})
        table = pa.table({"text": ["a", "b"], "label": [0, 7]})
        yield _given(
            f"class labels: {name}",
            "a.arrow",
            arrow(table.replace_schema_metadata({"huggingface": kept})),
        )
    table = pa.table({"text": ["a"]}).replace_schema_metadata({"huggingface": b"\xff{"})
    yield _given("class labels: no JSON", "a.arrow", arrow(table))


def _workbooks() -> Inputs:
    rows = [["text", "label"], *([row["text"], row["label"]] for row in _ROWS)]
    good = workbook(rows)
    yield _given("XLSX", "a.xlsx", good)
    yield _given("XLSX called CSV", "a.csv", good)
    yield _given("XLSX with empty sheets", "a.xlsx", workbook(rows, sheets=("A", "B", "Data")))
    yield _given("XLSX without rows", "a.xlsx", workbook([]))
    yield _given("XLSX with a header alone", "a.xlsx", workbook([["text", "label"]]))
    for part in (1, 3, 5, 7):
        yield _given(f"XLSX cut off at {part}/8", "a.xlsx", good[: len(good) * part // 8])
        place = len(good) * part // 8
        flipped = good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :]
        yield _given(f"XLSX damaged at {part}/8", "a.xlsx", flipped)
    yield _given("XLSX that claims less", "a.xlsx", lying(good, 5))
    yield "XLSX bomb", "a.xlsx", lambda: sheet(" " * 24 * _MB)
    yield _given(
        "XLSX with a cell far out",
        "a.xlsx",
        sheet(
            f'<row r="1">{text_cell("A1", "text")}</row>'
            f'<row r="1048576">{text_cell("XFD1048576", "x")}</row>'
        ),
    )
    yield _given(
        "XLSX with a place that is none",
        "a.xlsx",
        sheet(f'<row r="1">{text_cell("ZZZZ99999999", "x")}</row>'),
    )
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    yield _given(
        "XLSX with a foreign entity",
        "a.xlsx",
        sheet(
            f'<row r="1">{text_cell("A1", "&e;")}{text_cell("B1", "label")}</row>', before=entity
        ),
    )
    laughs = (
        "<!DOCTYPE x [<!ENTITY a0 'ha'>"
        + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12))
        + "]>"
    )
    yield _given(
        "XLSX with a billion laughs",
        "a.xlsx",
        sheet(f'<row r="1">{text_cell("A1", "&a11;")}</row>', before=laughs),
    )
    formulas = '<c r="A2"><f>WEBSERVICE("http://evil")</f></c><c r="B2" t="e"><v>#N/A</v></c>'
    yield _given(
        "XLSX with formulas and errors",
        "a.xlsx",
        sheet(
            f'<row r="1">{text_cell("A1", "text")}{text_cell("B1", "label")}</row>'
            f'<row r="2">{formulas}</row>'
        ),
    )
    yield _given("XLSX without its sheet", "a.xlsx", zipped({"xl/workbook.xml": b"<workbook/>"}))
    yield _given("ODS", "a.ods", ods(ods_row("text", "label") + ods_row("a", "b")))
    yield _given("ODS without rows", "a.ods", ods(""))
    yield _given(
        "ODS that is none",
        "a.ods",
        zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
    )
    yield _given(
        "an old Office file cut off", "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    )


def _no_tables() -> Inputs:
    for name, data in {
        "a pickle": pickle.dumps({"text": "a"}),
        "an old pickle": pickle.dumps({"text": "a"}, protocol=0),
        "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "a program": b"\x7fELF" + b"\0" * 100,
        "a script": b"#!/bin/sh\nrm -rf /\n",
        "a page": b"<!DOCTYPE html><html><body><table></table></body></html>",
        "XML": b"<?xml version='1.0'?><rows><row/></rows>",
        "SQLite": b"SQLite format 3\0" + b"\0" * 100,
        "a tar archive": b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 300,
        "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c" + b"\0" * 50,
        "a RAR archive": b"Rar!\x1a\x07\x01\x00" + b"\0" * 50,
        "NumPy": b"\x93NUMPY\x01\x00" + b"\0" * 50,
        "HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 50,
        "rich text": b"{\\rtf1 text}",
        "an empty ZIP": b"PK\x05\x06" + b"\0" * 18,
        "Feather 1": b"FEA1" + b"\0" * 50,
        "YAML": b"- text: a\n  label: b\n- text: c\n  label: d\n",
        "prose": b"Dear team,\nplease find the data attached.\nBest, Ana\n",
    }.items():
        yield _given(name, "a.csv", data)


def _cut() -> Inputs:
    """Every kind of file called by the ending of another."""
    good = {
        "csv": GOOD,
        "jsonl": json.dumps(_ROWS[0]).encode(),
        "parquet": dictionary_bomb(size=10, rows=100),
    }
    for kind, data in good.items():
        for ending in ("xlsx", "arrow", "zip", "png", "exe", "parquet", "json"):
            if ending != kind:
                yield _given(f"{kind} called {ending}", f"a.{ending}", data)
