"""The exported file: equal to the net, any size, usable without this package."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.nets import with_random_scores, with_random_weights

from fcnlib.core.errors import InputError
from fcnlib.inference.model import Model, load_model, read_net
from fcnlib.inference.model_info import ModelInfo
from fcnlib.inference.torchscript import export_checkpoint, export_torchscript, read_metadata
from fcnlib.models.fcn import FCN, build_fcn

THIN = 1 / 32


def net(*predict_from: str, **values: Any) -> FCN:
    return with_random_scores(build_fcn(predict_from=predict_from, classes=5, width=THIN, **values))


NETS = [("fc7",), ("fc7", "pool4"), ("fc7", "pool4", "pool3"), ("pool5",), ("pool4",), ("pool3",)]


@pytest.mark.parametrize("predict_from", NETS)
@pytest.mark.parametrize("padding", [1, 100])
def test_scripted_equals_eager_for_sizes_it_was_not_made_for(
    predict_from: tuple[str, ...], padding: int, tmp_path: Path
) -> None:
    eager = net(*predict_from, padding=padding)
    export_torchscript(eager, tmp_path / "net.ts")
    scripted = load_model(tmp_path / "net.ts")
    for height, width in [(20, 40), (40, 50), (33, 97)]:
        rgb = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
        with torch.inference_mode():
            scores = eager(eager.normalise(rgb))
            torch.testing.assert_close(scripted.scores(eager.normalise(rgb)), scores)
            labels = scripted.labels(rgb)["semantic"]
        assert labels.dtype == torch.uint8 and labels.shape == (2, height, width)
        assert torch.equal(labels.long(), scores.argmax(1))


def test_a_batch_gives_what_its_images_give_one_by_one(tmp_path: Path) -> None:
    export_torchscript(net("fc7", "pool4"), tmp_path / "net.ts")
    scripted = load_model(tmp_path / "net.ts")
    rgb = torch.randint(0, 256, (3, 3, 40, 30), dtype=torch.uint8)
    alone = torch.cat([scripted.labels(image[None])["semantic"] for image in rgb])
    assert torch.equal(scripted.labels(rgb)["semantic"], alone)
    images = torch.randn(3, 3, 40, 30)
    scores = torch.cat([scripted.scores(image[None]) for image in images])
    torch.testing.assert_close(scripted.scores(images), scores)


def test_the_file_alone_is_enough(tmp_path: Path) -> None:
    export_torchscript(net("fc7"), tmp_path / "net.ts")
    code = (
        "import sys, torch; net = torch.jit.load(sys.argv[1]);"
        "print(net(torch.zeros(1, 3, 9, 8, dtype=torch.uint8)).shape, 'fcnlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "net.ts")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "torch.Size([1, 9, 8]) False"


def test_dropout_is_off_in_the_file(tmp_path: Path) -> None:
    export_torchscript(net("fc7", dropout=0.9).train(), tmp_path / "net.ts")
    scripted = load_model(tmp_path / "net.ts")
    image = torch.randn(1, 3, 40, 40)
    assert torch.equal(scripted.scores(image), scripted.scores(image))


def test_the_file_holds_its_metadata(tmp_path: Path) -> None:
    info = ModelInfo(classes={"semantic": tuple("abcde")}, settings={"momentum": 0.9}, loss=0.5)
    export_torchscript(net("fc7"), tmp_path / "net.ts", info=info)
    assert read_metadata(tmp_path / "net.ts") == info == load_model(tmp_path / "net.ts").info


def test_a_net_that_is_written_stays_as_it_was(tmp_path: Path) -> None:
    training = net("fc7").train()
    export_torchscript(training, tmp_path / "net.ts")
    assert training.training and training["conv1_1"].training


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.ts").write_bytes(content)
    with pytest.raises(
        InputError, match=r"net\.ts: .*expected a checkpoint .* or an exported model"
    ) as error:
        load_model(tmp_path / "net.ts")
    assert "\n" not in str(error.value)
    with pytest.raises(
        InputError, match=r"net\.ts: .*expected a checkpoint .* or an exported model"
    ):
        read_metadata(tmp_path / "net.ts")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.ts: no such file"):
        load_model(tmp_path / "none.ts")


def test_a_checkpoint_that_is_no_trained_net_is_named(tmp_path: Path) -> None:
    torch.save({"state": net("fc7").state_dict()}, tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"net\.pt: lacks .*classes.*; expected a trained net"):
        export_checkpoint(tmp_path / "net.pt", tmp_path / "net.ts")
    assert not (tmp_path / "net.ts").exists()


def test_a_checkpoint_has_the_labels_and_metadata_of_its_export(tmp_path: Path) -> None:
    five = with_random_scores(build_fcn(predict_from=["fc7"], classes=5, width=THIN))
    values = {"backbone": "vgg16", "predict_from": ["fc7"], "width": THIN}
    content = {
        "state": five.state_dict(),
        "net": values,
        "classes": {"semantic": list("abcde")},
        "palette": {},
        "inputs": ["rgb"],
        "best_iteration": 1,
        "provenance": {},
        "loss": 0.5,
    }
    checkpoint, exported = tmp_path / "net.pt", tmp_path / "net.ts"
    torch.save(content, checkpoint)
    export_checkpoint(checkpoint, exported)
    assert read_metadata(checkpoint) == read_metadata(exported)
    image = torch.randint(0, 256, (2, 3, 41, 30)).float()
    scores = load_model(checkpoint).scores(image)
    assert torch.equal(scores, load_model(exported).scores(image)) and scores.std() > 0


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    content = {
        "state": net("fc7").state_dict(),
        "net": {"backbone": "vgg16", "predict_from": ["fc7"], "width": 1 / 16},
        "classes": {"semantic": list("abcde")},
        "palette": {},
        "inputs": ["rgb"],
        "best_iteration": 1,
        "provenance": {},
    }
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"net\.pt: conv1_1\.weight is 2 x 3 x 3 x 3; expected 4"):
        export_checkpoint(tmp_path / "net.pt", tmp_path / "net.ts")
    assert not (tmp_path / "net.ts").exists()


def test_making_a_model_for_its_device_keeps_its_labels(tmp_path: Path) -> None:
    """Of a net so wide that all its faster layers are used, and without no_grad."""
    export_torchscript(with_random_weights(build_fcn(classes=5, width=1 / 4)), tmp_path / "net.ts")
    alone, made = torch.jit.load(tmp_path / "net.ts"), load_model(tmp_path / "net.ts")  # type: ignore[no-untyped-call]
    rgb = torch.randint(0, 256, (1, 3, 70, 90), dtype=torch.uint8)
    assert (alone(rgb) == made.labels(rgb)["semantic"]).float().mean() > 0.999
    scores = alone.scores(rgb.float()).detach()
    torch.testing.assert_close(
        made.scores(rgb.float()), scores, rtol=0, atol=1e-4 * float(scores.abs().max())
    )


@pytest.mark.parametrize(
    "values",
    [
        {"predict_from": ["fc7", "pool4", "pool3"]},
        {"backbone": "alexnet", "predict_from": ["fc7"]},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"]},
        {"predict_from": ["fc7"], "input_channels": 4},
        {"predict_from": ["fc7"], "streams": ["color", "hha"]},
        {"predict_from": ["fc7"], "classes": {"semantic": 4, "geometric": 3}},
    ],
)
def test_what_is_not_compiled_computes_the_same_bits(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    net = with_random_weights(build_fcn(**{"classes": 5, "width": 1 / 8, **values}))
    export_torchscript(net, path := tmp_path / "net.ts")
    compiled, (own, info) = load_model(path), read_net(path)
    plain = Model.of(own, info, path=path, device="cpu", precision="fp32", compiled=False)
    channels = net.input_mean.numel()
    for size in ((64, 80), (45, 61), (64, 80)):  # TorchScript optimises after the first runs
        image = torch.randint(0, 256, (1, channels, *size), dtype=torch.int32)
        scores = compiled.scores(compiled.normalise(image))
        assert torch.equal(plain.scores(plain.normalise(image)), scores)
        for task, labels in compiled.labels(image).items():
            assert torch.equal(plain.labels(image)[task], labels)
        assert len(scores.unique()) > 100


def test_the_file_has_the_published_layers_weights(tmp_path: Path) -> None:
    export_torchscript(net("fc7", "pool4"), tmp_path / "net.ts")
    state = torch.jit.load(tmp_path / "net.ts").state_dict()  # type: ignore[no-untyped-call]
    assert {"net.conv1_1.weight", "net.fc6.bias", "net.score_pool4.weight"} <= state.keys()


def test_a_net_with_two_heads_labels_each_task(tmp_path: Path) -> None:
    classes = {"semantic": 4, "geometric": 3}
    two = with_random_scores(build_fcn(predict_from=["fc7"], classes=classes, width=THIN))
    export_torchscript(two, tmp_path / "net.ts")
    rgb = torch.randint(0, 256, (2, 3, 40, 30), dtype=torch.uint8)
    model = load_model(tmp_path / "net.ts")
    labels, shares = model.labels(rgb), model.label_probabilities(rgb)
    expected = two.split(two(two.normalise(rgb)))
    assert list(labels) == list(classes)
    for task, scores in expected.items():
        assert torch.equal(labels[task].long(), scores.argmax(1))
        torch.testing.assert_close(shares[task], scores.softmax(1))


@pytest.mark.parametrize("values", [{"input_channels": 4}, {"streams": ["color", "hha"]}])
@pytest.mark.parametrize("device", [False, True])
def test_scripted_equals_eager_for_any_inputs(
    tmp_path: Path, values: dict[str, Any], device: bool
) -> None:
    eager = with_random_scores(build_fcn(predict_from=["fc7"], classes=5, width=THIN, **values))
    eager.input_mean[3] = 7.8
    export_torchscript(eager, tmp_path / "net.ts")
    path = tmp_path / "net.ts"
    alone = torch.jit.load(path)  # type: ignore[no-untyped-call]
    model = load_model(path) if device else Model(alone, ModelInfo(), path=path, device="cpu")
    image = torch.randint(0, 256, (2, eager.input_mean.numel(), 30, 40), dtype=torch.int32)
    image[:, 3] *= 39 if "input_channels" in values else 1
    with torch.inference_mode():
        own = eager.normalise(image)
        assert torch.equal(model.normalise(image), own) and own.dtype == torch.float32
        assert torch.equal(model.labels(image)["semantic"].long(), eager(own).argmax(1))
        shares = model.label_probabilities(image)["semantic"]
        torch.testing.assert_close(shares, eager(own).softmax(1))


def test_a_checkpoint_of_classes_without_a_task_is_refused(tmp_path: Path) -> None:
    content = {"net": {}, "state": {}, "classes": ["a"], "palette": [], "inputs": ["rgb"]}
    content |= {"net": {"backbone": "vgg16", "predict_from": ["fc7"]}, "best_iteration": 1}
    torch.save({**content, "provenance": {}}, tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"net\.pt: classes without their task; expected"):
        export_checkpoint(tmp_path / "net.pt", tmp_path / "net.ts")


def test_a_file_of_another_version_is_one_line(tmp_path: Path) -> None:
    scripted = torch.jit.script(net("fc7"))
    extra = {"net.json": '{"colour": "red"}', "metadata.json": "{}", "tensors.json": "[]"}
    scripted.save(str(tmp_path / "net.ts"), _extra_files=extra)
    with pytest.raises(InputError, match=r"net\.ts: net\.json: .*unknown key 'colour'.*; expected"):
        load_model(tmp_path / "net.ts")


def test_a_file_that_does_not_tell_its_inputs_is_not_taken_to_see_colours(tmp_path: Path) -> None:
    scripted = torch.jit.script(net("fc7"))
    extra = {"net.json": "{}", "about.json": '{"inputs": ["hha"]}'}  # as an earlier version did
    scripted.save(str(tmp_path / "net.ts"), _extra_files=extra)
    for read in (load_model, read_metadata):
        with pytest.raises(InputError, match=r"net\.ts: of an earlier version; expected"):
            read(tmp_path / "net.ts")


@pytest.mark.parametrize(
    ("channels", "inputs"), [(1, ["depth"]), (3, ["rgb"]), (4, ["rgb", "depth"])]
)
def test_a_net_that_is_exported_alone_sees_what_its_channels_are(
    tmp_path: Path, channels: int, inputs: list[str]
) -> None:
    net = build_fcn(classes=3, width=1 / 32, padding=1, fc6_kernel=3, input_channels=channels)
    export_torchscript(net, tmp_path / "net.ts")
    model = load_model(tmp_path / "net.ts")
    assert list(model.inputs) == inputs
    image = np.ones((40, 50, channels), np.int32 if "depth" in inputs else np.uint8)
    assert model.predict(image).shape == (40, 50)
