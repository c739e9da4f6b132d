"""Which names a pattern fits."""

import re

from fcnlib.plan.patterns import none_of, one_of


def test_one_of_fits_these_names_alone() -> None:
    assert re.fullmatch(one_of(["a.pt", "b"]), "a.pt")
    assert not re.fullmatch(one_of(["a.pt", "b"]), "axpt")
    assert not re.fullmatch(one_of([]), "")


def test_none_of_fits_all_other_folders() -> None:
    path = rf"metrics/({none_of(['voc'])})/0\.json"
    assert not re.fullmatch(path, "metrics/voc/0.json")
    found = re.fullmatch(path, "metrics/voc-fcn32s/0.json")
    assert found and found[1] == "voc-fcn32s"
