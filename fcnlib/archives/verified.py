"""What is known of the archives of a run: whether they are the published files."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fcnlib.archives.catalogue import ARCHIVES, Archive
from fcnlib.archives.unavailable import Unavailable, read_mark, replacement
from fcnlib.archives.verify import verify
from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.files import sha256, write_json
from fcnlib.core.reading import read_bytes

log = logging.getLogger(__name__)


# It has the published checksum; none is published, and it is complete; it is another file; a mark
# that no address has it.
Status = Literal["published", "first-seen", "own", "unavailable"]


class Verified(BaseModel):
    """What was found of an archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str
    status: Status
    sha256: str  # empty where there is only a mark
    mark: Unavailable | None = None
    fallback: "Verified | None" = None  # the file that takes its place


def status_of(path: Path, archives: Mapping[str, Archive] = ARCHIVES) -> Status:
    """Compare a file with what is published of it; a warning where it is another one."""
    try:
        if path.name not in archives:
            raise InputError(f"{path}: not in the catalogue of published files")
        verify(path, archives[path.name])
        return "published" if archives[path.name].checksum else "first-seen"
    except InputError as error:
        if not path.is_file():
            raise
        log.warning("%s; it is used as a file of your own", error)
        return "own"


def verified(path: Path, archives: Mapping[str, Archive] = ARCHIVES) -> Verified:
    """The status and checksum of a file; a warning where it is not the published one.

    Of a mark, those of the file that takes the place of the missing one.
    """
    if mark := read_mark(path):
        other = replacement(path, mark)
        return Verified(
            file=path.name,
            status="unavailable",
            sha256="",
            mark=mark,
            fallback=verified(other, archives) if other else None,
        )
    return Verified(file=path.name, status=status_of(path, archives), sha256=sha256(path))


def record_verified(path: Path, record: Path) -> None:
    """Write what `verified` finds."""
    write_json(record, verified(path).model_dump())


def read_verified(records: Iterable[Path]) -> list[Verified]:
    """The records of a run's archives."""
    return [_read(Path(path)) for path in records]


def _read(path: Path) -> Verified:
    try:
        return Verified.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}") from None
