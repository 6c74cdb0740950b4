"""docent verify: checks whether the library is whole, repairs what can be repaired, and says what helps with the
rest."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.terminal import handle_errors, index_option, json_option, print_json, say

if TYPE_CHECKING:
    from ingest.upkeep.finding import Checkup

_index = index_option("that of sample_docs")
_REMEDIES = {
    "repair": "Mended by: docent verify --repair",
    "reread": "Marked by docent verify --repair, and read again by the docent ingest after it.",
    "ingest": "Run: docent ingest FOLDER",
    "rebuild": "Run: docent ingest FOLDER --rebuild. Your documents and conversations are not touched.",
    "none": "",
}
_SHOWN = 20


@click.command()
@_index
@click.option("--repair", is_flag=True, help="Mend what can be mended without reading documents again.")
@click.option("--deep", is_flag=True, help="Also read the documents' files: are they still what was read?")
@json_option
@handle_errors
def verify(index_dir: Path | None, repair: bool, deep: bool, as_json: bool) -> None:
    """Prove that the library is whole, and that nothing is left of what was deleted.

    Every page, passage, vector and state is read and compared with what it came from. Nothing is changed without
    --repair. Ends with 1 when something was found that wants mending.

    \b
    Examples:
      docent verify
      docent verify --index indexes/contracts --repair
      docent verify --deep --json
    """
    from app.ask.domains import DEFAULT_FOLDER, index_for
    from app.llm.states import is_whole
    from app.privacy.unlock import key_for
    from ingest.upkeep.repair import check

    began = time.monotonic()
    place = index_dir or index_for(DEFAULT_FOLDER)
    key = key_for(place)
    found = check(place, lambda file: is_whole(file, key), repair=repair, deep=deep, key=key)
    if as_json:
        print_json({"index": str(place), **found.as_json(), "seconds": round(time.monotonic() - began, 2)})
    else:
        _say(found)
    sys.exit(not found.is_whole)


def _say(found: Checkup) -> None:
    say(f"Checked {', '.join(f'{count:,} {name}' for name, count in found.counts.items())}.")
    for finding in found.repaired:
        say(f"mended    {finding.check}: {finding.message}", fg="green")
    for finding in found.findings[:_SHOWN]:
        colour = "yellow" if finding.remedy in ("none", "ingest") else "red"
        say(f"found     {finding.check}: {finding.message}", fg=colour)
    if len(found.findings) > _SHOWN:
        say(f"          and {len(found.findings) - _SHOWN} more (--json names all)")
    for remedy in dict.fromkeys(finding.remedy for finding in found.findings):
        if _REMEDIES[remedy]:
            say(f"          {_REMEDIES[remedy]}")
    if not found.findings:
        say("The library is whole, and nothing is left in it of what was deleted.")
