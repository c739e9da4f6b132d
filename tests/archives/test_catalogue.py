"""The catalogue of published files."""

import pytest

from fcnlib.archives.catalogue import ARCHIVES


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_archive_has_addresses_and_something_to_check_it_by(name):
    archive = ARCHIVES[name]
    algorithm, _, digest = archive.checksum.partition(":")
    digits = {"md5": 32, "sha256": 64, "sha384": 96, "sha256-prefix": 8}
    assert archive.urls and archive.terms
    if archive.checksum:
        assert len(digest) == digits[algorithm] and int(digest, 16)
    elif archive.floats is not None:
        assert 50e6 < archive.floats < 300e6
    else:
        assert name.endswith((".tar", ".tar.gz", ".tgz", ".zip"))
