"""Texts in another language than their source are found where it is sure, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from synthcur.data.candidate_rows import Rows
from synthcur.data.languages import likely_language, other_languages
from synthcur.schema import REAL, SYNTHETIC, Finding

ENGLISH = [
    f"The {what} of the {tool} was {how} and nobody has answered my mail since May {day}"
    for what, how in (("invoice", "wrong"), ("handle", "broken"), ("delivery", "late"))
    for tool in ("drill", "saw", "ladder", "mixer")
    for day in (2, 9)
]
GERMAN = [
    f"Die {was} für {gerät} war {wie} und niemand hat seit dem {tag}. Mai geantwortet"
    for was, wie in (("Rechnung", "falsch"), ("Lieferung", "verspätet"))
    for gerät in ("den Bohrer", "die Säge", "die Leiter", "den Mischer")
    for tag in (2, 9, 11)
]
FOREIGN = {
    "French": "La facture de la perceuse est fausse et personne ne répond à mes messages",
    "Spanish": "La factura del taladro está mal y nadie contesta a mis mensajes",
    "Italian": "La fattura del trapano è sbagliata e nessuno risponde ai miei messaggi",
    "Polish": "Faktura za wiertarkę jest błędna i nikt nie odpowiada na moje wiadomości",
    "Turkish": "Matkabın faturası yanlış ve kimse mesajlarıma cevap vermiyor",
    "Chinese": "电钻的账单是错的，没有人回复我的消息",
    "Russian": "Счёт за дрель неверный, и никто не отвечает на мои сообщения",
    "Arabic": "فاتورة المثقاب خاطئة ولا أحد يرد على رسائلي",
    "Japanese": "ドリルの請求書が間違っていて誰も返事をくれません",
    "Korean": "드릴 청구서가 잘못되었고 아무도 답장을 하지 않습니다",
}


def findings(synthetic: list[str], real: list[str]) -> dict[str, Finding]:
    texts, sources = [*synthetic, *real], [SYNTHETIC] * len(synthetic) + [REAL] * len(real)
    cells = {
        **{"source": sources, "split": ["train"] * len(texts), "text": texts},
        **{"text_pair": [None] * len(texts), "label": ["a"] * len(texts)},
        "file": [f"{source}.csv" for source in sources],
    }
    frame = pd.DataFrame({name: pd.Series(c, dtype=object) for name, c in cells.items()})
    frame["row"] = [*np.arange(len(synthetic)) + 1, *np.arange(len(real)) + 1]
    return {finding.code: finding for finding in other_languages(Rows(frame))}


@pytest.mark.parametrize("language", FOREIGN)
def test_rows_of_another_language_are_named_and_their_leaving_out_is_offered(language: str):
    found = findings(
        [*ENGLISH, FOREIGN[language], FOREIGN[language]], [*ENGLISH, FOREIGN[language]]
    )
    finding = found["other_language"]
    n = len(ENGLISH)
    assert finding.title == f"3 of {2 * n + 3} rows look {language}"
    assert finding.rows == (
        *(("synthetic.csv", n + 1), ("synthetic.csv", n + 2), ("real.csv", n + 1)),
    )
    assert finding.excludes == finding.rows[:2]
    assert finding.is_offer
    assert found["source_languages"].state == "fine"


def test_the_language_of_a_source_is_that_of_its_own_rows():
    found = findings(GERMAN, ENGLISH)
    assert found["other_language"].state == "fine"
    assert found["source_languages"].state == "check"
    assert found["source_languages"].title == "Synthetic looks German, real English"


def test_several_languages_among_many_rows_are_counted_not_blamed_row_by_row():
    found = findings([*ENGLISH, *GERMAN], ENGLISH)
    assert found["other_language"].state == "fine"
    assert found["source_languages"].title == "Synthetic texts in several languages"
    assert "English 50%, German 50%" in found["source_languages"].advice


@pytest.mark.parametrize(
    "text",
    [
        *("ok", "merci!", "12.50 EUR", "C'est la vie", "Déjà vu", "Zeitgeist", ":-)", "😀😀😀"),
        *("https://exemple.fr/la-facture-est-fausse", "@jean #facture #fausse", "", "日本"),
        "Play La Vie en Rose by Édith Piaf",
        "Book a table at El Bulli in Barcelona for two",
        "Nokia Siemens Allianz Daimler Volkswagen Telefónica",
    ],
)
def test_short_texts_names_and_addresses_are_no_other_language(text: str):
    assert findings([*ENGLISH, text], ENGLISH)["other_language"].state == "fine"


def test_languages_that_look_alike_are_not_held_against_each_other():
    norwegian = "Regningen for boremaskinen er feil og ingen svarer på meldingene mine"
    assert likely_language(norwegian, "da") == "da"
    assert likely_language(norwegian, "en") in ("no", "da")


def test_the_same_rows_look_the_same_every_time():
    rows = [*ENGLISH, *FOREIGN.values()]
    assert findings(rows, ENGLISH) == findings(rows, ENGLISH)
