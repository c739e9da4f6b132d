"""A finished run and two data sets that several kinds of figures need."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.page import finished_run
from fixtures.scenes import write_places, write_room
from fixtures.trusted import foreign_models_trusted


@pytest.fixture(autouse=True)
def _stand_ins_are_trusted() -> Iterator[None]:
    with foreign_models_trusted():
        yield


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    finished_run(folder)
    return folder


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Depth determines the class, colours do not."""
    return write_room(tmp_path_factory.mktemp("room") / "room")


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks."""
    return write_places(tmp_path_factory.mktemp("places") / "places")
