"""What people say to Docent that asks nothing of the documents. One wording a line, as regular expressions; names in
angle brackets stand for the lines below them."""

from __future__ import annotations

import re

from app.ask.language.patterns import compiled, fitting

_PARTS = {
    "you": r"(?:you|docent|it|this (?:app|program|tool|software|assistant|bot|thing|chat))",
    "docs": r"(?:(?:an?|my|new|more|some|another|other|the|own|all) )*(?:documents?|files?|pdfs?|docs?|folders?)",
    "to": r"(?: (?:to|into|in|from|with) (?:you|docent|here|it|this|(?:the|my|this) "
    r"(?:library|index|app|collection|folder|tool)))?",
    "good": r"(?:great|perfect|super|cool|ok(?:ay)?|alright|good|wonderful|awesome|nice|excellent|brilliant|fine|lovely"
    r"|got it|i see)",
    "much": r"(?: so much| very much| a lot| a million| again| docent)*",
    "for": r"(?: for (?:that|this|it|everything|helping(?: me)?|explaining"
    r"|(?:the|your) (?:quick )?(?:help|answers?|time)))?",
    "adding": r"(?:add|upload|import|load|put|insert|get|ingest)",
    "formats": r"(?:what|which) (?:file )?(?:formats?|types? of files?|kinds? of files?|file types?|types?)",
    "that": r"(?:that|this|it|you|your answer)(?:'s| is| was| has|'ve| have)? ?(?:really |very |already |just )*"
    r"(?:helped|helps|helpful|useful|great|perfect|good|it|clear|enough|what i (?:needed|wanted))"
    r"(?: me| us)?(?: for now)?",
    "danke": r"(?:(?:vielen|herzlichen|besten|tausend) dank|danke(?: schön| sehr| dir| ihnen| vielmals)?|dankeschön)",
    "dateien": r"(?:(?:neue|weitere|meine|eigene|noch) )*(?:dokumente?|dateien?|pdfs?)",
}
_ENGLISH = {
    "hello": r"""
        (?:hi|hello|hey|hiya|howdy|yo|greetings)(?: there| docent| all| again| everyone| everybody)*
        (?:hi |hello )?(?:hi|hello|hey|good)(?: there| docent)*[, -]+(?:how are you|how's it going|nice to meet you).*
        good (?:morning|afternoon|evening|day)(?: docent| all| everyone)*
        how are you(?: doing| today)*
        (?:hello[, ]+)?(?:what's up|are you there|is anybody there)
    """,
    "thanks": r"""
        (?:<good>[, -]*)*(?:many |lots of |a thousand )?(?:thanks|thank you|thx|ty|cheers)<much><for>
        (?:<good>[, -]*)*(?:thanks|thank you|thx)<much><for>[, -]+(?:and )?(?:<that><much>|<good>|bye)
        (?:<good>[, -]*)+(?:<that><much>)?
        (?:<good>[, -]*)*<that><much>(?:[, ]+(?:thanks|thank you|thx)<much>)?
        much appreciated|well done|good (?:answer|job|work|bot)|i appreciate (?:it|that|your help)|never ?mind
    """,
    "bye": r"""
        (?:ok(?:ay)?[, ]+|thanks[, ]+)?(?:bye(?:[- ]bye)?|good ?bye|farewell|ciao|good night)(?: docent)?
        see you(?: later| soon| tomorrow)?
        have a (?:nice|good|great) (?:day|evening|weekend)
        that's all(?: for (?:now|today))?|i'm done
    """,
    "who": r"""
        (?:who|what) (?:exactly )?are you
        what(?:'s| is) (?:your name|docent|your (?:purpose|job|role))
        what is this (?:app|program|tool|software|chat)(?: for)?
        are you (?:an? )?(?:real |human )?(?:human|person|bot|robot|ai|chatgpt|machine|computer|chatbot)
        who (?:made|built|created) (?:you|docent)|introduce yourself|tell me about (?:yourself|you|docent)
    """,
    "can": r"""
        help(?: me)?(?: out)?|(?:i need|can i get) (?:some )?help|can you help(?: me)?|how can <you> help(?: me)?
        what (?:(?:else|all) )?can <you> do(?: for me| here)?
        what (?:do you do|are you (?:able to do|capable of|good (?:at|for)))
        what (?:(?:else|all) )?(?:can|may|could|should|do) i (?:ask|do|type)(?: you| docent| here)*
        how (?:does|do) (?:this|that) work
        how (?:does|do|should|can) (?:i|<you>) (?:work|use <you>|ask(?: you| questions| a question)*)
        what (?:(?:kinds?|sorts?|types?) of )?questions (?:can|could|should|may) (?:i ask|you answer)(?: you)?
        (?:give me |show me |some |any )*(?:examples? questions?|sample questions)
        (?:give|show) me (?:some |an )?examples?
        what are your (?:features|capabilities)
    """,
    "add": r"""
        (?:how|where) (?:do|can|could|should|would|to|must) ?(?:i|we)? ?<adding> <docs>(?: in)?<to>
        (?:can|may) i (?:add|upload|import|load) <docs><to>
        (?:i want to )?(?:add|upload|import) <docs><to>
        <formats> (?:can|do|does) (?:i|<you>) (?:read|support|add|upload|use)|<formats> are supported
    """,
    "remove": r"""
        how (?:do|can|could|should|to) ?(?:i|we)? ?(?:delete|remove|get rid of|take out) <docs><to>
    """,
    "private": r"""
        (?:is|are) (?:my|our|the) (?:data|documents?|files?|questions?) (?:kept )?(?:private|safe|secure|confidential)
        (?:is|are) (?:my|our) (?:data|documents?|files?|questions?) (?:sent|uploaded)(?: (?:anywhere|somewhere|away))?
        do you (?:share|upload|send) (?:my|our) (?:data|documents|files|questions)(?: .{0,30})?
        do(?:es)? my (?:documents|files|data|questions) (?:leave|go to) .{0,30}
        (?:do|does|can) <you> (?:work|run)s? (?:offline|locally|without (?:the )?internet)
        (?:are you|is this) (?:offline|online|private|local|connected to the internet)
        do you (?:need|use) (?:the )?internet
    """,
}
_GERMAN = {
    "hello": r"""
        (?:hallo|moin(?: moin)?|servus|grüß (?:gott|dich)|grüezi|guten (?:morgen|tag|abend))(?: docent| zusammen)*
        (?:hallo[, ]+)?wie geht(?:'s| es)(?: dir| ihnen)?
    """,
    "thanks": r"""
        (?:(?:super|toll|prima|gut|ok(?:ay)?|perfekt|klasse)[, ]*)?<danke>(?: für (?:die|deine|ihre) (?:hilfe|antwort))?
        <danke>[, ]+das (?:hat (?:mir )?(?:sehr )?geholfen|hilft(?: mir)?(?: sehr| weiter)*|war (?:sehr )?hilfreich)
        das hat (?:mir )?(?:sehr )?geholfen
    """,
    "bye": r"""
        tschüss?|tschau|auf wiedersehen|bis (?:bald|später|morgen)|gute nacht|schönen (?:tag|abend)(?: noch)?
    """,
    "who": r"""
        wer (?:bist du|sind sie)|was (?:bist du|sind sie|ist docent)|wie hei(?:ß|ss)t du
        bist du ein (?:mensch|bot|roboter|computer)
    """,
    "can": r"""
        hilfe|hilf mir|(?:kannst du|können sie) mir helfen
        was (?:kannst du|können sie)(?: alles| für mich)*(?: tun| machen)?
        was (?:kann|darf|soll) ich (?:dich |sie )?(?:alles )?fragen
        wie (?:funktioniert (?:das|docent|dies)|funktionierst du|benutze ich (?:dich|docent|das))
    """,
    "add": r"""
        wie (?:kann|füge|lade|bringe|lege) ich <dateien>(?: hinzu(?:fügen)?| hoch(?:laden)?| hinein| ein| ab)?
        welche (?:datei)?(?:formate|typen) (?:kannst du|können sie)(?: lesen)?
    """,
    "remove": r"""
        wie (?:lösche|entferne) ich <dateien>
        wie kann ich <dateien> (?:löschen|entfernen)
    """,
    "private": r"""
        sind meine (?:daten|dokumente) (?:sicher|privat)|(?:arbeitest|läufst) du offline|brauchst du (?:das )?internet
    """,
}


_IN_ENGLISH, _IN_GERMAN = compiled(_ENGLISH, _PARTS), compiled(_GERMAN, _PARTS)
_NOISE = re.compile(r"[?!.…:)(]+(?=\s|$|[,;])|\s*[\U0001f300-\U0001faff☺-♥👍]+")
_GREETING = re.compile(r"^(?:hi|hello|hey|hallo|guten tag)(?: there| docent)*[,;-]*\s+", re.IGNORECASE)
_POLITE = re.compile(r"\s*[,;]?\s+(?:please|bitte)$|^(?:please|bitte)\s+", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[?!.…]+(?=\s|$)")
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|well|and|please|bitte|hallo|also|sag mal|thanks|thank you)\b"
    r"(?: there| docent)?[,:;–-]*\s+)+"
    r"|^(?:(?:can|could|would|will) you (?:please |kindly )?(?:tell|show|give|list)(?: me| us)?(?: whether| if)?\s+"
    r"|(?:please )?tell me (?!about\b|more\b|something\b|everything\b|a bit\b)|i(?:'d| would) like to know "
    r"|i want to know |do you know |(?:kannst|könntest) du mir (?:bitte )?(?:sagen|zeigen)[, ]+)",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"[,;]?\s+(?:please|bitte|thanks|thank you|danke)$", re.IGNORECASE)


def smalltalk_in(message: str) -> tuple[str, bool]:
    """What it is, a key of the sentences, and whether it is German; ('', False) where it may be about the documents.

    The whole message must be so: 'thanks, and how long is the lease?' is a question.
    """
    plain = _NOISE.sub("", " ".join(message.replace("’", "'").split()))
    plain = _POLITE.sub("", plain.strip(" ,;-"))
    for said in (plain, _GREETING.sub("", plain)):
        for wordings, german in ((_IN_ENGLISH, False), (_IN_GERMAN, True)):
            if said and (found := fitting(said, wordings)):
                return found[0][0], german
    return "", False


def without_courtesies(question: str) -> str:
    """The question without greeting, 'can you tell me' and closing punctuation; its case is kept."""
    plain = re.sub(r"\b(what|which|who|where)'s\b", r"\1 is", " ".join(question.replace("’", "'").split()), flags=re.I)
    while True:
        shorter = _CLOSING.sub("", _OPENING.sub("", _PUNCTUATION.sub("", plain).strip(" ,;:")))
        if shorter == plain or not shorter:
            return shorter or plain
        plain = shorter
