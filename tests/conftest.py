"""Small real things that many tests share."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fixtures.inputs import write_rooms

from fcn_synthetic.archives.voc import write_sbd, write_voc2011
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.config.studies import read_studies
from fcnlib.core.torchvision import torchvision  # noqa: F401 (torchmetrics imports it too)
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset

pytest_plugins = [
    "fixtures.browser",
    "fixtures.devices",
    "fixtures.hostile",
    "fixtures.masking",
    "fixtures.prepared",
    "fixtures.workflow",
]
REPOSITORY = Path(__file__).parents[1]
VOC_ARCHIVES = ("VOCtrainval_25-May-2011.tar", "benchmark.tgz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: the last one to end leaves the others' cores idle."""
    items.sort(key=lambda item: item.path.name != "test_workflow.py")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def handle_ctrl_c() -> None:
    """A shell lets its background jobs, and so all that the tests start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def same_random_weights() -> None:
    """Untrained nets have near-ties now and then, which rounding decides: always the same nets."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def raw_config() -> dict[str, Any]:
    """The project's own configuration with its studies, to break in a test."""
    content = read_studies(REPOSITORY / "studies")
    own: dict[str, Any] = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
    return {**own, **content, "studies": None}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data set of a few synthetic scenes: splits train (20) and seg11valid (6)."""
    folder = tmp_path_factory.mktemp("world")
    voc, sbd = (folder / name for name in VOC_ARCHIVES)
    write_voc2011(voc, seed=0, size=48, train=20, validation=6)
    write_sbd(sbd, seed=0, size=48, train=20, validation=6)
    dataset = ArchiveDataset(converter="voc-sbd", archives=VOC_ARCHIVES)
    prepare(dataset, [voc, sbd], folder / "voc2011-sbd")
    return folder / "voc2011-sbd"


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> PreparedDataset:
    """A prepared data set with colours, depth, HHA and two tasks: train (8) and test (4)."""
    return write_rooms(tmp_path_factory.mktemp("rooms") / "rooms")
