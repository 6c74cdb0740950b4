"""A prompt put together from what was read before: which states there are, which are worth making now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from app.datatypes import Prompt, Segment
from app.llm.protocol import Kept, Llm, State
from app.llm.states import StateStore, key_of

States = dict[Segment, State]
AT_ONCE = 240  # tokens that a question may wait for: some two seconds on two cores
_IN_MEMORY = 64 << 20  # bytes of states that belong to no document: a label, the turns of a conversation


class Composer:
    """Finds and makes the states of one model's stable segments. Those of documents are kept in their index, those of
    conversations in memory only. Safe to use from several threads."""

    def __init__(self, llm: Llm, rules: Segment, store: StateStore) -> None:
        self._llm, self._rules, self.store = llm, rules, store
        self._memory: OrderedDict[str, State] = OrderedDict()

    def can_keep(self, segment: Segment) -> bool:
        return len(self._rules.tokens) + len(segment.tokens) <= self._llm.n_behind

    def holds(self, segment: Segment) -> bool:
        key = self._key(segment)
        return self.store.holds(segment.doc_id, key) if segment.doc_id else key in self._memory

    def state(self, segment: Segment) -> State | None:
        """As it was kept, or None."""
        key = self._key(segment)
        if segment.doc_id:
            return self.store.get(segment.doc_id, key)
        if found := self._memory.get(key):
            self._memory.move_to_end(key)
        return found

    def make(self, segment: Segment, should_stop: Callable[[], bool]) -> State | None:
        """Reads the segment and keeps its state. None when stopped."""
        made = self._llm.state(self._rules.tokens, segment.tokens, should_stop)
        if made and segment.doc_id:
            self.store.put(segment.doc_id, self._key(segment), made)
        elif made:
            self._memory[self._key(segment)] = made
            while sum(len(state.data) for state in self._memory.values()) > _IN_MEMORY:
                self._memory.popitem(last=False)
        return made

    def states(self, segments: Iterable[Segment], should_stop: Callable[[], bool], at_once: int = 0) -> States:
        """Of those that were read before and, the first ones first, of others while no more than `at_once` tokens
        have to be read for them."""
        found: States = {}
        missing: list[Segment] = []
        for segment in segments:
            if state := self.state(segment):
                found[segment] = state
            else:
                missing.append(segment)
        for segment in missing:
            if not self.can_keep(segment):
                continue
            if len(segment.tokens) > at_once:
                break
            at_once -= len(segment.tokens)
            if made := self.make(segment, should_stop):
                found[segment] = made
        return found

    def _key(self, segment: Segment) -> str:
        return key_of(self._llm.states_key, self._rules.tokens, segment.tokens)


def composed(prompt: Prompt, states: States) -> list[Kept]:
    """Where in the prompt the states go, those of repeated sentences included."""
    found: list[Kept] = []
    at = 0
    for segment in prompt.segments:
        source = segment.repeats or segment
        if state := states.get(source):
            found.append(Kept(at, len(segment.tokens), state, segment.first))
        at += len(segment.tokens)
    return found
