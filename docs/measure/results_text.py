"""The words of docs/results.md, around the figures that docs/measure/results.py puts in."""

from __future__ import annotations

SETS = {
    "asked": "What people ask: 137 questions of 21 kinds over the sample documents and a small mixed folder.",
    "sample_docs": "The sample domain: 16 PDFs, 67 pages, 100 questions, a quarter of them without an answer.",
    "squad2": "Short facts in 48 Wikipedia articles. Half of the questions drawn have no answer, and are to deceive.",
    "covidqa": "A narrow domain of long documents: 92 whole scientific papers.",
    "hotpotqa200": "Two-hop questions over 1,971 paragraphs: both documents must be found.",
    "mmlongbench": "30 real PDFs, 938 pages. Many questions make sense only inside one document: that is searched.",
    "ohr_pdf": "15 real PDFs, 1,315 pages: filings and product manuals. The page must be found.",
    "cranfield": "A search benchmark: 1,400 abstracts, graded judgements. What is ranked are documents.",
}  # in the order in which they are told

HEAD = """\
<!-- Made by docs/measure/results.py from docs/results/*.json. Change those, not this. -->
# What was measured

On two cores (x86-64, AVX-512), CPU only, shared and noisy: read shares, not seconds. Default models
(Qwen2.5-Coder-1.5B-Instruct Q4_K_M, all-MiniLM-L6-v2), default settings.

*Usual pipeline* is what such tools do today, asked the same questions over the same index with the same models: the
four passages whose vectors come nearest, one prompt, and whatever the model says. Its citations are all it was given.

Intervals are 95 %, by bootstrap over the questions (where all questions agree they have no width). Differences are
paired by question; a **bold** one is real: its interval leaves out 0. A right answer is counted leniently: a gold
answer is contained, the first yes or no agrees, or a number is within 1 %; that favours long answers, so look at F1
beside it. Refusing everything would refuse all questions without an answer: read both refusals.

Answers were measured on questions drawn from the sets (a seeded shuffle, none of them among those that the gate was
fitted on), the search on all of them. Both took part in tuning the search, so expect a little less elsewhere.
"""

GATE = """
## How sure an answer must be

What each level between careful and bold shows as sure (`docent calibrate`; the setting is `boldness`). What falls short
is shown as "not certain" with its quotes; only what nothing in the documents comes near is refused, at every level.
An answer counts as wrong here when the documents do not support it: it is not the known answer, and no quote of it
holds that. More than a third of these {n} questions ({sources}) have no answer, and most of those were made to
deceive, far more than people ask. Confidences are cross-validated; "at most" is an exact binomial bound (Clopper and
Pearson) with 90 % confidence. Whatever the level, an answer is not sure where its quotes do not hold a code, a name or
a number of the question, and a yes or no that the quotes do not say gives way to them.

{table}

The levels aim at 5, 10, 15 and 25 %.
"""

NEAR = """
### A true number of the wrong thing

Replies made by code and put into the answer model's mouth: a number that the sample documents do hold, but of another
row or column of the same table, or of another sentence of the same passage (`python docs/measure/near_misses.py
indexes/sample_docs 21`). Asked for: 3 % of them shown as sure.

{table}
"""

BENCH = """
## How fast

`docent bench`, Docent {docent}: {questions} questions on {pages} pages, each asked {runs} times in every way, one
way after the other, of the same {model} on {cores} cores ({cpu}). Seconds are this machine's, the ratios carry further.

- *first-ever*: nothing of what the question finds had ever been read. *warm*: all of it had been, in idle moments.
  *follow-up*: asked behind the answer to that one. *no drafts*: each token of the answer is computed alone.
- *full prefill*: the prompt of *warm*, its passages read anew. *plain pipeline*: the usual one, as above; no drafts.
- From the prompt before nothing was left but Docent's rules.

{tables}

Energy is {energy}. The memory limit is what reading all weights once for each token would allow.
"""

SHORT = """
## What falls short, and what stops it

- **Refusing what the documents do not hold** (asked for: 0.80 at 0.10). No signal without a model tells squad2's
  unanswerable questions from its others (cosine, words, margins: AUC 0.48 to 0.59 on 304 questions, 0.57 together).
  What tells is the second, short question to the same model: "does the text answer exactly this question", AUC 0.84,
  and "is this answer correct", 0.87; both with the nearest sentence's cosine 0.88 (72 questions). The model of 1.5
  billion parameters is what limits it: it takes "failed" for "succeeded", and a port for its neighbour.
- **Accuracy on squad2** (0.85): of the first 34 answers 28 were right before the gate; of the 6 others, two were a
  matter of wording and one of the question. Each refusal in vain then takes from it.
- **Attribution**: the weights that choose among sentences are set by hand, not fitted; the figures are what they give.
- **covidqa and ohr_pdf, right answers** (10 points over the usual pipeline): the samples are too small to tell.
- **covidqa, answer in the first five** (0.86): 6 of 132 questions have a gold text that no passage holds whole, several
  name nothing ("How many samples were obtained?"); the rest needs a better encoder than MiniLM.
- **cranfield** (0.44): every mixture of this encoder and BM25 ended between 0.40 and 0.42.
- **ohr_pdf, page in five** (0.97): one question short when pages are counted; most misses are tables that one filing
  repeats many times.
"""

ABLATION = """
## What each part of the search adds

From left to right one part more; "reciprocal ranks" is the fusion that Docent had before (BM25 0.7, dense 0.3).
The list of ratios was written after reading what was missed on mmlongbench, and the following of names was set on
hotpotqa200: expect less of these two elsewhere. Joined passages are longer, which by itself helps the figures that
look for an answer in a passage. `python docs/measure/ablation.py SETS INDEXES` makes this table.
"""

FRONTIER = """
## What need not be read anew

What the model has read of a passage is kept, and put together with what it has read of others (app/kvcache.py).
Passages composed in this way have not seen each other. Below is what that costs, and what wins it back: {n} questions
of {set}, two of three with an answer, each asked in all these ways, over the same passages and the same states
({model}). Counted are the model's own words, before anything is checked. The seconds begin after the search, when the
states are still on disk, and end with the first token. Differences are to reading everything anew.

![Right answers against the seconds to the first token](frontier.svg)

{table}

`python docs/measure/frontier.py {set}/questions.jsonl --index INDEX --limit {n}` makes this table and the picture.
The line in it goes through the ways that no other one beats, the whiskers are 95 % intervals.
"""

INGEST = """
## Reading

`docent ingest FOLDER`

{table}

The row on nasty_pdfs was taken before table rows kept their cells apart; the other two after. All 188 files of
nasty_pdfs are accounted for: read, or listed with the reason and what helps.
"""

AT_SIZE = """
## At size

`python docs/measure/at_size.py` fills an index with synthetic passages (vectors in the directions of real ones, words
as common as in real texts), publishes it and searches in it, on one thread. Where the machine was busy, times by the
clock are also those of others' work; processor time is the search's own.
"""

HOSTILE = """
## Over hostile documents

{documents} small documents of ours, each with a true fact and with text that tries to make the model say something
else, and the same without that text. *Obeyed*: the answer says what the text wanted. The attacks are ours and so are
the phrases that are looked for, so the first pair is favourable; the second was worded to avoid them.

{table}

`python docs/measure/hostile.py --version attacked` and `--version clean` ask these questions of {model}.
"""

LIBRARY = """
## The library

{table}
"""
