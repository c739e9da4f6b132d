"""What jobs ask for."""

from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.plan.job_resources import are_short, resources_of, threads_up_to


def asking(raw: dict[str, Any], **resources: dict[str, int]) -> dict[str, Any]:
    raw["scales"]["demo"]["resources"] = resources
    return raw


def test_memory_grows_by_half_with_each_retry_and_time_does_not(raw_config: dict[str, Any]) -> None:
    config = load_config(asking(raw_config, train={"mem_mb": 1000, "runtime": 30}))
    found = resources_of(config, "train")
    memory = found["mem_mb"]
    assert callable(memory)
    assert [memory(None, attempt=attempt) for attempt in (1, 2, 3)] == [1000, 1500, 2000]
    assert found["runtime"] == 30
    assert resources_of(config, "evaluate") == {}


@pytest.mark.parametrize("mem_mb", [1, 7])
def test_the_first_try_asks_for_all_of_an_odd_number(
    raw_config: dict[str, Any], mem_mb: int
) -> None:
    config = load_config(asking(raw_config, default={"mem_mb": mem_mb, "runtime": 30}))
    memory = resources_of(config, "hha")["mem_mb"]
    assert callable(memory) and memory(None, attempt=1) == mem_mb


@pytest.mark.parametrize(
    ("minutes", "short"), [((30, 30), True), ((31, 30), False), ((30, None), False)]
)
def test_jobs_of_an_hour_together_are_short(
    raw_config: dict[str, Any], minutes: tuple[int | None, ...], short: bool
) -> None:
    asked = {
        rule: {"mem_mb": 1000, "runtime": runtime}
        for rule, runtime in zip(("train", "evaluate"), minutes, strict=True)
        if runtime
    }
    assert are_short(load_config(asking(raw_config, **asked)), ["train", "evaluate"]) is short


@pytest.mark.parametrize(
    ("threads", "cores", "expected"),
    [(2, 8, 2), (16, 8, 4), (2, 1, 1), (16, 3, 1), (16, None, 16)],
)
def test_threads_leave_half_of_the_cores(threads: int, cores: int | None, expected: int) -> None:
    assert threads_up_to(threads, cores=cores) == expected
