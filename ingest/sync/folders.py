"""The folders of one index: usually one, or several whose files are in the index together.

Files of the first folder are named by their path in it, so a second folder changes nothing for an index of one. Names
of files in other folders begin with the name of their folder, which stays what it was when the folder was added.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.encryption.vault import Key
from ingest.errors import InvalidInput, LibraryError
from ingest.files import storable
from ingest.store.store import Store
from ingest.sync.scan import Found, scan


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of documents. Its files' names begin with `name` and a slash; `name` is '' for the first folder of an
    index."""

    name: str
    place: Path

    def named(self, path: str) -> str:
        """Returns the name in the index of a file at `path` in this folder."""
        return f"{self.name}/{path}" if self.name else path


def remembered(store: Store) -> list[Folder]:
    """Returns the folders that the index was last made of; none before the first run."""
    if several := store.meta("folders"):
        return [Folder(name, Path(place)) for name, place in json.loads(several)]
    return [Folder("", Path(place))] if (place := store.meta("folder")) else []


def places(store: Store) -> list[Path]:
    """Returns the paths of the index's folders."""
    return [folder.place for folder in remembered(store)]


def remember(store: Store, folders: Sequence[Folder]) -> None:
    """Stores the folders that the index is made of."""
    several = json.dumps([[folder.name, storable(str(folder.place))] for folder in folders])
    for key, value in (
        ("folder", storable(str(folders[0].place))),
        ("folders", several if len(folders) > 1 or folders[0].name else ""),
    ):
        if store.meta(key) != value:
            store.set_meta(key, value)


def known_of(index_dir: Path, key: Key | None = None) -> list[Folder]:
    """Returns the folders that an index was last made of; none where it cannot be opened."""
    try:
        with closing(Store(index_dir, key=key)) as store:
            return remembered(store)
    except LibraryError:
        return []


def folders_of(index_dir: Path, first: Path, key: Key | None = None) -> list[Folder]:
    """Returns all folders of an index of which `first` is one; only `first` where nothing was ingested yet."""
    return merge_folders(known_of(index_dir, key), [first])


def with_documents(index_dir: Path, folders: Sequence[Folder], key: Key | None = None) -> set[Path]:
    """Returns the paths of those folders that have documents in the index."""
    try:
        with closing(Store(index_dir, key=key)) as store:
            return {owner(folders, document.path).place for document in store.documents()}
    except LibraryError:
        return set()


def merge_folders(known: Sequence[Folder], given: Sequence[Path] = (), without: Collection[Path] = ()) -> list[Folder]:
    """Returns the folders for a run: the known ones, minus `without`, plus new ones among those given.

    If the first one given is not known, it replaces the first folder, as when the folder of an index was moved. Raises
    InvalidInput when one lies in another, and when none is left.
    """
    leaving = {place.resolve() for place in without}
    if unknown := leaving - {folder.place.resolve() for folder in known}:
        raise InvalidInput(f"{min(unknown)} is none of this index's folders.", _of(known))
    places = list(dict.fromkeys(place.resolve() for place in given))
    folders = [folder for folder in known if folder.place.resolve() not in leaving]
    if places and not any(folder.place.resolve() == places[0] for folder in folders):
        if folders and not folders[0].name:
            del folders[0]
        folders.insert(0, Folder("", places[0]))
    for place in places:
        if not any(folder.place.resolve() == place for folder in folders):
            folders.append(Folder(storable(place.name) or "folder", place))
    if not folders:
        raise InvalidInput("No folder is left in this index.", "Name one, e.g. docent ingest sample_docs")
    for one in folders:
        for other in folders:
            if one is not other and one.place.resolve().is_relative_to(other.place.resolve()):
                raise InvalidInput(f"{one.place} lies in {other.place}.", "Name only the outer folder.")
    return _unambiguous(folders)


def _of(known: Sequence[Folder]) -> str:
    return f"They are: {', '.join(str(folder.place) for folder in known) or 'none yet'}."


def _unambiguous(folders: Sequence[Folder]) -> list[Folder]:
    """Adds a number to a name that another folder has, or a file or folder at the top of the first."""
    taken = {""}
    found = []
    for folder in folders:
        name, number = folder.name, 2
        while name and (name.casefold() in taken or (not folders[0].name and (folders[0].place / name).exists())):
            name, number = f"{folder.name} ({number})", number + 1
        taken.add(name.casefold())
        found.append(Folder(name, folder.place))
    return found


def scan_all(
    folders: Sequence[Folder], needed: Iterable[Path] = (), gone: Collection[Path] = ()
) -> tuple[list[Found], list[Folder]]:
    """Returns the files of all folders, by their names in the index, and the folders that are missing or listed in
    `gone`.

    Raises InvalidInput when a missing folder is `needed`, and whatever `scan` raises.
    """
    must = {place.resolve() for place in needed}
    files: list[Found] = []
    away = []
    for folder in folders:
        is_needed = folder.place.resolve() in must or len(folders) == 1
        if folder.place in gone or not (is_needed or folder.place.is_dir()):
            away.append(folder)
            continue
        files += [
            Found(folder.named(found.path), found.file, found.size, found.mtime_ns) for found in scan(folder.place)
        ]
    return files, away


def check_there(places: Iterable[Path]) -> None:
    """Raises InvalidInput for the first path that is not a folder."""
    for place in places:
        if not place.is_dir():
            raise InvalidInput(
                f"There is no folder {place}.",
                "Name a folder that holds your documents, e.g. docent ingest sample_docs",
            )


def owner(folders: Sequence[Folder], path: str) -> Folder:
    """Returns the folder of a document, given its name in the index."""
    named = (folder for folder in folders if folder.name and path.startswith(f"{folder.name}/"))
    return next(named, None) or next((folder for folder in folders if not folder.name), folders[0])


def file_of(folders: Sequence[Folder], path: str) -> Path:
    """Returns the path of a document's file."""
    folder = owner(folders, path)
    return folder.place / path.removeprefix(f"{folder.name}/" if folder.name else "")
