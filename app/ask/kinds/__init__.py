"""The kinds of questions that code answers, one file each: `answer(asked)` gives a Computed, or None where it does not
fit.

Each looks at patterns in the question and at what the index knows. None is the safe answer: the question is then asked
as one about a fact.
"""
