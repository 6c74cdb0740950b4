"""Words, numbers and names, made comparable. Evidence and verification must agree on what 'the same word' is."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# A sign only where no word or number stands before it: '5-10' is a range and 'HP-3' a name.
NUMBER = re.compile(r"(?<![\w.,])(?<![^\W\d_]-)(?:(?<!\w)[-−–])?(?<![^\W\d_]-)\d+(?:[.,]\d+)*")
_CODE = re.compile(r"(?<!\w)(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[-./][A-Za-z0-9]+)*")
_PERIOD = re.compile(r"Q[1-4]|H[12]|FY\d+")  # that documents also spell out: 'the first quarter'
_NAME = re.compile(r"(?<=[\w,;:)\]’'\"“”] )[\"“(]?([A-ZÀ-Þ][\w’'-]*[a-zà-þA-Z]\w*)")
STOP = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between
    both but by can cannot could did do does doing down during each few for from further had has have having
    he her here hers him his how i if in into is it its itself just me more most must my no nor not now of
    off on once only or other our out over own same shall she should so some such than that the their them
    then there these they this those through to too under until up upon very was we were what when where
    which while who whom whose why will with would you your yes according document documents passage
    passages states stated mentioned
    """.split()
)
_SPELLED = {
    word: str(value)
    for value, word in enumerate(
        """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty
    """.split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}


def content_words(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    return [stem(word) for word in (w.lower() for w in WORD.findall(text)) if word not in STOP]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A light stem: enough for plurals and verb forms to meet, too little for different words to."""
    word = word.replace("’", "'").removesuffix("'s")
    if word.isdigit() or len(word) < 4:
        return word
    for ending, keep in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("edly", ""),
        ("ed", ""),
        ("es", ""),
        ("ly", ""),
        ("s", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + keep
            break
    return word.removesuffix("e") if len(word) > 4 else word


def numbers(text: str) -> set[str]:
    """Numbers in one form: '1,200.50' and '1200.5' are the same, and so are 'five' and '5'."""
    found = {plain_number(match.group()) for match in NUMBER.finditer(text)}
    return found | {_SPELLED[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _SPELLED}


def stated_numbers(text: str) -> set[str]:
    """Only those written in digits: what a claim must not get wrong. ('One' is more often a pronoun.)"""
    return {plain_number(match.group()) for match in NUMBER.finditer(text)}


def codes(text: str) -> list[str]:
    """Type designations, part and fault codes: what stands for one thing only, such as E-104, TL-8T or A7/W35."""
    found = (match.group() for match in _CODE.finditer(text))
    return list(dict.fromkeys(code for code in found if code[0].isupper() and not _PERIOD.fullmatch(code)))


def has_code(text: str, code: str) -> bool:
    """Whether the text names it, with or without its hyphens. 'TL-8' is not in 'TL-8T'."""
    pieces = re.findall(r"[A-Za-z]+|\d+", code)
    return re.search(rf"(?<![\w]){'[-–/. ]?'.join(pieces)}(?![\w]|[-–]\w)", text, re.IGNORECASE) is not None


def telling_words(text: str) -> set[str]:
    """Content words, with codes and numbers whole: 'TL-5' does not tell of a 5, nor 'A7/W55' of 'A-7/W55'."""
    whole = {code.lower() for code in codes(text)}
    words = {word for word in content_words(_CODE.sub(" ", text)) if not word.isdigit()}
    return words | whole | stated_numbers(text)


def names(text: str) -> set[str]:
    """Codes such as E-104 or HP12, and capitalised words inside a sentence, in lower case."""
    codes = {match.group().lower() for match in _CODE.finditer(text)}
    return codes | {match.group(1).lower().removesuffix("'s").removesuffix("’s") for match in _NAME.finditer(text)}


def plain_number(number: str) -> str:
    """One form: '1,200.50' and '1200.5' are the same, and so are '007' and '7'."""
    sign = "-" if number[0] in "-−" else ""
    digits = number.lstrip("-−–")
    digits = re.sub(r",(?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    if digits.count(".") == 1:
        digits = digits.rstrip("0").rstrip(".")
    return sign + (digits.lstrip("0") or "0") if not digits.startswith("0.") else sign + digits
