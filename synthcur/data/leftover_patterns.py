"""Patterns of what language models leave in texts, in the languages that they are asked in most."""

import re

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
CHAT_MARKS = (
    r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?think>|<(?:start|end)_of_turn>|</s>\s*$|^\s*<s>"
    r"|^\s*#{2,4} ?(?:instruction|response|input|output|answer)\b\s*:?"
    r"|^\s*(?:assistant|human|system)\s*:\s"
)
MARKDOWN = (
    r"```|^\s*#{1,6} +\S[^\n]*\n|\*\*[^\s*](?:[^*\n]{0,80}[^\s*])?\*\*(?!\*)"
    r"|\[[^\]\n]{1,80}\]\(https?://|^\s*\|[^\n]+\|\s*\n\s*\|[ :|-]+\|"
)
PLACEHOLDERS = (
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
PROMPT = (
    r"^[\s\"'*#]*(?:(?:please|now|bitte|por favor)[, ]+)?"
    r"(?:write|generate|create|produce|compose|provide|give me|schreibe?|erstelle|generiere"
    r"|verfasse|écri(?:s|vez)|génére[rz]?|génère|rédige[rz]?|escribe|genera|redacta|crea|scrivi"
    r"|escreva|gere|crie|napisz|wygeneruj|напиши|сгенерируй|создай|请?(?:写|生成|编写|创建))"
    r"[^\n]{0,120}?(?:\b(?:labell?ed|labels?|category|categories|intents?|sentiments?|synthetic"
    r"|training (?:data|examples?)|kategorie|klasse|label|catégorie|étiquette|categoría|etiqueta"
    r"|sentimiento|categoria|etichetta|kategori\w*|категори\w*|класс\w*)\b|标签|类别|意图|情感)"
)
LISTED = re.compile(r"\s*(?:\(?\d{1,3}[.)]\)?|[-*•–])\s+\S")
JSON = re.compile(r"\s*[\[{]?\s*[\[{]?\s*[\"'][\w -]{1,40}[\"']\s*:\s*[\"'\[{\d]")
LABEL_SAID = re.compile(
    r"(?:label|category|class|intent|sentiment|topic|emotion|tag|kategorie|klasse|thema|absicht"
    r"|etiqueta|categor[ií]a|clase|tema|étiquette|catégorie|classe|etichetta|标签|类别|分类|意图"
    r"|метка|категория|класс|ラベル|カテゴリ)[\"'*]*\s*[:=：]\s*(?P<label>[^\n,;|.]{1,80}?)\s*(?:[\n,;|.]"
    r"|\s[-–—]\s|$)",
    re.IGNORECASE,
)
LABEL_AT_END = re.compile(r"(?:[(\[{|→]|[-=]>|\s[-–—])\s*(?P<label>[^()\[\]{}|→]{2,80})[)\]}]?\s*$")
LABEL_AT_START = re.compile(
    r"\s*[\[(*\"']{0,3}(?P<label>[^\n:|\])]{2,60})[\])*\"']{0,3}\s*[:|\]]\s"
)


def _any(patterns: tuple[str, ...]) -> str:
    return "|".join(f"(?:{each})" for each in patterns)


OPENING = re.compile(rf"[\s\"'*¡¿]*(?:{_any(_OPENERS)})", re.IGNORECASE)
CLOSING = re.compile(rf"(?:{_any(_CLOSERS)})[^\n]{{0,80}}\s*$", re.IGNORECASE)
REFUSING = re.compile(rf"[\s\"'*]*(?:{_any(_REFUSALS)})", re.IGNORECASE)
PREFIXED = re.compile(_BEFORE_TEXT, re.IGNORECASE)
