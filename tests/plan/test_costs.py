"""What pieces of work cost, and the whole estimate of them."""

from pathlib import Path
from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError
from fcnlib.plan.costs import Probe, UnitCosts, parse_seconds, read_probe, write_probe
from fcnlib.plan.estimate import estimate
from fcnlib.plan.targets import Targets
from fcnlib.plan.work import NETS, Work
from fcnlib.report.estimated import Estimate
from fcnlib.training.workload import Cost, Measured, NetKind

HOUR = 3600


def work_of(raw: dict[str, Any], **changes: Any) -> Work:
    return Work.of(Targets(load_config({**raw, **changes})))


def estimated(work: Work, unit_costs: UnitCosts, at_once: tuple[int, ...] = (1, 4)) -> Estimate:
    return estimate(work, unit_costs, at_once=at_once, bytes_of=lambda kind: 1000)


def priced(work: Work, device: str, seconds: float, cpu_seconds: float) -> UnitCosts:
    """Each piece of each kind at the same cost."""
    cost = Cost(seconds=seconds, cpu_seconds=cpu_seconds)
    pieces = {part.piece for job in work.jobs.values() for part in job.parts}
    measured = [Measured(of=kind, costs=dict.fromkeys(pieces, cost)) for kind in work.kinds]
    return UnitCosts(device, {each.of: each for each in measured})


def test_hours_by_hand_are_images_times_seconds(raw_config: dict[str, Any]) -> None:
    work = work_of(raw_config, scale="paper")
    unit_costs = UnitCosts("cuda", by_hand=parse_seconds(["train=0.1", "validate=0.05"]))
    found = estimated(work, unit_costs)
    assert found.unit == "GPU"
    assert found.hours == pytest.approx((0.1 * found.learnt + 0.05 * found.validated) / HOUR, 1e-3)
    row = next(row for row in found.rows if row.experiment == "voc-fcn32s")
    assert row.hours == pytest.approx((0.1 * 100_000 + 0.05 * 18_400) / HOUR)
    assert "start" in found.not_counted and "train" not in found.not_counted
    # The longest chain: PASCAL-Context's FCN-32s, 16s, 8s, as long as 1.4 million images.
    chain = 3 * (0.1 * 400_000 + 0.05 * 50 * 5105)
    alexnet = 0.1 * 2_000_000 + 0.05 * 18_400
    assert found.chain_hours == pytest.approx(max(chain, alexnet) / HOUR, 1e-3)


def test_rows_add_up_to_the_whole_run_where_nothing_but_nets_costs(
    raw_config: dict[str, Any],
) -> None:
    by_hand = parse_seconds(["train=0.1", "validate=0.05"])
    found = estimated(
        work_of(raw_config, scale="paper", seeds=[0, 1]), UnitCosts("cuda", {}, by_hand)
    )
    nets = [row for row in found.rows if row.learnt]
    assert sum(row.learnt for row in nets) == found.learnt
    assert sum(row.hours for row in nets) == pytest.approx(found.hours, rel=1e-3)


def test_without_a_gpu_hours_are_of_cores_and_with_one_of_the_gpus_jobs_alone(
    raw_config: dict[str, Any],
) -> None:
    work = work_of(raw_config)
    cpu, gpu = (estimated(work, priced(work, x, 1.0, 3.0)) for x in ("cpu", "cuda"))
    assert (cpu.unit, gpu.unit) == ("CPU core", "GPU")
    jobs = [job for job in work.jobs.values() if job.gpu]
    pieces = [part for job in jobs for part in job.parts if part.piece != "draw"]  # a constant
    of_gpu = sum(part.number for part in pieces) / HOUR
    assert of_gpu < gpu.hours < 1.01 * of_gpu
    assert cpu.hours > 3 * of_gpu
    assert not gpu.not_counted


def test_wall_time_is_bounded_by_chain_and_work_and_falls_with_gpus(
    raw_config: dict[str, Any],
) -> None:
    raw_config["scales"]["demo"]["tables"] = ["skips"]
    work, places = work_of(raw_config), (1, 2, 3, 8)
    found = estimated(work, priced(work, "cuda", 1.0, 1.0), places)
    walls = [found.wall_hours[count] for count in places]
    assert walls == sorted(walls, reverse=True)
    assert walls[-1] >= found.chain_hours - 1e-9
    assert all(w >= found.hours / n - 1e-9 for w, n in zip(walls, places, strict=True))


def test_disk_counts_a_saved_state_of_each_training_at_once(raw_config: dict[str, Any]) -> None:
    work = work_of(raw_config)
    unit_costs = UnitCosts("cpu", by_hand={"train": 1.0})
    states = {n: estimated(work, unit_costs, (n,)).disk_gb["saved states"] for n in (1, 4)}
    assert states[1] == pytest.approx(3000 / 1e9)
    assert states[4] == pytest.approx(4 * states[1])
    nets = len(work.targets.nets) + len(work.targets.released)  # each is written, then converted
    assert estimated(work, unit_costs).disk_gb["checkpoints"] == pytest.approx(nets * 1000 / 1e9)


def test_a_probe_is_read_as_it_was_written(raw_config: dict[str, Any], tmp_path: Path) -> None:
    work = work_of(raw_config)
    cost = Cost(seconds=0.5, cpu_seconds=0.25)
    kinds = [NETS, next(kind for kind in work.kinds if isinstance(kind, NetKind))]
    written = Probe(
        device="cpu", machine="here", date="today", steps=20, run=cost,
        measured=tuple(Measured(of=kind, costs={"start": cost}) for kind in kinds),
    )  # fmt: skip
    write_probe(tmp_path / "probe.json", written)
    assert read_probe(tmp_path / "probe.json") == written


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"device": 1}', "\x00", '{"steps": 1e999}'])
def test_a_file_that_is_no_probe_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "probe.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"probe\.json: .*expected what fcn estimate") as error:
        read_probe(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "train", "train=", "train=-1", "train=nan", "trian=1", "=1"])
def test_seconds_that_are_none_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match=r"--seconds-per-image: .*expected such as train=0\.1"):
        parse_seconds([text])
