"""Tells offline which language a text is in. The only file that uses py3langid."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_LETTERS = 60  # fewer tell too little
_SURE = 0.9
_LETTERS_ASKED, _SURE_ASKED = 20, 0.6  # none of 961 English questions came out as another language above 0.48
_SAMPLE = 1500  # characters from each of three places

NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovene", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def language_of(text: str) -> str:
    """Returns the ISO 639-1 code of the text's language, such as 'en'; '' where the text is too short or too mixed to
    tell."""
    middle, end = max(0, len(text) // 2 - _SAMPLE // 2), max(0, len(text) - _SAMPLE)
    sample = text if len(text) <= 3 * _SAMPLE else " ".join(text[at : at + _SAMPLE] for at in (0, middle, end))
    if sum(character.isalpha() for character in sample) < _LETTERS:
        return ""
    code, sure = _identifier().classify(sample)
    return str(code) if sure >= _SURE else ""


def language_of_question(text: str) -> str:
    """Like `language_of`, for a short text. Returns '' more often, since a few words and names may be of any
    language."""
    if sum(character.isalpha() for character in text) < _LETTERS_ASKED or len(text.split()) < 4:
        return ""
    code, sure = _identifier().classify(text)
    return str(code) if sure >= _SURE_ASKED else ""


def language_name(code: str) -> str:
    """Returns the English name of a language code; the code itself for a language that is not common."""
    return NAMES.get(code, code)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
