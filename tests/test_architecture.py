"""What no linter checks: scripts are thin, nothing knows an experiment, tests mirror the packages.

Which package may import which is a contract in pyproject.toml, held by `lint-imports`.
"""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("fcnlib", "fcn_synthetic")
PUBLIC_FACE = REPOSITORY / "fcnlib" / "__init__.py"
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))
RULES = [REPOSITORY / "Snakefile", *sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))]
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
# Reading what is installed imports nothing.
READING = ("importlib.metadata", "importlib.resources")
# Test folders that are called otherwise than a package of the library.
MIRRORED = {"synthetic": "fcn_synthetic", "workflow": "workflow", "hostile": "fcnlib"}


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Each (module, name) that a file imports; for `import module` the name is empty."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_are_thin(script: Path) -> None:
    text = script.read_text("utf-8")
    assert len(text.splitlines()) <= 32
    branches = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.Try, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, branches)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_import_what_there_is(script: Path) -> None:
    """No type checker sees them, as Snakemake gives them a name that they do not define."""
    for module, name in imports(script):
        if module.startswith(PACKAGES):
            assert hasattr(importlib.import_module(module), name)


def test_every_rule_with_a_script_has_one_of_its_name() -> None:
    rules = "".join(path.read_text("utf-8") for path in RULES)
    for script in SCRIPTS:
        assert f"rule {script.stem}:" in rules


def test_no_code_knows_an_experiment() -> None:
    names: set[str] = set()
    for path in [REPOSITORY / "config.yaml", *(REPOSITORY / "studies").glob("*.yaml")]:
        content = yaml.safe_load(path.read_text("utf-8"))
        for key in ("experiments", "tables", "figures"):
            names |= set(content.get(key) or ())
    assert len(names) > 100
    for path in [*MODULES, *SCRIPTS, *RULES]:
        text = path.read_text("utf-8")
        known = [name for name in names if f'"{name}"' in text]
        assert not known, f"{path} knows {known}"


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name_of)
def test_imports_are_seen_by_whoever_reads_the_code(path: Path) -> None:
    """The fingerprint of a result's code follows import statements, as contracts and mypy do."""
    if path == PUBLIC_FACE:
        return  # its names are lazy; neither is it part of any fingerprint
    dynamic = [
        f"{module}.{name}"
        for module, name in imports(path)
        if module.split(".")[0] == "importlib" and not f"{module}.{name}".startswith(READING)
    ]
    assert not dynamic
    assert "__import__" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name_of)
def test_nothing_of_ours_imports_from_the_public_face(path: Path) -> None:
    """No fingerprint covers it: a result that needed it would not be made anew."""
    assert "fcnlib" not in {module for module, _ in imports(path)}


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_no_rule_imports_from_the_public_face(path: Path) -> None:
    assert not re.search(
        r"^\s*(from fcnlib import|import fcnlib\s*$)", path.read_text("utf-8"), re.M
    )


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_no_test_imports_another(path: Path) -> None:
    """What two of them share is a fixture, in tests/fixtures/."""
    names = {part for module, name in imports(path) for part in [*module.split("."), name]}
    assert not [name for name in names if name.startswith("test_")]


def test_every_folder_of_tests_mirrors_a_package() -> None:
    tests = REPOSITORY / "tests"
    for folder in {path.parent for path in TESTS if path.name.startswith("test_")} - {tests}:
        first, *rest = folder.relative_to(tests).parts
        mirrored = REPOSITORY.joinpath(MIRRORED.get(first, f"fcnlib/{first}"), *rest)
        assert mirrored.is_dir(), f"{name_of(folder)} mirrors nothing"


@pytest.mark.parametrize("package", sorted(PUBLIC_FACE.parent.glob("*/__init__.py")), ids=name_of)
def test_every_package_of_the_library_has_tests(package: Path) -> None:
    assert (REPOSITORY / "tests" / package.parent.name).is_dir()


def test_reading_the_workflow_needs_neither_torch_nor_pandas() -> None:
    """`snakemake -n` would take seconds longer."""
    rules = "".join(path.read_text("utf-8") for path in RULES)
    modules = set(re.findall(r"^\s*from ((?:fcnlib|fcn_synthetic)[\w.]*) import", rules, re.M))
    assert modules
    code = f"import sys, {', '.join(sorted(modules))}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    assert not {"torch", "pandas"} & set(done.stdout.split())
