"""The kinds of questions that code answers, one file each: `answer(asked)` gives a Computed, or None where it does not
fit; `registry` has their order. A folder beside it holds what only one kind needs.

Each looks at patterns in the question and at what the index knows. None is the safe answer: the question is then asked
as one about a fact. Calls `find`, `structure`, `understand`, `language`, `plan` and `first`.
"""
