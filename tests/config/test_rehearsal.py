"""A scale that rehearses another, and runs of a few rows."""

from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.config.restrict import NO_RESULTS
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import PublishedOnly, Timed, Trained
from fcnlib.core.errors import InputError


def rehearsal(raw_config: dict[str, Any], **scale: Any) -> Config:
    """The configuration of a rehearsal of scale paper."""
    own = {"rehearses": "paper", "preset": "paper", "archives": "synthetic", **scale}
    scales = {**raw_config["scales"], "mine": own}
    return load_config({**raw_config, "scale": "mine", "scales": scales})


def test_a_rehearsal_has_the_values_of_the_other_scale_under_its_own(
    raw_config: dict[str, Any],
) -> None:
    raw_config["scales"]["paper"] |= {"recipe": {"workers": 3}, "forward_side": 480}
    paper = load_config({**raw_config, "scale": "paper"})
    found = rehearsal(raw_config, forward_side=64)
    assert found.training("voc-fcn32s") == paper.training("voc-fcn32s")
    assert found.training("voc-fcn32s").recipe.workers == 3
    assert found.resources("train") == paper.resources("train")
    assert found.scales["mine"].forward_side == 64


def test_a_rehearsal_cuts_recipes_and_timings_and_nothing_else(raw_config: dict[str, Any]) -> None:
    whole = rehearsal(raw_config)
    short = rehearsal(raw_config, at_most={"iterations": 3, "batch_size": 2, "runs": 1})
    batches = set()
    for name, entry in short.experiments.items():
        other = whole.experiments[name]
        if isinstance(entry, Trained) and isinstance(other, Trained):
            recipe = entry.recipe
            assert recipe.iterations == recipe.validate_every == 3
            assert recipe.batch_size == min(other.recipe.batch_size, 2)
            batches.add(recipe.batch_size)
            cut = {"iterations": 0, "validate_every": 0, "batch_size": 0}
            assert recipe.model_copy(update=cut) == other.recipe.model_copy(update=cut)
            assert (entry.net, entry.data) == (other.net, other.data)
        elif isinstance(entry, Timed) and isinstance(other, Timed):
            assert entry.timing == other.timing.model_copy(update={"runs": 1})
        else:
            assert entry == other
    assert batches == {1, 2}
    assert (whole.forward_runs, short.forward_runs) == (20, 1)


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_other_scales_are_as_they_would_be_without_a_rehearsal(
    raw_config: dict[str, Any], scale: str
) -> None:
    found = load_config({**raw_config, "scale": scale})
    assert found.scales.pop("rehearsal").rehearses == "paper"
    del raw_config["scales"]["rehearsal"]
    assert found == load_config({**raw_config, "scale": scale})


def test_no_number_of_a_rehearsal_stands_beside_a_published_one(raw_config: dict[str, Any]) -> None:
    found = rehearsal(raw_config)
    assert not any(entry.paper for entry in found.experiments.values())
    assert not any(isinstance(entry, PublishedOnly) for entry in found.experiments.values())
    assert {found.images(name) for name in found.datasets} == {"rehearsal"}
    for name, claim in load_config({**raw_config, "scale": "paper"}).claims.items():
        mine = found.claims[name]
        assert mine.holds is None and (mine.tests, mine.statement) == (claim.tests, claim.statement)
        assert mine.untested == (NO_RESULTS if claim.holds else claim.untested)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ("papers", r"scales\.mine\.rehearses: 'papers' is no scale; did you mean 'paper'"),
        ("rehearsal", r"scales\.mine\.rehearses: 'rehearsal' is a rehearsal itself; expected none"),
        ("mine", r"scales\.mine\.rehearses: 'mine' is a rehearsal itself; expected none"),
    ],
)
def test_what_cannot_be_rehearsed_is_named(
    raw_config: dict[str, Any], of: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rehearsal(raw_config, rehearses=of)


@pytest.mark.parametrize(
    ("at_most", "message"),
    [
        ({"iterations": 0}, "at_most.iterations: "),
        ({"iterations": "2"}, "at_most.iterations: "),
        ({"learning_rate": 1.0}, "at_most: unknown key 'learning_rate'"),
    ],
)
def test_a_cut_that_makes_no_sense_is_refused_in_one_line(
    raw_config: dict[str, Any], at_most: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        rehearsal(raw_config, at_most=at_most)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_run_of_some_rows_has_what_they_start_from_and_the_tables_they_are_in(
    raw_config: dict[str, Any],
) -> None:
    found = load_config({**raw_config, "rows": ["voc-fcn16s", "bound-32"]})
    assert list(found.experiments) == ["voc-fcn32s", "voc-fcn16s", "bound-32"]
    tables = [*raw_config["experiments"]["voc-fcn16s"]["tables"], "upper-bounds"]
    assert set(found.tables) == set(tables)
    assert list(found.datasets) == ["voc2011-sbd"]
    for figure in found.figures.values():
        assert set(figure.experiments) <= found.experiments.keys()


def test_a_row_that_is_not_there_is_named(raw_config: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"rows: 'voc-fcn23s' is no experiment; did you mean"):
        load_config({**raw_config, "rows": ["voc-fcn23s"]})
