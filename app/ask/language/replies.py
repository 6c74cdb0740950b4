"""The few sentences that Docent says itself, in two languages, with numbers and lists in them."""

from __future__ import annotations

from collections.abc import Sequence

REFUSAL = "NOT FOUND"  # of the answer model, where the passages do not hold what was asked
MOST_LINES = 30  # of a list
SENTENCES = {
    "hello": ("Hello!", "Hallo!"),
    "thanks": (
        "You're welcome. Ask on whenever you like.",
        "Gern geschehen. Fragen Sie jederzeit weiter.",
    ),
    "bye": ("Goodbye! This conversation is kept.", "Auf Wiedersehen! Diese Unterhaltung bleibt gespeichert."),
    "who": (
        "I am Docent. I answer questions about your own documents, on this machine, with file, page and exact quote.",
        "Ich bin Docent. Ich beantworte Fragen zu Ihren eigenen Dokumenten, auf diesem Rechner, mit Datei, Seite und "
        "genauem Zitat.",
    ),
    "can": (
        "I look up facts in your documents, list, count, compare and summarise what they hold, and say which of them "
        "mention something. Each answer comes with file, page and exact quote; what they do not hold I do not answer.",
        "Ich schlage in Ihren Dokumenten nach, liste auf, zähle, vergleiche und fasse zusammen, und sage, welche etwas "
        "erwähnen. Zu jeder Antwort gehören Datei, Seite und genaues Zitat; was nicht darin steht, beantworte ich "
        "nicht.",
    ),
    "add": (
        "Drop files in on the Documents page, or put them into the folder that is read; on the command line: "
        "docent ingest FOLDER. What can be read: {formats}.",
        "Legen Sie Dateien auf der Seite Documents ab oder in den Ordner, der gelesen wird; auf der Kommandozeile: "
        "docent ingest ORDNER. Lesbar sind: {formats}.",
    ),
    "remove": (
        "Delete the file on the Documents page, or from the folder that is read. It then no longer answers, and its "
        "words leave the index.",
        "Löschen Sie die Datei auf der Seite Documents oder aus dem Ordner, der gelesen wird. Sie antwortet dann nicht "
        "mehr, und ihre Wörter verschwinden aus dem Index.",
    ),
    "private": (
        "Your documents and questions stay on this machine: they are read, searched and answered here, without the "
        "internet.",
        "Ihre Dokumente und Fragen bleiben auf diesem Rechner: Gelesen, gesucht und geantwortet wird hier, ohne "
        "Internet.",
    ),
    "holds": ("The library holds {holdings}.", "Die Bibliothek enthält {holdings}."),
    "empty": ("The library is still empty.", "Die Bibliothek ist noch leer."),
    "try": ("You can ask, for example:", "Sie können zum Beispiel fragen:"),
    "count": (
        "The library holds {documents}, with {pages} in all.",
        "In der Bibliothek: {documents}, zusammen {pages}.",
    ),
    "pages": ("{name} has {pages}.", "{name} hat {pages}."),
    "mentioned": ("{n} of {documents} mention {what}:", "In {n} von {documents} kommt {what} vor:"),
    "unmentioned": ("No document mentions {what}.", "Kein Dokument erwähnt {what}."),
    "other form": ("Another form of the word stands in:", "Eine andere Form des Wortes steht in:"),
    "also apart": (
        "All of these words, not side by side, stand in one passage of:",
        "Alle diese Wörter, nicht nebeneinander, stehen in einem Abschnitt von:",
    ),
    "overview": (
        "“{what}” stands in {n} of {documents}. The places that are most about it:",
        "„{what}“ steht in {n} von {documents}. Die Stellen, an denen es am meisten darum geht:",
    ),
    "near": ("Near in meaning:", "Dem Sinn nach nahe:"),
    "choose": ("An overview: ask about one of these for more.", "Ein Überblick: Fragen Sie zu einer Stelle weiter."),
    "perhaps": ("Near in meaning, perhaps:", "Dem Sinn nach vielleicht:"),
    "document": ("document", "Dokument"),
    "documents": ("documents", "Dokumenten"),
    "many documents": ("documents", "Dokumente"),
    "page": ("page", "Seite"),
    "many pages": ("pages", "Seiten"),
    "slide": ("slide", "Folie"),
    "many slides": ("slides", "Folien"),
}


def say(key: str, german: bool = False, **values: str) -> str:
    return SENTENCES[key][german].format(**values)


def in_number(number: int, one: str, many: str, german: bool = False) -> str:
    """'1 page', '1,200 pages'; the two words are keys of the sentences."""
    shown = f"{number:,}".replace(",", ".") if german else f"{number:,}"
    return f"{shown} {say(one if number == 1 else many, german)}"


def lines(items: Sequence[str]) -> str:
    """One a line, the first so many, and how many more there are."""
    more = [f"… and {len(items) - MOST_LINES:,} more"] if len(items) > MOST_LINES else []
    return "\n".join([*(f"- {item}" for item in items[:MOST_LINES]), *more])
