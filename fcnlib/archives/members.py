"""Members of a tar or zip archive, read in one pass without unpacking the others."""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fcnlib.archives.listing import Member
from fcnlib.archives.tar_listing import tar_listing
from fcnlib.archives.zip_listing import ZIP, zip_listing
from fcnlib.core.errors import DAMAGED, InputError, first_line
from fcnlib.core.printing import printable
from fcnlib.core.reading import open_regular

MEMBERS = 500_000  # more than any published archive has
MEMBER_SIZE = 1 << 28  # bytes of a member that is read at once
ICON = "Icon\r"  # macOS's file of a folder's icon


class DamagedArchiveError(InputError):
    """An archive that is of no known format, or damaged."""

    def __init__(self, archive: Path, kind: str, reason: str) -> None:
        super().__init__(f"{archive}: not a {kind} archive or cut short ({reason})")
        self.reason = reason


def members(archive: Path, wanted: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """The match and content of each file whose full name matches, in the archive's order.

    Format and compression follow from the content: SBD's `.tgz` was published uncompressed, too. A
    member that would be unpacked outside of its folder, and two files of one name or with equal
    groups of the pattern, make the archive an error.
    """
    first: dict[tuple[str, ...], str] = {}  # groups -> name
    for member in all_members(archive):
        match = wanted.fullmatch(member.name)
        if not match or member.kind == "folder":
            continue
        name = printable(member.name)
        if member.kind != "file" or member.size > MEMBER_SIZE or name != member.name:
            expected = f"a regular file of at most {MEMBER_SIZE >> 20} MiB with a printable name"
            raise InputError(f"{archive}: {name}: expected {expected}")
        key = tuple(filter(None, match.groups())) or (match[0],)
        if first.setdefault(key, name) != name:
            raise InputError(f"{archive}: {name}: there twice, first as {first[key]}")
        yield match, b"".join(content_of(archive, member))


def all_members(archive: Path) -> Iterator[Member]:
    """The members in the archive's order; an error if one is unsafe, or a file there twice."""
    names: set[str] = set()
    with open_regular(archive) as file, _damage_named(archive):
        start = file.read(len(ZIP))
        file.seek(0)  # the end, where zipfile looks, may be cut off
        for member in zip_listing(file) if start == ZIP else tar_listing(file):
            name, place = printable(member.name), os.path.normpath(member.name)
            if _is_unsafe(member):
                raise InputError(f"{archive}: unsafe member: {name}")
            if member.kind != "folder" and place in names:
                raise InputError(f"{archive}: {name}: there twice")
            names.add(place)
            if len(names) > MEMBERS:
                raise InputError(f"{archive}: more than {MEMBERS} members")
            yield member


def content_of(archive: Path, member: Member) -> Iterator[bytes]:
    """The content of a file in parts; an error unless there is as much of it as declared."""
    size = 0
    with _damage_named(archive), member.open() as file:
        while part := file.read(1 << 20):
            size += len(part)
            yield part
        if size != member.size:
            raise EOFError(f"{printable(member.name)}: {size} of {member.size} bytes")


@contextmanager
def _damage_named(archive: Path) -> Iterator[None]:
    """Name the archive and its format in what other libraries say of damage."""
    try:
        yield
    except InputError:
        raise
    except DAMAGED as error:
        with open_regular(archive) as file:
            kind = "zip" if file.read(len(ZIP)) == ZIP else "tar"
        raise DamagedArchiveError(archive, kind, first_line(error)) from None


def _is_unsafe(member: Member) -> bool:
    """Whether tarfile's `data` filter would refuse it, or a terminal would obey its name."""
    is_control = "Cc" in map(unicodedata.category, member.name.removesuffix(ICON))
    return (
        is_control
        or member.kind == "device"
        or any(map(_is_outside, (member.name, *member.targets)))
    )


def _is_outside(name: str) -> bool:
    path = os.path.normpath(name)
    has_drive = re.match("[A-Za-z]:", path) is not None
    return has_drive or os.path.isabs(path) or path.split(os.sep)[0] == os.pardir
