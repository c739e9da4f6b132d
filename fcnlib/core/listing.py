"""What a folder or a pattern lists: the files that people mean, by the names that people see."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fcnlib.core.errors import InputError

MAGIC = re.compile(r"[*?[]")


def visible_files(folder: Path) -> list[Path]:
    """The files in a folder, sorted, without hidden ones.

    Hidden are copies of macOS (`._a.png`) and locks of editors (`.#a.png`). Pipes and devices are
    listed: whoever reads them reports that they are no regular files.
    """
    return _visible(folder)[0]


def files_having(folder: Path, suffixes: Sequence[str]) -> tuple[list[Path], str]:
    """The visible files of a folder with one of these suffixes, and in words what else is there."""
    files, folders = _visible(folder)
    wanted, others = [], Counter[str]()
    for path in files:
        if path.suffix.lower() in suffixes:
            wanted.append(path)
        else:
            others[path.suffix.lower() or "without a suffix"] += 1
    told = [f"{count} {suffix}" for suffix, count in sorted(others.items())]
    if folders:
        told.append(f"{folders} folder{'s' if folders > 1 else ''}")
    return wanted, ", ".join(told)


def _visible(folder: Path) -> tuple[list[Path], int]:
    """The files, sorted, and how many folders there are."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
            files = [folder / entry.name for entry in visible if not _is_folder(entry)]
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder}: no such folder") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed ({error.strerror})") from None
    return sorted(files), len(visible) - len(files)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def matching_files(pattern: str) -> list[Path]:
    """The files that a pattern such as `photos/**/*.jpg` matches, hidden ones if it says so.

    `**` enters no linked folder, which may lead back to one that it has been in.
    """
    parts = Path(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if MAGIC.search(part)), len(parts))
    folder = Path(*parts[:fixed])
    wanted = [part if part == "**" else re.sub(r"\*+", "*", part) for part in parts[fixed:]]
    if not wanted:
        return []
    if wanted[-1] == "**":  # which Python 3.13 alone lets match files
        wanted.append("*")
    found = {path for path in folder.glob("/".join(wanted)) if not os.path.isdir(path)}
    if not any(part.startswith(".") for part in wanted):
        found = {path for path in found if not _is_hidden(path.relative_to(folder))}
    return sorted(found)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def same_form(name: str) -> str:
    """A name of a file as the text by which it is compared with others.

    `é` is one character or two; both look the same, and systems differ in what they write. Python
    takes names for text of the locale's encoding, but they are UTF-8 in all of them.
    """
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "surrogateescape"))


def as_file_name(text: str) -> str:
    """The name, or path, of a file that a text names, whatever the locale."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def file_id(path: Path) -> str:
    """What a file is paired with others by: its name without the suffix, in one form."""
    return same_form(path.stem)
