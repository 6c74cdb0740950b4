"""Questions about the documents themselves: how many, which, how long, how old, by whom, and where words stand.

What a document says is none of it: 'how many pages does the printer print' is a question about a fact. So each wording
must fit from end to end, and what it names must be documents that are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.ask.kinds.holdings import details as one
from app.ask.kinds.holdings import inventory as counted
from app.ask.kinds.holdings import mentioning as found
from app.ask.kinds.holdings import ranking as ordered
from app.ask.kinds.holdings.questions import ENGLISH, GERMAN
from app.ask.language.patterns import fitting
from app.ask.plan import Asked, Computed
from app.ask.understand.smalltalk import spoken

Work = Callable[[Asked, re.Match[str], bool], Computed | None]
_WORK: Mapping[str, Work] = {  # by what is asked for
    "count": counted.number,
    "count named": counted.number_named,
    "list named": counted.listed_named,
    "pages in all": counted.pages,
    "listed": counted.listed,
    "any kind": counted.any_kind,
    "types": counted.types,
    "languages": counted.languages,
    "unread": counted.unread,
    "duplicates": counted.duplicates,
    "outdated": counted.outdated,
    "length": one.length,
    "written by": one.written_by,
    "dated when": one.dated_when,
    "changed when": one.changed_when,
    "most": ordered.most,
    "edition": ordered.newest_edition,
    "of date": ordered.of_date,
    "changed": ordered.changed,
    "mention": found.mention,
    "anything": found.anything,
}
# What is asked within the documents that the search is limited to; all else is about the whole library.
_WITHIN = frozenset({"length", "written by", "dated when", "changed when", "languages", "mention", "anything"})


def answer(asked: Asked) -> Computed | None:
    """What the first wording that fits, and whose documents are there, comes to."""
    question = spoken(asked.question)
    for wordings, german in ((ENGLISH, False), (GERMAN, True)):
        for key, match in fitting(question, wordings):
            scope = asked if key in _WITHIN else replace(asked, doc_ids=None)
            if computed := _WORK[key](scope, match, german):
                return computed
    return None
