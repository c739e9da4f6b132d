"""Fingerprints of code: what counts as a change, and what does not."""

from pathlib import Path

import pytest

from fcnlib.core import fingerprint as fingerprints
from fcnlib.core.fingerprint import ROOT, fingerprint, stamp

CODE = '''"""A docstring."""
from fcnlib.evaluation.metrics import mean_iu

def f(x):
    """Another."""
    return mean_iu(x)  # a comment

field = Field(3, description="Some words.")
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(CODE, "utf-8")
    return tmp_path / "script.py"


def forget() -> None:
    for value in vars(fingerprints).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def changed(script: Path, old: str, new: str) -> bool:
    before = fingerprint(script)
    script.write_text(CODE.replace(old, new), "utf-8")
    forget()
    return fingerprint(script) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a comment", "no comment"),
        ("A docstring.", "Other words."),
        ("Some words.", "Other words."),
        ("Another.", "One more."),
        ("\n\ndef", "\n\n\n\ndef"),
        ('"""A docstring."""\n', ""),
        ('    """Another."""\n', ""),
    ],
)
def test_words_and_layout_do_not_count(script: Path, old: str, new: str) -> None:
    assert not changed(script, old, new)


@pytest.mark.parametrize(
    ("old", "new"), [("mean_iu(x)", "mean_iu(2 * x)"), ("def f", "def g"), ("Field(3", "Field(4")]
)
def test_code_counts(script: Path, old: str, new: str) -> None:
    assert changed(script, old, new)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages of their own in ours' place: script -> a -> b -> fcn_synthetic.d, and no c."""
    files = {
        "fcnlib/__init__": "from fcnlib import c",
        "fcnlib/a": "from fcnlib import b",
        "fcnlib/b": "import fcn_synthetic.d\nLIST = 'lists/names.txt'\nHERE = 'looks'",
        "fcnlib/c": "y = 1",
        "fcn_synthetic/__init__": "",
        "fcn_synthetic/d": "z = 1",
    }
    for name, text in files.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    for name in ("lists/names.txt", "lists/others.txt", "looks/style.css"):
        (tmp_path / "fcnlib" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "fcnlib" / name).write_text("as it was", "utf-8")
    (tmp_path / "script.py").write_text("import fcnlib.a", "utf-8")
    monkeypatch.setattr(fingerprints, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("fcnlib/b.py", True),
        ("fcn_synthetic/d.py", True),
        ("fcnlib/c.py", False),
        ("fcnlib/__init__.py", False),  # the public face, from which no module of ours imports
        ("fcnlib/lists/names.txt", True),
        ("fcnlib/lists/others.txt", False),
        ("fcnlib/looks/style.css", True),  # of a folder that is named whole
    ],
)
def test_what_a_script_reaches_counts(package: Path, file: str, counts: bool) -> None:
    before = now(package)
    (package / file).write_text("x = 2", "utf-8")
    assert (now(package) != before) is counts


def now(package: Path) -> str:
    forget()
    return fingerprint(package / "script.py")


def test_a_class_list_is_an_input_of_its_converter_and_a_style_of_the_page_alone() -> None:
    def named(script: str) -> set[str]:
        path = ROOT / "workflow" / "scripts" / script
        modules = {path, *fingerprints._reached(path)}
        return {file.name for module in modules for file in fingerprints._data_files(module)}

    lists = {path.name for path in (ROOT / "fcnlib/datasets/converters/lists").iterdir()}
    assert {"nyudv2-train.txt", "siftflow-test.txt"} <= lists <= named("prepare.py")
    assert "base.css" in named("page.py")
    assert not named("train.py") and "base.css" not in named("table.py")


def test_an_edit_in_place_shows_in_a_folders_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"one")
    before = stamp([tmp_path])
    assert stamp([tmp_path]) == before
    (tmp_path / "a.png").write_bytes(b"two, longer")
    assert stamp([tmp_path]) != before


def test_training_does_not_depend_on_the_page(repository: Path) -> None:
    """Else a new colour on the page would train everything anew."""
    reached = {
        path.stem for path in fingerprints._reached(repository / "workflow/scripts/train.py")
    }
    assert {"trainer", "fcn", "metrics", "reader"} <= reached
    others = {"page", "curves", "tables", "torchscript", "main", "voc", "load", "converters"}
    assert not reached & others


@pytest.mark.parametrize("script", ["pretrain.py", "train.py", "evaluate.py"])
def test_what_a_study_may_say_of_claims_and_figures_trains_nothing(
    repository: Path, script: str
) -> None:
    reached = fingerprints._reached(repository / "workflow/scripts" / script)
    assert not {path.stem for path in reached} & {"schema", "schema_claims", "schema_figures"}
