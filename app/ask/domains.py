"""A domain: a folder of documents, and a domain.toml that may give it a name, first questions and abbreviations."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.errors import InvalidInput

DEFAULT_FOLDER = Path("sample_docs")
INDEXES = Path("indexes")


class Versions(BaseModel):
    """`valid` are paths of documents that hold although a newer edition of them is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid: tuple[str, ...] = ()


class Domain(BaseModel):
    """What domain.toml may say. Unknown keys are refused, so that a typo is not silently without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    description: str = ""
    language: str = "en"
    examples: tuple[str, ...] = ()
    glossary: dict[str, str] = {}
    versions: Versions = Versions()

    def abbreviations_in(self, text: str) -> list[str]:
        """The abbreviations whose long form stands in the text: it speaks of them too."""
        plain = text.lower()
        return [short for short, long in self._long_forms() if long and long.lower() in plain]

    def _long_forms(self) -> list[tuple[str, str]]:
        return [(short, re.split(r"[:;,]", long)[0].strip()) for short, long in self.glossary.items()]

    def expand(self, question: str) -> str:
        """The question with the long form of each abbreviation that it uses behind it, for the search only.

        A glossary may explain further behind a comma, colon or semicolon; that much is for people.
        """
        long_forms = [
            long for short, long in self._long_forms() if re.search(rf"(?<!\w){re.escape(short)}(?!\w)", question)
        ]
        return " ".join([question, *(form for form in long_forms if form.lower() not in question.lower())])


def load_domain(folder: Path) -> Domain:
    """Raises InvalidInput naming the line or key of domain.toml that cannot be used."""
    file = folder / "domain.toml"
    title = folder.name.replace("_", " ").replace("-", " ")
    if not file.is_file():
        return Domain(title=title)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        return Domain(**{"title": title, **values})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}", "Mend that line, or delete the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{file}: '{key}': {first['msg']}", "Mend that key, or delete it.") from error


def index_for(folder: Path) -> Path:
    """Where a folder's index lies unless told otherwise: indexes/<folder name>."""
    return INDEXES / folder.resolve().name
