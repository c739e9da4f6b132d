"""Fingerprints of code: what counts as a change, and what does not."""

from pathlib import Path

import pytest

from fcnlib.core import provenance
from fcnlib.core.fingerprint import fingerprint, stamp

CODE = '''"""A docstring."""
from fcnlib.metrics import mean_iu

def f(x):
    """Another."""
    return mean_iu(x)  # a comment
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(CODE)
    return tmp_path / "script.py"


def changed(script: Path, old: str, new: str) -> bool:
    before = fingerprint(script)
    script.write_text(CODE.replace(old, new))
    provenance._meaning.cache_clear()
    return fingerprint(script) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a comment", "no comment"),
        ("A docstring.", "Other words."),
        ("Another.", "One more."),
        ("\n\ndef", "\n\n\n\ndef"),
        ('"""A docstring."""\n', ""),
        ('    """Another."""\n', ""),
    ],
)
def test_words_and_layout_do_not_count(script: Path, old: str, new: str) -> None:
    assert not changed(script, old, new)


@pytest.mark.parametrize(("old", "new"), [("mean_iu(x)", "mean_iu(2 * x)"), ("def f", "def g")])
def test_code_counts(script: Path, old: str, new: str) -> None:
    assert changed(script, old, new)


def test_a_change_in_an_imported_module_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of its own in fcnlib's place: script -> a -> b."""
    package = tmp_path / "fcnlib"
    package.mkdir()
    files = {"__init__": "", "a": "from fcnlib import b", "b": "x = 1", "c": "y = 1"}
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    script = tmp_path / "script.py"
    script.write_text("import fcnlib.a")
    monkeypatch.setattr(provenance, "PACKAGE", package)

    def now() -> str:
        for cached in (provenance._meaning, provenance._reached, provenance._imports):
            cached.cache_clear()
        return fingerprint(script)

    before = now()
    (package / "c.py").write_text("y = 2")
    assert now() == before
    (package / "b.py").write_text("x = 2")
    assert now() != before


def test_an_edit_in_place_shows_in_a_folders_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    before = stamp([tmp_path])
    assert stamp([tmp_path]) == before
    (tmp_path / "a.png").write_bytes(b"two, longer")
    assert stamp([tmp_path]) != before


def test_training_does_not_depend_on_the_page(repository: Path) -> None:
    """Else a new colour on the page would train everything anew."""
    reached = {path.stem for path in provenance._reached(repository / "workflow/scripts/train.py")}
    assert {"train", "fcn", "metrics", "prepared"} <= reached
    assert not reached & {"page", "figures", "tables", "torchscript", "cli", "voc", "experiments"}


def test_a_result_says_where_it_came_from() -> None:
    told = provenance.provenance(seed=3, device="cpu", threads=1, values={"a": 1})
    assert told["seed"] == 3 and told["values"] == {"a": 1}
    assert told["device"].startswith("cpu: ")
    assert {"python", "torch", "numpy"} <= told["versions"].keys()
