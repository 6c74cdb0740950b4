"""Tells when the files of some folders have changed, and which of them are still being written.

The operating system says that something changed; what it was is found by scanning. So notices that get lost, or that
never come from a network drive, only cost some time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import InvalidInput, StorageError
from ingest.readers.read import SUFFIXES
from ingest.sync.folders import Folder, owner
from ingest.sync.plan import Pending
from ingest.sync.scan import scan

_QUIET = 2.0  # seconds that a file must stand still, or be gone, until that counts
_LOOK = 0.5  # seconds between two looks while one does not
_RARELY = 60.0  # seconds between two looks where the system tells of changes
_POLL = 4.0  # where it does not
_PATIENCE = 20  # times as long as a look took, it waits at least until the next, unless told of a change
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "afp",
    "webdav",
    "davfs",
    "sshfs",
    "rclone",
    "9p",
    "ncpfs",
    "vboxsf",
    "vmhgfs",
    "drvfs",
)

Stamp = tuple[int, int]  # size, mtime_ns


@dataclass(frozen=True, slots=True)
class News:
    """What changed. `run_due`: files have changed, and a run is due that leaves out what is `pending`. `away` gives the
    reason for each missing folder, by its path; its documents stay."""

    run_due: bool
    pending: Pending = field(default_factory=Pending)
    away: Mapping[Path, str] = field(default_factory=dict)


def changes(
    folders: Sequence[Folder],
    stop: threading.Event,
    *,
    poll: bool = False,
    quiet_seconds: float = _QUIET,
    every: float = _POLL,
    full: Collection[Path] = (),
) -> Iterator[News]:
    """Yields news until `stop` is set, the first at once.

    With `poll`, and on network drives, the folders are scanned `every` few seconds, elsewhere when the system says so.
    A file counts once it did not change for `quiet_seconds`. `full` are the paths of folders that had files when they
    were last read.
    """
    eyes = _Eyes(folders, quiet_seconds, full)
    with _noticing(folders, poll) as (noticed, is_told):
        while not stop.is_set():
            noticed.clear()
            began = time.monotonic()
            news = eyes.look(began)
            took = time.monotonic() - began
            if news:
                yield news
            stop.wait(took)  # of a large folder that goes on changing, looking takes half the time at most
            pause = _LOOK if eyes.is_waiting else _RARELY if is_told else every
            end = time.monotonic() + max(pause, _PATIENCE * took)
            while time.monotonic() < end and not stop.is_set() and not noticed.wait(min(_LOOK, pause)):
                pass


class _Eyes:
    """What was last seen in the folders, and what was last reported."""

    def __init__(self, folders: Sequence[Folder], quiet_seconds: float, full: Collection[Path]) -> None:
        self._folders, self._quiet_seconds = folders, quiet_seconds
        self._told: dict[str, Stamp] | None = None  # as the index has it, or is about to
        self._away: dict[Path, str] = {}
        self._seen: dict[str, Stamp] = {}
        self._since: dict[str, float] = {}  # when a file that does not stand still was last seen to change
        # (device, inode) of each folder when it last had files; None for one that was not seen yet.
        self._identity: dict[Path, tuple[int, int] | None] = dict.fromkeys(full)

    @property
    def is_waiting(self) -> bool:
        return bool(self._since)

    def look(self, now: float) -> News | None:
        seen, away = self._scan()
        if self._told is None:  # what is there at first is taken to stand still
            self._seen = seen
        for path in seen.keys() | self._seen.keys():
            if seen.get(path) != self._seen.get(path):
                self._since[path] = now
        self._seen = seen
        self._since = {path: since for path, since in self._since.items() if now - since < self._quiet_seconds}
        told = self._told or {}
        view = {path: stamp for path, stamp in seen.items() if path not in self._since}
        view |= {path: told[path] for path in self._since if path in told}
        changed, other = view != self._told, away != self._away
        self._told, self._away = view, away
        pending = Pending(frozenset(self._since), frozenset(away))
        return News(changed, pending, away) if changed or other else None

    def _scan(self) -> tuple[dict[str, Stamp], dict[Path, str]]:
        seen: dict[str, Stamp] = {}
        away: dict[Path, str] = {}
        for folder in self._folders:
            try:
                status = folder.place.stat()
                files = scan(folder.place)
            except (OSError, InvalidInput, StorageError) as error:
                away[folder.place] = str(error) if isinstance(error, StorageError) else "it is not there"
            else:
                identity = (status.st_dev, status.st_ino)
                if files:
                    self._identity[folder.place] = identity
                elif self._identity.get(folder.place, identity) != identity:
                    # Where a network drive was mounted, there is an empty folder, but it is another one.
                    away[folder.place] = "it is empty, perhaps because a drive is not connected"
                seen |= {folder.named(found.path): (found.size, found.mtime_ns) for found in files}
        held = {folder for folder in self._folders if folder.place in away}
        for path, stamp in (self._told or {}).items():
            if held and owner(self._folders, path) in held:
                seen[path] = stamp
        return seen, away


@contextmanager
def _noticing(folders: Sequence[Folder], poll: bool) -> Iterator[tuple[threading.Event, bool]]:
    """Yields an event that is set when something happens in the folders, and whether the system reports changes at
    all."""
    noticed = threading.Event()
    if poll or any(on_network(folder.place) for folder in folders):
        yield noticed, False
        return
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Notice(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            names = (event.src_path, event.dest_path)
            if event.event_type in ("created", "modified", "deleted", "moved") and (
                event.is_directory or any(Path(str(name)).suffix.lower() in SUFFIXES for name in names)
            ):
                noticed.set()

    observer = Observer()
    try:
        for folder in folders:
            observer.schedule(Notice(), str(folder.place), recursive=True)
        observer.start()
    except OSError:  # a folder that is not there, or more folders than the system will watch
        observer.unschedule_all()
        yield noticed, False
        return
    try:
        yield noticed, True
    finally:
        observer.stop()
        observer.join()


def on_network(place: Path) -> bool:
    """Whether other machines may change the folder without this one being told."""
    import psutil

    mounts = [part for part in psutil.disk_partitions(all=True) if place.resolve().is_relative_to(part.mountpoint)]
    nearest = max(mounts, key=lambda part: len(part.mountpoint), default=None)
    if nearest is None:
        return str(place).startswith(("\\\\", "//"))
    return "remote" in nearest.opts.split(",") or any(kind in nearest.fstype.lower() for kind in _NETWORK)
