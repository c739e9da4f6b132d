"""The reader of a training's saved state, on bytes and values that nobody thought of."""

import copy
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from fixtures.training import equal_bits, interrupt, make_trainer, training_config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.training.saved_state import Expected, read_state

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**6, -1, 2**63, 10**400]))
TENSORS = st.sampled_from(
    [torch.zeros(3), torch.zeros(0), torch.tensor(float("nan")), torch.zeros(2, dtype=torch.bool)]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.text(max_size=5), NUMBERS, TENSORS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


class Stored(NamedTuple):
    """A genuine saved state, and what a training expects of one."""

    path: Path
    content: bytes
    values: dict[str, Any]
    expected: Expected


@pytest.fixture(scope="module")
def stored(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    folder = tmp_path_factory.mktemp("stored")
    config = training_config({"width": 1 / 64})
    interrupt(PreparedDataset(world), folder, config, 7)
    path = folder / "net.pt.resume"
    expected = make_trainer(PreparedDataset(world), config)._expected_state()
    return Stored(path, path.read_bytes(), torch.load(path, weights_only=True), expected)


@BOUNDED
@given(data=st.data())
def test_changed_bytes_are_refused_or_change_nothing(stored: Stored, data: st.DataObject) -> None:
    """A bit of an archive's padding or of its dates is of no meaning."""
    content = bytearray(stored.content)
    ends = st.integers(0, 400) | st.integers(len(content) - 4000, len(content) - 1)
    places = st.integers(0, len(content) - 1) | ends
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(places) % len(content)] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del content[data.draw(places) :]
    stored.path.write_bytes(content)
    with suppress(InputError):
        found = read_state(stored.path, stored.expected)
        assert found is not None
        assert equal_bits(found.net, stored.values["net"])
        assert asdict(found.loss_meter) == stored.values["loss_meter"]
        assert found.training_state.records == stored.values["training_state"]["records"]


@BOUNDED
@given(data=st.data())
def test_other_values_are_refused_or_those_of_such_a_training(
    stored: Stored, data: st.DataObject
) -> None:
    values = copy.deepcopy(stored.values)
    place: Any = values
    while True:
        keys = sorted(place, key=str) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(VALUES)
    with suppress(OverflowError):
        torch.save(values, stored.path)
    with suppress(InputError):
        found = read_state(stored.path, stored.expected)
        assert found is None or found.training_state.iteration == 6
