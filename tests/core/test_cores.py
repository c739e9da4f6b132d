"""How many cores there are, also in a container."""

import os
from pathlib import Path

import pytest
from fixtures.machine import machine

from fcnlib.core.cores import usable_cores

V1 = "5:cpu,cpuacct:/docker/abc\n0::/\n"
QUOTA, PERIOD = "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "sys/fs/cgroup/cpu/cpu.cfs_period_us"


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "100000 100000\n"}),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "5000 100000\n"}),
        ("0::/job/step\n", {"sys/fs/cgroup/job/cpu.max": "150000 100000\n"}),
        (V1, {QUOTA: "100000\n", PERIOD: "100000\n"}),
    ],
)
def test_a_container_has_as_many_as_it_may_use(
    tmp_path: Path, groups: str, limits: dict[str, str]
) -> None:
    assert usable_cores(machine(tmp_path, groups, limits)) == 1


@pytest.mark.parametrize("limit", ["max 100000\n", "", "100000 0\n", "100000000000 100000\n"])
def test_what_is_no_limit_leaves_those_of_the_process(tmp_path: Path, limit: str) -> None:
    root = machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": limit})
    assert usable_cores(root) == len(os.sched_getaffinity(0))


def test_no_quota_of_version_1_is_no_limit(tmp_path: Path) -> None:
    root = machine(tmp_path, V1, {QUOTA: "-1\n", PERIOD: "100000\n"})
    assert usable_cores(root) == len(os.sched_getaffinity(0))
