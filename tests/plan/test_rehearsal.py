"""What `snakemake rehearsal` is short for, the disk it needs, and what it is held against."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import build_fcn
from fcnlib.plan.disk import disk
from fcnlib.plan.kinds import planned
from fcnlib.plan.rehearsal import (
    PARAMETERS,
    rehearsal_spec,
    rehearsal_values,
    rehearsed_run,
    require_disk,
    weight_bytes,
)
from fcnlib.plan.targets import Targets
from fcnlib.plan.work import Work


def rehearsed(raw_config: dict[str, Any]) -> Targets:
    values = {"scale": "rehearsal", "rows": "one-of-each-kind"}
    return Targets(planned(load_config({**raw_config, **values})))


@pytest.mark.parametrize(
    ("scale", "rehearsal"),
    [("demo", "first"), ("paper", "first"), ("mine", "of-mine"), ("of-mine", "of-mine")],
)
def test_a_rehearsal_is_that_of_the_scale_or_else_the_first(scale: str, rehearsal: str) -> None:
    scales: dict[str, Any] = {"demo": {}, "paper": {}, "mine": {}}
    scales |= {"first": {"rehearses": "paper"}, "of-mine": {"rehearses": "mine"}}
    found = rehearsal_values({"scale": scale, "scales": scales})
    assert found == {"scale": rehearsal, "rows": "one-of-each-kind"}
    assert rehearsal_values({"scale": scale, "scales": scales, "rows": ["a"]}) == {
        "scale": rehearsal
    }


def test_a_scale_that_is_not_declared_is_not_taken_for_another(raw_config: dict[str, Any]) -> None:
    misspelt = {**raw_config, "scale": "papre"}
    with pytest.raises(InputError, match="'papre' is not declared; did you mean 'paper'"):
        load_config({**misspelt, **rehearsal_values(misspelt)})


@pytest.mark.parametrize("scales", [{}, {"demo": {}}, {"demo": None}, None, "demo"])
def test_without_a_scale_that_rehearses_there_is_no_rehearsal(scales: object) -> None:
    with pytest.raises(InputError, match="scales: none of them rehearses another; expected one"):
        rehearsal_values({"scale": "demo", "scales": scales})


@pytest.mark.parametrize("entry", [{"preset": "paper"}, {"archives": "published"}])
def test_a_scale_of_days_that_nothing_rehearses_is_not_taken_for_another(
    raw_config: dict[str, Any], entry: dict[str, str]
) -> None:
    raw_config["scales"]["mine"] = {"preset": "demo", "archives": "synthetic", **entry}
    with pytest.raises(InputError, match="scales: none of them rehearses 'mine'; expected one"):
        rehearsal_values({**raw_config, "scale": "mine"})
    assert rehearsal_values({**raw_config, "scale": "demo"})["scale"] == "rehearsal"


@pytest.mark.parametrize("backbone", PARAMETERS)
def test_a_nets_bytes_are_known_without_building_it(
    raw_config: dict[str, Any], backbone: str
) -> None:
    targets = rehearsed(raw_config)
    work = Work.of(targets)
    for name, trained in targets.trained.items():
        kind = work.net_kind(name)
        if kind.net.backbone == backbone:
            with torch.device("meta"):
                values = trained.net.model_dump(exclude={"start_from"})
                net = build_fcn(**values, classes=dict(kind.classes))
            built = sum(4 * tensor.numel() for tensor in net.state_dict().values())
            assert weight_bytes(kind) == pytest.approx(built, rel=0.02)


def test_a_disk_without_room_is_named_before_anything_runs(
    raw_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = rehearsed(raw_config)
    needed = disk(Work.of(targets), 1, weight_bytes).total
    require_disk(targets, tmp_path)
    total, used, _ = shutil.disk_usage(tmp_path)
    usage = shutil._ntuple_diskusage(total, used, 10**9)  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(InputError) as error:
        require_disk(targets, tmp_path)
    message = str(error.value)
    assert message.startswith(f"{tmp_path}/") and "\n" not in message
    assert "1.0 GB free; expected " in message and needed > 5e9


def test_what_is_there_already_needs_no_room(
    raw_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = rehearsed(raw_config)
    for name in (targets.paths.data, targets.paths.results):
        path = tmp_path / name / "there"
        path.parent.mkdir(parents=True)
        with open(path, "wb") as file:
            file.truncate(10**12)  # of holes: it takes no disk
    usage = shutil._ntuple_diskusage(10**12, 10**12, 0)  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    require_disk(targets, tmp_path)


def test_every_training_of_the_whole_run_is_held_against_one_that_was_rehearsed(
    raw_config: dict[str, Any],
) -> None:
    raw_config["seeds"] = [0, 1]
    targets = rehearsed(raw_config)
    whole = Targets(load_config({**raw_config, "scale": "paper"}))
    spec = rehearsal_spec(targets, whole)
    assert spec.scale == "paper" and spec.not_rehearsed == ()
    every = [training for each in spec.trainings for training in each.whole]
    assert len(every) == len(whole.trained)
    assert {training.seeds for training in every} == {2}
    assert sum(training.learnt for training in every) > 5_000_000
    jobs = {each.rule: each for each in spec.jobs}
    asked = whole.config.resources("train")
    assert asked and (jobs["train"].mem_mb, jobs["train"].minutes) == (asked.mem_mb, asked.runtime)
    assert jobs["train"].whole == 2 * len(whole.trained)
    assert jobs["submit"].whole and jobs["export"].whole == len(whole.benchmarks["train"]) + len(
        whole.released
    )


def test_a_net_like_none_that_was_rehearsed_is_named(raw_config: dict[str, Any]) -> None:
    values = {"scale": "rehearsal", "rows": ["voc-fcn16s"]}
    targets = Targets(planned(load_config({**raw_config, **values})))
    spec = rehearsal_spec(targets, rehearsed_run({**raw_config, **values}))
    assert spec.scale == "paper"
    assert "FCN-VGG19 (voc2011)" in spec.not_rehearsed
    assert "FCN-32s RGB-HHA (nyudv2)" in spec.not_rehearsed
