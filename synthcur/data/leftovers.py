"""What a language model leaves in a text that is none of the text: its words, marks and prompts.

Each kind is looked for in all rows, and said only where real rows do not have it about as often:
what people write too belongs to the task. A row that holds nothing else is proposed to go; of the
others that is offered, since cutting a few characters away in the file is often better.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.data.labels import bare, quoted
from synthcur.schema import REAL, SYNTHETIC, Finding, FindingState

USUAL, LESS_OFTEN = 0.01, 3.0
"""A kind is usual where so many real rows have it, and not so many times as many synthetic ones."""
FEWEST_LISTED, LISTED_SHARE = 3, 0.05
"""Rows and share of the synthetic ones from which numbers before texts are those of a list."""
FEWEST_ALIKE, ALIKE_SHARE = 10, 0.05
"""Rows and share of the synthetic ones from which it is told that they begin alike."""
OPEN_SHARE, LONG_QUANTILE = 0.1, 0.85
"""Share of texts without an end up to which having none is odd; what long is in a source."""
_FIRST_WORDS = 8
_LONG = 80
"""Characters below which no text was cut off at a limit."""
_LONGEST_OPENING = 200
"""Characters of a text that is nothing but an opening."""
_GOES_ON = (",", "-", "–", "—", "(", "、", "，")
_READ = 2_000
"""Characters of a text that are looked at."""

_MANY = r"(?:[^\s.:!?]+[\s-]+){0,8}?"
_TO_COLON = r"(?:\s[^\n:]{0,120})?[:：]"
_OPENERS = (
    r"(?:sure|certainly|of course|absolutely|great|okay|ok|no problem)\b[!,. –—-]*"
    r"(?:here(?:['’]s| is| are)|below (?:is|are)|i(?:['’]ve| have) (?:written|created|generated)"
    r"|i(?:['’]d| would) be (?:happy|glad) to)",
    rf"(?:here(?:['’]s| is| are)|below (?:is|are)|these are)\s+{_MANY}"
    r"(?:examples?|sentences?|reviews?|texts?|samples?|utterances?|messages?|queries|variations?"
    rf"|paraphrases?|rows?|versions?|rewrites?|outputs?|responses?|tweets?|comments?){_TO_COLON}",
    r"(?:klar|natürlich|gerne|sicher|selbstverständlich)\b[!,. –—-]*hier (?:ist|sind|kommen)",
    rf"hier (?:ist|sind)\s+{_MANY}(?:beispiele?|s[aä]tze?|texte?|varianten?|nachrichten?"
    rf"|bewertung(?:en)?){_TO_COLON}",
    r"(?:bien sûr|certainement|avec plaisir|d['’]accord)\b[!,. –—-]*voici",
    rf"voici\s+{_MANY}(?:exemples?|phrases?|textes?|avis|messages?|variantes?){_TO_COLON}",
    r"(?:claro|por supuesto|desde luego)\b[!,. –—-]*(?:aquí|a continuación)",
    rf"(?:aquí (?:tienes|están?|hay)|a continuación)\s+{_MANY}"
    rf"(?:ejemplos?|frases?|oraci(?:ón|ones)|textos?|reseñas?|mensajes?){_TO_COLON}",
    r"(?:certo|certamente|ovviamente)\b[!,. –—-]*ecco",
    rf"ecco\s+{_MANY}(?:esempio?|fras[ei]|test[oi]|recension[ei]|messagg[io]+){_TO_COLON}",
    r"(?:claro|com certeza)\b[!,. –—-]*aqui est(?:á|ão)",
    rf"aqui est(?:á|ão)\s+{_MANY}(?:exemplos?|frases?|textos?|mensage[mn]s?){_TO_COLON}",
    r"(?:natuurlijk|zeker)\b[!,. –—-]*hier (?:is|zijn)",
    rf"hier zijn\s+{_MANY}(?:voorbeelden|zinnen|teksten|berichten){_TO_COLON}",
    rf"(?:oczywiście|jasne)\b[!,. –—-]*oto|oto\s+{_MANY}(?:przykłady|zdania|teksty){_TO_COLON}",
    r"(?:конечно|разумеется|хорошо)\b[!,. –—-]*вот",
    rf"вот\s+{_MANY}(?:пример\w*|предложени\w*|текст\w*|отзыв\w*|сообщени\w*){_TO_COLON}",
    r"(?:当然(?:可以)?|好的|没问题)[！!，,。 ]*(?:以下|下面|这)[^\n]{0,4}(?:是|为)",
    r"(?:以下|下面)(?:是|为)[^\n]{0,40}[：:]",
    r"(?:もちろん|はい|承知しました|わかりました)[^\n]{0,12}(?:以下|こちら)",
    r"以下[はに][^\n]{0,40}(?:例|文)[^\n]{0,20}[：:。]",
    r"(?:물론|네)[^\n]{0,10}(?:다음은|여기)",
    r"(?:بالطبع|بالتأكيد)[!،,. ]*(?:إليك|هذه|فيما يلي)",
)
_CLOSERS = (
    r"i hope (?:this|these|that) helps?",
    r"let me know if you(?:['’]d| would| need| want)? ?(?:like )?(?:me to (?:write|generate|create"
    r"|adjust|change)|more (?:examples|sentences|variations)|any (?:changes|adjustments))",
    r"would you like me to (?:write|generate|create|continue|provide)",
    r"feel free to (?:adjust|modify|customi[sz]e|edit)",
    r"ich hoffe,? (?:das|dies) hilft",
    r"j['’]espère que cela (?:vous |t['’])?aide",
    r"espero que (?:esto |isso )?(?:te |le |les )?(?:ayude|sirva|ajude)",
    r"spero (?:che )?(?:questo )?(?:ti |vi )?(?:aiuti|sia utile)",
    r"надеюсь,? это (?:вам )?поможет",
    r"希望(?:这|以上)[^\n]{0,8}(?:帮助|有用)",
)
_REFUSALS = (
    r"(?:(?:i['’]m|i am) (?:very |so )?sorry|sorry|i apologi[sz]e|my apologies|unfortunately)?"
    r"[,.!]?\s*(?:but )?i(?:['’]m| am)? (?:can(?:no|['’])t|can ?not|unable to|not able to|won['’]t)"
    r" (?:assist|help|comply|fulfil+|generate|create|produce|provide|engage|continue)\b"
    r"(?: you)?(?: with| in)? (?:that|this|your|such|the|any)?\s?"
    r"(?:request|content|examples?|sentences?|texts?|material|task|prompt|kind)",
    r"[^.!?\n]{0,40}\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"als (?:ki|künstliche intelligenz|sprachmodell|ai)\b",
    r"(?:es )?tut mir (?:sehr )?leid,? (?:aber )?(?:ich|dabei|das|diese)\b[^.\n]{0,40}"
    r"\bnicht (?:helfen|erfüllen|erstellen|generieren|beantworten|weiterhelfen)",
    r"en tant qu(?:e modèle de langage|['’](?:ia|intelligence artificielle))\b",
    r"(?:je suis )?désolée?,? (?:mais )?je ne (?:peux|suis) pas (?:en mesure d[e'’] ?)?"
    r"(?:répondre|vous aider|aider|générer|créer|fournir|satisfaire)",
    r"como (?:un )?(?:modelo de lenguaje|modelo de linguagem|inteligencia artificial"
    r"|inteligência artificial|ia)\b",
    r"lo siento,? (?:pero )?no puedo (?:ayudar|generar|crear|cumplir|proporcionar)",
    r"(?:desculpe|sinto muito|lamento),? (?:mas )?não posso (?:ajudar|gerar|criar|fornecer)",
    r"come (?:modello linguistico|intelligenza artificiale|ia)\b",
    r"mi dispiace,? (?:ma )?non posso (?:aiutar|generare|creare|fornire|soddisfare)",
    r"als (?:een )?(?:ai|taalmodel)\b",
    r"het spijt me,? (?:maar )?[^.\n]{0,30}niet (?:helpen|maken|genereren)",
    r"jako (?:model językowy|sztuczna inteligencja|ai)\b",
    r"bir yapay zeka (?:dil )?modeli olarak",
    r"как (?:языковая модель|искусственный интеллект|ии)\b",
    r"(?:извините|простите|к сожалению),? (?:но )?я не могу"
    r" (?:помочь|создать|выполнить|предоставить|сгенерировать)",
    r"作为(?:一个|一名|一款)?(?:人工智能|ai|大?语言模型)",
    r"(?:很?抱歉|对不起)[，,]?(?:但)?我(?:无法|不能)(?:提供|帮助|协助|生成|满足|回答|完成)",
    r"ai(?:言語モデル|アシスタント)として",
    r"(?:申し訳ありません|申し訳ございません|すみません)[^\n]{0,20}(?:お答え|お手伝い|生成|対応|提供)"
    r"[^\n]{0,6}(?:できません|できかねます)",
    r"(?:ai|인공지능)(?: 언어)? ?모델로서",
    r"(?:آسف|عذر[اًا]+)[،,]? (?:لكن )?لا (?:يمكنني|أستطيع) (?:المساعدة|إنشاء|تقديم|تلبية)",
)
_CHAT_MARKS = (
    r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?think>|<(?:start|end)_of_turn>|</s>\s*$|^\s*<s>"
    r"|^\s*#{2,4} ?(?:instruction|response|input|output|answer)\b\s*:?"
    r"|^\s*(?:assistant|human|system)\s*:\s"
)
_MARKDOWN = (
    r"```|^\s*#{1,6} +\S[^\n]*\n|\*\*[^\s*](?:[^*\n]{0,80}[^\s*])?\*\*(?!\*)"
    r"|\[[^\]\n]{1,80}\]\(https?://|^\s*\|[^\n]+\|\s*\n\s*\|[ :|-]+\|"
)
_PLACEHOLDERS = (
    r"\{\{\s*[a-z_][\w .-]{0,40}\}\}|\$?\{[a-z_][\w -]{1,40}\}"
    r"|\[(?:insert|your|customer|company|product|name|date|city|order|user|recipient|first|last"
    r"|phone|email|amount|location|store|restaurant|event|ihr|ihre|firma|produkt|datum|nom|votre"
    r"|nombre|su|tu|nome)\b[^\]\n]{0,40}\]"
    r"|<(?:insert|your|name|company|product|date|city|placeholder|label|text|topic|category)"
    r"\b[\w -]{0,30}>"
)
_BEFORE_TEXT = (
    r"(?P<said>[\"'*#\s]{0,4}(?:text|sentence|review|example|utterance|query|input|output|tweet"
    r"|message|comment|headline|sample|prompt|paraphrase|variation|rewrite|customer|user"
    r"|satz|beispiel|nachricht|bewertung|kunde|phrase|texte|exemple|frase|texto|ejemplo|mensaje"
    r"|reseña|esempio|testo|exemplo|文本|例句|句子|评论|текст|пример|предложение)"
    r"\s*#?\d{0,3}\s?\*{0,2}[:：])\s*[\"'*]{0,3}\s*\S"
)
_PROMPT = (
    r"^[\s\"'*#]*(?:(?:please|now|bitte|por favor)[, ]+)?"
    r"(?:write|generate|create|produce|compose|provide|give me|schreibe?|erstelle|generiere"
    r"|verfasse|écri(?:s|vez)|génére[rz]?|génère|rédige[rz]?|escribe|genera|redacta|crea|scrivi"
    r"|escreva|gere|crie|napisz|wygeneruj|напиши|сгенерируй|создай|请?(?:写|生成|编写|创建))"
    r"[^\n]{0,120}?(?:\b(?:labell?ed|labels?|category|categories|intents?|sentiments?|synthetic"
    r"|training (?:data|examples?)|kategorie|klasse|label|catégorie|étiquette|categoría|etiqueta"
    r"|sentimiento|categoria|etichetta|kategori\w*|категори\w*|класс\w*)\b|标签|类别|意图|情感)"
)
_LISTED = re.compile(r"\s*(?:\(?\d{1,3}[.)]\)?|[-*•–])\s+\S")
_JSON = re.compile(r"\s*[\[{]?\s*[\[{]?\s*[\"'][\w -]{1,40}[\"']\s*:\s*[\"'\[{\d]")
_LABEL_SAID = re.compile(
    r"(?:label|category|class|intent|sentiment|topic|emotion|tag|kategorie|klasse|thema|absicht"
    r"|etiqueta|categor[ií]a|clase|tema|étiquette|catégorie|classe|etichetta|标签|类别|分类|意图"
    r"|метка|категория|класс|ラベル|カテゴリ)[\"'*]*\s*[:=：]\s*(?P<label>[^\n,;|.]{1,80}?)\s*(?:[\n,;|.]"
    r"|\s[-–—]\s|$)",
    re.IGNORECASE,
)
_LABEL_AT_END = re.compile(
    r"(?:[(\[{|→]|[-=]>|\s[-–—])\s*(?P<label>[^()\[\]{}|→]{2,80})[)\]}]?\s*$"
)
_LABEL_AT_START = re.compile(
    r"\s*[\[(*\"']{0,3}(?P<label>[^\n:|\])]{2,60})[\])*\"']{0,3}\s*[:|\]]\s"
)
_OFFERED = "Exclude {n}"


def _any(patterns: tuple[str, ...]) -> str:
    return "|".join(f"(?:{each})" for each in patterns)


_OPENING = re.compile(rf"[\s\"'*¡¿]*(?:{_any(_OPENERS)})", re.IGNORECASE)
_CLOSING = re.compile(rf"(?:{_any(_CLOSERS)})[^\n]{{0,80}}\s*$", re.IGNORECASE)
_REFUSING = re.compile(rf"[\s\"'*]*(?:{_any(_REFUSALS)})", re.IGNORECASE)
_PREFIXED = re.compile(_BEFORE_TEXT, re.IGNORECASE)


@dataclass(frozen=True)
class _Kind:
    """A kind of leftover.

    Attributes
    ----------
    code, title
        As in `Finding`.
    is_in
        Whether a text of a label has it.
    advice
        What it means and what to do.
    """

    code: str
    title: str
    is_in: Callable[[str, str | None], bool]
    advice: str


def _searched(pattern: str) -> Callable[[str, str | None], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text, label: compiled.search(text) is not None


def is_refusal(text: str) -> bool:
    """Whether a text begins as that of a model that does not want to write one."""
    return _REFUSING.match(text) is not None


def is_assistant(text: str) -> bool:
    """Whether a text begins or ends with what an assistant says to whoever asked it."""
    return _OPENING.match(text) is not None or _CLOSING.search(text) is not None


def states_label(text: str, label: str | None) -> bool:
    """Whether a text names its own label beside what it says: ``Category: billing``."""
    name = bare(label)[0] if label else ""
    if len(name) < 2 or name not in " ".join(text.split()).casefold().replace("_", " "):
        return False
    found = [match["label"] for match in _LABEL_SAID.finditer(text)]
    found += [match["label"] for p in (_LABEL_AT_END,) if (match := p.search(text[-120:]))]
    found += [match["label"] for match in (_LABEL_AT_START.match(text),) if match]
    return any(bare(each.strip(" *\"'"))[0] == name for each in found)


def _is_json(text: str) -> bool:
    if _JSON.match(text) is not None:
        return True
    if text.strip()[:1] not in ("[", "{") or text.strip()[-1:] not in ("]", "}"):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


_KINDS = (
    _Kind(
        "assistant_words",
        "Words of an assistant beside the text",
        lambda text, label: is_assistant(text),
        "Such as “Sure! Here is a review: …” or “I hope this helps!”. Models learn these words "
        "instead of the task; cut them away in the file, or leave the rows out.",
    ),
    _Kind(
        "chat_marks",
        "Marks of a chat format in the text",
        _searched(_CHAT_MARKS),
        "Such as “<|im_end|>” or “### Response:”. Cut them away in the file, or leave the rows "
        "out.",
    ),
    _Kind(
        "markdown",
        "Markdown or a code fence in the text",
        _searched(_MARKDOWN),
        "No real row or hardly any is written so: a classifier tells generated texts by it. Take "
        "the marks out of the file, or leave the rows out.",
    ),
    _Kind(
        "json_text",
        "JSON in the text",
        lambda text, label: _is_json(text),
        "The text is still inside what the model answered. Read the field of the text into a "
        "column of its own, or leave the rows out.",
    ),
    _Kind(
        "prompt_echo",
        "The prompt instead of a text, or before it",
        _searched(_PROMPT),
        "Such as “Write a review with the label …”. The instruction names the label, and no real "
        "row begins so: leave the rows out, or cut it away in the file.",
    ),
    _Kind(
        "placeholders",
        "A gap of a template left open",
        _searched(_PLACEHOLDERS),
        "Such as “{name}” or “[Your Company]”. Fill the gaps in the file, or leave the rows out.",
    ),
    _Kind(
        "stated_label",
        "The text names its own label",
        states_label,
        "Such as “Category: billing” in a row of that label: a model reads it off instead of "
        "learning. Cut it away in the file, or leave the rows out.",
    ),
)


def leftovers(table: Rows) -> list[Finding]:
    """Look for every kind of leftover.

    Parameters
    ----------
    table
        The rows; a leftover may be in the text or in the second text.

    Returns
    -------
    list of Finding
        One a kind.
    """
    columns = [table.frame[name].to_numpy() for name in ("text", "text_pair", "label")]
    cells = [
        ([text[:_READ] for text in (first, second) if text], label)
        for first, second, label in zip(*columns, strict=True)
    ]
    found = [_refusals(table, cells)]
    refusing = set(found[0].rows)
    for kind in _KINDS:
        mask = [
            place not in refusing and any(kind.is_in(text, label) for text in texts)
            for (texts, label), place in zip(cells, table.places, strict=True)
        ]
        found.append(_offer(table, kind.code, kind.title, np.array(mask, dtype=bool), kind.advice))
    return [
        *found,
        _prefixes(table, cells),
        _listed(table, cells),
        _same_beginning(table),
        _cut_off(table),
    ]


_Cells = list[tuple[list[str], str | None]]


def _refusals(table: Rows, cells: _Cells) -> Finding:
    mask = np.array([any(map(_says_nothing, texts)) for texts, _ in cells], dtype=bool)
    mask &= not _is_usual(table, mask)
    return table.finding(
        "refusals",
        "Refusal or opening instead of a text",
        FindingState.CHECK,
        mask,
        excludes=mask & table.parts[SYNTHETIC],
        proposal="Exclude {n}",
        advice="Such as “As an AI language model, I cannot …” or “Sure! Here are 10 examples:”: "
        "nothing of the label is in it.",
    )


def _says_nothing(text: str) -> bool:
    is_opening = text.rstrip().endswith((":", "：")) and len(text) <= _LONGEST_OPENING
    return is_refusal(text) or (is_opening and _OPENING.match(text) is not None)


def _prefixes(table: Rows, cells: _Cells) -> Finding:
    said = [
        next((m["said"].strip(" \"'*#") for text in texts if (m := _PREFIXED.match(text))), None)
        for texts, _ in cells
    ]
    most = Counter(each for each in said if each is not None).most_common(1)
    mask = np.array([each is not None for each in said], dtype=bool)
    return _offer(
        table,
        "text_prefix",
        f"{quoted(most[0][0])} stands before texts" if most else "A word such as “Text:” before it",
        mask,
        "It is part of a prompt or of a list, and real rows do not begin so. Cut it away in the "
        "file, or leave the rows out.",
    )


def _listed(table: Rows, cells: _Cells) -> Finding:
    mask = np.array([any(map(_LISTED.match, texts)) for texts, _ in cells], dtype=bool)
    synthetic = table.parts[SYNTHETIC]
    number = int((mask & synthetic).sum())
    mask &= number >= max(FEWEST_LISTED, LISTED_SHARE * synthetic.sum())
    return _offer(
        table,
        "list_numbers",
        "Numbers or dashes of a list before texts",
        mask,
        "Such as “3. ” or “- ”, left from a list of examples. Cut them away in the file, or leave "
        "the rows out.",
    )


def _same_beginning(table: Rows) -> Finding:
    """Find words with which many synthetic texts begin, and hardly a real one."""
    begins = np.array([_beginning(text) for text in table.frame["text"]], dtype=object)
    synthetic, real = table.parts[SYNTHETIC], table.frame["source"].to_numpy() == REAL
    uses, real_uses = Counter(begins[synthetic]), Counter(begins[real])
    least = max(FEWEST_ALIKE, ALIKE_SHARE * synthetic.sum())
    many = {
        begin
        for begin, number in uses.items()
        if begin and number >= least and real_uses[begin] < USUAL * real.sum() + 1
    }
    mask = synthetic & np.array([begin in many for begin in begins], dtype=bool)
    shown = max(many, key=lambda begin: (uses[begin], begin), default="")
    return table.finding(
        "same_beginning",
        "Many texts begin with the same words",
        FindingState.CHECK,
        mask,
        of=int(synthetic.sum()),
        advice=f"{uses[shown]:,} begin with {quoted(shown)}. Where it is a piece of the prompt, "
        "cut it away in the file; where the model repeats itself, ask it for other beginnings.",
    )


def _beginning(text: str) -> str:
    """Return the first words of a text that goes on after them; empty where it does not."""
    words = text[:_READ].split(maxsplit=_FIRST_WORDS)
    return " ".join(words[:-1]).casefold() if len(words) > _FIRST_WORDS else ""


def _cut_off(table: Rows) -> Finding:
    """Find long texts without an end in a source whose texts have one."""
    texts, source = table.frame["text"].tolist(), table.frame["source"].to_numpy()
    sizes = np.array([len(text) for text in texts])
    is_open = np.array([_is_open(text) for text in texts], dtype=bool)
    mask = np.zeros(len(texts), dtype=bool)
    for each in (SYNTHETIC, REAL):
        here = source == each
        if here.sum() and is_open[here].mean() <= OPEN_SHARE:
            long = sizes >= max(_LONG, np.quantile(sizes[here], LONG_QUANTILE))
            mask |= here & is_open & long
    return table.finding(
        "cut_off",
        "Long texts that end without a full stop",
        FindingState.CHECK,
        mask,
        advice="They are among the longest of their source, and nearly all others end with a mark: "
        "the model may have been stopped at its limit of tokens. Look how they end.",
    )


def _is_open(text: str) -> bool:
    """Whether a text ends with a letter, a digit or a mark after which something must follow."""
    last = text.rstrip()[-1:]
    return last.isalnum() or last in _GOES_ON


def _offer(table: Rows, code: str, title: str, mask: np.ndarray, advice: str) -> Finding:
    mask = mask & (not _is_usual(table, mask))
    return table.finding(
        code,
        title,
        FindingState.CHECK,
        mask,
        excludes=mask & table.parts[SYNTHETIC],
        proposal=_OFFERED,
        is_offer=True,
        advice=advice,
    )


def _is_usual(table: Rows, mask: np.ndarray) -> bool:
    """Whether real rows have something about as often as synthetic ones."""
    source = table.frame["source"].to_numpy()
    real, synthetic = (
        mask[source == each].mean() if (source == each).any() else 0.0 for each in (REAL, SYNTHETIC)
    )
    return bool(real >= USUAL and synthetic < LESS_OFTEN * real)
