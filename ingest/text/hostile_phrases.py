"""The phrases that address a model, and the patterns of links that carry data away.

Each rule is (stems, pattern), both in small letters. The pattern is only searched for in text that holds one of the
stems: so a book of 5,000 pages takes seconds. Rules were tested on public evaluation sets as well as on hostile
documents, because what people write to each other in manuals, filings and papers must not be caught.
"""

from __future__ import annotations

import re

Rule = tuple[tuple[str, ...], re.Pattern[str]]


def _rule(stems: str, pattern: str) -> Rule:
    return tuple(stems.split("|")), re.compile(pattern)


_MODEL = r"(?:an? |the |any |all |every )?(?:ai|llms?|a\.i\.|(?:large )?language models?|chat ?bots?|ai (?:assistants?|models?|agents?|systems?|readers?)|(?:digital|virtual|answering|reading) (?:assistants?|models?))"
_FORMER = r"(?:previous|prior|above|preceding|earlier|foregoing|former|initial|original|other|existing|your|system|the system)"
_RULES = r"(?:instructions?|prompts?|rules|directions|directives|guidelines|commands|programming|training|constraints|restrictions|safeguards)"

PHRASES: tuple[Rule, ...] = (
    # The control tokens of chat formats. They are never read as such, and nobody writes them by accident.
    _rule("<|", r"<\|[a-z][a-z_ ]{1,30}\|>"),
    _rule("[inst]|[/inst]|<<sys>>", r"\[/?inst\]|<</?sys>>"),
    _rule("_of_turn>", r"<(?:start|end)_of_turn>"),
    _rule("### ", r"(?m)^### ?(?:system|instruction|assistant|human|user|response) ?:"),
    # Taking back what was said before.
    _rule(
        "ignore|disregard|forget|override|bypass|overrule",
        rf"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing)|bypass|overrule)\b(?:\s+(?:all|any|every|each|of|the|these|those|my|and|follow))*\s+{_FORMER}(?:\s+(?:and|or|system|user|{_FORMER}|\w+ly))*\s+{_RULES}\b",
    ),
    _rule(
        "ignore|disregard|forget",
        rf"\b(?:ignore|disregard|forget)\s+(?:all|any)\s+(?:of\s+)?(?:the\s+|your\s+|these\s+)?{_RULES}\b",
    ),
    _rule(
        "ignore|disregard|forget",
        r"\b(?:ignore|disregard|forget)\s+(?:everything|anything|all(?: text)?|whatever)\s+(?:(?:that |you |was |were )*(?:above|before|you (?:were|have been|know|read)|said (?:above|before)|stated above|told))",
    ),
    _rule(
        "ignore|disregard|forget",
        rf"\b(?:ignore|disregard|forget)\s+(?:all\s+)?(?:the|these|those|your)\s+{_RULES}\s+(?:above|before|you (?:were|have been) given|so far)\b",
    ),
    _rule(
        "ignore|disregard",
        r"\b(?:ignore|disregard)\s+(?:all\s+|the\s+)*(?:other\s+|previous\s+|remaining\s+)?(?:passages|documents|sources|context)\s+(?:above|before|below|and (?:answer|say|reply|respond|write)|instead)\b",
    ),
    # Telling the model to play another role.
    _rule(
        "you are now|you are no longer|you're now|you will now act",
        r"\byou(?: are|'re|’re| will) (?:now|no longer)\b[^.\n]{0,40}\b(?:ai|llm|assistant|chat ?bot|model|bot|dan|unrestricted|jailbroken|developer mode|bound by|pirate)\b",
    ),
    _rule("pretend|act as|role-play|roleplay|behave as", rf"\b(?:pretend (?:to be|that you are|you are)|act as(?: if you (?:are|were))?|behave as|role-?play(?:ing)? as)\s+{_MODEL}\b"),
    _rule("jailbr|developer mode|dan mode|do anything now", r"\b(?:you are|enter|enable|activate|switch (?:in)?to)\b[^.\n]{0,30}\b(?:jailbreak|jailbroken|developer mode|dan mode|do anything now)\b"),
    # Posing as the system, or as whoever may give orders.
    _rule(
        "system|assistant|developer",
        r"(?m)^\W{0,8}(?:system|assistant|developer)(?: (?:prompt|message|instruction|note|override|update|notice))?\W{0,4}:\W{0,4}\s*(?:you\b|ignore|new |do not|don't|always|never|answer |reply|respond|from now|the (?:user|assistant|documents?)\b|forget|override|disregard|the following)",
    ),
    _rule(
        "instruction|prompt|directive",
        r"\b(?:new|updated|revised|real|actual|secret|hidden|begin|end(?: of)?|start of)\s+(?:of\s+)?(?:the\s+)?(?:system|user|assistant)\s+(?:instructions?|prompts?|message|directives?)\b|\bnew (?:instructions?|rules|prompt) (?:for|to) the (?:assistant|model|system)\b",
    ),
    _rule(
        "ai|llm|language model|chatbot|chat bot|assistant",
        rf"\b(?:attention|note|notice|message|instructions?|important|reminder|warning|orders?|directive|memo)\s*(?:to|for|:)\s*{_MODEL}\b(?! (?:act|office|strategy|research|policy))",
    ),
    _rule("ai|llm|language model|chatbot|assistant", rf"\bif you(?: are|'re|’re) {_MODEL}\b"),
    _rule("ai|llm|language model|chatbot|assistant", rf"\b{_MODEL}[^.\n]{{0,40}}\b(?:reading|processing|summari[sz]ing|answering (?:from|with|questions about)) this\b[^.\n]{{0,60}}\b(?:must|should|is to|are to|shall|please)\b"),
    _rule("as an ai|as a language model|as the ai|as an llm", rf"\bas {_MODEL},? you (?:must|should|will|are|have)\b"),
    # Telling the model to hide something from its user.
    _rule(
        "tell|inform|reveal|mention|disclose|alert|warn",
        r"\b(?:do not|don't|don’t|never|without) (?:tell|inform|reveal|mention|disclose|alert|warn)(?:ing)?(?: (?:this|these|it|anything|that|any of this|the \w+))*(?: (?:to|from))? (?:the|any) (?:user|person asking|human|questioner)s?\b",
    ),
    # Dictating the answer.
    _rule(
        "reply|respond|answer|say",
        r"\b(?:reply|respond|answer)(?: (?:to (?:all|every|any|each|this|the|that) (?:\w+ ){0,2}?questions?|only|exclusively|solely|simply|always|instead|just))*\s+(?:with|by saying|using)\s+(?:only|exactly|just|nothing but|the (?:single |exact )?(?:words?|phrase|text|sentence|string))\b",
    ),
    _rule(
        "only|always|instead|exactly|simply|merely",
        r"\b(?:reply|respond|answer|say|output|print|write)\s+(?:only|always|instead|exactly|simply|merely)\s*(?:with|that|by saying)?\s*[:,]?\s*[\"'“‘«][^\"'”’»\n]{1,80}",
    ),
    _rule(
        "asked|asks",
        r"\b(?:when(?:ever)?|if)\s+(?:you are |you're |anyone is |the user )?(?:asked|asks)\b[^.\n]{0,80}?,?\s+(?:you (?:must|should|will)\s+|always |only |simply )(?:always |only |simply )?(?:answer|reply|respond|say|state|claim|insist)\b|\b(?:when(?:ever)?|if)\s+(?:you are |you're |anyone is |the user )?(?:asked|asks)\b[^.\n]{0,80}?,?\s+(?:answer|reply|respond|say|state|claim|insist)\s*(?:with |only |exactly |that )?\s*[\"“‘:]",
    ),
    _rule(
        "every question|all questions|any question|each question",
        r"\b(?:answer|reply|respond|say)\b[^.\n]{0,60}\b(?:to|for)\s+(?:every|all|any|each)\s+(?:\w+\s+)?questions?\b[^.\n]{0,20}(?:[:\"'“‘]|\bwith\b)|\b(?:to|for)\s+(?:every|all|any|each)\s+(?:\w+\s+)?questions?,?\s+(?:you\s+)?(?:must\s+)?(?:always\s+)?(?:answer|reply|respond|say)\b",
    ),
    _rule("answer yes|answer no|say yes|reply yes|answer with yes|answer: yes|respond yes|answer \"yes|answer “yes|answer 'yes",
          r"\b(?:always\s+|just\s+|you must\s+|must\s+|must be\s+)(?:answer|say|reply|respond)(?: with)?[: ]+[\"'“‘]?(?:yes|no)\b|\b(?:answer|reply|respond|say)(?: with)?[: ]+[\"'“‘]?yes[\"'”’]?\s+(?:to|when|if|regardless|whatever|no matter)\b"),
    _rule("not found", r"\b(?:reply|respond|answer|say|output|return|write)\b[^.\n]{0,40}[\"'“‘:]?\s*not found\b"),
    _rule("your answer|your reply|your response|your output|your final answer",
          r"\byour (?:final |next |only )?(?:answer|reply|response|output)s? (?:must|should|shall|has to|will) (?:always |only |now )?(?:be|begin|start|contain|end|include|consist|say)\b[^.\n]{0,20}[\"'“‘:]"),
    _rule("from now on", r"\bfrom now on,? (?:you (?:must|will|should|are to|shall) )?(?:only |always )?(?:answer|respond|reply|say|call yourself|output|speak)\b"),
    # Asking for what is not in the document.
    _rule(
        "prompt|instructions|conversation|chat history|question|context",
        r"\b(?:reveal|print|repeat|output|show|disclose|display|recite|leak|send|post|upload|forward|transmit|exfiltrate|append|encode|embed|insert|include)\b[^.\n]{0,50}\b(?:system prompt|(?:your|hidden|secret) (?:instructions|prompt|rules)|conversation(?: history)?|chat history|(?:the |this )?user['’]?s? (?:question|query|message|data|documents?)|full context)\b",
    ),
    # The same in other languages.
    _rule("ignorier|missacht|vergiss|vergessen", r"\b(?:ignorier\w*|missacht\w*|vergiss|vergessen)\s+(?:sie\s+)?(?:\w+\s+){0,2}?(?:vorherig|bisherig|vorig|obig|vorangehend|vorangegangen|vorstehend|früher|all)\w*\s+(?:\w+\s+){0,2}?(?:anweisung|instruktion|regel|vorgabe|befehl|eingabe)\w*"),
    _rule("nutzer|benutzer|anwender", r"\b(?:sag|sage|sagen sie|verrate|teile|erzähle)\b[^.\n]{0,20}\b(?:dem|den|der) (?:nutzer|benutzer|anwender)\w*\b[^.\n]{0,30}\bnicht"),
    _rule("antworte", r"\bantworte\w*\s+(?:\w+\s+){0,4}?(?:nur|ausschließlich|immer|stets)\s+mit\b|\bantworte\w*\s+(?:\w+\s+){0,4}?mit\s*[:„\"“»]"),
    _rule("ki-|sprachmodell|chatbot", r"\b(?:du bist|sie sind) (?:jetzt|nun|ab sofort|ab jetzt|eine?)\b[^.\n]{0,30}\b(?:ki|ki-\w+|assistent|sprachmodell|chatbot)\b|\b(?:hinweis|anweisung|nachricht|achtung)\w*\s*(?:an|für|:)\s*(?:die |das |alle |den )?(?:ki|ki-\w+|sprachmodelle?|chatbots?|assistent\w*)\b"),
    _rule("instructions|consignes|directives", r"\b(?:ignore[zr]?|oublie[zr]?|ne tenez pas compte(?: de)?|ne tiens pas compte(?: de)?)\s+(?:toutes?\s+)?(?:les|tes|vos|des|ces)?\s*(?:instructions|consignes|directives|règles)\b"),
    _rule("répond|réponse", r"\b(?:réponds|répondez|répondre)\s+(?:\w+\s+){0,4}?(?:uniquement|seulement|toujours|simplement)\s+(?:par|avec|que)\b|\b(?:réponds|répondez)\b[^.\n]{0,30}\b(?:par|que)\s*[:«\"“]"),
    _rule("instrucciones|indicaciones|reglas", r"\b(?:ignora|ignore|ignorar|olvida|olvide|descarta|haz caso omiso de|haga caso omiso de)\s+(?:todas\s+)?(?:las|tus|sus|estas)?\s*(?:instrucciones|reglas|indicaciones)\b"),
    _rule("responde|responda|contesta", r"\b(?:responde|responda|contesta)\s+(?:\w+\s+){0,4}?(?:solo|sólo|solamente|únicamente|siempre)\s+(?:con|que)\b|\b(?:responde|responda|contesta)\b[^.\n]{0,30}\bcon\s*[:«\"“]"),
    _rule("istruzioni", r"\b(?:ignora|ignorare|ignorate|dimentica|dimenticate)\s+(?:tutte\s+)?(?:le|tue|queste)?\s*(?:tue\s+)?(?:istruzioni|regole)\b"),
    _rule("instruções", r"\b(?:ignore|ignora|esqueça|desconsidere)\s+(?:todas\s+)?(?:as|suas|estas)?\s*(?:suas\s+)?(?:instruções|regras)\b"),
    _rule("instructies|aanwijzingen", r"\b(?:negeer|vergeet)\s+(?:alle\s+)?(?:de\s+|uw\s+|je\s+)?(?:voorgaande|vorige|bovenstaande|eerdere)?\s*(?:instructies|aanwijzingen)\b"),
    _rule("инструкц|указан", r"\b(?:игнориру\w+|забудь\w*|не обращай\w* внимания на|отмени\w*)\s+(?:все\s+|любые\s+)?(?:предыдущ\w+|прежн\w+|вышеуказан\w+|твои|ваши)?\s*(?:инструкц\w+|указани\w+)"),
    _rule("отвеча|ответь", r"\b(?:отвечай\w*|ответь\w*)\s+(?:\w+\s+){0,3}?(?:только|всегда)\b"),
    _rule("instrukcj|poleceni", r"\b(?:zignoruj|ignoruj|zapomnij)\s+(?:\w+\s+){0,3}?(?:instrukcj\w+|poleceni\w+)"),
    _rule("指令|指示|说明|提示|規則|规则", r"(?:忽略|无视|無視|忘记|忘記|忽視)[^。\n]{0,8}(?:之前|以上|先前|前面|上述|所有|此前)[^。\n]{0,6}(?:指令|指示|说明|提示|規則|规则)"),
    _rule("用户|用戶", r"(?:不要|别|請勿|请勿)告[诉訴]用[户戶]"),
    _rule("指示|命令|ルール", r"(?:以前|これまで|上記|前|先|すべて)の[^。\n]{0,8}(?:指示|命令|ルール)[^。\n]{0,6}(?:無視|忘れ)"),
    _rule("지시|명령|지침", r"(?:이전|위의|앞의|앞선)[^.\n]{0,8}(?:지시|명령|지침)[^.\n]{0,6}(?:무시|잊)"),
    _rule("تعليمات|أوامر", r"تجاهل\s+(?:جميع\s+|كل\s+)?(?:التعليمات|الأوامر)"),
)  # fmt: skip

_CARRIED = r"(?:q|query|data|d|text|content|question|answer|msg|message|prompt|context|token|secret|leak|exfil|payload|history|summary|info|c)"
LINKS: tuple[Rule, ...] = (
    # An address with a placeholder for what was asked or read.
    _rule(
        "://",
        r"\b(?:https?|wss?|ftp)://[^\s)>\"'\]]{0,1000}(?:\{+[^}\s]{1,60}\}+|\[[a-z_ ]{3,40}\]|<[a-z_ ]{3,40}>|%7b[a-z_]{1,40}%7d|\$\{?[a-z_]{2,40}\}?|=(?:your|the|user|insert|document|question|answer|conversation)[-_+ ][\w+-]{2,40})",
    ),
    # A picture that is fetched with such data in its address.
    _rule("](", rf"!\[[^\]\n]{{0,200}}\]\(\s*<?(?:https?:)?//[^)\s]{{0,1000}}[?&]{_CARRIED}=[^)\s]{{0,1000}}"),
    _rule("<img", rf"<img\b[^>\n]{{0,200}}\bsrc\s*=\s*[\"']?(?:https?:)?//[^>\s\"']*[?&]{_CARRIED}="),
    _rule("javascript:|vbscript:", r"(?:\]\(|href\s*=\s*[\"']?|src\s*=\s*[\"']?|^|\s|<)(?:javascript|vbscript):(?:[a-z_$][\w$.]*\s*[(=]|void|//|%|\"|')"),
    _rule("data:", r"\bdata:(?:text/html|application/(?:x-)?javascript|image/svg\+xml|text/javascript)[;,]"),
    _rule(
        "://",
        r"\b(?:append|add|insert|put|include|encode|embed|attach|send|post|submit|paste|render|show|display|fetch|load|open|visit)\b[^.\n]{0,80}\b(?:question|conversation|answer|context|chat|prompt|document(?:'s)? (?:text|content)s?|secrets?|passwords?)\b[^\n]{0,60}\bhttps?://",
    ),
)  # fmt: skip
