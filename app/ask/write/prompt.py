"""The prompt: fixed rules, passages named by content, earlier turns, key sentences, question. Stable text first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.ask.language.replies import REFUSAL
from app.ask.write.injection import gives_orders, marked
from app.datatypes import Hit, Prompt, Segment, Sentence, Turn
from app.llm.message import MARK, message, template
from app.llm.protocol import Llm
from ingest.errors import InvalidInput

MAX_QUESTION = 4000  # characters; what a model of this size can make sense of beside its passages
_ROOM = "app.ask.write"
_HISTORY_TURNS = 2
_CHECKED = 900  # characters of the quotes that the second question shows


def rules_of(llm: Llm) -> Segment:
    """What every prompt begins with: the rules and the chat format's opening."""
    # The rules come with the template's control tokens; everything from outside is tokenized without them,
    # so that no document can end the user's message and begin one of its own.
    return _segment(llm, "rules", _around(llm)[0], special=True, stable=True)


def passages_of(llm: Llm, hits: Sequence[Hit]) -> list[Segment]:
    """Named by what they are, never by their rank: the same passage reads the same in every prompt. Orders that they
    hold are marked."""
    found = []
    for hit in hits:
        segment = _segment(
            llm, f"passage {hit.file} p. {hit.page}", _head(hit) + marked(hit.chunk.text) + "\n\n", stable=True
        )
        found.append(replace(segment, doc_id=hit.chunk.doc_id))
    return found


def history_of(llm: Llm, turns: Sequence[Turn]) -> Segment:
    """The last turns of a thread, for questions that lean on them."""
    lines = [
        f"Earlier question: {turn.question[:300]}\nEarlier answer: {(turn.answer.text or REFUSAL)[:300]}\n"
        for turn in turns[-_HISTORY_TURNS:]
    ]
    return _segment(llm, "history", "".join([*lines, "\n"]) if lines else "", stable=True)


def label_of(llm: Llm) -> Segment:
    return _segment(llm, "recap label", "Key sentences:\n", stable=True)


def build_prompt(
    llm: Llm,
    question: str,
    hits: Sequence[Hit],
    best: Sequence[Sentence],
    history: Sequence[Turn],
    max_tokens: int,
) -> Prompt:
    """Fits everything into the model's context, leaving `max_tokens` for the answer.

    Passages are given up from the worst upwards, then earlier turns; what was given up is named in `dropped`.
    Raises InvalidInput when not even the question fits.
    """
    before = rules_of(llm)
    after = _segment(llm, "answer", _around(llm)[1], special=True)
    ask = _segment(llm, "question", f"\nQuestion: {question}")
    earlier = history_of(llm, history)
    passages = passages_of(llm, hits)
    recap = _recap(llm, best, hits, passages)
    budget = llm.n_ctx - max_tokens - sum(len(s.tokens) for s in (before, after, ask, earlier, *recap)) - 8
    dropped: list[str] = []
    if budget < 0 and history:
        dropped.append("the earlier turns of this conversation")
        budget += len(earlier.tokens)
        earlier = history_of(llm, ())
    if budget < 0:
        raise InvalidInput(
            "The question is too long for this model's context.", "Ask a shorter question, or raise n_ctx."
        )
    fitting: list[tuple[Hit, Segment]] = []
    for hit, segment in zip(hits, passages, strict=True):
        if len(segment.tokens) <= budget:
            fitting.append((hit, segment))
            budget -= len(segment.tokens)
        else:
            dropped.append(f"{hit.file}, {hit.named}")
    # Best last: what stands nearest to the question is read best.
    ordered = [segment for _, segment in reversed(fitting)]
    segments = [segment for segment in (before, *ordered, earlier, *recap, ask, after) if segment.tokens]
    return Prompt(tuple(segments), tuple(hit for hit, _ in fitting), tuple(dropped))


def _recap(llm: Llm, best: Sequence[Sentence], hits: Sequence[Hit], passages: Sequence[Segment]) -> list[Segment]:
    """The key sentences once more, right before the question, the best one last.

    Passages whose states are composed have not seen each other, and a small model then overlooks what it should see;
    said again at the end, it is found (measured in docs/results.md). Word for word as in the passage, so that even
    its state can be taken from there. Only the best row of a table is said anew, with the names of its columns: last,
    so that it is read in one go with the question. Between placed states, a few tokens cost a reading of all weights
    and a rotation of all keys. What gives orders is not said twice.
    """
    best = [sentence for sentence in best if not gives_orders(sentence.meaning)]
    spoken = next((sentence for sentence in best if sentence.spoken), None)
    placed, anew = [], []
    for sentence in reversed(best):
        place = next((n for n, hit in enumerate(hits) if _holds(hit, sentence)), None)
        if sentence is spoken or place is None:
            anew.append(_segment(llm, "recap", f"{marked(sentence.meaning)}\n"))
            continue
        hit, passage = hits[place], passages[place]
        begin = len(_head(hit)) + sentence.start - hit.chunk.start
        first, end = (len(llm.tokenize(passage.text[:at])) for at in (begin, begin + sentence.end - sentence.start))
        tokens = passage.tokens[first:end]
        text = passage.text[begin:][: len(sentence.text)]
        placed.append(Segment("recap", text, tokens, repeats=passage, first=first))
    return [label_of(llm), *placed, *anew] if placed or anew else []


def build_checks(llm: Llm, question: str, answer: str, text: str) -> tuple[list[int], list[int]]:
    """The second, short questions to the model: whether this text answers that question, and whether with this answer.

    They begin the same, so that the second costs a few tokens only. What is too long is cut short.
    """
    longest, text = _CHECKED, marked(text)
    while True:
        filled = {"text": text[:longest], "question": question[: longest // 3], "answer": answer[: longest // 3]}
        checks = (
            message(llm, template(_ROOM, "check_question"), filled),
            message(llm, template(_ROOM, "check_answer"), filled),
        )
        if max(map(len, checks)) <= llm.n_aside:
            return checks
        longest = longest * 2 // 3  # some scripts take a token and more for each character


def _segment(llm: Llm, name: str, text: str, *, special: bool = False, stable: bool = False) -> Segment:
    return Segment(name, text, tuple(llm.tokenize(text, special=special)) if text else (), stable)


def _holds(hit: Hit, sentence: Sentence) -> bool:
    return hit.holds(sentence.file, sentence.start) and sentence.end <= hit.chunk.end


def _head(hit: Hit) -> str:
    place = f"{hit.title} › {hit.chunk.heading}" if hit.chunk.heading else hit.title
    return f"[{marked(hit.file)}, {marked(hit.named)}: {marked(place)}]\n"


def _around(llm: Llm) -> tuple[str, str]:
    """What the chat format puts before and after the user's message, the rules with the former."""
    head, tail = llm.render(template(_ROOM, "system"), MARK).split(MARK)
    return head, tail
