"""What the jobs of each rule ask for."""

import ast
import re
import subprocess
import sys
from typing import Any, get_args

import pytest
from fixtures.config import refusal
from fixtures.workflow import REPOSITORY, rules

from fcnlib.config.load import load_config
from fcnlib.config.schema_resources import Resources, RuleName

GIB = 2**30 // 10**6  # in MB


def test_the_rules_that_may_have_resources_are_those_with_a_script() -> None:
    assert sorted(get_args(RuleName)) == sorted(
        name for name, text in rules().items() if "script:" in text
    )


@pytest.mark.parametrize("rule", get_args(RuleName))
def test_each_rule_asks_for_its_own(rule: str) -> None:
    assert re.findall(r'requested\("(\w+)"\)', rules()[rule]) == [rule]


def test_what_runs_on_a_login_node_needs_no_torch() -> None:
    snakefile = (REPOSITORY / "Snakefile").read_text("utf-8")
    local = re.findall(r"^    (\w+),$", snakefile, re.MULTILINE)
    scripts = [REPOSITORY / f"workflow/scripts/{rule}.py" for rule in ["download", *local]]
    imports = [
        ast.unparse(line)
        for path in scripts
        if path.exists()
        for line in ast.parse(path.read_text("utf-8")).body
        if isinstance(line, ast.Import | ast.ImportFrom)
    ]
    assert len(imports) > 20
    program = "\n".join([*imports, "import sys", "print('torch' in sys.modules)"])
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_all_rules_of_the_built_in_scales_ask_for_something(
    raw_config: dict[str, Any], scale: str
) -> None:
    config = load_config(raw_config | {"scale": scale})
    assert all(config.resources(rule) for rule in get_args(RuleName))


def test_two_jobs_of_the_demo_fit_into_a_small_machine(raw_config: dict[str, Any]) -> None:
    asked = [load_config(raw_config).resources(rule) for rule in get_args(RuleName)]
    assert 2 * max(each.mem_mb for each in asked if each) < 4 * GIB


def test_a_rule_has_its_own_or_the_default_or_none(raw_config: dict[str, Any]) -> None:
    scale = raw_config["scales"]["demo"]
    own, default = {"mem_mb": 7, "runtime": 1}, {"mem_mb": 5, "runtime": 2}
    scale["resources"] = {"train": own, "default": default}
    config = load_config(raw_config)
    assert config.resources("train") == Resources(**own)
    assert config.resources("export") == Resources(**default)
    scale["resources"] = {"train": own}
    assert load_config(raw_config).resources("export") is None


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"trian": {"mem_mb": 1, "runtime": 1}}, "resources.trian: 'trian': did you mean 'train'?"),
        ({"all": {"mem_mb": 1, "runtime": 1}}, "resources.all: 'all': "),
        ({"train": {"mem_mb": 0, "runtime": 1}}, "resources.train.mem_mb: 0: "),
        ({"train": {"mem_mb": "8GB", "runtime": 1}}, "resources.train.mem_mb: '8GB': "),
        ({"train": {"mem_mb": 1}}, "resources.train.runtime: missing"),
        ({"train": {"mem_gb": 1}}, "resources.train: unknown key 'mem_gb'; did you mean 'mem_mb'?"),
    ],
)
def test_a_mistake_is_named(
    raw_config: dict[str, Any], resources: dict[str, Any], message: str
) -> None:
    raw_config["scales"]["demo"]["resources"] = resources
    assert f"scales.demo.{message}" in refusal(raw_config)
