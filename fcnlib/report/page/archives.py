"""What the page says of the archives: which are the published files."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.archives.verified import Verified, read_verified


class Archives(NamedTuple):
    """The archives of a run, by whether they are the published files.

    Of a file that could not be had, the one that takes its place is among the first three.
    """

    published: list[Verified]  # with the published checksum
    first_seen: list[Verified]  # complete; none is published
    own: list[Verified]  # other files than the published ones
    unavailable: list[Verified]  # at no address

    @property
    def data_sets(self) -> str:
        """What the page calls them."""
        return "files that are not the published ones" if self.own else "the published data sets"

    @property
    def summary(self) -> str:
        """How many of them are what."""
        total = len(self.published) + len(self.first_seen) + len(self.own)
        missing = f"; {len(self.unavailable)} not available" if self.unavailable else ""
        return f"{len(self.published)} of {total} files have the published checksum{missing}"


def archives_by_status(records: Sequence[Path | str]) -> Archives:
    """What the records of a run's archives say."""
    found = read_verified(map(Path, records))
    found += [item.fallback for item in found if item.fallback]
    by_status = ("published", "first-seen", "own", "unavailable")
    return Archives(*([item for item in found if item.status == status] for status in by_status))
