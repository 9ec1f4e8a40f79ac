"""Every kind of file that people bring is read as what it is, and says how it was read."""

import base64
import io
import zlib
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from harness.bombs import PACKINGS, packed, zipped
from harness.hostile import GOOD, ods, ods_row, sheet, text_cell, workbook
from synthcur.data.loading import build
from synthcur.data.read_options import ReadOptions
from synthcur.data.reader import read_in_child
from synthcur.data.reading import read_table
from synthcur.data.table_files import SHEET_CELL, as_bytes
from synthcur.data.tables import Limits, RawTable
from synthcur.errors import InputError

ROWS = [
    ["The fern wilts", "care"],
    ["Where is my order", "delivery"],
    ["The pot is cracked", "damage"],
]
HEADER = ["text", "label"]
XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)Pe@cj82`=Nefvk&b=Ne|KpsL?<|Vpx(XFUFB_@FpK|S3G7hh{Um&y)hna3dLRCE!%bg{bhhdR`)LtxY"
        ")2m-C6ry!w&?(3UxXH9JnE|gTv?=jze^Ue30nfJb#dGF2J+4S7hqvm<6Ll;6Q2604I*#xC{xsU?Y2Z2({d5l"
        "tE@J}Hgqd-P%Jg<EdRWVfYo`;2p;a4Pq&y-H#JbFg*(%D2D<T1EHjiHmIz&)}g(Zr*wXF14n3(E)W`GVzsw%"
        "ladNxpO9BxW-`?fdjBK4G<TT@tF@C(QZCmOW_1Yc-3n-V!BW8wdQH>;0V-E#U;FL2>JrdFi{}92zKq(^w1~;"
        "9Gg6zI2RzbL|3T|Gw59tzf@xg@JJdXLy27B7wz_stMzeTX2`qr((;A{0j0?!3I2cKzcL{@=4(MkaW&UKkr=3"
        "d4*B(8FYP_2KtAjFP+?|b8gHT@w3vWojEJL+y&{6)u>IJ7kz5YqOaw}kRX{w9qVac5-Hl&m+pUkcXXgPbDAy"
        "VywR6l2iw&hAiy=nAaasxLMyVJ8M|3t=T^6|-psOrCNkx1y^UHqGQmDKxVDY@*~@sJ*|AFBN&4i%v8OGQUoy"
        "K$pXr{z+%WSYGlf=qJ!Ofnt_gIA4srL6!m~^{7kcaX#Ios^Z6s!;^w<Oa&a1;RYFJIPES1#L5i2E2KP$x+71"
        ")B=A?+`it)ANzOO+HmqS;mjw#95)vrCbQXtu@d1!}s>s>fsHO55L0)WE>Nz`(%3z`(#@-I<Q1Ki1VJsjYtpq"
        "WWBCnNralll-^n!w6jk`Y}C>Jmo&ds+vDrVT*EGVuPIWd7(l-_3mRB13Zr5s^>5L&WY9cvteTD_bs7n`!7~A"
        "&OhA$52Mo8V*"
    )
)
"""A workbook as Excel wrote them until 2003: two rows, and a column of numbers."""


def cells(table: RawTable) -> list[list[object]]:
    return table.frame.to_numpy(dtype=object).tolist()


def notes(table: RawTable) -> str:
    return " ".join(table.notes)


def refusal(source: bytes | Path, name: str = "rows", **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_table(source, name, **options)
    assert caught.value.fix
    return str(caught.value)


# Encodings

WORDS = {
    "cp1252": (
        "text,label\nDie Größe paßt nicht für 20 €,Anfrage\nWo bleibt das Päckchen,Lieferung\n"
    ),
    "cp1250": (
        "text,label\nGdzie jest moja przesyłka? Czekam już tydzień,dostawa\nŻółta łódka,zwrot\n"
    ),
    "cp1251": ("текст,метка\nГде мой заказ? Жду уже неделю,доставка\nПила сломалась,ремонт\n"),
    "cp1253": (
        "κείμενο,ετικέτα\nΠού είναι η παραγγελία μου;,παράδοση\nΤο τρυπάνι χάλασε,επισκευή\n"
    ),
    "cp1254": (
        "metin,etiket\n"
        "Siparişim nerede? Çok uzun süredir bekliyorum,teslimat\n"
        "Tutar yanlış,fatura\n"
    ),
    "gb18030": ("文本,标签\n水泵坏了，请尽快维修,维修\n我的订单在哪里？已经等了一个星期,配送\n"),
    "cp932": (
        "テキスト,ラベル\n"
        "注文した商品がまだ届きません,配送\n"
        "ポンプが壊れました。修理をお願いします,修理\n"
    ),
    "cp949": (
        "텍스트,라벨\n"
        "주문한 상품이 아직 도착하지 않았습니다,배송\n"
        "펌프가 고장났어요 수리 부탁드립니다,수리\n"
    ),
}


@pytest.mark.parametrize("codec", WORDS)
def test_text_that_is_not_utf_8_is_read_by_a_guess_that_is_said(codec: str):
    table = read_table(WORDS[codec].encode(codec), "rows.csv")
    assert cells(table) == cells(read_table(WORDS[codec].encode(), "rows.csv"))
    assert table.how.endswith("(guessed)")
    assert table.used.encoding == codec
    assert "such as “" in table.guessed_encoding


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("words", ["cp1252", "cp1251", "gb18030"])
def test_utf_16_and_32_without_a_mark_are_known(codec: str, words: str):
    table = read_table(WORDS[words].encode(codec), "rows.csv")
    assert cells(table) == cells(read_table(WORDS[words].encode(), "rows.csv"))
    assert table.used.encoding == codec


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_says_the_encoding_and_nothing_is_guessed(codec: str):
    table = read_table(WORDS["cp1252"].encode(codec), "rows.csv")
    assert table.frame.columns.tolist() == HEADER
    assert table.guessed_encoding == ""
    assert "guessed" not in table.how


def test_a_guessed_encoding_is_a_finding_that_shows_a_word():
    tables = {
        "synthetic": read_table(WORDS["cp1252"].encode("cp1252"), "s.csv"),
        "train": read_table(WORDS["cp1252"].encode(), "r.csv"),
    }
    (found,) = (f for f in build("a", tables).findings if f.code == "guessed_encoding")
    assert found.title == "Encoding guessed, s.csv: Windows-1252, such as “Größe”"
    assert found.state == "check"


def test_a_given_encoding_is_used_and_is_no_guess():
    data = "text,label\nGrüße,a\n".encode("cp850")
    table = read_table(data, "rows.csv", options=ReadOptions(encoding="cp850"))
    assert cells(table) == [["Grüße", "a"]]
    assert (table.how, table.guessed_encoding) == ("CSV with commas, DOS 850", "")
    said = refusal(data, "rows.csv", options=ReadOptions(encoding="ascii"))
    assert "“ascii” is no encoding in which text is read" in said
    for hostile in ("zip", "unicode_escape", "rot13", "idna", "x" * 3000, "\x00", ""):
        assert "no encoding" in refusal(data, "rows.csv", options=ReadOptions(encoding=hostile))
    assert "(line 2, value 0x81)" in refusal(data, options=ReadOptions(encoding="utf-8"))


def test_utf_8_with_a_damaged_byte_is_refused_and_not_read_as_something_else():
    data = "text,label\nGröße,a\nGrüße,b\n".encode() + b"na\xefve,c\n"
    assert "is not UTF-8: byte 33 (line 4, value 0xef)" in refusal(data)


# Header and delimiter


def test_a_first_line_is_the_header_or_a_row_as_somebody_says():
    data = b"text,label\na b,x\nc d,y\n"
    as_row = read_table(data, options=ReadOptions(header=False))
    assert cells(as_row)[0] == HEADER
    assert as_row.frame.columns.tolist() == ["column 1", "column 2"]
    assert as_row.used.header is False
    rows = b"My order is not here yet,delivery\n"
    rows += b"Where is my order this time,delivery\nIt is broken again today,repair\n" * 3
    assert read_table(rows).used.header is False
    as_header = read_table(rows, options=ReadOptions(header=True))
    assert as_header.frame.columns.tolist() == ["My order is not here yet", "delivery"]


def test_what_was_used_comes_back_also_from_a_child():
    options = ReadOptions(delimiter="|", encoding="cp1252", header=True)
    table = read_in_child("text|label\nGrüße|a\n".encode("cp1252"), "rows.csv", options=options)
    assert cells(table) == [["Grüße", "a"]]
    assert table.used == options
    guessed = read_in_child(GOOD, "rows.csv").used
    assert guessed == ReadOptions(delimiter=",", encoding="utf-8", header=True)


def test_a_line_for_excel_is_no_row_also_between_quotes():
    table = read_table(b'"sep=|"\ntext|label\na;b;c|x\nd;e;f|y\n')
    assert cells(table) == [["a;b;c", "x"], ["d;e;f", "y"]]
    assert table.lines.tolist() == [3, 4]


# Packings


@pytest.mark.parametrize("kind", PACKINGS)
def test_every_packing_gives_the_rows_of_what_is_packed(kind: str):
    for data in (GOOD, workbook([HEADER, *ROWS])):
        table = read_table(packed(data, kind), f"rows.csv.{kind}")
        assert cells(table) == ROWS
    assert cells(read_in_child(packed(GOOD, kind), "rows")) == ROWS


@pytest.mark.parametrize("kind", PACKINGS)
def test_a_bomb_of_any_packing_stops_at_the_limit(kind: str):
    bomb = packed(b"0" * 20_000_000, kind)
    assert len(bomb) < 100_000
    assert "more than 1,000,000 bytes, the limit" in refusal(bomb, limits=Limits(size=1_000_000))


def test_a_zip_of_several_files_is_refused_and_lists_them_but_not_what_systems_add():
    added = {"__MACOSX/._b.csv": b"x", "b/.DS_Store": b"x", "b/": b"", "Thumbs.db": b"x"}
    assert cells(read_table(zipped({"b/b.csv": GOOD, **added}))) == ROWS
    said = refusal(zipped({"a.csv": GOOD, "b/b.csv": GOOD, **added}), "rows.zip")
    assert "rows.zip is a ZIP archive that holds 2 files: a.csv, b.csv." in said


# Workbooks


def test_a_workbook_gives_values_alone_and_says_which_sheet_it_read():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        book.add_worksheet("Empty")
        hidden = book.add_worksheet("Old")
        hidden.hide()
        hidden.write_row(0, 0, ["text", "label"])
        page = book.add_worksheet("Data")
        page.write_row(0, 0, ["text", "label", "number", "day", "sum", "ok"])
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(2, 0, ["=1+1", 1, 2.5])
        page.write_datetime(2, 3, pd.Timestamp("2024-05-01"), day)
        page.write_formula(2, 4, "=1+1", None, 2)
        page.write_boolean(2, 5, True)
        page.write_row(3, 0, ["#N/A", "b", 2.0])
        page.write_formula(3, 4, "=NA()", None, "#N/A")
        page.merge_range(4, 0, 5, 0, "both")
    table = read_table(file.getvalue(), "rows.xlsx")
    assert cells(table) == [
        ["=1+1", 1, 2.5, "2024-05-01", 2, True],
        ["#N/A", "b", 2, None, None, None],
        ["both", None, None, None, None, None],
    ]
    assert table.lines.tolist() == [3, 4, 5]
    assert table.how == "Sheet “Data” of a workbook"
    assert table.sheets == ("Empty", "Old", "Data")
    assert table.used == ReadOptions(header=True, sheet="Data")
    for said in (
        "Sheets not read: “Empty”, “Old” (hidden).",
        "1 merged area: the first cell alone has the value.",
        "1 cell with an error such as #N/A, missing here.",
    ):
        assert said in notes(table)


def test_a_sheet_is_read_by_its_name_and_one_that_is_missing_is_refused_with_the_others():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name in ("One", "Two & <b>"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, [f"row of {name}", "a"])
    data = file.getvalue()
    assert cells(read_table(data)) == [["row of One", "a"]]
    chosen = read_table(data, options=ReadOptions(sheet="Two & <b>"))
    assert cells(chosen) == [["row of Two & <b>", "a"]]
    said = refusal(data, "a.xlsx", options=ReadOptions(sheet="Three"))
    assert "a.xlsx has no sheet “Three”. It has “One”, “Two & <b>”." in said


def test_formulas_without_a_value_are_missing_and_said():
    rows = f'<row r="1">{text_cell("A1", "text")}{text_cell("B1", "label")}</row>'
    rows += f'<row r="2">{text_cell("A2", "a")}<c r="B2"><f>A1</f></c></row>'
    rows += f'<row r="3">{text_cell("A3", "b")}<c r="B3"><f>A1</f><v></v></c></row>'
    table = read_table(sheet(rows))
    assert cells(table) == [["a", None], ["b", None]]
    assert "2 formulas without a stored value, missing here." in notes(table)


def test_old_and_open_workbooks_are_read_as_well():
    table = read_table(XLS, "rows.xls")
    assert cells(table) == [["The fern wilts", "care", 1], ["Where is my order", "delivery", 2.5]]
    rows = "".join(ods_row(*cells) for cells in (HEADER, *ROWS))
    assert cells(read_table(ods(rows), "rows.ods")) == ROWS
    assert "cannot be read as an XLS workbook" in refusal(XLS[:900], "rows.xls")


HARD = [
    "=1+1",
    "+1",
    "-1",
    "@a",
    "'=a",
    "a\r\nb\tc",
    " a ",
    "_x0041_",
    "\x01",
    "ünï🚚",
    "\u202ea",
    "1",
    "true",
]


def test_a_workbook_that_was_written_is_read_back_cell_by_cell():
    table = pd.DataFrame(
        {
            "text": HARD,
            "label": [f"label {i % 2}" for i in range(len(HARD))],
            "weight": [0.1 + i for i in range(len(HARD))],
            "n": [2**60 if i else 7 for i in range(len(HARD))],
            "ok": [i % 2 == 0 for i in range(len(HARD))],
            "note": [None, "", *["x"] * (len(HARD) - 2)],
        }
    )
    back = read_table(as_bytes(table, "xlsx"), "rows.xlsx")
    assert back.frame["text"].tolist() == HARD
    assert back.frame["label"].tolist() == table["label"].tolist()
    assert back.frame["weight"].tolist() == pytest.approx(table["weight"].tolist(), abs=1e-12)
    assert back.frame["n"].tolist() == [7, *[str(2**60)] * (len(HARD) - 1)]
    assert back.frame["ok"].tolist() == table["ok"].tolist()
    assert back.frame["note"].tolist() == [None, None, *["x"] * (len(HARD) - 2)]


def test_no_cell_of_a_written_workbook_is_a_formula_or_a_link():
    import zipfile

    cells = ["=1+1", "http://evil.example", "@SUM(A1)", "{=1}"]
    data = as_bytes(pd.DataFrame({"=text": cells}), "xlsx")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in page
        assert "hyperlink" not in page
        assert not [name for name in archive.namelist() if "rels" in name and "sheet1" in name]


def test_a_table_that_no_sheet_can_hold_is_refused_by_its_row():
    table = pd.DataFrame({"text": ["a", "b" * (SHEET_CELL + 1)]})
    with pytest.raises(InputError, match="Row 2 has 32,768 characters in “text”"):
        as_bytes(table, "xlsx")
