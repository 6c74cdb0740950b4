"""What a question wants listed: 'Which accessories are there for it?' wants accessories. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ASK = r"(?:give|show|tell|write|find|get|collect|extract|identify|provide|send|make|compile|create|have|see|know)"
_POLITE = (
    r"^(?:(?:please|kindly|can you|could you|would you|will you|can i|could i|i(?:'d| would) like(?: you)?(?: to)?|"
    r"i (?:need|want)(?: you)?(?: to)?|help me(?: to)?|now|hi|hello|and|ok|so)[\s,]+)*"
)
_LIST = r"(?:list|listing|enumeration|inventory|collection|catalogue)"
_EVERY = [  # what wants everything
    rf"{_POLITE}(?:list|enumerate|name|itemi[sz]e)(?: (?:me|us|up|out|down))* (?P<what>.+)",
    rf"{_POLITE}(?:(?:{_ASK}|what's|what is)\b.{{0,20}}?)?\b(?:\w+ ){{0,3}}?{_LIST} (?:of|with|for) (?P<what>.+)",
    rf"{_POLITE}{_ASK}(?: (?:me|us))?(?: about)? (?P<what>(?:all|every|each|any)\b.+)",
    r"^(?P<what>(?:all|every|each)\b(?: of)? .+)",
]
_SOME = [
    r"\b(?:what|which|who) (?:are|were)(?: all)?(?: of)? "
    r"(?P<what>(?:the|all|my|our|your|its|their|his|her|some|possible|other|any)\b.+)",
    r"\b(?:what|which)(?: all)? (?:(?:different|various|other) )?(?:kinds|types|sorts) of (?P<what>.+)",
    r"\b(?P<which>which)(?: of)?(?: all)? (?P<what>.+)",
    r"\b(?P<plain>what)(?: all| other| different| further)? (?P<what>.+)",
]
_EVERYTHING = re.compile(r"\ball of (?:them|these|those)\b|\b(?:full|complete|whole|entire) list\b|\bin full\b")
_STRICT = re.compile(  # 'What is excluded?' wants a list only where one is headed so
    r"^(?:and |so )?what(?: all| else)? (?:is|are|was|were|must|should|does|do|can|has to|have to|needs? to)\b"
    r"(?P<what>.*\b(?:included?|includes|excluded?|excludes|covered|cover|contains?|contained|comprised?|consist|"
    r"delivered|needed|need|required|prohibited|forbidden|allowed|permitted|carried|carry|checked|check|bring|brought|"
    r"part of)\b.*)"
)
_LEADING = re.compile(
    r"^(?:all|the|every|each|any|of|my|our|your|its|their|these|those|his|her|some|different|various|main|key|possible|"
    r"available|other|further|individual|single|full|complete|names?|titles?|numbers? of|kinds?|types?|sorts?|"
    r"(?:kinds|types|sorts|names|titles)|\d+|two|three|four|five|six|seven|eight|nine|ten)\s+(?:of (?:the )?)?"
)
_BOUNDARY = re.compile(
    r"^(?:is|are|was|were|be|do|does|did|has|have|had|can|could|may|might|must|should|shall|will|would|that|which|who|"
    r"whose|where|when|in|of|for|from|to|by|with|on|at|under|between|about|within|inside|during|before|after|and|or|"
    r"according|per|as|if|not|exist|apply|belong|come|fit|need|mentioned|listed|named|described|required|given|used|"
    r"included|stated|defined|made|available|there|my|our|the|a|an|i|we|you|they)$"
)
_AUXILIARY = re.compile(
    r"^(?:are|were|do|did|can|could|must|should|shall|have|had|will|would|may|might|need|exist|apply|belong|fit|is|does|occur|"
    r"appear|come|count|work|speak|use|get|go|make)$"
)
_OBJECT = re.compile(r"^(?:the|an?|my|our|his|her|its|into|\d.*)$")  # what stands behind a verb
_MASS = frozenset(
    "equipment information documentation evidence gear furniture paperwork clothing staff personnel".split()
)
_PLURALS = frozenset("people children men women criteria phenomena persons feet data media indices".split())
_NO_PLURAL = re.compile(r"(?:ss|us|is|'s)$")
_ELSE = re.compile(  # what other kinds of answers are for: one value, a number, a comparison, a summary, a document
    r"\b(?:most|least|maximum|minimum|average|mean|sum|total|how (?:many|much|long|often|far|do|does|is|are|can)|"
    r"(?:more|less|fewer|greater|larger|smaller|higher|lower|longer|shorter|cheaper|better|worse|heavier|lighter|older|"
    r"newer|earlier|later|faster|bigger) than|(?:above|below|over|under|exceeding|between) (?:[€$£]\s?)?\d|at least|"
    r"at most|compare[ds]?|comparison|differ\w*|versus|vs|chang(?:ed|es)|summar\w+|mean by|stand for|"
    r"(?:high|low|larg|small|bigg|heavi|light|long|short|old|young|new|lat|earli|cheap|loud|quiet|fast|slow|great|"
    r"strong|weak|b|warm|cold|hott|deep|wid|tall|near|clos|hard|eas)est|worst)\b"
)
_OTHER_HEADS = frozenset(
    """documents files pdfs pages points findings takeaways highlights conclusions steps differences similarities
    changes news details questions answers words sentences examples results effects odds chances ways""".split()
)
_VAGUE = frozenset("things items ones stuff aspects elements contents".split())
PARTS = frozenset("chapters sections headings topics clauses articles paragraphs appendices annexes slides".split())
NEGATIVE = re.compile(
    r"\b(?:not|never|no|without|exclud\w+|exclusions?|exempt\w*|exceptions?|except|prohibit\w*|forbid\w*|forbidden|"
    r"unless|disallow\w*|\w+n't|none|isn't|besides|other than|apart from)\b",
    re.IGNORECASE,
)
_NUMBERS = {word: n for n, word in enumerate("two three four five six seven eight nine ten".split(), 2)}
_COUNTED = re.compile(
    rf"\b(?:the|name|list|give me|what|which|are)\s+(?:first |main )?(\d{{1,2}}|{'|'.join(_NUMBERS)})\b"
)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """`head` is the word for what is to be listed, '' where it says nothing ('things'). `every` where all of it is
    asked for by a word. `number` is how many there are to be, 0 where that is not said. `strict` where the question
    wants a list only if the documents have one."""

    head: str
    every: bool = False
    negative: bool = False
    only: bool = False
    either: bool = False
    number: int = 0
    strict: bool = False


def list_request(plain: str) -> ListRequest | None:
    """What the question, in lower case, wants listed; None where it is not clearly a list."""
    if _ELSE.search(plain):
        return None
    every = next(filter(None, (re.search(cue, plain) for cue in _EVERY)), None)
    some = next((match for cue in _SOME if (match := re.search(cue, plain))), None)
    match = every or some
    if match is None:
        return None
    head = _head(match["what"], "plain" in match.re.groupindex)
    strict = _STRICT.search(plain) if not head and not every else None
    if (not head and not strict) or head in _OTHER_HEADS:
        return None
    number = _COUNTED.search(plain)
    return ListRequest(
        "" if head in _VAGUE else head,
        bool(every or _EVERYTHING.search(plain)),
        bool(NEGATIVE.search(plain)),
        bool(re.search(r"\b(?:only|exclusively|solely|nothing but)\b", plain)),
        " or " in plain,
        (int(number[1]) if number[1].isdigit() else _NUMBERS[number[1]]) if number else 0,
        bool(strict),
    )


def _head(what: str, after_what: bool) -> str:
    """The plural that the words begin with; '' where they begin with none."""
    if re.match(r"(?:everything|anything) ", what):
        return "things"
    while (rest := _LEADING.sub("", what, count=1)) != what:
        what = rest
    words = [word.strip(",.;:()") for word in what.split()]
    run = next((i for i, word in enumerate(words) if _BOUNDARY.match(word)), len(words))
    for i, word in enumerate(words[: min(run, 4)]):
        if not _is_plural(word):
            continue
        following = words[i + 1] if i + 1 < len(words) else ""
        if i + 1 < run and _is_plural(following):
            continue  # 'sales targets'
        bare = after_what and i == 0 and following and not _AUXILIARY.match(following)
        if bare or (i > 0 and _OBJECT.match(following)):
            return ""  # a verb: 'what causes damage', 'which oil protects the pump'
        return word
    return ""


def _is_plural(word: str) -> bool:
    if word in _PLURALS or word in _MASS:
        return True
    return len(word) > 3 and word.endswith("s") and not _NO_PLURAL.search(word) and word.isalpha()
