"""The log of a training and the learning curve."""

from pathlib import Path

import pytest
from fixtures.training import read_curve

from fcnlib.training.history import LOG_COLUMNS, LogRecord, LossMeter, final_loss, write_curve


def test_the_final_loss_weighs_every_image_alike() -> None:
    lines: list[LogRecord] = [
        {"images": images, "loss_per_pixel": loss}
        for images, loss in ((180, "9"), (185, "1"), (200, "5"))
    ]
    assert final_loss(lines) == pytest.approx((5 * 1 + 15 * 5) / 20)


def test_a_record_is_the_mean_over_images_and_over_pixels() -> None:
    meter = LossMeter()
    meter.add(30.0, 10)
    meter.add(10.0, 30)
    assert meter.record(iteration=4, batch_size=2, seconds=16.0, learning_rate=1e-10) == {
        "iteration": 4,
        "images": 8,
        "seconds": 16.0,
        "loss": "20",
        "loss_per_pixel": "1",
        "learning_rate": "1e-10",
        "images_per_second": "0.5",
    }


def test_further_tasks_have_a_column_of_their_accuracy(tmp_path: Path) -> None:
    record: LogRecord = {"iteration": 1, "mean_iu": 0.5, "geometric_pixel_accuracy": 0.25}
    write_curve(tmp_path / "net.csv", [record], ["semantic", "geometric"])
    (row,) = read_curve(tmp_path / "net.csv")
    assert list(row) == [*LOG_COLUMNS, "geometric_pixel_accuracy"]
    assert (row["mean_iu"], row["geometric_pixel_accuracy"], row["loss"]) == ("0.5", "0.25", "")
