"""What encryption costs: the same documents ingested, published, opened and searched plain and encrypted, in turn.

    .venv/bin/python docs/measure/encryption.py [FOLDER] [--runs N] [--json]

Needs the extra: pip install 'docent[encryption]'. Seconds are the processor's, and medians
of the runs; plain and encrypted alternate. Reading the files, in processes of its own, is not in them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from app.ask.assistant import Assistant
from app.ask.opening import open_encoder
from app.llm.protocol import State
from app.llm.states import StateStore
from app.settings import load_settings
from ingest.encryption.vault import Key, new_vault, unlock
from ingest.store.index import LocalIndex
from ingest.store.snapshots import publish
from ingest.store.store import Store
from ingest.sync.sync import sync

QUESTIONS = (
    "How often is the filter cleaned?", "What does fault code E-104 mean?", "How long is the warranty?",
    "Which fuse does it need?", "How warm may the return flow be?",
)  # fmt: skip
STATE_BYTES = 8 << 20  # what some 290 tokens take with the default model
ROUNDS = 20  # of questions and of states in each run


def main() -> None:
    options = _options()
    settings = load_settings()
    encoder = open_encoder(settings)
    encoder.tune()
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.runs):
        for form in ("plain", "encrypted"):
            with tempfile.TemporaryDirectory() as place:
                index = Path(place) / "index"
                index.mkdir()
                key = new_vault(index, "correct horse battery") if form == "encrypted" else None
                for name, seconds in measured(options.folder, index, encoder, key, settings).items():
                    found.setdefault(name, {}).setdefault(form, []).append(seconds)
    told = {name: {form: statistics.median(values) for form, values in forms.items()} for name, forms in found.items()}
    for forms in (forms for forms in told.values() if "plain" in forms):
        forms["ratio"] = round(forms["encrypted"] / forms["plain"], 3)
    if options.json:
        sys.stdout.write(json.dumps({"runs": options.runs, "cores": os.cpu_count(), **told}, indent=1) + "\n")
        return
    sys.stdout.write(f"{'':28s}{'plain':>12s}{'encrypted':>12s}{'ratio':>8s}\n")
    for name, forms in told.items():
        told_ = "".join(f"{forms[form]:12.4f}" if form in forms else " " * 12 for form in ("plain", "encrypted"))
        sys.stdout.write(f"{name:28s}{told_}{forms.get('ratio', float('nan')):8.2f}\n".replace("     nan", ""))


def measured(folder: Path, index: Path, encoder: Any, key: Key | None, settings: Any) -> dict[str, float]:
    """Seconds for each step, and bytes of the store."""
    times = {"ingest, s": timed(lambda: sync(folder, index, encoder, key=key))}
    with closing(Store(index, key=key)) as store:
        times["publish a snapshot, s"] = timed(lambda: publish(store))
    times["open the index, s"] = statistics.median(timed(lambda: LocalIndex(index, key).close()) for _ in range(5))
    assistant = Assistant(index, encoder, lambda: None, settings, key)  # type: ignore[arg-type,return-value]
    assistant.search(QUESTIONS[0])
    searches = [timed(lambda text=text: assistant.search(text)) for _ in range(ROUNDS) for text in QUESTIONS]
    times["search, p50, s"] = statistics.median(searches)
    vector = encoder.encode_queries([QUESTIONS[0]])[0]
    index_of = assistant.index
    times["of it: words and vectors, s"] = statistics.median(
        timed(lambda text=text: (index_of.bm25(text, 50), index_of.dense(vector, 50)))
        for _ in range(ROUNDS)
        for text in QUESTIONS
    )
    states = StateStore(index, 10 * STATE_BYTES, key)
    states.put(1, "a", State(100, 290, os.urandom(STATE_BYTES)))
    states.get(1, "a")
    times["load a state of 8 MiB, s"] = statistics.median(timed(lambda: states.get(1, "a")) for _ in range(ROUNDS))
    if key:
        times["unlock, s"] = timed(lambda: unlock(index, "correct horse battery"))
    times["store.db, MB"] = (index / "store.db").stat().st_size / 1e6
    return times


def timed(work: Callable[[], object]) -> float:
    """The processor's seconds, of all threads of this process: whatever else the machine is busy with."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("sample_docs"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
