"""paint.py paints at growing scales, by the photograph's size and the flags, with one network for all of them."""

import csv
import json
import os
import signal

import numpy as np
import pytest
from PIL import Image

import network
import paint
from models import vgg
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.painting.photograph import MARGIN
from neural_style.runs.folder import RunFolder
from tests.conftest import CASTLE, SHALLOW, STARRY_NIGHT, opened

SHORT = ["--num_iter", "1", "--evaluations", "2"]


def read(*flags, content=CASTLE, styles=(STARRY_NIGHT,)):
    """Return the flags and pictures of a run."""
    task = paint.METHOD.task([*map(str, [content, *styles, "unused", *flags])])
    return task.flags, task.read(Reporter(quiet=True))


def painted(tmp_path, *flags, script=paint, content=CASTLE, styles=(STARRY_NIGHT,)):
    assert script.main([*map(str, [content, *styles, tmp_path / "out", *flags])]) == 0
    return np.asarray(opened(tmp_path / "out.png"), "float64")


def test_scales_grow_to_the_size_asked_for_each_with_twice_the_pixels():
    flags, pictures = read("--image_size", 200)
    assert flags.scales == [141, 200]
    assert [picture.inner for picture in pictures] == [(141, 211), (200, 299)]
    assert read("--image_size", 400)[0].scales == [200, 283, 400]


def test_the_shorter_side_of_the_first_scale_is_190_pixels_at_least_and_96_where_it_were_the_only_one(tmp_path):
    opened(CASTLE).crop((0, 0, 300, 600)).save(tmp_path / "tall.png")
    _, pictures = read("--image_size", 600, content=tmp_path / "tall.png")
    assert [picture.inner[1] for picture in pictures] == [212, 300]
    assert read("--image_size", 160)[0].scales == [113, 160]
    _, (only,) = read("--image_size", 40)
    assert only.inner == (40, 59)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("300", (300, 449)),
        ("x300", (300, 449)),
        ("600x", (400, 599)),
        ("max600", (400, 599)),
        ("original", (683, 1024)),
        ("-1", (683, 1024)),
        ("50%", (342, 512)),
        ("160x90", (90, 160)),
    ],
)
def test_the_size_is_asked_for_by_rows_columns_the_longer_side_or_the_photographs_own(size, expected):
    _, pictures = read("--image_size", size, "--scales", 32)
    assert pictures[0].inner[0] == 32
    _, pictures = read("--image_size", size)
    assert pictures[-1].inner == expected
    task = network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", "--image_size", size])
    (only,) = task.read(Reporter(quiet=True))
    assert (only.size, task.flags.scales) == (expected, [expected[0]])


@pytest.mark.parametrize("size", ["0", "-5", "1200y", "x", "max", "12x34x", "max0", "1.5"])
def test_what_is_no_size_is_refused_with_what_there_is(size, capsys):
    with pytest.raises(SystemExit):
        paint.METHOD.parse(["a", "b", "c", f"--image_size={size}"])
    assert "--image_size" in capsys.readouterr().err


def test_quality_is_how_long_each_scale_is_painted_and_iterations_win():
    flags, _ = read("--image_size", 200)
    assert flags.num_iter == [8, 5]
    flags, _ = read("--image_size", 400)
    assert flags.num_iter == [8, 5, 5]
    flags, _ = read("--image_size", 400, "--quality", "draft")
    assert (flags.scales, flags.num_iter) == ([141, 400], [4, 1])
    flags, _ = read("--image_size", 200, "--quality", "draft")
    assert (flags.scales, flags.num_iter) == ([200], [4])
    flags, _ = read("--image_size", 200, "--quality", "best", "--num_iter", 3)
    assert flags.num_iter == [3, 3]
    flags, _ = read("--scales", 50, 90, "--num_iter", 3, 4)
    assert (flags.scales, flags.num_iter) == ([50, 90], [3, 4])
    with pytest.raises(InputError, match="--num_iter has 2 numbers for 3 scales"):
        read("--image_size", 400, "--num_iter", 3, 4)


def test_the_style_keeps_its_shape_and_its_strokes_grow_with_the_picture():
    _, pictures = read("--image_size", 200)
    style = opened(STARRY_NIGHT)
    for picture in pictures:
        height, width, _ = picture.styles[0].shape
        assert width == max(picture.inner)
        assert height == round(width * style.height / style.width)
    _, finer = read("--image_size", 200, "--style_size", 0.5)
    assert finer[-1].styles[0].shape[1] == pytest.approx(pictures[-1].styles[0].shape[1] / 2, abs=1)


def test_the_style_is_never_too_small_for_the_network(tmp_path):
    opened(STARRY_NIGHT).crop((0, 0, 700, 60)).save(tmp_path / "thin.png")
    _, pictures = read("--image_size", 64, "--style_size", 0.1, styles=[tmp_path / "thin.png"])
    assert min(pictures[0].styles[0].shape[:2]) == 16


def test_a_run_paints_and_leaves_one_picture_its_folder_and_a_path(tmp_path, capsys, shallow):
    result = painted(tmp_path, "--image_size", 136, *SHORT, *SHALLOW)
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'out.png'}\n"
    assert [line for line in err.splitlines() if "scale" in line] == ["scale 1 of 2: 96×143", "scale 2 of 2: 136×203"]
    assert result.shape == (136, 203, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.png", "out_run"]
    with open(tmp_path / "out_run" / "losses.csv", newline="") as file:
        rows = [row["scale"] for row in csv.DictReader(file)]
    assert rows == ["1"] * 3 + ["2"] * 3
    settings = json.loads((tmp_path / "out_run" / "settings.json").read_text())
    assert settings["flags"]["scales"] == [96, 136]


def test_a_photograph_is_painted_with_its_reflection_around_it_and_saved_without(tmp_path, halves):
    _, (pictures,) = read("--image_size", 64, "--style_masks", halves[0], "--keep_unmasked")
    assert (pictures.inner, pictures.size) == ((64, 95), (64 + 2 * MARGIN, 95 + 2 * MARGIN))
    inner = pictures.content[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert np.array_equal(pictures.content[:MARGIN, MARGIN:-MARGIN], inner[MARGIN:0:-1])
    assert np.array_equal(pictures.start, pictures.content)
    mask = pictures.masks.generated["conv1_1"][0, ..., 0]
    assert mask.shape == pictures.size
    assert mask[20, : MARGIN + 44].all()
    assert not mask[20, MARGIN + 52 :].any()
    unpainted = painted(tmp_path, "--image_size", 64, "--num_iter", 0)
    assert np.array_equal(unpainted, inner)


def test_one_network_is_made_for_all_scales(tmp_path, monkeypatch, shallow):
    made, make = [], vgg.feature_extractor
    monkeypatch.setattr(vgg, "feature_extractor", lambda *args, **kwargs: made.append(1) or make(*args, **kwargs))
    painted(tmp_path, "--image_size", 140, *SHORT, *SHALLOW)
    assert len(made) == 1


def test_more_content_weight_keeps_more_of_the_photograph(tmp_path, shallow):
    settings = ["--image_size", 64, "--num_iter", 1, "--evaluations", 12, *SHALLOW]
    photo = np.asarray(opened(CASTLE).resize((95, 64), Image.Resampling.BILINEAR), "float64")
    less, more = (np.abs(painted(tmp_path, *settings, "--content_weight", w) - photo).mean() for w in (0.002, 0.5))
    assert more < 0.8 * less


def test_the_picture_takes_the_colours_of_the_style_better_than_the_photographs(tmp_path, shallow):
    result = painted(tmp_path, "--image_size", 64, "--num_iter", 1, "--evaluations", 20, *SHALLOW)
    style, photo = (np.asarray(opened(path), "float64").mean(axis=(0, 1)) for path in (STARRY_NIGHT, CASTLE))
    mean = result.mean(axis=(0, 1))
    assert np.abs(mean - style).max() < 0.5 * np.abs(mean - photo).max()


def test_masks_give_each_style_its_place(tmp_path, halves, shallow):
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        noise = np.random.default_rng(1).normal(0, 20, (64, 64, 3))
        Image.fromarray(np.clip(noise + colour, 0, 255).astype("uint8")).save(tmp_path / f"{name}.png")
    styles = [tmp_path / "red.png", tmp_path / "blue.png"]
    settings = ["--image_size", 64, "--num_iter", 1, "--evaluations", 15, "--style_masks", *halves, *SHALLOW]
    result = painted(tmp_path, *settings, styles=styles)
    left, right = result[:, :40].mean(axis=(0, 1)), result[:, 55:].mean(axis=(0, 1))
    assert left[0] > left[2] + 50
    assert right[2] > right[0] + 50


def test_scales_at_which_a_small_mask_would_be_lost_are_left_out(tmp_path):
    small = np.zeros((200, 300), "uint8")
    small[84:100, 140:157] = 255
    Image.fromarray(small).save(tmp_path / "small.png")
    settings = ["--image_size", 300, "--style_masks", tmp_path / "small.png"]
    flags, pictures = read(*settings)
    assert len(pictures) == len(flags.num_iter)
    assert flags.scales[0] > 106
    assert flags.scales[-1] == 300
    for given in (["--image_size", 32], ["--scales", 32, 300]):
        with pytest.raises(InputError, match="nothing of it is left at layer"):
            read(*settings, *given)


def test_an_interrupted_painting_goes_on_to_the_bit(tmp_path, shallow, monkeypatch):
    settings = ["--scales", 64, 92, "--num_iter", 2, "--evaluations", 3, *SHALLOW]
    whole = painted(tmp_path, *settings)
    log = RunFolder.log

    def interrupt(folder, progress):
        log(folder, progress)
        if progress.evaluation == 9:
            assert progress.scale == 2
            os.kill(os.getpid(), signal.SIGINT)

    other = tmp_path / "other"
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "log", interrupt)
        assert paint.main([*map(str, [CASTLE, STARRY_NIGHT, other / "out", *settings])]) == 130
    assert (other / "out_run" / "checkpoint.npz").exists()
    assert np.array_equal(painted(other, *settings, "--resume"), whole)


def test_its_flags_are_those_of_network_py_but_for_what_makes_no_sense_there():
    ours, theirs = ({action.dest for action in script.METHOD.parser()._actions} for script in (paint, network))
    assert ours - theirs == {"style_size", "quality"}
    assert theirs - ours == {"style_scale", "style_fit", "maintain_aspect_ratio", "content_loss_type"}
