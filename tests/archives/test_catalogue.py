"""The catalogue of published files."""

import pytest

from fcnlib.archives.catalogue import ARCHIVES


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_archive_has_terms_and_something_to_check_it_by(name):
    archive = ARCHIVES[name]
    algorithm, _, digest = archive.checksum.partition(":")
    digits = {"md5": 32, "sha256": 64, "sha384": 96, "sha256-prefix": 8}
    assert archive.terms
    if archive.checksum:
        assert len(digest) == digits[algorithm] and int(digest, 16)
    elif archive.floats is not None:
        assert 50e6 < archive.floats < 300e6
    else:
        assert name.endswith((".tar", ".tar.gz", ".tgz", ".zip"))


def test_the_test_images_of_voc2012_have_a_published_checksum():
    archive = ARCHIVES["VOC2012test.tar"]
    assert archive.checksum.startswith("sha256:f08582b1") and archive.size == 1_850_626_560


def test_no_address_is_given_twice_or_on_a_host_that_is_gone():
    urls = [url for archive in ARCHIVES.values() for url in archive.urls]
    assert len(urls) == len(set(urls))
    assert not [url for url in urls if "pjreddie" in url]
