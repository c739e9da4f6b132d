"""What converters are said to have fits the published files."""

import re

from fixtures.workflow import REPOSITORY

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.converters import ARCHIVES_INFO, SYNTHETIC_ARCHIVES, VOC_YEARS


def test_converters_read_files_of_the_catalogue_alone() -> None:
    named = {name for info in ARCHIVES_INFO.values() for names in info.archives for name in names}
    assert named <= ARCHIVES.keys()


def test_every_published_voc_has_a_year() -> None:
    assert VOC_YEARS.keys() == {name for name in ARCHIVES if name.startswith("VOCtrainval")}
    assert all(name.endswith(f"{year}.tar") for name, year in VOC_YEARS.items())


def test_synthetic_archives_are_those_that_rules_write() -> None:
    text = (REPOSITORY / "workflow/rules/synthetic.smk").read_text("utf-8")
    assert set(re.findall(r'PATHS\.archive\("([\w.-]+)"\)', text)) == SYNTHETIC_ARCHIVES
