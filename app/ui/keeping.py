"""Keeps the index in step with its folders: one run at a time, in the background. No Streamlit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app.ui.live import Job
from ingest.datatypes import Encoder
from ingest.encryption.vault import Key
from ingest.errors import IndexBusy, StorageError
from ingest.store.file import FILE
from ingest.sync.control import Control
from ingest.sync.folders import Folder, folders_of, scan_all, with_documents
from ingest.sync.plan import Pending
from ingest.sync.progress import Progress
from ingest.sync.sync import Report, sync
from ingest.sync.watch import changes

_GONE = 10.0  # seconds that the end waits for a run
_LOOK = 0.5  # seconds between two looks at whether something is done
_BUSY = 3.0  # seconds until a run that nobody asked for is tried again


class Keeping:
    """Runs and watches the folders. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        index_dir: Path,
        encoder: Callable[[], Encoder],
        forget: Callable[[], None],
        key: Key | None = None,
    ) -> None:
        """`forget` is called before files of the index change, so that users close what they opened of it."""
        self.folder, self.index_dir = folder, index_dir
        self.job: Job[Progress, Report | None] | None = None
        self.passwords: dict[str, str] = {}  # of documents, by their path; never stored
        self._encoder, self._forget = encoder, forget
        self._key = key
        self._control = Control()
        self._lock = threading.RLock()
        self._wanted = self._reading = False  # a look at the folder; whether one is being taken
        self._pending: Pending | None = None  # what that look is to leave out, when nobody asked for it
        self._watching: threading.Event | None = None  # set to end it
        self.away: Mapping[Path, str] = {}  # folders that are not there, as watching found, and why

    @property
    def folders(self) -> list[Folder]:
        """The folders of the index, which may be several."""
        return folders_of(self.index_dir, self.folder, self._key)

    # -- what people ask of it

    def look(self, rebuild: bool = False, then: Callable[[], None] = lambda: None) -> None:
        """Brings the index in step, in the background, and then calls `then`. During a run, another one is
        scheduled."""
        with self._lock:
            self._pending = None
            self._begin(rebuild, then)

    def _begin(self, rebuild: bool, then: Callable[[], None]) -> None:
        self._wanted = True
        if rebuild:
            self._forget()  # its files are about to go
        if not self._reading:
            self._reading = True
            self.job = Job(lambda tell: self._look(tell, rebuild, then))

    def keep_up(self, on: bool, then: Callable[[], None] = lambda: None) -> None:
        """Turns watching on or off. Changes in the folders then start a run, but not before the folders were read
        once."""
        with self._lock:
            if on and not self._watching:
                self._watching = threading.Event()
                threading.Thread(target=self._watch, args=(self._watching, then), daemon=True).start()
            elif not on and self._watching:
                self._watching.set()
                self._watching, self.away = None, {}

    def _watch(self, stop: threading.Event, then: Callable[[], None]) -> None:
        while not (self.index_dir / FILE).is_file():
            if stop.wait(_LOOK):
                return
        folders = self.folders
        for news in changes(folders, stop, full=with_documents(self.index_dir, folders, self._key)):
            self.away = news.away
            while news.run_due and not stop.is_set():
                with self._lock:
                    if not self._reading:
                        self._pending = news.pending
                        self._begin(False, then)
                        job = self.job
                        break
                stop.wait(_LOOK)  # a run that somebody asked for goes on; it may have begun before the change
            else:
                continue
            while job and job.running and not stop.wait(_LOOK):
                pass

    @property
    def reading(self) -> bool:
        """Whether a run is in progress."""
        return self._reading

    @property
    def paused(self) -> bool:
        """Whether the run is paused."""
        return self._control.paused

    def pause(self) -> None:
        self._control.pause()

    def resume(self) -> None:
        self._control.resume()

    def cancel(self) -> None:
        """Cancels the run. What was finished is kept and published; the next run continues."""
        with self._lock:
            self._wanted = False
            self._control.cancel()

    def delete(self, path: str) -> None:
        """Deletes a document's file. The next run removes it from the index. Raises StorageError."""
        files, _ = scan_all(self.folders)
        found = next((found for found in files if found.path == path), None)
        if found is None:  # gone already: the index catches up
            return
        try:
            found.file.unlink()
        except OSError as error:
            raise StorageError(f"{path} could not be deleted: {error.strerror}.", "Check its permissions.") from error

    def close(self) -> None:
        """Ends a run and watching, and forgets the key."""
        self.cancel()
        if self.job:
            self.job.wait(_GONE)
        self._key = None
        self.passwords = {}

    # -- the run

    def _look(self, tell: Callable[[Progress], None], rebuild: bool, then: Callable[[], None]) -> Report | None:
        report = None
        try:
            while self._still_wanted():
                report = self._sync(tell, rebuild)
                rebuild = False
                if report.changed or report.removed:
                    self._forget()  # whoever has it open has counted what was kept of them
        finally:
            self._reading = False
        then()
        return report

    def _sync(self, tell: Callable[[Progress], None], rebuild: bool) -> Report:
        """Runs `sync`. A run that nobody asked for waits while another process writes the index."""
        pending = self._pending
        while True:
            try:
                return sync(
                    [] if pending else self.folder, self.index_dir, self._encoder(), on_progress=tell,
                    rebuild=rebuild, control=self._control, pending=pending,
                    passwords=dict(self.passwords), key=self._key,
                )  # fmt: skip
            except IndexBusy:
                if not pending or self._control.cancelled:
                    raise
                time.sleep(_BUSY)

    def _still_wanted(self) -> bool:
        """Whether another run was asked for. If not, the work is marked as ended here, before anyone can ask again."""
        with self._lock:
            wanted, self._wanted = self._wanted, False
            self._reading = wanted
            if wanted:
                self._control = Control()
            return wanted
