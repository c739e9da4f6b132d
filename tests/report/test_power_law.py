"""Learning curves as power laws."""

import numpy as np
import pytest

from fcnlib.report.power_law import fit_power_law, power_law

SIZES = [20, 20, 20, 40, 40, 40, 80, 80, 80]


def test_a_curve_without_noise_is_found_again() -> None:
    n = np.array([20.0, 40.0, 80.0, 160.0])
    band = fit_power_law([20, 40, 80, 160], power_law(n, 60, 80, 0.4).tolist(), [320.0])
    assert band.fit[0] == pytest.approx(power_law(np.array(320.0), 60, 80, 0.4), abs=0.05)
    assert np.isnan(band.low).all() and np.isnan(band.high).all()  # one run of each size


@pytest.mark.slow
@pytest.mark.nightly
def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    truth, rng, inside = (60.0, 80.0, 0.4), np.random.default_rng(1), 0
    for _ in range(20):
        scores = power_law(np.array(SIZES, float), *truth) + rng.normal(0, 1, len(SIZES))
        band = fit_power_law(SIZES, scores.tolist(), [80.0])
        inside += band.low[0] <= power_law(np.array(80.0), *truth) <= band.high[0]
    assert 14 <= inside <= 20


def test_it_widens_beyond_what_was_measured() -> None:
    scores = [20, 22, 21, 30, 29, 31, 36, 37, 35]
    band = fit_power_law(SIZES, scores, [40.0, 80.0, 160.0])
    widths = band.high - band.low
    assert widths[2] > 1.5 * widths[1] > 0
    assert band.fit[1] == pytest.approx(36, abs=1)
