"""Takes in an exported library: all of it is checked, elsewhere, before anything becomes visible."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.encryption.vault import Key, is_encrypted
from ingest.errors import DocentError, IndexDamaged, InvalidInput, StorageError
from ingest.store.lock import writing
from ingest.store.snapshots import publish
from ingest.store.store import Store
from ingest.sync.folders import Folder, remember
from ingest.sync.scan import OWN
from ingest.upkeep.archive import DOCUMENTS, SETTINGS, is_safe
from ingest.upkeep.check import examine
from ingest.upkeep.members import REFUSED, blocks, extract, opened

_SPARE = 64 << 20  # bytes of disk that stay free


@dataclass(frozen=True, slots=True)
class Imported:
    """The contract of `docent import --json`. `notes` say what is still to be done, in words for people."""

    index: str
    folder: str
    documents: int
    passages: int
    files: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def name_in(file: Path) -> str:
    """The name under which the library was kept. Raises InvalidInput when the file is none."""
    with opened(file) as (_, manifest):
        name = str(manifest["name"])
    return name if is_safe(name) and "/" not in name else "imported"


def import_library(
    file: Path,
    index_dir: Path,
    folder: Path | None,
    encoder: str,
    settings: Mapping[str, Path] | None = None,
    *,
    replace: bool = False,
    unlock: Callable[[Path], Key | None] = lambda folder: None,
) -> Imported:
    """Makes the library in `file` the index in `index_dir`, all of it or nothing.

    `folder` is where its documents go, or lie already; `encoder` the name of the one on this machine; `settings`
    where further files go, by name, unless there is one; `unlock` gives the key of an encrypted library, by its folder.
    Raises InvalidInput for what is not a whole library, is there
    already, or cannot be used here; IndexLocked, IndexBusy, StorageError.
    """
    index_dir, incoming = index_dir.absolute(), _beside(index_dir, "incoming")
    replaced = _beside(index_dir, "replaced")
    if replaced.exists() and not index_dir.exists():
        replaced.rename(index_dir)  # an import that was killed between its two last steps
    if index_dir.exists() and any(index_dir.iterdir()) and not replace:
        raise InvalidInput(f"There is an index in {index_dir}.", "Choose another with --index, or say --replace.")
    if is_encrypted(index_dir):
        raise InvalidInput(f"{index_dir} is encrypted, with conversations in it.", "Choose another with --index.")
    with opened(file) as (archive, manifest):
        members: dict[str, Any] = manifest["members"]
        brings = [name for name in members if name.startswith(DOCUMENTS)]
        _may_be_used(manifest, encoder, bool(brings), folder)
        folder = (folder or Path(index_dir.name)).absolute() if brings else folder and folder.absolute()
        _room_for(folder, bool(brings), sum(about["bytes"] for about in members.values()), index_dir)
        arriving = _beside(folder, "incoming") if folder and brings else incoming
        with _alone(_beside(index_dir, "importing")), _cleared(incoming, arriving):
            extract(archive, members, incoming, arriving)
            _prove(file, incoming, manifest, folder, unlock(incoming))
            if folder and brings:
                if folder.exists():
                    folder.rmdir()  # it is empty
                arriving.rename(folder)
            try:
                _swap(incoming, index_dir, replaced)
            except BaseException:
                if folder and brings:
                    folder.rename(arriving)
                raise
        shutil.rmtree(replaced, ignore_errors=True)
        notes = [*_take_settings(archive, members, folder, settings or {}), *_still_to_do(manifest, encoder, folder)]
    return Imported(
        str(index_dir), str(folder or manifest["folder"]), manifest["documents"], manifest["passages"],
        len(brings), tuple(notes),
    )  # fmt: skip


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One import at a time into an index. Raises IndexBusy, StorageError."""
    with writing(place):
        try:
            yield
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _cleared(*places: Path) -> Iterator[None]:
    """Of what an earlier import left, before, and of what this one does not need, after. Raises StorageError."""
    try:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise StorageError(
            f"The library could not be written: {error.strerror or error}.",
            "Free some space, or check the folder's permissions. Nothing was changed.",
        ) from error
    finally:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)


def _may_be_used(manifest: Mapping[str, Any], encoder: str, brings: bool, folder: Path | None) -> None:
    if encoder != manifest["encoder"] and not brings and not (folder and folder.is_dir()):
        raise InvalidInput(
            f"It was made with another encoder ({manifest['encoder']}; here it is {encoder}), and the documents are "
            "not in it to be read again.",
            "Export it with --with-documents, name their folder with --folder, or set the encoder it was made with.",
        )


def _room_for(folder: Path | None, brings: bool, size: int, index_dir: Path) -> None:
    """Raises InvalidInput when the folder is taken or missing, StorageError when the disk is too small for it all."""
    if folder and brings and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput(f"{folder} is not empty.", "Name another place for the documents with --folder.")
    if folder and not brings and not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.", "Name the one that holds the documents, or leave it out.")
    for place in (index_dir, *([folder] if folder else [])):
        there = next(parent for parent in (place, *place.parents) if parent.exists())
        if shutil.disk_usage(there).free < size + _SPARE:
            raise StorageError(
                f"It holds {size / 1e9:.1f} GB, for which the disk of {there} has no room.", "Free some space."
            )


def _prove(file: Path, incoming: Path, manifest: Mapping[str, Any], folder: Path | None, key: Key | None) -> None:
    """The store is one of Docent's, and holds what it should. Publishes its snapshot. Raises InvalidInput."""
    try:
        with closing(Store(incoming, create=True, key=key)) as store:  # brings an older one up to date
            if foreign := store.foreign():
                raise InvalidInput(f"{file} holds a store that Docent did not make ({foreign}).", REFUSED)
            if folder:
                remember(store, [Folder("", folder)])  # those of several folders lie below it, by their names
            counts = tuple(store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("documents", "chunks"))
            if counts != (manifest["documents"], manifest["passages"]):
                raise IndexDamaged("it does not hold what the manifest says")
            store.erase_traces()
            publish(store)
            found = examine(store, lambda file: False)
    except IndexDamaged as error:
        raise InvalidInput(f"The library in {file} is damaged: {error}", REFUSED) from error
    if not found.is_whole:
        raise InvalidInput(f"The library in {file} is damaged: {found.findings[0].message}.", REFUSED)


def _swap(incoming: Path, index_dir: Path, replaced: Path) -> None:
    """The new index takes the place of what was there, which is moved aside and comes back should that fail."""
    index_dir.parent.mkdir(parents=True, exist_ok=True)
    if not index_dir.exists():
        incoming.rename(index_dir)
        return
    with writing(index_dir):
        shutil.rmtree(replaced, ignore_errors=True)
    index_dir.rename(replaced)
    try:
        incoming.rename(index_dir)
    except OSError:
        replaced.rename(index_dir)
        raise


def _take_settings(
    archive: zipfile.ZipFile, members: Mapping[str, Any], folder: Path | None, settings: Mapping[str, Path]
) -> Iterator[str]:
    """What belongs to the folder, and further files, each where there is none yet."""
    places = {**({name: folder / name for name in OWN} if folder else {}), **settings}
    for name, about in members.items():
        target = places.get(name.removeprefix(SETTINGS)) if name.startswith(SETTINGS) else None
        if target is None:
            continue
        if target.exists():
            yield f"{target} is there already and stays as it is."
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"".join(blocks(archive, name, about)))
        except (OSError, DocentError) as error:
            yield f"{target} could not be written: {error}"


def _still_to_do(manifest: Mapping[str, Any], encoder: str, folder: Path | None) -> Iterator[str]:
    if encoder != manifest["encoder"]:
        yield (
            f"It was made with another encoder ({manifest['encoder']}): before it answers, its documents are read and "
            f"embedded again by docent ingest {folder}"
        )
    if folder is None:
        yield (
            "The documents are not in it: passages and pages can be read, the files not opened. Where they are on this "
            "machine, say --folder."
        )


def _beside(place: Path, what: str) -> Path:
    return place.absolute().with_name(f".{place.name}.{what}")
