"""The check that an archive is complete, for archives without a published checksum."""

from pathlib import Path

from fcnlib.archives.members import DamagedArchiveError, all_members, content_of
from fcnlib.core.errors import InputError


def check_complete(path: Path, advice: str = "") -> None:
    """Raise unless a tar, gzipped or not, or a zip can be read to its end.

    `advice` is appended to the message.
    """
    try:
        for member in all_members(path):
            if member.kind == "file":
                for _ in content_of(path, member):
                    pass
    except DamagedArchiveError as error:
        expected = "not a tar or zip archive, or cut short"
        raise InputError(f"{path}: {expected} ({error.reason}){advice}") from None
    except InputError as error:
        raise InputError(f"{error}{advice}") from None
