"""Check sample_docs: enough of everything, and every gold answer stands on a gold page."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

SAMPLES = Path(__file__).parents[2] / "sample_docs"
FIELDS = {"id", "question", "answers", "answerable", "gold_docs", "gold_pages", "kind"}
KINDS = {
    "fact", "table", "number", "procedure", "cross-document", "superseded", "yes-no", "unanswerable",
}  # fmt: skip
# Their answers are worded, judged or computed, so they need not stand in the text as they are.
FREE = {"procedure", "cross-document", "yes-no"}


def plain(text: str) -> str:
    """Without case, blanks, punctuation and hyphens, but with the sign and the point of numbers."""
    text = re.sub(r"(?<!\S)-(?=\d)", "minus", text.lower())
    return re.sub(r"(?<=\d)\.(?=\d)|[\W_]+", lambda m: "." if m[0] == "." else "", text)


def read_pages(folder: Path) -> dict[str, list[str]]:
    pages = {}
    for path in sorted(folder.glob("*.pdf")):
        with pdfium.PdfDocument(path) as pdf:
            pages[path.name] = [page.get_textpage().get_text_range() for page in pdf]
    return pages


def question_problems(row: dict[str, Any], pages: dict[str, list[str]]) -> list[str]:
    kind, docs, numbers = row["kind"], row["gold_docs"], row["gold_pages"]
    extra = {"about_doc"} if kind == "unanswerable" else set()
    found = [] if set(row) == FIELDS | extra else [f"fields {sorted(set(row) ^ (FIELDS | extra))}"]
    if kind not in KINDS:
        found.append(f"unknown kind {kind}")
    if kind == "unanswerable" or not row["answerable"]:
        empty = not (row["answerable"] or row["answers"] or docs or numbers)
        known = row.get("about_doc") in pages
        return found + ([] if empty and known else ["unanswerable, but with gold or without about_doc"])
    missing = [doc for doc in docs if doc not in pages]
    if missing or not docs or not row["answers"]:
        return [*found, f"no answer or no such document: {missing}"]
    gold = {doc: [n for n in numbers if n <= len(pages[doc])] for doc in docs}
    if {n for some in gold.values() for n in some} != set(numbers) or not all(gold.values()):
        found.append(f"no such page: {numbers}")
    text = [plain(pages[doc][n - 1]) for doc, some in gold.items() for n in some]
    if kind not in FREE and not any(plain(a) in page for a in row["answers"] for page in text):
        found.append(f"{row['answers']} not on {gold}")
    if kind == "cross-document" and len(docs) < 2:
        found.append("one document only")
    return found


def problems(folder: Path = SAMPLES) -> list[str]:
    """What is wrong, one line each; prints the counts."""
    pages = read_pages(folder)
    rows = [json.loads(line) for line in (folder / "eval.jsonl").read_text(encoding="utf-8").splitlines()]
    total, share = sum(map(len, pages.values())), sum(not row["answerable"] for row in rows) / len(rows)
    kinds = Counter(row["kind"] for row in rows)
    print(f"{len(pages)} documents, {total} pages, {len(rows)} questions, {share:.0%} unanswerable")
    print(", ".join(f"{kind} {n}" for kind, n in kinds.most_common()))
    rules = {
        "fewer than 8 documents": len(pages) < 8,
        "fewer than 60 pages": total < 60,
        "fewer than 80 questions": len(rows) < 80,
        "share of unanswerable questions": not 0.2 <= share <= 0.3,
        "fewer than 10 cross-document questions": kinds["cross-document"] < 10,
        "an id or a question stands twice": any(
            len({row[key] for row in rows}) < len(rows) for key in ("id", "question")
        ),
    }
    found = [rule for rule, broken in rules.items() if broken]
    return found + [f"{row['id']}: {line}" for row in rows for line in question_problems(row, pages)]


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) or "no problems")
    sys.exit(bool(wrong))
