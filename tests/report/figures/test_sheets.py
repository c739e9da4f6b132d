"""Models loaded for a sheet, and sheets of many."""

import numpy as np
import pytest
import torch
from fixtures.pictures import has, picture_and_info
from fixtures.scenes import PLACES, ByChannel, TwoByRed, stairs, write_counts, write_model

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.report.figures.examples import plot_examples
from fcnlib.report.figures.sheets import load_nets, predict_image
from fcnlib.report.specs import NetSpec

A = NetSpec(experiment="a", row="A")


def test_many_nets_continue_below_and_a_file_is_read_once(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    spec = [NetSpec(experiment=f"n{i}", row=f"N{i}") for i in range(9)]
    loaded = load_nets([model] * 9, spec, PreparedDataset(places))
    assert len({id(net.segment) for net in loaded}) == 1
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": spec}, models=[model] * 9, counts=[counts] * 9,
        dataset=places,
        image=info.with_suffix(".png"), info=info,
    )  # fmt: skip
    picture, found = picture_and_info(info)
    assert found.width == 6 * 1.2 * 150  # image, truth and nine nets: six, and five below
    last = np.array_split(picture, 6, axis=1)[5]
    assert has(last, (255, 255, 255)) > 0.5 * last.shape[0] * last.shape[1]


def test_a_net_that_sees_what_the_data_set_lacks_is_refused(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["hha"], classes=classes)
    with pytest.raises(InputError, match=r"no hha in it; it has rgb"):
        predict_image(
            load_nets([model], [A], PreparedDataset(places))[0], PreparedDataset(places), "place_0"
        )


def test_a_model_without_inputs_in_its_metadata_is_named(places, tmp_path):
    torch.jit.save(torch.jit.script(TwoByRed()), str(tmp_path / "0.ts"))
    with pytest.raises(InputError, match=r"0\.ts: its metadata lack inputs; expected a model"):
        load_nets([tmp_path / "0.ts"], [A], PreparedDataset(places))


def test_the_fixture_has_every_class():
    assert set(np.unique(stairs(0, 5))) == {0, 1, 2, 3, 4, 255}
