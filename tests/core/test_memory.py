"""How much memory there is, also in a container."""

from pathlib import Path

import pytest
from fixtures.machine import machine

from fcnlib.core.memory import memory_mb

INSTALLED = memory_mb(Path("/nowhere"))


def test_without_limits_it_is_what_is_installed() -> None:
    assert 500 < INSTALLED < 10**8


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/\n", {"sys/fs/cgroup/memory.max": "300000000\n"}),
        ("0::/job/step\n", {"sys/fs/cgroup/job/memory.max": "300000000\n"}),
        (
            "0::/job/step\n",
            {
                "sys/fs/cgroup/job/memory.max": "300000000\n",
                "sys/fs/cgroup/job/step/memory.max": "max\n",
            },
        ),
        ("0::/of/\udce9\n", {"sys/fs/cgroup/of/\udce9/memory.max": "300000000\n"}),
        # Version 1; a container sees its group at the root, under the name that it has outside.
        (
            "5:cpu,cpuacct:/\n4:memory:/docker/abc\n0::/\n",
            {"sys/fs/cgroup/memory/memory.limit_in_bytes": "300000000\n"},
        ),
    ],
)
def test_the_lowest_limit_of_its_control_groups_holds(
    tmp_path: Path, groups: str, limits: dict[str, str]
) -> None:
    assert memory_mb(machine(tmp_path, groups, limits)) == 300


@pytest.mark.parametrize(
    ("groups", "limit"),
    [
        ("0::/\n", "max\n"),
        ("0::/\n", "9223372036854771712\n"),  # version 1's word for none
        ("0::/\n", "much"),
        ("0::/\n", "0\n"),
        ("0::/\n", "-1\n"),
        ("a line without colons\n", "300000000\n"),
        ("", "300000000\n"),
        ("\x00\xff::", "300000000\n"),
    ],
)
def test_what_is_no_limit_is_left_out(tmp_path: Path, groups: str, limit: str) -> None:
    root = machine(tmp_path, groups, {"sys/fs/cgroup/memory.max": limit})
    assert memory_mb(root) == INSTALLED
