"""What other work uses of the processors."""

import pytest

from fcnlib.core import other_work
from fcnlib.core.other_work import OtherWork

# user nice system idle iowait irq softirq steal guest guest_nice, in ticks
BEFORE = "cpu  1000 0 500 8000 100 0 0 0 700 0\ncpu0 1 2 3\n"
AFTER = "cpu  1500 0 580 8400 100 0 0 20 900 0\ncpu0 1 2 3\n"


@pytest.fixture
def stat(tmp_path, monkeypatch):
    path = tmp_path / "stat"
    monkeypatch.setattr(other_work, "STAT", path)
    return path


def test_all_but_this_process_and_idle_time_is_other_work(stat, monkeypatch):
    monkeypatch.setattr(other_work.os, "sysconf", lambda name: 100)
    own = iter([3.0, 4.0])
    monkeypatch.setattr(other_work.time, "process_time", lambda: next(own))
    stat.write_text(BEFORE, "utf-8")
    others = OtherWork()
    stat.write_text(AFTER, "utf-8")
    assert others.share() == pytest.approx((5.0 + 0.8 + 0.2 - 1.0) / 10.0)


def test_own_work_of_more_than_all_is_no_less_than_none(stat, monkeypatch):
    own = iter([0.0, 1e6])
    monkeypatch.setattr(other_work.time, "process_time", lambda: next(own))
    stat.write_text(BEFORE, "utf-8")
    others = OtherWork()
    stat.write_text(AFTER, "utf-8")
    assert others.share() == 0


@pytest.mark.parametrize(
    "content", [None, "", "cpu 1 2\n", "cpu one two three four five\n", BEFORE]
)
def test_where_nothing_is_counted_nothing_is_known(stat, content):
    if content is not None:
        stat.write_text(content, "utf-8")
    assert OtherWork().share() is None


def test_on_this_machine_it_is_a_share_or_unknown():
    others = OtherWork()
    sum(range(3_000_000))
    share = others.share()
    assert share is None or 0 <= share <= 1
