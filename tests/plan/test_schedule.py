"""How long jobs take that wait for each other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.plan.schedule import Task, critical_path, wall_time


@st.composite
def runs(draw: st.DrawFn) -> dict[str, Task]:
    """Up to a dozen jobs, each after some of those before it."""
    tasks: dict[str, Task] = {}
    for number in range(draw(st.integers(0, 12))):
        after = draw(st.lists(st.sampled_from(sorted(tasks)), max_size=3)) if tasks else []
        tasks[f"{number:02d}"] = Task(draw(st.floats(0, 100)), after, draw(st.booleans()))
    return tasks


@settings(deadline=None)
@given(runs(), st.integers(1, 6))
def test_no_number_of_places_is_faster_than_the_chain_and_the_work(
    tasks: dict[str, Task], places: int
) -> None:
    wall = wall_time(tasks, places)
    work = sum(task.seconds for task in tasks.values() if task.takes_place)
    assert wall >= critical_path(tasks) - 1e-6
    assert wall >= work / places - 1e-6
    assert wall <= sum(task.seconds for task in tasks.values()) + 1e-6


@settings(deadline=None)
@given(runs(), st.integers(1, 6))
def test_one_more_place_never_takes_longer(tasks: dict[str, Task], places: int) -> None:
    assert wall_time(tasks, places + 1) <= wall_time(tasks, places)


def test_a_longer_list_of_places_may_make_a_plain_list_schedule_longer_but_not_this_one() -> None:
    # Graham's anomaly (1969): nine jobs, three places, four places.
    seconds = {"1": 3, "2": 2, "3": 2, "4": 2, "9": 9, "5": 4, "6": 4, "7": 4, "8": 4}
    after = {"9": ["1"], "5": ["4"], "6": ["4"], "7": ["4"], "8": ["4"]}
    tasks = {name: Task(time, after.get(name, [])) for name, time in seconds.items()}
    walls = [wall_time(tasks, places) for places in (1, 2, 3, 4, 9)]
    assert walls == sorted(walls, reverse=True)
    assert walls[0] == sum(seconds.values()) and walls[-1] == 12


def test_a_chain_takes_as_long_however_many_places_there_are() -> None:
    chain = {"32s": Task(3), "16s": Task(2, ["32s"]), "8s": Task(1, ["16s"]), "other": Task(4)}
    assert wall_time(chain, 1) == 10
    assert wall_time(chain, 2) == wall_time(chain, 24) == 6


def test_jobs_without_a_place_run_beside_those_that_take_one() -> None:
    tasks = {name: Task(5, takes_place=name == "gpu") for name in ("gpu", "a", "b", "c")}
    assert wall_time(tasks, 1) == 5


@pytest.mark.parametrize("places", [1, 24])
def test_no_job_takes_no_time(places: int) -> None:
    assert wall_time({}, places) == 0
