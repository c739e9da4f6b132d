"""`import fcnlib`: every public name, lazily, and with its type."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fcnlib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fcnlib"


def stub() -> ast.Module:
    return ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))


@pytest.mark.parametrize("name", fcnlib.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(fcnlib, name) is not None and name in dir(fcnlib)


def test_the_stub_has_the_same_names_from_the_same_modules() -> None:
    imported = {
        alias.name: node.module
        for node in stub().body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == fcnlib._MODULES  # type: ignore[attr-defined]
    (listed,) = [node.value for node in stub().body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(fcnlib.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_modell'"):
        _ = fcnlib.load_modell  # type: ignore[attr-defined]


def test_the_import_is_fast_and_needs_no_torch() -> None:
    """The best of five new processes: others may run beside."""
    code = (
        "import time; start = time.perf_counter(); import fcnlib, sys;"
        "print(time.perf_counter() - start, sorted({'torch', 'numpy', 'pandas'} & {*sys.modules}))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    found = [run.stdout.strip().split(" ", 1) for run in runs]
    assert {modules for _, modules in found} == {"[]"}
    assert min(float(seconds) for seconds, _ in found) < 0.05


def test_nothing_of_ours_imports_from_it() -> None:
    folders = ("fcnlib", "fcn_synthetic", "workflow", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 100
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "fcnlib", path
            elif isinstance(node, ast.Import):
                assert all(alias.name != "fcnlib" for alias in node.names), path
