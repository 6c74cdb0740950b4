"""What a check of the library finds, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Remedy = Literal["repair", "reread", "ingest", "rebuild", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and what mends it.

    'repair': `docent verify --repair`, from what the index itself holds. 'reread': a repair marks `doc_ids`, and the
    next ingest reads them again; 'ingest': so it was, and that ingest is still to come. 'rebuild': `docent ingest
    --rebuild`. 'none': nothing has to; it is told.
    `chunk_ids` are those whose vectors cannot be believed, `files` what is to be deleted.
    """

    check: str
    message: str
    remedy: Remedy
    doc_ids: tuple[int, ...] = ()
    chunk_ids: tuple[int, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was checked, how many of each, what was found and, after a repair, what was found before and is not now."""

    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    repaired: tuple[Finding, ...] = ()

    @property
    def is_whole(self) -> bool:
        return all(finding.remedy == "none" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The contract of `docent verify --json`."""
        told = {
            name: [{key: asdict(one)[key] for key in ("check", "message", "remedy")} for one in found]
            for name, found in (("findings", self.findings), ("repaired", self.repaired))
        }
        return {"whole": self.is_whole, "checked": dict(self.counts), **told}
