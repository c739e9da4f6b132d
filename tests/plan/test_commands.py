"""The commands that the page shows."""

from pathlib import Path

import pytest

from fcnlib.config.studies import read_raw_config
from fcnlib.plan.commands import commands


def test_make_demo_is_shown_for_the_configuration_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.chdir(repository)
    whole, _ = read_raw_config(["config.yaml"])
    exact = [
        "snakemake all --configfile results/demo/config.json",
        "snakemake --profile slurm all --configfile results/demo/config.json",
    ]
    assert commands("demo", whole) == ["make demo", *exact]
    assert commands("demo", {**whole, "seeds": [0, 1]}) == exact
    assert "results/paper/config.json" in commands("paper", whole)[0]
