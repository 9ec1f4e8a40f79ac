"""What a language model left in a text is found, and what people write is left in peace."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from synthcur.data.candidate_rows import Rows
from synthcur.data.leftovers import is_assistant, is_refusal, leftovers, states_label
from synthcur.schema import REAL, SYNTHETIC, Finding


def rows_of(synthetic: Sequence[str], real: Sequence[str] = (), label: str = "billing") -> Rows:
    """Rows of one label: each text, and plain ones that make the others few."""
    plain = [f"The invoice of order {i} is wrong." for i in range(40)]
    texts = [*synthetic, *plain, *real, *plain]
    sources = [SYNTHETIC] * (len(synthetic) + 40) + [REAL] * (len(real) + 40)
    cells = {
        "source": sources,
        "split": ["train"] * len(texts),
        "text": texts,
        "text_pair": [None] * len(texts),
        "label": [label] * len(texts),
        "file": [f"{source}.csv" for source in sources],
    }
    frame = pd.DataFrame({name: pd.Series(c, dtype=object) for name, c in cells.items()})
    return Rows(frame.assign(row=np.arange(len(texts)) + 1))


def found(code: str, synthetic: Sequence[str], real: Sequence[str] = ()) -> Finding:
    return next(f for f in leftovers(rows_of(synthetic, real)) if f.code == code)


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Here are 10 examples of billing complaints:",
        "Certainly, here is a customer message: I was charged twice.",
        "Here are five short sentences about billing:",
        "Here's a negative review of the hotel: The room was dirty.",
        "The room was dirty.\n\nLet me know if you'd like more examples!",
        "I was charged twice. I hope this helps!",
        "Would you like me to generate further variations?",
        "Klar! Hier sind zehn Beispiele: Die Rechnung ist falsch.",
        "Hier ist ein kurzer Satz über die Rechnung: Sie ist falsch.",
        "Bien sûr ! Voici dix exemples : la facture est fausse.",
        "Voici une phrase sur la facture : elle est fausse.",
        "¡Claro! Aquí tienes diez ejemplos: la factura es falsa.",
        "Certo! Ecco alcuni esempi: la fattura è sbagliata.",
        "Claro! Aqui estão dez exemplos: a fatura está errada.",
        "Конечно! Вот десять примеров: счёт неверен.",
        "当然可以！以下是十个例子：账单错了。",
        "もちろんです。以下は例文です。",
    ],
)
def test_words_of_an_assistant_are_found_in_many_languages(text: str):
    assert is_assistant(text)
    assert not is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot write complaints.",
        "I'm sorry, but I can't assist with that request.",
        "I cannot generate examples of that kind.",
        "Sorry, I am unable to help with this task.",
        "Als KI-Sprachmodell kann ich das nicht schreiben.",
        "Tut mir leid, aber dabei kann ich nicht helfen.",
        "En tant que modèle de langage, je ne peux pas répondre.",
        "Je suis désolé, mais je ne peux pas générer ce texte.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Mi dispiace, ma non posso generare questo testo.",
        "Desculpe, mas não posso ajudar com isso.",
        "К сожалению, я не могу выполнить эту просьбу.",
        "作为一个人工智能语言模型，我无法提供这样的例子。",
        "很抱歉，我无法满足这个请求。",
        "申し訳ありませんが、そのご要望にはお答えできません。",
    ],
)
def test_refusals_are_found_in_many_languages(text: str):
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Here are my keys, please send someone: the door is broken",
        "Sure, I can come on Monday",
        "I'm sorry, I can't find my invoice",
        "I cannot help but love this film",
        "Let me know if you need the order number",
        "Of course the room was dirty again.",
        "As an artist he is great",
        "Klar ist die Rechnung falsch",
        "Voici ma facture, elle est fausse",
        "Como siempre, la comida fue mala",
        "Als Kind war ich oft hier",
        "Как всегда, доставка опоздала",
        "我无法登录我的账户",
        "以下の荷物が届きません",
    ],
)
def test_what_people_write_is_neither(text: str):
    assert not is_assistant(text)
    assert not is_refusal(text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("chat_marks", "I was charged twice.<|im_end|>"),
        ("chat_marks", "### Response: I was charged twice."),
        ("chat_marks", "<think>A complaint.</think> I was charged twice."),
        ("markdown", "```json\nI was charged twice.\n```"),
        ("markdown", "I was **charged twice** for it."),
        ("markdown", "# Complaint\nI was charged twice."),
        ("markdown", "See [my order](https://shop.example/7)."),
        ("json_text", '{"text": "I was charged twice.", "label": "billing"}'),
        ("json_text", '"text": "I was charged twice."'),
        ("prompt_echo", "Write a complaint with the label billing."),
        ("prompt_echo", "Schreibe einen Satz der Kategorie Rechnung."),
        ("prompt_echo", "请写一条标签为账单的评论"),
        ("placeholders", "Hello {name}, I was charged twice."),
        ("placeholders", "Hello {{customer}}, I was charged twice."),
        ("placeholders", "Hello [Your Company], I was charged twice."),
        ("text_prefix", "Text: I was charged twice."),
        ("text_prefix", "Example 3: I was charged twice."),
        ("text_prefix", "**Review:** I was charged twice."),
        ("text_prefix", "例句：我被重复扣款"),
        ("stated_label", "I was charged twice. Category: billing"),
        ("stated_label", "I was charged twice. (billing)"),
        ("stated_label", "Category: billing - I was charged twice."),
        ("assistant_words", "Sure! Here is a complaint: I was charged twice."),
        ("stated_label", "Label: **Billing**\nI was charged twice."),
        ("stated_label", "[billing] I was charged twice."),
        ("refusals", "As an AI language model, I cannot write complaints."),
    ],
)
def test_every_kind_names_its_rows_and_says_what_to_do(code: str, text: str):
    finding = found(code, [text])
    assert (finding.state, finding.rows) == ("check", (("synthetic.csv", 1),))
    assert finding.labels == (("billing", 1),)
    assert finding.advice
    assert len(finding.title) <= 44


def test_a_refusal_is_proposed_to_go_and_the_rest_is_offered():
    refused = found("refusals", ["As an AI language model, I cannot write complaints."])
    assert (refused.proposal, refused.is_offer) == ("Exclude 1", False)
    opening = found("refusals", ["Sure! Here are 10 examples of complaints:"])
    assert (opening.proposal, opening.is_offer) == ("Exclude 1", False)
    marked = found("markdown", ["I was **charged twice** for it."])
    assert (marked.proposal, marked.is_offer) == ("Exclude 1", True)


def test_real_rows_are_shown_and_never_left_out():
    finding = found("markdown", [], ["I was **charged** twice.", "It was **late**."])
    assert finding.state == "fine"  # one real row in twenty: people write so here
    one = found("chat_marks", ["Late.<|im_end|>"] * 20, ["Late.<|im_end|>"])
    assert ("real.csv", 61) in one.rows
    assert ("real.csv", 61) not in one.excludes


def test_what_real_rows_have_as_often_belongs_to_the_task():
    marked = [f"It was **late** {i}." for i in range(10)]
    assert found("markdown", marked, marked).state == "fine"
    assert len(found("markdown", marked).rows) == 10


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I have a question about billing", "billing"),
        ("billing is what I call about", "billing"),
        ("The category: repair", "billing"),
        ("Meet me at 5 (pm)", "pm or am"),
        ("C: the language", "C"),
    ],
)
def test_a_label_that_is_a_word_of_the_text_is_not_stated(text: str, label: str):
    assert not states_label(text, label)


def test_numbers_of_a_list_are_told_only_where_many_texts_have_them():
    assert found("list_numbers", ["1. I was charged twice."]).state == "fine"
    listed = [f"{i}. I was charged twice." for i in range(1, 10)]
    assert len(found("list_numbers", listed).rows) == 9
    assert found("list_numbers", ["- I was charged twice."] * 5).rows


def test_the_prefix_that_most_texts_have_is_named():
    finding = found("text_prefix", ["Review: late.", "Review: dear.", "Text: fine."])
    assert finding.title == "“Review:” stands before texts"


def test_many_texts_with_one_beginning_are_told_with_the_words():
    begin = "As a customer of your shop I want to say that"
    finding = found("same_beginning", [f"{begin} order {i} is late." for i in range(12)])
    assert len(finding.rows) == 12
    assert not finding.excludes
    assert "12 begin with “as a customer of your shop i want”" in finding.advice
    real = [f"{begin} order {i} is dear." for i in range(12)]
    assert found("same_beginning", [f"{begin} {i}." for i in range(12)], real).state == "fine"


def test_a_long_text_without_an_end_is_shown_where_the_others_have_one():
    long = "I was charged twice for the drill that I had rented in May and nobody has answered my"
    assert found("cut_off", [long]).rows == (("synthetic.csv", 1),)
    assert found("cut_off", [f"{long} mails."]).state == "fine"
    assert found("cut_off", ["Charged twice"]).state == "fine"
    assert found("cut_off", [f"{long} {i}" for i in range(40)]).state == "fine"


def test_hostile_texts_are_looked_at_in_no_time():
    texts = ["here are " + "a " * 50_000, "{" * 50_000, "**" * 50_000, "[" * 50_000, "| " * 50_000]
    assert len(leftovers(rows_of(texts))) > 8
