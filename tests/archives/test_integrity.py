"""Archives without a published checksum: damaged ones are noticed."""

from pathlib import Path

import pytest
from fixtures.downloads import packed_archive

from fcnlib.archives.integrity import check_complete
from fcnlib.core.errors import InputError

NAME = "data.tar"


@pytest.mark.parametrize("kind", ["tgz", "zip"])
def test_a_flipped_bit_of_a_packed_archive_is_noticed(tmp_path: Path, kind: str) -> None:
    content = bytearray(packed_archive(kind))
    content[len(content) // 3] ^= 4
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(InputError, match="not a tar or zip archive"):
        check_complete(tmp_path / NAME)


def test_a_gzipped_archive_that_lacks_its_own_checksum_is_cut(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed_archive("tgz")[:-4])
    with pytest.raises(InputError, match="not a tar or zip archive"):
        check_complete(tmp_path / NAME)
