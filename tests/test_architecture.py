"""The architecture: imports point one way, scripts are thin, nothing knows an experiment."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fcnlib.core import provenance

REPOSITORY = Path(__file__).parents[1]
# From the bottom up; a module imports only from its own layer or from one before it.
LAYERS = [
    {
        "errors",
        "files",
        "progress",
        "columns",
        "config",
        "config_data",
        "config_figures",
        "parallel",
        "predicates",
        "provenance",
        "stopping",
        "colour",
        "vision",
    },
    {"metrics", "resampling", "hha"},
    {"datasets", "references", "references_data", "references_figures", "experiments"},
    {"models", "dense", "timing", "masking", "sampling", "counting", "starting"},
    {"optimising", "curve", "train", "torchscript", "pretrain", "job"},
    {"photographs", "evaluate", "predict", "convert", "submit"},
    {"measurements", "results", "cards", "tables", "claims", "drawing"},
    {"figures", "figures_grid", "figures_inputs", "figures_sheets", "figures_samples"},
    {"figures_bounds", "figures_losses", "figures_overview"},
    {"page_claims", "page_parts", "page", "benchmarks"},
    {"cli", "cli_data"},
]
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}


def top(path: Path) -> str:
    return path.relative_to(REPOSITORY / "fcnlib").parts[0].removesuffix(".py")


MODULES = sorted((REPOSITORY / "fcnlib").rglob("*.py"))
SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_imports_point_one_way(path: Path) -> None:
    if top(path) == "__init__":
        return
    for imported in provenance._imports(path):
        if imported.parent == REPOSITORY / "fcnlib" and imported.stem == "__init__":
            continue
        assert LEVEL[top(imported)] <= LEVEL[top(path)], f"{path} imports {imported}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_are_thin(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) <= 30
    branches = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.Try, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, branches)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_scripts_import_what_there_is(script: Path) -> None:
    """No type checker sees them, as Snakemake gives them a name that they do not define."""
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("fcnlib"):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, name.name) for name in node.names)


def test_every_rule_with_a_script_has_one_of_its_name() -> None:
    rules = "".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    for script in SCRIPTS:
        assert f"rule {script.stem}:" in rules


def test_no_code_knows_an_experiment() -> None:
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    names = [*config["experiments"], *config["tables"], *config["figures"]]
    code = [*MODULES, *SCRIPTS, *(REPOSITORY / "workflow/rules").glob("*.smk")]
    code += [REPOSITORY / "Snakefile"]
    for path in code:
        text = path.read_text()
        known = [name for name in names if f'"{name}"' in text]
        assert not known, f"{path} knows {known}"


def test_reading_the_workflow_needs_no_torch() -> None:
    """`snakemake -n` would take seconds longer."""
    code = "import sys, fcnlib.experiments, fcnlib.provenance; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_files_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
