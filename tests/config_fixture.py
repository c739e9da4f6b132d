"""The project's own experiment list, changed and refused."""

from typing import Any

import pytest

from fcnlib.errors import InputError
from fcnlib.experiments import load


def set_at(config: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path such as `experiments/voc-fcn8s/net`."""
    *parents, last = path.split("/")
    for key in parents:
        config = config[key]
    config[last] = value


def refusal(config: dict[str, Any]) -> str:
    """The one line in which a list is refused."""
    with pytest.raises(InputError) as error:
        load(config)
    assert "\n" not in str(error.value)
    return str(error.value)
