"""Numbers in words, and text of people that stays text in a Markdown sink."""

import re

import pytest

from synthcur.ui import parts


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0324, "0.032"), (0.5, "0.50"), (0.999, "1.0"), (1.32, "1.3"), (9.96, "10"), (24.4, "24")],
)
def test_a_weight_has_two_significant_digits(value: float, words: str) -> None:
    assert parts.weight(value) == words


def test_a_vanishing_weight_is_no_wall_of_zeros() -> None:
    assert parts.weight(0.0) == "0"
    assert parts.weight(3e-9) == "< 0.001"


def test_counts_and_shares_use_commas_and_a_true_minus() -> None:
    assert parts.count(1800) == "1,800"
    assert parts.percent(0.6271) == "62.7 %"
    assert parts.count(-63) == "−63"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (41, "41 s"), (150, "2 min"), (9000, "2.5 h")]
)
def test_a_span_of_time_is_told_in_its_fitting_unit(seconds: float, words: str) -> None:
    assert parts.duration(seconds) == words


@pytest.mark.parametrize(
    "text",
    [
        "**bold** _it_ `code` ~~gone~~ # head",
        "![beacon](https://beacon.invalid/a.png)",
        "<img src=x onerror=alert(1)>",
        "$x^2$ :red[alarm] :material/delete: :smile:",
        "a -> b <- c -- d >= e",
        "https://beacon.invalid www.beacon.invalid me@beacon.invalid",
    ],
)
def test_markup_is_escaped_and_still_reads_the_same(text: str) -> None:
    escaped = parts.plain(text)
    assert not re.search(r"(?<!\\)[$<*_`!\[]", escaped)
    for marker in (":red", ":material", ":smile", "://", "www.", "->", "<-", "--", ">="):
        assert marker not in escaped.replace("\\", "")
    assert escaped.replace("\\", "").replace("\u2060", "") == text


def test_invisible_and_direction_characters_do_not_pass() -> None:
    assert parts.plain("a\u202eb\x00c\nd") == "a b c d"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert parts.plain("x" * 300, limit=10) == "x" * 9 + "…"
