"""Models loaded for a sheet, and sheets of many."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.pictures import has, picture_and_info
from fixtures.scenes import PLACES, ByChannel, TwoByRed, stairs, write_counts, write_model

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import Checkpoint, write_checkpoint
from fcnlib.report.figures.examples import plot_examples
from fcnlib.report.figures.sheets import label_images
from fcnlib.report.specs import NetSpec

A = NetSpec(experiment="a", row="A")


def test_many_nets_continue_below(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["rgb"], classes=classes)
    counts = write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    spec = [NetSpec(experiment=f"n{i}", row=f"N{i}") for i in range(9)]
    info = tmp_path / "sheet.json"
    plot_examples(
        {"table": "t", "seed": 0, "nets": spec}, models=[model] * 9, counts=[counts] * 9,
        dataset=places,
        image=info.with_suffix(".png"), info=info, images=tmp_path / "images.json",
    )  # fmt: skip
    picture, found = picture_and_info(info)
    assert found.width == 6 * 1.2 * 150  # image, truth and nine nets: six, and five below
    last = np.array_split(picture, 6, axis=1)[5]
    assert has(last, (255, 255, 255)) > 0.5 * last.shape[0] * last.shape[1]


def test_nets_together_label_as_each_alone_in_their_order(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    models = [
        write_model(tmp_path / f"{step}.ts", ByChannel(0, step, 4), inputs=["rgb"], classes=classes)
        for step in (60, 90)
    ]
    nets = [NetSpec(experiment=name, row=name) for name in "abc"]
    prepared, files = PreparedDataset(places), [models[0], models[1], models[0]]
    together = label_images(files, nets, prepared, ["place_0", "place_2"])
    alone = [
        label_images([file], [net], prepared, ["place_0", "place_2"])[0]
        for file, net in zip(files, nets, strict=True)
    ]
    assert [net.row for net in together] == ["a", "b", "c"]
    for one, other in zip(together, alone, strict=True):
        assert list(one.labels) == list(other.labels) == ["place_0", "place_2"]
        for name, found in one.labels.items():
            assert np.array_equal(found["semantic"], other.labels[name]["semantic"])
    first, second, _ = (net.labels["place_0"]["semantic"] for net in together)
    assert not np.array_equal(first, second)


# A net of 34 MB for each row, or one for all; prints how often such a file was opened, and the peak
# of memory in MB above what was there before.
SHEET = """
import sys
from pathlib import Path
from fcnlib.core.allocation import keep_freed_memory
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import Checkpoint, write_checkpoint
from fcnlib.report.figures.examples import plot_examples

opened = []
sys.addaudithook(lambda event, of: event == "open" and opened.append(str(of[0])))


def peak_mb():
    (line,) = [x for x in open("/proc/self/status") if x.startswith("VmHWM")]
    return int(line.split()[1]) // 1000


folder, places, files = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
keep_freed_memory()


def sheet(files):
    nets = [{"experiment": f"n{i}", "row": f"N{i}"} for i, _ in enumerate(files)]
    plot_examples(
        {"table": "t", "seed": 0, "nets": nets}, models=files,
        counts=[folder / "0.npz"] * len(nets),
        dataset=places, image=folder / "s.png", info=folder / "s.json",
        images=folder / "i.json",
    )


sheet(files[:2])
before, once = peak_mb(), opened.count(files[0])
opened.clear()
sheet(files)
print(peak_mb() - before, *(opened.count(file) / once for file in files))
"""


def test_one_net_at_a_time_is_in_memory_and_each_file_is_read_once(places, tmp_path):
    write_counts(tmp_path / "0.npz", places, [1, 2, 3, 4], ["semantic"])
    net = Net(backbone="vgg16", predict_from=("fc7",), width=0.25)
    classes = {"semantic": PLACES["semantic"]}
    built = build_fcn(
        **net.model_dump(exclude={"start_from"}),
        classes={task: len(x) for task, x in classes.items()},
    )
    checkpoint = Checkpoint(
        state=built.state_dict(), net=net, classes=classes, inputs=("rgb",), best_iteration=1
    )
    files = [str(tmp_path / f"{index}.pt") for index in range(8)]
    write_checkpoint(Path(files[0]), checkpoint)
    for file in files[1:]:
        shutil.copy(files[0], file)
    size = Path(files[0]).stat().st_size / 1e6
    command = [sys.executable, "-c", SHEET, tmp_path, places, *files, files[0]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    above, *opens = map(float, done.stdout.split())
    # Of the file of two rows, only its kind is looked at for each.
    assert set(opens[1:8]) == {1.0} and 1 <= opens[0] < 1.5
    # That of the pictures of nine rows; of all eight nets at once it would be six more at least.
    assert size > 30 and above < 5 * size


def test_a_net_that_sees_what_the_data_set_lacks_is_refused(places, tmp_path):
    classes = {"semantic": PLACES["semantic"]}
    model = write_model(tmp_path / "0.ts", ByChannel(0, 60, 4), inputs=["hha"], classes=classes)
    with pytest.raises(InputError, match=r"no hha in it; it has rgb"):
        label_images([model], [A], PreparedDataset(places), ["place_0"])


def test_a_model_without_inputs_in_its_metadata_is_named(places, tmp_path):
    torch.jit.save(torch.jit.script(TwoByRed()), str(tmp_path / "0.ts"))
    with pytest.raises(InputError, match=r"0\.ts: its metadata lack inputs; expected a model"):
        label_images([tmp_path / "0.ts"], [A], PreparedDataset(places), ["place_0"])


def test_the_fixture_has_every_class():
    assert set(np.unique(stairs(0, 5))) == {0, 1, 2, 3, 4, 255}
