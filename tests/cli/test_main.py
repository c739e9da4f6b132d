"""`fcn` as people type it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from fixtures.commands import fcn
from fixtures.exports import write_net
from fixtures.models import model_info
from fixtures.own_files import net, own
from PIL import Image
from torch import nn

from fcnlib.cli.main import main
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.inference.export.export import export
from fcnlib.inference.inputs import find_images
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.caffemodel import write_caffemodel

PALETTE = [[0, 0, 0], [200, 30, 30], [30, 30, 200]]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


@pytest.fixture
def model(tmp_path: Path) -> Path:
    net = build_fcn(classes=3, width=1 / 32, padding=1, fc6_kernel=3)
    nn.init.normal_(net["score_fr"].weight, generator=torch.Generator().manual_seed(0))
    info = model_info(classes={"semantic": ["a", "b", "c"]}, palette={"semantic": PALETTE})
    export_torchscript(net, tmp_path / "net.ts", info=info)
    return tmp_path / "net.ts"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, size in [("one.jpg", (40, 60)), ("two.png", (31, 20))]:
        Image.fromarray(generator.integers(0, 256, (*size, 3), np.uint8)).save(folder / name)
    return folder


def test_the_help_of_every_command_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    _, overview = fcn(capsys, "--help")
    commands = ["doctor", "init", "fetch", "prepare", "check", "hha", "estimate", "train", "status"]
    commands += ["convert", "predict", "evaluate", "submit", "info", "verify", "compare"]
    listed = re.findall(r"^[^a-zA-Z]*([a-z]+)  ", overview.partition("Commands")[2], re.MULTILINE)
    assert listed == commands  # in the order of work
    for command in commands:
        code, text = fcn(capsys, command, "--help")
        assert code == 0 and f"Example: fcn {command}" in " ".join(text.split())


def test_a_command_that_is_misspelt_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fcn", "predct"])
        with pytest.raises(SystemExit) as stop:
            main()
    assert stop.value.code == 2
    assert "Did you mean 'predict'?" in " ".join(capsys.readouterr().err.split())


def test_predict_writes_palette_pngs_of_the_models_labels(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    code, text = fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path / "out")
    assert code == 0 and "2 label images" in text
    for name in ("one.jpg", "two.png"):
        written = opened(tmp_path / "out" / Path(name).with_suffix(".png"))
        expected = load_model(model).predict(photos / name)
        assert written.mode == "P" and np.array_equal(np.array(written), expected)
        assert written.getpalette()[3:6] == PALETTE[1]


def test_a_model_without_a_palette_gets_that_of_voc(
    capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path
) -> None:
    export_torchscript(
        build_fcn(classes=3, width=1 / 32, padding=1, fc6_kernel=3), tmp_path / "bare.ts"
    )
    out = tmp_path / "out"
    code, _ = fcn(capsys, "predict", photos, "--model", tmp_path / "bare.ts", "--out", out)
    assert code == 0
    assert opened(out / "one.png").getpalette()[3:6] == [128, 0, 0]


def test_predict_writes_overlays(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    fcn(capsys, "predict", photos / "one.jpg", "--model", model, "--out", tmp_path, "--overlay")
    overlay = opened(tmp_path / "one.overlay.png")
    assert overlay.mode == "RGB" and overlay.size == (60, 40)


def test_predict_writes_the_nets_probabilities(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path, "--probabilities")
    rgb = torch.from_numpy(np.array(opened(photos / "two.png"))).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = load_model(model).label_probabilities(rgb)["semantic"][0]
    torch.testing.assert_close(expected.sum(0), torch.ones(31, 20))
    with np.load(tmp_path / "two.npz") as file:
        probabilities, classes = torch.from_numpy(file["probabilities"]), file["classes"]
    torch.testing.assert_close(probabilities.float(), expected, atol=1e-3, rtol=0)
    assert classes.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16"])
def test_predict_takes_images_of_any_kind(
    capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path, mode: str
) -> None:
    image = Image.fromarray(np.full((30, 25), 900, np.uint16))
    if mode != "I;16":
        image = Image.new("RGB", (25, 30), (10, 200, 30)).convert(mode)
    image.save(tmp_path / "photo.png")
    code, _ = fcn(
        capsys, "predict", tmp_path / "photo.png", "--model", model, "--out", tmp_path / "out"
    )
    assert code == 0
    assert opened(tmp_path / "out" / "photo.png").size == (25, 30)


def test_predict_turns_an_image_by_its_orientation_tag(
    capsys: pytest.CaptureFixture[str], model: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    fcn(capsys, "predict", tmp_path / "turned.jpg", "--model", model, "--out", tmp_path / "out")
    assert opened(tmp_path / "out" / "turned.png").size == (20, 40)


def test_predict_names_an_image_cut_short_and_writes_the_others(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    whole = (photos / "one.jpg").read_bytes()
    (photos / "one.jpg").write_bytes(whole[: len(whole) // 2])
    error, _ = fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path / "out")
    assert isinstance(error, str)
    assert error.startswith("error: ") and "one.jpg" in error and "\n" not in error
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["two.png"]


def test_predict_in_batches_and_in_turn_writes_the_same(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copy(photos / "one.jpg", photos / "three.jpg")
    for out, options in {"plain": [], "other": ["--batch", 2, "--workers", 1]}.items():
        code, text = fcn(
            capsys, "predict", photos, "--model", model, "--out", tmp_path / out, *options
        )
        assert code == 0 and "3 label images" in text
    for name in ("one.png", "two.png", "three.png"):
        plain, other = (opened(tmp_path / out / name) for out in ("plain", "other"))
        same = np.array(plain) == np.array(other)
        assert same.mean() > 0.99  # rounding decides near-ties, and differs in a batch


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "none.jpg", "--model", "net.ts", "--out", "o"], "none.jpg: no image found"),
        (["predict", "photos", "--model", "none.ts", "--out", "o"], "none.ts: no such file"),
        (["train", "voc-fcn64s"], "'voc-fcn64s' is no net to train; did you mean 'voc-fcn"),
        (["prepare", "voc"], "'voc' is no data set; known: voc2011, voc2011-sbd"),
        (
            ["prepare", "siftflow"],
            "SiftFlowDataset.zip: no such file; make it with: snakemake data/",
        ),
        (["check", "voc"], "'voc' is no data set; known: voc2011, voc2011-sbd"),
        (["fetch", "voc.tar", "--out", "o"], "voc.tar"),
        (["info", "none.pt"], "none.pt: no such file"),
        (["info", "config.yaml"], "config.yaml: is text; expected a checkpoint"),
        (["train", "bound-4"], "'bound-4' is no net to train; known: voc2011-alexnet, "),
        (["train", "zoo-voc-fcn8s"], "'zoo-voc-fcn8s' is no net to train; did you mean "),
        (["train", "voc-fcn32s", "--device", "gpu"], "device 'gpu': not available here; "),
        (
            ["predict", "photos", "--model", "net.ts", "--out", "o", "--device", "cuda:99"],
            "device 'cuda:99': not available here; available: cpu",
        ),
        (["train", "x", "-c", "none.yaml"], "none.yaml: "),
    ],
)
def test_a_mistake_ends_in_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    repository: Path,
    model: Path,
    photos: Path,
    arguments: list[str],
    message: str,
) -> None:
    shutil.copy(repository / "config.yaml", model.parent)
    shutil.copytree(repository / "studies", model.parent / "studies", dirs_exist_ok=True)
    monkeypatch.chdir(model.parent)
    error, _ = fcn(capsys, *arguments)
    assert isinstance(error, str)
    assert error.startswith("error: ") and message in error and "\n" not in error


def test_two_images_of_one_name_are_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copy(photos / "two.png", photos / "one.png")
    error, _ = fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path / "out")
    assert "would be written over" in str(error)
    assert not (tmp_path / "out").exists()


def test_no_image_is_written_over(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in photos.iterdir()}
    (tmp_path / "link").symlink_to(photos)
    for out in (photos, tmp_path / "link"):
        error, _ = fcn(capsys, "predict", photos, "--model", model, "--out", out)
        assert f"{photos / 'two.png'}: would be written over" in str(error)
        assert {path: path.read_bytes() for path in photos.iterdir()} == before
    # Beside the images is well, where none of them has the name.
    code, _ = fcn(capsys, "predict", photos / "one.jpg", "--model", model, "--out", photos)
    assert code == 0


def test_no_overlay_is_written_over_an_image_or_labels(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    other = shutil.copy(photos / "one.jpg", photos / "two.overlay.jpg")
    arguments = ["predict", photos, "--model", model, "--overlay", "--out"]
    error, _ = fcn(capsys, *arguments, tmp_path / "out")
    assert "would be written over" in str(error) and "two.overlay.jpg's labels" in str(error)
    Path(other).rename(tmp_path / "two.overlay.png")
    error, _ = fcn(capsys, *arguments, tmp_path, tmp_path / "two.overlay.png")
    assert "two.overlay.png: would be written over" in str(error)


def test_predict_computes_with_the_given_threads(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    try:
        fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path / "o", "--threads", 3)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)


def test_patterns_folders_and_files_are_found_once(photos: Path) -> None:
    everything = [photos / "one.jpg", photos / "two.png"]
    (photos / "._one.jpg").touch()  # as other systems leave them
    assert find_images([str(photos)]) == everything
    assert find_images([str(photos / "*.jpg"), str(photos)]) == everything


def test_an_output_folder_that_cannot_be_made_is_named(
    capsys: pytest.CaptureFixture[str], model: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    error, _ = fcn(capsys, "predict", photos, "--model", model, "--out", tmp_path / "file" / "out")
    assert str(error).startswith("error: ") and "file" in str(error)


def test_info_describes_models_and_data_sets(
    capsys: pytest.CaptureFixture[str], model: Path, world: Path
) -> None:
    _, text = fcn(capsys, "info", model, "--json")
    assert json.loads(text)["classes"] == {"semantic": ["a", "b", "c"]}
    _, text = fcn(capsys, "info", world, "--json")
    assert json.loads(text)["splits"] == {"train": 20, "seg11valid": 6}


def test_info_is_one_screen_with_what_a_user_needs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, world: Path
) -> None:
    write_net(tmp_path / "net.pt")
    write_net(tmp_path / "wide.pt", predict_from=("fc7",), fc6_kernel=3)
    export(tmp_path / "net.pt", tmp_path / "net.ts")
    export(tmp_path / "wide.pt", tmp_path / "net.caffemodel")
    for name in ("net.pt", "net.ts", "net.caffemodel"):
        code, text = fcn(capsys, "info", tmp_path / name)
        assert code == 0 and len(text.splitlines()) <= 24 and "3: road, a|b *, tree" in text
        assert max(map(len, text.splitlines())) <= 100 or "/" in text.splitlines()[0]
        assert "MB" in text
    _, text = fcn(capsys, "info", tmp_path / "net.pt")
    for line in ("inputs      rgb; sides from 1 on", "mean IU 43.2 % (split val)", "street, split"):
        assert line in text
    assert "synthetic images; 400 iterations" in text and "predicts from pool4, pool3" in text
    code, text = fcn(capsys, "info", world)
    assert code == 0 and "21: background, aeroplane" in text and "train 20, seg11valid 6" in text
    assert len(text.splitlines()) <= 24


def test_info_lists_the_maps_of_a_model(
    capsys: pytest.CaptureFixture[str], model: Path, world: Path
) -> None:
    code, text = fcn(capsys, "info", model, "--maps", "64")
    assert code == 0 and "| score | upscore8, data | 64 | 1 |" in text
    assert fcn(capsys, "info", world, "--maps", "64")[0] != 0
    assert fcn(capsys, "info", model, "--maps", "0")[0] != 0


def test_info_describes_files_of_weights(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    state = build_fcn(classes=3, width=1 / 32).state_dict()
    torch.save(state, tmp_path / "net.pth")
    torch.save({"arch": "FCN8s", "model_state_dict": state}, tmp_path / "run.pth")
    write_caffemodel(tmp_path / "net.caffemodel", {"fc7": [np.ones((4, 2)), np.ones(4)]})
    printed = {}
    for name in ("net.pth", "run.pth", "net.caffemodel"):
        code, text = fcn(capsys, "info", tmp_path / name, "--json")
        assert code == 0
        printed[name] = json.loads(text)
    assert printed["net.pth"]["conv1_1.weight"] == "2 x 3 x 3 x 3"
    assert printed["run.pth"]["model_state_dict"]["conv1_1.weight"] == "2 x 3 x 3 x 3"
    assert printed["run.pth"]["arch"] == "FCN8s"
    assert printed["net.caffemodel"] == {"fc7": ["4 x 2", "4"]}


def test_a_model_and_a_checkpoint_are_not_taken_for_each_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    shutil.copy(model, tmp_path / "model.pt")
    torch.save({"state": {}}, tmp_path / "weights.ts")
    error, _ = fcn(capsys, "info", tmp_path / "model.pt")
    assert "model.pt: an exported model, not weights; expected a checkpoint" in str(error)
    error, _ = fcn(capsys, "info", tmp_path / "weights.ts")
    assert "weights.ts: lacks" in str(error)


def test_a_users_folder_is_checked_prepared_and_trained_on_without_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    repository: Path,
    world: Path,
    tmp_path: Path,
) -> None:
    """The template of the README, on other people's images: here, synthetic ones."""
    monkeypatch.chdir(tmp_path)
    data = PreparedDataset(world)
    mine = tmp_path / "my-photos"
    (mine / "images").mkdir(parents=True)
    (mine / "masks").mkdir()
    for split, name in [("train", "train"), ("seg11valid", "val")]:
        ids = data.ids(split)
        (mine / f"{name}.txt").write_text("\n".join(ids), "utf-8")
        for id in ids:
            shutil.copy(data.image_path(id), mine / "images")
            shutil.copy(data.label_path(id), mine / "masks")
    (mine / "classes.txt").write_text("\n".join(data.info.tasks["semantic"]), "utf-8")
    shutil.copy(repository / "config.yaml", tmp_path)
    shutil.copytree(repository / "studies", tmp_path / "studies")
    own = yaml.safe_load((repository / "examples" / "own-images.yaml").read_text("utf-8"))
    own["scales"]["mine"]["net"]["width"] = 1 / 32
    own["datasets"]["mine"]["splits"] = {"train": "train.txt", "val": "val.txt"}
    experiment = own["experiments"]["mine-4s"]
    experiment["recipe"] |= {"iterations": 4, "validate_every": 2}
    experiment["net"]["start_from"] = "random"
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own, sort_keys=False), "utf-8")
    lists = ["-c", "config.yaml", "-c", "own.yaml"]
    code, text = fcn(capsys, "check", "mine", *lists)
    assert code == 0 and "0 errors" in text
    assert fcn(capsys, "prepare", "mine", *lists)[0] == 0
    code, text = fcn(capsys, "train", "mine-4s", *lists)
    assert code == 0
    _, text = fcn(capsys, "info", text.strip(), "--json")
    assert json.loads(text)["net"]["start_from"] == "random"


def test_a_folder_is_checked_before_there_is_any_configuration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("pictures", "labels"):
        (tmp_path / name).mkdir()
    for id in ("a", "b"):
        Image.new("RGB", (9, 7)).save(tmp_path / "pictures" / f"{id}.jpg")
        mask = np.full((7, 9), 11, np.uint8)
        mask[:3], mask[3:5] = 0, 1
        Image.fromarray(mask).save(tmp_path / "labels" / f"{id}.png")
    (tmp_path / "names.txt").write_text("sky\nroad\n", "utf-8")
    where = ["--images", "pictures", "--masks", "labels", "--classes", "names.txt"]
    code, text = fcn(capsys, "check", tmp_path, *where)
    assert code == 1 and "11" in text and "a.png" in text
    code, text = fcn(capsys, "check", tmp_path, *where, "--void", 11)
    assert "0 errors" in text


def test_the_folder_of_images_and_the_one_above_are_both_taken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    street = own(tmp_path / "street")
    model = net(tmp_path, ("ground", "thing"))
    out = tmp_path / "out"
    for command in (("check",), ("evaluate", model)):
        above, inside = (fcn(capsys, *command, folder) for folder in (street, f"{street}/images/"))
        assert above == inside and above[0] == 0
    for folder in (street, street / "images"):
        assert fcn(capsys, "predict", folder, "--model", model, "--out", out)[0] == 0
        assert sorted(path.name for path in out.iterdir()) == [f"im{i}.png" for i in range(4)]
        shutil.rmtree(out)


def test_the_library_runs_without_snakemake_and_dvc(model: Path) -> None:
    code = (
        "import sys; sys.modules.update(snakemake=None, dvc=None)\n"
        "from fcnlib.cli.main import COMMANDS\n"
        "for functions in COMMANDS.values(): functions()\n"
        "import fcnlib.report.page.page, fcnlib.report.figures.curves, fcn_synthetic.pretrain"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_commands_and_training_need_no_package_of_the_pages_charts() -> None:
    code = (
        "import sys; sys.modules.update(altair=None, vl_convert=None, snakemake=None)\n"
        "from fcnlib.cli.main import COMMANDS\n"
        "for functions in COMMANDS.values(): functions()\n"
        "import fcnlib.training.trainer, fcnlib.evaluation.evaluate"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_hha_encodes_a_frame_and_refuses_one_of_another_camera(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "hha.png"
    Image.fromarray(np.full((480, 640), 2480, np.uint16)).save(tmp_path / "depth.png")
    code, text = fcn(capsys, "hha", tmp_path / "depth.png", "--out", out)
    assert code == 0 and text.split() == [str(out)]
    assert opened(out).mode == "RGB" and (np.array(opened(out))[..., 0] == 125).all()
    code, _ = fcn(capsys, "hha", tmp_path / "depth.png", "--out", out, "--unit", "0.1mm")
    assert code == 0 and (np.array(opened(out))[..., 0] == 255).all()
    Image.fromarray(np.full((424, 512), 2480, np.uint16)).save(tmp_path / "v2.png")
    code, _ = fcn(capsys, "hha", tmp_path / "v2.png", "--out", out)
    assert str(code).startswith(f"error: {tmp_path / 'v2.png'}: 512 x 424 pixels, but the Kinect's")
    camera = "365.4,365.4,256.8,208.2"
    code, _ = fcn(capsys, "hha", tmp_path / "v2.png", "--out", out, "--camera", camera)
    assert code == 0 and opened(out).size == (512, 424)
