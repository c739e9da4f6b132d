"""The JSON schema by which editors check configuration files."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fcnlib.config.json_schema import file_schema

SCHEMA = json.loads(Path("config.schema.json").read_text("utf-8"))
FILES = [
    "config.yaml",
    "examples/own-images.yaml",
    *sorted(map(str, Path("studies").glob("*.yaml"))),
]


def problems(content: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)]


def test_the_file_is_that_of_the_models() -> None:
    assert file_schema() == SCHEMA, "`make schema` writes it"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_the_project_fits_and_names_it(file: str) -> None:
    text = Path(file).read_text("utf-8")
    assert problems(yaml.safe_load(text)) == []
    first = text.partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert Path(file).parent.joinpath(first.partition("=")[2]).samefile("config.schema.json")


@pytest.mark.parametrize(
    "overlay",
    [
        "experiments: {voc-fcn16s: {recipe: {learning_rate: 1.0e-9}}}",
        "experiments: {zoo-voc-alexnet: null, voc-fcn8s: {paper: {forward_ms: null}}}",
        "tables: skips,zoo",
        "tables: [skips]",
        "rows: [voc-fcn32s]",
        "datasets: {siftflow: {counts: null}}",
        "recipes: {heavy: {iterations: {demo: 8, paper: 9}}}",
        "datasets: {street: {converter: folder, path: street, ids: {7: road}, palette: voc}}",
        "figures: {curve: {kind: learning-curve, title: Images, experiments: [voc-fcn32s]}}",
    ],
)
def test_an_overlay_fits(overlay: str) -> None:
    assert problems(json.loads(json.dumps(yaml.safe_load(overlay)))) == []  # whose keys are texts


@pytest.mark.parametrize(
    "overlay",
    [
        "experiment: {}",
        "recipes: {heavy: {learning_rat: 1.0}}",
        "recipes: {heavy: {iterations: many}}",
        "recipes: {heavy: {iterations: {demo: 8, rehearsal: 9}}}",
        "recipes: {heavy: {iterations: {demo: many}}}",
        "scales: {demo: {net: {widht: 0.5}}}",
        "scales: {demo: {preset: small}}",
        "experiments: {voc-fcn16s: {net: {backbone: vgg61}}}",
        "experiments: {voc-fcn16s: {recipe: {nam: heavy}}}",
        "datasets: {street: {converter: folder, path: street, mask: labels}}",
        "tables: {skips: {columns: [mean_ui]}}",
    ],
)
def test_a_mistake_does_not(overlay: str) -> None:
    assert problems(yaml.safe_load(overlay))
