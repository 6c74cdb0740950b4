"""Checks whether anything leaves the machine: rehearses Docent under guard, and looks at connections and settings."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from app.doctor import Check
from app.privacy import guard

_PROGRAMS = ("app.cli", "app.ui.serve", "ingest.children.worker")
_QUIET = {  # what libraries look at before they call home, and the value with which they do not
    "HF_HUB_OFFLINE": ("1", "The encoder's library fetches nothing"),
    "TRANSFORMERS_OFFLINE": ("1", "nor does the one below it"),
    "HF_HUB_DISABLE_TELEMETRY": ("1", "and neither reports its use"),
}
_LONGEST = 600  # seconds for the rehearsal, on a slow machine
_DOCUMENT = (
    "The filter of the Brusk pump is cleaned every 11 weeks.\n\nUse only water; solvents attack the blue seal.\n"
)


def run() -> list[Check]:
    """Runs all checks. The rehearsal takes some seconds, most of them to load the models."""
    return [*_rehearsal(), *_processes(), *_environment(os.environ)]


def guarded_environment(folder: Path, log: Path) -> dict[str, str]:
    """Returns the environment in which a Python process and its children refuse and log connections to other
    machines."""
    shutil.copyfile(guard.__file__, folder / "sitecustomize.py")
    path = [str(folder), str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), guard.LOG: str(log)}


# --- the rehearsal ---


def _rehearsal() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="docent-offline-") as name:
        place = Path(name)
        for part in ("guard", "docs"):
            (place / part).mkdir()
        (place / "docs/pump.txt").write_text(_DOCUMENT, encoding="utf-8")
        log = place / "attempts"
        steps, seen, error = _rehearse(place, guarded_environment(place / "guard", log))
        tried = sorted(set(log.read_text(encoding="utf-8").splitlines())) if log.exists() else []
    left_out = [f"{step} ({why})" for step, why in steps.items() if why]
    done = [step for step, why in steps.items() if not why]
    if tried or seen:
        found = ", ".join([*tried, *(f"connected to {one}" for one in seen)])
        yield Check("rehearsal", "error", f"Something tried to leave this machine: {found}.", "Please report this.")
        return
    if error:
        yield Check("rehearsal", "error", f"It did not come to its end: {error}.", "Run: docent doctor")
        return
    text = f"With every way out refused: {', '.join(done)}. Nothing tried to leave this machine."
    if left_out:
        yield Check("rehearsal", "warning", f"{text} Left out: {', '.join(left_out)}.", "Run: docent models pull")
    else:
        yield Check("rehearsal", "ok", text)


def _rehearse(place: Path, environment: Mapping[str, str]) -> tuple[dict[str, str], list[str], str]:
    """Returns each step with the reason why it was left out ('' if it was not), addresses its processes were connected
    to, and why it failed."""
    command = [sys.executable, "-m", "app.ui.rehearse", str(place / "docs"), str(place / "index")]
    with (place / "said").open("w+", encoding="utf-8") as said, (place / "errors").open("w+") as errors:
        child = subprocess.Popen(command, stdout=said, stderr=errors, env=dict(environment), cwd=place)
        seen: set[str] = set()
        for _ in range(_LONGEST * 4):
            seen |= {remote for _, remote in _outside(_family(child.pid)) if remote}
            try:
                child.wait(0.25)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            child.kill()
            child.wait()
        said.seek(0)
        errors.seek(0)
        steps: dict[str, str] = {}
        for line in said:
            if line.startswith("{"):
                steps |= json.loads(line)
        last = (errors.read().strip().splitlines() or [f"it ended with {child.returncode}"])[-1]
    return steps, sorted(seen), last if child.returncode else ""


def _family(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


# --- what runs now ---


def _processes() -> Iterator[Check]:
    running = [process for process in psutil.process_iter(["cmdline"]) if _is_docent(process)]
    if not running:
        yield Check("processes", "ok", "No other Docent is running.")
        return
    outside = _outside(running)
    listening = sorted({local for local, remote in outside if not remote})
    ports = {local.rpartition(":")[2] for local in listening}
    leaving = sorted({remote for local, remote in outside if remote and local.rpartition(":")[2] not in ports})
    coming = sorted({remote for local, remote in outside if remote and local.rpartition(":")[2] in ports})
    count = f"{len(running)} Docent process{'es' * (len(running) > 1)}"
    if leaving:
        yield Check("processes", "error", f"Connected elsewhere: {', '.join(leaving)}.", "End Docent and report this.")
    elif listening:
        now = f", now to {', '.join(coming)}" if coming else ""
        text = f"Open to your network at {', '.join(listening)}{now}."
        yield Check("processes", "warning", text, "If that is not meant: docent ui without --address.")
    else:
        yield Check("processes", "ok", f"{count}, connected to nothing but this machine.")


def _is_docent(process: Any) -> bool:
    words = process.info["cmdline"] or []
    named = any(word in _PROGRAMS or Path(word).name in ("docent", "docent.exe") for word in words[:5])
    return named and process.pid != os.getpid()


def _outside(processes: list[psutil.Process]) -> list[tuple[str, str]]:
    """Returns (own address, remote address) of sockets that reach beyond this machine; the latter is '' for a listening
    one."""
    found = []
    for process in processes:
        try:
            sockets = process.net_connections(kind="inet")
        except (psutil.Error, OSError):  # it ended, or is somebody else's
            continue
        for one in sockets:
            other = one.raddr.ip if one.raddr else ""
            if other and not _is_here(other):
                found.append((f"{one.laddr.ip}:{one.laddr.port}", f"{other}:{one.raddr.port}"))
            elif not other and one.status == psutil.CONN_LISTEN and not _is_here(one.laddr.ip):
                found.append((f"{one.laddr.ip}:{one.laddr.port}", ""))
    return found


def _is_here(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


# --- what could call home ---


def _environment(variables: Mapping[str, str]) -> Iterator[Check]:
    changed = [name for name, (value, _) in _QUIET.items() if variables.get(name, value) != value]
    if changed:
        text = f"Set in your environment, and obeyed: {', '.join(f'{name}={variables[name]}' for name in changed)}."
        yield Check("environment", "warning", text, f"Take them out: unset {' '.join(changed)}")
    else:
        yield Check("environment", "ok", f"{', '.join(words for _, words in _QUIET.values())}.")
    proxies = sorted(name for name in variables if name.lower() in ("http_proxy", "https_proxy", "all_proxy"))
    text = "The pages gather no statistics, and tell browsers to fetch nothing from elsewhere."
    text += " One thing uses the network, when you ask for it: fetching a model"
    text += f", through {', '.join(proxies)}." if proxies else "."
    yield Check("settings", "ok", text)
