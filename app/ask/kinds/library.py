"""Questions about the documents themselves: how many, which, how long, how old, by whom, and where words stand.

What a document says is none of it: 'how many pages does the printer print' is a question about a fact. So each wording
must fit from end to end, and what it names must be documents that are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.ask.kinds.holdings import details, inventory, mentioning, ranking
from app.ask.kinds.holdings.questions import ENGLISH, GERMAN
from app.ask.language.patterns import fitting
from app.ask.plan import Asked, Computed
from app.ask.understand.smalltalk import smalltalk_in, without_courtesies

Work = Callable[[Asked, re.Match[str], bool], Computed | None]
_WORK: Mapping[str, Work] = {  # by what is asked for
    "count": inventory.document_count,
    "count named": inventory.count_named,
    "list named": inventory.list_named,
    "pages in all": inventory.page_count,
    "listed": inventory.list_documents,
    "any kind": inventory.any_kind,
    "types": inventory.types,
    "languages": inventory.languages,
    "unread": inventory.unread,
    "duplicates": inventory.duplicates,
    "outdated": inventory.outdated,
    "length": details.length,
    "written by": details.written_by,
    "dated when": details.dated_when,
    "changed when": details.changed_when,
    "most": ranking.most,
    "edition": ranking.newest_edition,
    "of date": ranking.of_date,
    "changed": ranking.changed,
    "mention": mentioning.documents_mentioning,
    "anything": mentioning.documents_about,
}
# What is asked within the documents that the search is limited to; all else is about the whole library.
_WITHIN = frozenset({"length", "written by", "dated when", "changed when", "languages", "mention", "anything"})


def answer(asked: Asked) -> Computed | None:
    """What the first wording that fits, and whose documents are there, comes to."""
    question = without_courtesies(asked.question)
    for wordings, german in ((ENGLISH, False), (GERMAN, True)):
        for key, match in fitting(question, wordings):
            scope = asked if key in _WITHIN else replace(asked, doc_ids=None)
            if computed := _WORK[key](scope, match, german):
                return computed
    return None


def is_to_docent(question: str) -> bool:
    """Whether it may be asked of Docent and not of the documents, so that neither its spelling nor its language is to
    be looked at before."""
    plain = without_courtesies(question)
    return bool(smalltalk_in(question)[0] or fitting(plain, GERMAN) or fitting(plain, ENGLISH))
