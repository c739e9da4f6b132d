"""How long jobs take that wait for each other, so many of them at once."""

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A job for a schedule: how long it takes, what it waits for, whether it takes a place."""

    seconds: float
    after: Collection[str] = ()
    takes_place: bool = True  # of the limited ones, as a GPU; the others all run at once


def wall_time(tasks: Mapping[str, Task], places: int) -> float:
    """Seconds until all are done: list scheduling, what the longest chain hangs on first.

    A longer list of places may make such a schedule longer (Graham's anomalies); the shortest with
    at most so many places is taken.

    Args:
        tasks: By name; each after those that it waits for.
        places: How many of those that take a place run at once.
    """
    behind = _seconds_behind(tasks)
    return min((_schedule(tasks, behind, count) for count in range(1, places + 1)), default=0.0)


def critical_path(tasks: Mapping[str, Task]) -> float:
    """Seconds of the longest chain: no number of places makes it shorter."""
    return max(_seconds_behind(tasks).values(), default=0.0)


def _seconds_behind(tasks: Mapping[str, Task]) -> dict[str, float]:
    """Of each task with the longest chain of those that wait for it."""
    longest = dict.fromkeys(tasks, 0.0)
    for name, task in reversed(list(tasks.items())):
        longest[name] += task.seconds
        for earlier in task.after:
            longest[earlier] = max(longest[earlier], longest[name])
    return longest


def _schedule(tasks: Mapping[str, Task], behind: Mapping[str, float], places: int) -> float:
    """When the last one ends."""
    waits = {name: len(set(task.after)) for name, task in tasks.items()}
    followers: dict[str, list[str]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        for earlier in set(task.after):
            followers[earlier].append(name)
    ready = [(-behind[name], name) for name, count in waits.items() if count == 0]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now, free = 0.0, places
    while ready or running:
        delayed = []
        while ready:
            entry = heapq.heappop(ready)
            task = tasks[entry[1]]
            if task.takes_place and not free:
                delayed.append(entry)
                continue
            free -= task.takes_place
            heapq.heappush(running, (now + task.seconds, entry[1]))
        for entry in delayed:
            heapq.heappush(ready, entry)
        now, ended = heapq.heappop(running)
        free += tasks[ended].takes_place
        for name in followers[ended]:
            waits[name] -= 1
            if not waits[name]:
                heapq.heappush(ready, (-behind[name], name))
    return now
