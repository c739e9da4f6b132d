"""The check that an archive is complete, for archives without a published checksum."""

from pathlib import Path

from fcnlib.archives.listing import Member
from fcnlib.archives.members import DamagedArchiveError, all_members, content_of
from fcnlib.core.errors import InputError


def check_complete(path: Path, advice: str = "") -> None:
    """Raise unless a tar, gzipped or not, or a zip can be read to its end.

    `advice` is appended to the message.
    """
    try:
        files = sum(_is_whole_file(path, member) for member in all_members(path))
        if not files:  # zeros alone are a tar, too
            raise InputError(f"{path}: no file in it")
    except DamagedArchiveError as error:
        problem = "not a tar or zip archive, or cut short"
        raise InputError(f"{path}: {problem} ({error.reason}){advice}") from None
    except InputError as error:
        raise InputError(f"{error}{advice}") from None


def _is_whole_file(path: Path, member: Member) -> bool:
    """Read a file to its end; False for a folder or link."""
    if member.kind != "file":
        return False
    for _ in content_of(path, member):
        pass
    return True
