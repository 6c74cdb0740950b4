"""A question in another language than the documents: searched and checked in theirs, answered in the asker's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from app.ask.stream import AnswerStream
from app.ask.understand.translate import LONGEST, answer_in, frequent_phrases, translated
from app.datatypes import Answer, Turn
from ingest.store.index import LocalIndex
from ingest.text.language import language_name

if TYPE_CHECKING:
    from app.ask.assistant import Assistant


class TranslatedStream(AnswerStream):
    """Until it is iterated it shows what the question finds as it was typed: that needs no model. `ask` begins the
    question once it is in the documents' language; `languages` are the asker's and the documents'."""

    def __init__(
        self,
        assistant: Assistant,
        index: LocalIndex,
        question: str,
        history: Sequence[Turn],
        doc_ids: Collection[int] | None,
        ask: Callable[[str], AnswerStream],
        languages: tuple[str, str],
    ) -> None:
        super().__init__(assistant, index, question, history, doc_ids)
        self._ask, (self._asked_in, self._searched_in) = ask, languages
        self._inner: AnswerStream | None = None

    def __iter__(self) -> Iterator[str]:
        """The answer as a whole: what the model writes meanwhile is in the documents' language."""
        if self.computed:
            yield from super().__iter__()
        elif text := self.answer.text:
            yield text

    def stop(self) -> None:
        super().stop()
        if self._inner:
            self._inner.stop()

    @cached_property
    def answer(self) -> Answer:
        """Checked in the documents' language, word for word; then translated, numbers and codes compared."""
        if self.computed:
            return self._of_computed(self.computed)
        llm = self._assistant.load_llm()
        question = translated(self.question, self._searched_in, llm, frequent_phrases(self._index))
        inner = self._inner = self._ask(question or self.question)
        inner.on_look = lambda: self.on_look()
        if self._stopped:
            inner.stop()
        found = inner.answer
        theirs, own = language_name(self._searched_in), language_name(self._asked_in)
        remarks = [f"Searched in {theirs} for: {question}"] if question else []
        text = found.text
        if text and not found.grid and len(text) <= LONGEST and not self._stopped:
            text = answer_in(self.question, text, (self._asked_in, self._searched_in), llm) or text
        if text == found.text and text:
            remarks.append(f"The answer is in {theirs}: it could not be put into {own} without a loss.")
        return replace(
            found, text=text, plan=replace(found.plan, remark=" ".join([*remarks, found.plan.remark]).strip())
        )
