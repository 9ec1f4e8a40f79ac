"""A first line that is a row is told from a header by the rows below it."""

import pytest

from synthcur.data.first_line import DOUBT, HEADER, ROW, first_line

TEXTS = [
    f"{text} {i}"
    for i in range(10)
    for text in ("I was charged twice for the saw", "Where is my parcel", "The drill is loud again")
]
LABELS = ["spam", "ham", "spam"] * 10


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("text", "label"), HEADER),
        (("utterance", "spam"), HEADER),
        (("id", "spam"), HEADER),
        (("", "x"), HEADER),
        (("0", "1"), HEADER),
        (("Nachricht", "Klasse"), HEADER),
        (("The hoist is broken, and nobody comes", "spam"), ROW),
        (("Where is it?", "ham"), ROW),
        (("Wo bleibt mein Paket denn bloß", " Spam"), ROW),
        (("The hoist is broken, and nobody comes", "other"), DOUBT),
        (("help", "ham"), DOUBT),
    ],
)
def test_a_row_is_known_by_its_label_and_its_text(cells: tuple[str, str], found: str):
    assert first_line(cells, [TEXTS, LABELS]) == found


def test_a_label_that_is_a_usual_name_does_not_hide_a_row():
    labels = ["question", "review", "question"] * 10
    assert first_line(("The hoist is broken, and nobody comes", "review"), [TEXTS, labels]) == ROW


def test_a_file_sorted_by_label_is_seen_as_a_whole():
    texts = [f"The saw number {i} is loud again" for i in range(3000)]
    labels = ["spam"] * 1500 + ["ham"] * 1500
    assert first_line(("The drill of yesterday is loud again", "ham"), [texts, labels]) == ROW


def test_texts_without_spaces_are_read_too():
    texts = [f"水泵被重复扣款，日期是{i}号" for i in range(20)]
    labels = ["账单", "维修"] * 10
    assert first_line(("压缩机开到10档会冒火花", "维修"), [texts, labels]) == ROW
    assert first_line(("文本", "类别"), [texts, labels]) == HEADER
