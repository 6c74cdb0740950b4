"""Drafts questions for the user's own evaluation set, offline: the answer model writes them and code checks them.

The model writes a question and its short answer from one fact. Whatever code can check is checked before anyone sees
it; file, page and quote come from the fact, never from the model. Each draft may have a twin, nearly the same question
that the documents do not answer. A draft becomes a case only when the user accepts it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from app.ask.language.words import codes, content_words, has_code, names, numbers, stated_numbers, stem
from app.ask.write.injection import marked
from app.evaluation.facts import Fact, facts, opening
from app.evaluation.twins import Twin, twin_by_exchange, twin_if_unanswered
from app.llm.protocol import Llm
from ingest.store.index import LocalIndex
from ingest.text.sentences import sentence_spans

_MARK = "\u2063docent\u2063"  # invisible and never in a template
_MAX_TOKENS = 60
_WORDS = (5, 32)  # of a question
_DEPTH = 10  # passages looked through for another edition's words
_ALIKE = 0.7  # share of common words from which two questions ask the same
_POINTING = re.compile(
    r"\b(?:passages?|texts?|excerpt|sentence|fact|given|mentioned|described|following|this|these|those|"
    r"(?:the|which) (?:documents?|tables?|sections?|figures?|rows?|columns?|above)|"
    r"(?:table|section|figure|item|step) [\d.]+)\b"
    r"|^(?:\S+ ){1,4}(?:it|they|them|he|she|his|her)\b",
    re.IGNORECASE,
)
# What a question asks for, and what a figure with another unit cannot be the answer to.
_ASKS = {
    r"\btemperatures?\b|\bhow (?:hot|warm|cold)\b": "° c f k °c °f",
    r"\bpressures?\b": "bar mbar pa kpa mpa psi",
    r"\bhow long\b.*\b(?:take|last|wait|valid|run|stay|kept|covered)\b|\bhow often\b|\bperiod\b|\bduration\b":
        "s second sec min minute h hr hour day working week month year time",
    r"\bhow (?:heavy|much .*weigh)|\b(?:mass|weight)\b": "g kg t ton tonne lb pound",
    r"\bhow (?:deep|high|wide|far|tall)\b|\b(?:height|distance|width|depth|thickness|diameter)\b":
        "mm cm m km inch ft foot",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """An existing question, with the places of its answer."""

    question: str
    places: tuple[tuple[str, int], ...] = ()  # file, page


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its answer, which `document_text[fact.start:fact.end] == fact.quote` states."""

    question: str
    answer: str
    kind: str
    fact: Fact
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A question that the model wrote and code rejected, with the reason in words for people."""

    question: str
    reason: str
    fact: Fact


def drafts(index: LocalIndex, llm: Llm, asked: Sequence[Asked] = (), seed: int = 0) -> Iterator[Draft | Dropped]:
    """Yields one attempt after the other, each made on demand, until every fact was tried.

    The same index, model and seed give the same drafts. Raises ModelError.
    """
    questions = [question.question for question in asked]
    places = Counter(place for question in asked for place in question.places)
    for fact in facts(index, places, seed):
        drafted = _draft(index, llm, fact, questions)
        if isinstance(drafted, Draft):
            questions.append(drafted.question)
        yield drafted


def _draft(index: LocalIndex, llm: Llm, fact: Fact, questions: Sequence[str]) -> Draft | Dropped:
    known = f"[{_place(fact)}]\n{_around(fact)}\nFact: {fact.statement}\nAnswer: {fact.answer}"
    if _is_said_otherwise(index, fact):
        return Dropped("", "Another document states it differently.", fact)
    begun = opening(fact)
    question = _written(llm, "draft", known, f"Question: {begun}".strip())
    if not question.lower().startswith(begun.lower()):
        question = f"{begun} {question}"
    reason = why_unusable(question, fact) or ("There is one like it." if _is_known(question, questions) else "")
    if reason:
        return Dropped(question, reason, fact)
    return Draft(question, fact.answer, _kind(question, fact), fact, _twin(index, llm, question, fact, questions))


def _is_said_otherwise(index: LocalIndex, fact: Fact) -> bool:
    """Whether another document has nearly the same sentence without this answer, as another edition may: a question for
    it would have two answers."""
    words = set(_plain_words(fact.quote)) - set(_plain_words(fact.answer))
    found = [scored.chunk_id for scored in index.bm25(fact.quote, _DEPTH)]
    files_of = {document.id: document.path for document in index.documents()}
    for chunk in index.chunks(found).values():
        if files_of.get(chunk.doc_id, fact.file) != fact.file:
            for start, end in sentence_spans(chunk.text):
                other = set(_plain_words(chunk.text[start:end]))
                alike = len(words & other) >= _ALIKE * max(1, len(words | other) - 1)
                if alike and not contains_answer(chunk.text[start:end], fact.answer):
                    return True
    return False


def _twin(index: LocalIndex, llm: Llm, question: str, fact: Fact, questions: Sequence[str]) -> Twin | None:
    """Makes a twin by exchanging a code or year, else by the model; search checks that it is not answered."""
    if found := twin_by_exchange(index, question, fact):
        return found
    changed = _written(llm, "draft_twin", f"Text: {_around(fact)}\nQuestion: {question}", "Changed:")
    usable = changed.endswith("?") and not _POINTING.search(changed) and not _is_known(changed, questions)
    return twin_if_unanswered(index, question, changed) if usable else None


def _written(llm: Llm, rules: str, known: str, label: str) -> str:
    """Returns the line that the model writes behind `label`."""
    told = files("app.evaluation").joinpath(f"prompts/{rules}.md").read_text(encoding="utf-8").strip()
    before, after = llm.render(told, _MARK).split(_MARK)
    # As in prompt.py: what comes from documents is tokenized without control tokens, so that none can end the message.
    tokens = llm.tokenize(before, special=True) + llm.tokenize(marked(known))
    tokens += llm.tokenize(after, special=True) + llm.tokenize(label)
    reply = ""
    for piece in llm.stream(tokens, _MAX_TOKENS):
        reply += piece
        if "\n" in reply.strip() or reply.rstrip().endswith("?"):
            llm.stop()
            break
    return " ".join(reply.strip().partition("\n")[0].split()).strip('*_`"“” ')


def _place(fact: Fact) -> str:
    return f"{fact.title} › {fact.heading}" if fact.heading else fact.title


def _around(fact: Fact) -> str:
    """Returns the fact's sentence with its neighbours, which name what the sentence only refers to."""
    at = max(0, fact.passage.find(fact.quote))
    if fact.from_table:
        return fact.passage[:at].rsplit("\n\n", 1)[-1][:300]
    before = [fact.passage[a:b] for a, b in sentence_spans(fact.passage[:at])][-2:]
    after = [fact.passage[at + len(fact.quote) :][a:b] for a, b in sentence_spans(fact.passage[at + len(fact.quote) :])]
    return " ".join([*before, fact.quote, *after[:1]])


def why_unusable(question: str, fact: Fact) -> str:
    """Says in words why a draft cannot be used; '' where it can. Words are compared as verification compares them."""
    context = f"{fact.title} {fact.heading} {fact.passage} {fact.statement} {fact.file}"
    if not question.endswith("?") or question.count("?") > 1:
        return "It is not one question."
    if not _WORDS[0] <= len(question.split()) <= _WORDS[1]:
        return "The question is too short or too long."
    if _POINTING.search(question):
        return "It does not stand alone."
    if not contains_answer(fact.statement, fact.answer):
        return "The answer does not stand in the passage."
    if _gives_away(question, fact.answer):
        return "The question gives the answer away."
    if _asks_for_another_unit(question, fact.answer):
        return "The answer is not of the kind that is asked for."
    if fact.from_table and not all(has_code(question, code) for code in codes(fact.statement.rpartition(" = ")[0])):
        return "It does not say which row or column is meant."
    strange = [name for name in names(question) if not _knows(context, name)]
    if strange or stated_numbers(question) - numbers(context):
        return "The question names something that the passage does not."
    return "" if _names_its_subject(question, fact) else "It does not say what it is about."


def contains_answer(text: str, answer: str) -> bool:
    """Whether the text contains the answer's words one after the other, and its numbers."""
    if not content_words(answer) or stated_numbers(answer) - numbers(text):
        return False
    wanted, there = _plain_words(answer), _plain_words(text)
    return any(there[i : i + len(wanted)] == wanted for i in range(len(there) - len(wanted) + 1))


def _plain_words(text: str) -> list[str]:
    """Returns the words without figures, which are compared as numbers, however they are written."""
    return [word for word in content_words(text) if not word.isdigit()]


def _gives_away(question: str, answer: str) -> bool:
    told = set(content_words(question))
    if figures := stated_numbers(answer):
        return figures <= numbers(question)
    words = content_words(answer)
    return sum(word in told for word in words) > 0.6 * len(words)


def _asks_for_another_unit(question: str, answer: str) -> bool:
    unit = re.search(r"\d\s?(°[CF]?|[A-Za-zµ]+[²³]?)", answer)
    return bool(unit) and any(
        re.search(asks, question, re.IGNORECASE)
        and unit[1].lower().rstrip("s") not in {u.rstrip("s") for u in units.split()}  # type: ignore[index]
        for asks, units in _ASKS.items()
    )


def _names_its_subject(question: str, fact: Fact) -> bool:
    """Whether the question has several words of the fact's context, two of them from the fact itself: 'What is the
    value?' could mean anything."""
    asked = set(content_words(question)) - set(content_words(fact.answer))
    own = asked & set(content_words(fact.statement))
    around = asked & set(content_words(f"{fact.statement} {fact.heading} {fact.title} {fact.passage}"))
    return len(own) >= 2 and (len(around) >= 3 or bool(codes(question) or names(question)))


def _knows(context: str, name: str) -> bool:
    return has_code(context, name) or stem(name) in set(content_words(context))


def _is_known(question: str, questions: Sequence[str]) -> bool:
    words = set(content_words(question)) | set(codes(question))
    others = (set(content_words(other)) | set(codes(other)) for other in questions)
    return any(len(words & other) >= _ALIKE * max(1, len(words | other)) for other in others)


def _kind(question: str, fact: Fact) -> str:
    if fact.from_table:
        return "table"
    if stated_numbers(fact.answer):
        return "number"
    return "procedure" if re.match(r"how (?:do|should|can|must|is|are)\b", question, re.IGNORECASE) else "fact"
