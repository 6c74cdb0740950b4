"""In which words a summary is asked for, and of what. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUMMARY = (
    r"(?:summar(?:y|ies)|overview|synopsis|gist|outline|digest|recap|run-?down|abstract|essence|nutshell|big picture|"
    r"(?:bullet-?point )?(?:executive )?summary|tl;? ?dr|"
    r"(?:(?:key|main|most important|important|essential|central|principal|major|top|chief|core) |bullet )"
    r"(?:\w+ )?(?:points?|facts?|ideas?|findings?|messages?|takeaways?|take-aways?|content|contents|statements?|"
    r"terms|conditions|provisions|clauses|aspects|parts|"
    r"topics?|themes?|things)|"
    r"highlights|takeaways|take-aways|essentials|important (?:parts|bits))"
)
_ASKS = (
    r"(?:(?:please|kindly|can you|could you|would you|will you|i need|i want|i'd like|i would like|we need|let me have|"
    r"give me|give us|give|show me|show|tell me|write|write me|provide|provide me with|make|make me|create|"
    r"produce|prepare|draft|"
    r"get me|what is|what's|what are|what were|do you have|to have|to|quickly|just|briefly|in short|help me) )*"
)
_OF = r"(?:made |given |covered |discussed |contained |raised )?(?:of|about|on|from|for|in|to|:|-|–|—|over|by) ?"
_SIZE = r"(?:\w+(?:-\w+)? )??"
_STRONG = (
    re.compile(r"^(?:bitte )?fass(?:e|t|en sie)?(?: bitte| mir| uns)* (?P<x>.+) (?:kurz )?zusammen$"),
    re.compile(
        r"^(?:.{0,30}\b)?(?:zusammenfassung|überblick|übersicht|résumé|resumen|aperçu) (?:über|von|vom|des|der|"
        r"zu|zum|zur|de|du|del|"
        r"des) (?P<x>.+)$"
    ),
    re.compile(r"^(?:por favor |s'il te plaît )?(?:résume[rz]?|resum[ea]|resumir|resúmeme)(?:-moi)? (?P<x>.+)$"),
    re.compile(
        rf"^{_ASKS}(?:a |an )?(?:summari[sz]e|sum up|sum|recap|condense|outline|recapitulate|abridge|boil down|"
        rf"tl;? ?dr)(?: up)?:?(?: for me| to me)?,? (?:what (?:is|was|were|has been) (?:said|written|decided|"
        rf"agreed|discussed|stated|in) ?(?:in|at|on|by)? )?(?P<x>.+)$"
    ),
    re.compile(rf"^{_ASKS}{_SIZE}{_SIZE}{_SIZE}{_SUMMARY},?:? {_OF}(?P<x>.+)$"),
    re.compile(
        rf"^(?P<x>[^,:;]+?)(?:,|:| -| –| —)? (?:in (?:short|brief|a nutshell|summary|a few words|a few sentences|"
        rf"outline|(?:\w+|\d+) (?:\w+ )?(?:points|sentences|bullets|bullet points|words|lines))|"
        rf"(?:{_SIZE}{_SUMMARY})|summari[sz]ed|tl;? ?dr)$"
    ),
    re.compile(rf"^(?P<x>)(?:{_ASKS}{_SIZE}{_SIZE}{_SUMMARY}|{_ASKS}summari[sz]e|sum up)$"),
)
_WEAK = (
    re.compile(
        r"^(?:worum geht es|was steht|wovon handelt|de quoi (?:parle|s'agit)|de qué trata|"
        r"qué dice) (?:in |im |dans )?(?P<x>.+)$"
    ),
    re.compile(
        r"^(?:so |and )?what(?:'s| is| are| was| were) (?P<x>.+?) (?:all |mainly |mostly |basically |roughly )*about$"
    ),
    re.compile(
        r"^(?:so |and )?what (?:do|does|did) (?P<x>.+?) (?:all |mainly |mostly |basically )*(?:say|state|cover|"
        r"contain|deal with|describe|"
        r"discuss|tell(?: us| me)?|talk about|treat|address|stipulate|regulate|provide|include|hold|speak of|"
        r"have to say|go into)"
        r"(?:,? (?:in short|in brief|briefly|taken together|together|overall|in general|in essence|mainly))?$"
    ),
    re.compile(
        r"^(?:so |and )?what(?:'s| is| stands| was) (?:written |said |stated |there |covered |discussed )?(?:in|on) "
        r"(?P<x>.+)$"
    ),
    re.compile(
        r"^(?:please |can you |could you )*(?:tell me (?:more )?about|walk me through|"
        r"introduce me to|brief me on) (?P<x>.+)$"
    ),
    re.compile(
        r"^(?:what|which) (?:topics|subjects|themes|areas|issues|points|things) (?:are|is|do|does) (?P<x>.+?) "
        r"(?:cover|covered|deal with|address|treat|discuss|talk about|contain|raise|touch on)$"
    ),
    re.compile(
        r"^what (?:was|were|is|has been|did (?:they|we|people)) (?:decided?|discuss(?:ed)?|agreed?|said|say|"
        r"covered|talked about|talk about)"
        r"(?: on)? (?:at|in|during) (?P<x>.+)$"
    ),
    re.compile(r"^what (?:should|must|do) i (?:need to )?know about (?P<x>.+)$"),
)
_TAIL = re.compile(
    r"(?:,? (?:please|for me|thanks|thank you|briefly|quickly|(?:in|as|with) (?:short|brief|a nutshell|general|"
    r"one paragraph|plain english|"
    r"simple (?:words|terms)|(?:a few|a couple of|about |up to )?(?:\w+|\d+) (?:\w+ )?(?:words|sentences?|"
    r"bullets?|lines?|points?|bullet points?))|"
    r"taken together|as a whole|a (?:short|brief|quick) (?:summary|overview)|short))+$"
)
_CLAUSE = re.compile(r"(?:what|how|why|when|where|who|which|whether|if)\b")
_LENGTH = re.compile(
    r"\b(?:in|as|with|to|into|top|the|about|give me|most)? ?(\d+|one|two|three|four|five|six|seven|eight|nine|"
    r"ten|twelve) (?:\w+ )?(?:points|sentences?|bullets|bullet points|lines|facts|takeaways)\b"
)
_COUNTS = {
    word: n for n, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
}
_NAMES_A_DOCUMENT = re.compile(
    r"\b(?:chapter|section|clause|article|annex|appendix|document|file|pdf|report|minutes|meeting|contract|"
    r"agreement|manual|"
    r"guide|paper|letter|e-?mail|thread|policy|bulletin|offer|invoice|presentation|slides?|spreadsheet|pages?|"
    r"proposal|handbook|"
    r"folder)\b|\b(?:\d{1,2}\.? )?(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december)"
    r" (?:\d{1,2},? )?\d{4}\b|\b\d{4}-\d\d-\d\d\b|\b\w+\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|html?|eml)\b"
)
_MOST = 12  # sentences
_LONGEST = 300  # characters of such a question: longer ones tell what they want to know


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """`phrase` is what is to be summed up, in at most so many sentences. `strong`: in so many words."""

    phrase: str
    strong: bool
    most: int = _MOST

    @property
    def names_a_document(self) -> bool:
        """Whether it can only mean a document or a part of one."""
        return bool(_NAMES_A_DOCUMENT.search(self.phrase) or re.search(r"\b[a-z]{1,4}-\d", self.phrase))


def summary_request(question: str) -> SummaryRequest | None:
    """What is to be summed up, from the question as it was typed; None where no summary is asked for."""
    if len(question) > _LONGEST:
        return None
    said = re.sub(r"[“”\"?!]+|\.(?=\s|$)", "", question.lower().replace("’", "'")).strip(" ,")
    said = re.sub(r"^(?:hi|hello|hey|ok|okay|please|thanks)[,.! ]+", "", said)
    number = _LENGTH.search(said)
    most = int(_COUNTS.get(number[1], 0) or number[1]) if number else _MOST
    told = _TAIL.sub("", said).strip(" ,")
    for strong, patterns in ((True, _STRONG), (False, _WEAK)):
        for text in (told, said):
            for pattern in patterns:
                if found := pattern.match(text):
                    phrase = _TAIL.sub("", found["x"]).strip(" ,:")
                    strong = strong or told != said
                    if not strong and _CLAUSE.match(phrase):
                        continue
                    return SummaryRequest(phrase, strong, max(1, min(most, 2 * _MOST)))
    return None
