"""The finishing tools: colours and masks back, larger and cleaner pictures, masks of subjects, and pipelines."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab, rgb2ycbcr

import color_transfer
import enhance
import make_mask
import mask_transfer
from models import packages, saliency
from neural_style.errors import InputError
from neural_style.pictures import color, images, masks
from neural_style.pictures.enhancing import sharpened
from tests.conftest import CASTLE, LIGHT, ROOT, opened

MACAW = ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg"


def pixels(path):
    return np.asarray(opened(path).convert("RGB"), float)


@pytest.fixture
def pictures(tmp_path, random_image):
    """The paths of a content (twice the size), a generated picture, and a mask that is white on the left."""
    images.to_picture(random_image(80, 120, seed=3) * 0.5 + 60).save(tmp_path / "content.png")
    images.to_picture(random_image(40, 60, seed=7) * 0.5 + 60).save(tmp_path / "painting.png")
    left = np.zeros((20, 30, 3))
    left[:, :15] = 255
    images.to_picture(left).save(tmp_path / "mask.png")
    return [str(tmp_path / f"{name}.png") for name in ("content", "painting", "mask")]


def resized_content(pictures):
    return np.asarray(opened(pictures[0]).resize((60, 40), Image.Resampling.BICUBIC), float)


def run(script, capsys, *arguments):
    """Run a script in this process; return its picture and the path it printed."""
    assert script.main([str(argument) for argument in arguments]) in (None, 0)
    path = capsys.readouterr().out.removesuffix("\n")
    return pixels(path), path


def test_the_luminance_is_the_paintings_and_the_chrominance_the_contents(pictures, capsys):
    result, path = run(color_transfer, capsys, *pictures[:2])
    assert path == pictures[1].replace(".png", "_original_color.png")
    inside = ((result > 0) & (result < 255)).all(axis=-1)
    ycbcr, painting, content = (rgb2ycbcr(p / 255) for p in (result, pixels(pictures[1]), resized_content(pictures)))
    assert np.abs(ycbcr[..., 0] - painting[..., 0])[inside].max() < 1
    assert np.abs(ycbcr[..., 1:] - content[..., 1:])[inside].max() < 1


def test_in_lab_too(pictures, capsys):
    result, _ = run(color_transfer, capsys, *pictures[:2], "--space", "lab")
    inside = ((result > 2) & (result < 253)).all(axis=-1)
    lab, painting, content = (rgb2lab(p / 255) for p in (result, pixels(pictures[1]), resized_content(pictures)))
    assert np.abs(lab[..., 0] - painting[..., 0])[inside].max() < 1
    assert np.abs(lab[..., 1:] - content[..., 1:])[inside].max() < 2


@pytest.mark.parametrize(
    ("flags", "suffix"),
    [(["--hist_match", 1], "histogram_color"), (["--method", "histogram"], "histogram_color")],
)
def test_the_histograms_are_those_of_the_content(pictures, capsys, flags, suffix):
    result, path = run(color_transfer, capsys, *pictures[:2], *flags)
    assert path == pictures[1].replace(".png", f"_{suffix}.png")
    for channel in range(3):
        wanted = np.quantile(resized_content(pictures)[..., channel], [0.1, 0.5, 0.9])
        assert np.quantile(result[..., channel], [0.1, 0.5, 0.9]) == pytest.approx(wanted, abs=3)


def test_a_linear_map_has_the_mean_colour_of_the_content(pictures, capsys):
    result, path = run(color_transfer, capsys, *pictures[:2], "--method", "linear")
    assert path.endswith("painting_linear_color.png")
    assert np.allclose(result.mean(axis=(0, 1)), resized_content(pictures).mean(axis=(0, 1)), atol=2)


@pytest.mark.parametrize("method", ["luminance", "histogram", "linear"])
def test_a_mask_limits_the_change_and_the_statistics_to_its_white(pictures, capsys, method):
    result, _ = run(color_transfer, capsys, *pictures[:2], "--method", method, "--mask", pictures[2])
    painting, content = pixels(pictures[1]), resized_content(pictures)
    assert np.array_equal(result[:, 31:], painting[:, 31:])
    assert not np.array_equal(result[:, :29], painting[:, :29])
    if method != "luminance":
        assert np.allclose(result[:, :29].mean(axis=(0, 1)), content[:, :29].mean(axis=(0, 1)), atol=4)


def test_a_soft_mask_lets_both_through(pictures, capsys):
    hard, _ = run(mask_transfer, capsys, *pictures)
    soft, path = run(mask_transfer, capsys, *pictures, "--mask_feather", 10)
    assert path == pictures[1].replace(".png", "_masked.png")
    painting, content = pixels(pictures[1]), resized_content(pictures)
    assert np.array_equal(hard[:, :29], painting[:, :29])
    assert np.array_equal(hard[:, 31:], np.rint(content[:, 31:]))
    middle = (painting[:, 30] + content[:, 30]) / 2
    assert np.abs(soft[:, 30] - middle).mean() < 0.2 * np.abs(painting[:, 30] - content[:, 30]).mean()
    assert np.array_equal(soft[:, 0], painting[:, 0])


@pytest.mark.parametrize("method", ["luminance", "histogram", "linear"])
def test_the_colours_fade_out_along_a_feathered_border(tmp_path, capsys, method):
    colours = {"content": (200, 150, 90), "painting": (60, 70, 80)}
    for name, colour in colours.items():
        images.to_picture(np.full((32, 96, 3), colour)).save(tmp_path / f"{name}.png")
    left = np.zeros((32, 96, 3))
    left[:, :48] = 255
    images.to_picture(left).save(tmp_path / "left.png")
    paths = [tmp_path / f"{name}.png" for name in colours]
    flags = ["--method", method, "--mask", tmp_path / "left.png", "--mask_feather", 24]
    row = run(color_transfer, capsys, *paths, *flags)[0][16, :, 0]
    assert abs(row[0] - row[-1]) > 20
    assert np.abs(np.diff(row)).max() < 0.15 * abs(row[0] - row[-1])


@pytest.mark.parametrize("level", [128, 200, 255])
def test_a_plain_mask_blends_everywhere_by_its_gray(pictures, capsys, tmp_path, level):
    images.to_picture(np.full((8, 8, 3), level)).save(tmp_path / "plain.png")
    result, _ = run(mask_transfer, capsys, *pictures[:2], tmp_path / "plain.png")
    painting, content = pixels(pictures[1]), resized_content(pictures)
    assert np.abs(result - content - level / 255 * (painting - content)).max() <= 0.51


@pytest.mark.parametrize("tool", [mask_transfer, color_transfer])
def test_a_mask_that_would_do_nothing_is_refused(pictures, tool, tmp_path):
    images.to_picture(np.ones((8, 8, 3))).save(tmp_path / "ones.png")
    mask = [tmp_path / "ones.png"] if tool is mask_transfer else ["--mask", tmp_path / "ones.png"]
    with pytest.raises(InputError, match=r"ones\.png is white nowhere, for its values are 0 and 1"):
        tool.main([*map(str, [*pictures[:2], *mask, "-o", tmp_path / "out.png"])])
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("tool", [mask_transfer, color_transfer])
def test_what_is_stretched_is_told_of_unless_quiet(pictures, tool, tmp_path, capsys):
    images.to_picture(np.full((40, 90, 3), 255)).save(tmp_path / "wide.png")
    mask = [tmp_path / "wide.png"] if tool is mask_transfer else ["--mask", tmp_path / "wide.png"]
    command = [*map(str, [tmp_path / "wide.png", pictures[1], *mask, "-o", tmp_path / "out.png"])]
    assert tool.main(command) in (None, 0)
    said = capsys.readouterr().err.splitlines()
    shapes = f"(40×90) than {pictures[1]} (40×60)"
    assert said == [f"warning: {tmp_path / 'wide.png'} has another aspect ratio {shapes} and is stretched"] * 2
    assert tool.main([*command, "--quiet"]) in (None, 0)
    assert capsys.readouterr().err == ""


def test_the_tools_keep_what_is_transparent(pictures, tmp_path, capsys):
    alpha = np.zeros((40, 60), "uint8")
    alpha[10:30, 20:50] = 200
    clear = opened(pictures[1]).convert("RGB")
    clear.putalpha(Image.fromarray(alpha))
    clear.save(tmp_path / "clear.png")
    mask = ["--mask", pictures[2]]
    for tool, arguments, wanted in (
        (enhance, [tmp_path / "clear.png", "--sharpen", "--denoise"], alpha),
        (enhance, [tmp_path / "clear.png", "--upscale", "2", "--upscale_model", "lanczos", "--size", "50%"], alpha),
        (color_transfer, [pictures[0], tmp_path / "clear.png", *mask], alpha),
        (mask_transfer, [pictures[0], tmp_path / "clear.png", pictures[2]], np.where(np.arange(60) < 30, alpha, 255)),
        (mask_transfer, [tmp_path / "clear.png", pictures[1], pictures[2]], np.where(np.arange(60) < 30, 255, alpha)),
    ):
        assert tool.main([*map(str, [*arguments, "-o", tmp_path / "out.png"])]) in (None, 0)
        assert "transparent parts stay transparent" in capsys.readouterr().err
        result = np.asarray(opened(tmp_path / "out.png"), float)
        columns = np.r_[0:29, 31:60]  # A mask is soft where it ends.
        assert np.abs(result[..., 3] - wanted)[:, columns].mean() < 2


def test_where_a_file_cannot_be_transparent_it_is_white_and_that_is_said(pictures, tmp_path, capsys):
    half = Image.new("RGBA", (40, 20), (200, 30, 30, 0))
    half.paste((200, 30, 30, 255), (0, 0, 20, 20))
    half.save(tmp_path / "half.png")
    assert enhance.main([*map(str, [tmp_path / "half.png", "--sharpen", "-o", tmp_path / "out.jpg"])]) in (None, 0)
    assert "out.jpg cannot be transparent in parts: they are white" in capsys.readouterr().err
    result = pixels(tmp_path / "out.jpg")
    assert np.abs(result[5:15, 25:35] - 255).max() < 4
    assert np.abs(result[5:15, 5:15] - (200, 30, 30)).max() < 6


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--hist_match", "1", "--method", "linear"], "leave out --method linear"),
        (["--space", "lab", "--method", "linear"], "--space lab is for --method luminance"),
        (["--mask_feather", "6"], "give --mask too"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(pictures, flags, problem):
    with pytest.raises(InputError, match=problem):
        color_transfer.main([*pictures[:2], *flags])


def test_a_result_that_cannot_be_written_is_said_before_the_work(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(images, "read", lambda path: pytest.fail("the work began"))
    for output, problem in (("x.bmp", "must end in one of"), (str(tmp_path), "is a folder"), ("", "'' is a folder")):
        with pytest.raises(InputError, match=problem):
            enhance.main([pictures[1], "--sharpen", "-o", output])


def test_paths_are_printed_whatever_the_encoding_of_the_output(pictures, run_script, tmp_path):
    path = tmp_path / "künstlerisch.png"
    done = run_script("enhance.py", pictures[1], "--sharpen", "-o", path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert path.exists()


def test_the_result_goes_where_asked_in_the_kind_of_its_ending(pictures, capsys, tmp_path):
    _, path = run(mask_transfer, capsys, *pictures, "-o", tmp_path / "new folder" / "result.jpg")
    assert opened(path).format == "JPEG"
    with pytest.raises(InputError, match=r"result\.bmp cannot be written: its name must end in one of \.png"):
        mask_transfer.main([*pictures, "-o", str(tmp_path / "result.bmp")])
    with pytest.raises(InputError, match=r"would overwrite .*content\.png"):
        mask_transfer.main([*pictures, "-o", pictures[0]])


@pytest.mark.parametrize(("script", "count"), [(color_transfer, 2), (mask_transfer, 3), (enhance, 1), (make_mask, 1)])
def test_no_overwrite_refuses_a_picture_that_is_there(script, count, pictures, tmp_path, capsys):
    steps = ["--sharpen"] if script is enhance else []
    (tmp_path / "there.png").write_bytes(b"precious")
    with pytest.raises(
        InputError, match=r"there\.png is there already: choose another -o, or leave out --no_overwrite"
    ):
        script.main([*pictures[:count], *steps, "--no_overwrite", "-o", str(tmp_path / "there.png")])
    assert (tmp_path / "there.png").read_bytes() == b"precious"
    _, path = run(script, capsys, *pictures[:count], *steps, "--no_overwrite")
    with pytest.raises(InputError, match="is there already"):
        script.main([*pictures[:count], *steps, "--no_overwrite"])
    assert opened(path).height


def test_tools_are_piped_together(pictures):
    """The path - is the standard input and output."""
    content, painting, _ = pictures
    command = [sys.executable, ROOT / "color_transfer.py", content, "-"]
    with open(painting, "rb") as file:
        first = subprocess.run(command, stdin=file, capture_output=True, timeout=60)
    assert (first.returncode, first.stderr) == (0, b"")
    command = [sys.executable, ROOT / "enhance.py", "-", "--size", "200%", "--quiet"]
    second = subprocess.run(command, input=first.stdout, capture_output=True, timeout=60)
    assert opened(io.BytesIO(second.stdout)).size == (120, 80)
    empty = subprocess.run(command, input=b"", capture_output=True, timeout=60, text=False)
    assert empty.returncode == 1
    assert empty.stderr.startswith(b"enhance.py: error: the standard input is empty")


def test_network_paints_from_and_to_a_pipe(tmp_path):
    style = ROOT / "tests" / "reference" / "style1.png"
    flags = ["--image_size", "32", "--num_iter", "1", "--evaluations", "2", *LIGHT]
    command = [sys.executable, ROOT / "network.py", "-", style, "-", *flags]
    done = subprocess.run(command, input=CASTLE.read_bytes(), capture_output=True, timeout=100, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "result.png").write_bytes(done.stdout)
    assert pixels(tmp_path / "result.png").shape == (32, 47, 3)
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.png"]


@pytest.mark.parametrize("script", ["color_transfer.py", "mask_transfer.py", "enhance.py", "make_mask.py"])
def test_tensorflow_is_not_loaded_unless_a_step_needs_it(pictures, script):
    arguments = {
        "color_transfer.py": pictures[:2],
        "mask_transfer.py": pictures,
        "enhance.py": [pictures[0], "--sharpen", "--denoise", "--upscale", "2", "--upscale_model", "lanczos"],
        "make_mask.py": [pictures[0], "--quiet"],
    }[script]
    program = (
        f"import sys, runpy; sys.argv = {[script, *arguments]!r}\n"
        f"try: runpy.run_path({str(ROOT / script)!r}, run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("60x20", (20, 60)),
        ("30x", (20, 30)),
        ("x10", (10, 15)),
        ("30", (20, 30)),
        ("50%", (20, 30)),
        ("150%", (60, 90)),
    ],
)
def test_a_size_is_both_sides_one_side_or_a_part(pictures, capsys, size, expected):
    result, path = run(enhance, capsys, pictures[1], "--size", size)
    assert path == pictures[1].replace(".png", "_enhanced.png")
    assert result.shape[:2] == expected


def test_another_aspect_ratio_is_cut_and_not_stretched(tmp_path, capsys):
    circle = np.zeros((40, 60, 3))
    circle[np.hypot(*np.meshgrid(np.arange(40) - 19.5, np.arange(60) - 29.5, indexing="ij")) < 10] = 255
    images.to_picture(circle).save(tmp_path / "circle.png")
    result, _ = run(enhance, capsys, tmp_path / "circle.png", "--size", "40x40")
    white = result[..., 0] > 127
    assert white.any(axis=0).sum() == white.any(axis=1).sum()


def test_steps_are_done_in_the_order_they_are_written(pictures, capsys):
    assert enhance.parse(["a.png", "--sharpen", "0.2", "--size", "50%", "--sharpen"]).steps[0] == ("sharpen", 0.2)
    assert [n for n, _ in enhance.parse(["--denoise", "a.png", "--upscale", "--denoise", "2"]).steps] == [
        "denoise",
        "upscale",
        "denoise",
    ]
    one, _ = run(enhance, capsys, pictures[1], "--size", "50%", "--sharpen", "3")
    other, _ = run(enhance, capsys, pictures[1], "--sharpen", "3", "--size", "50%")
    assert np.abs(one - other).mean() > 1


def test_sharpening_steepens_borders_and_denoising_takes_noise_out(tmp_path, capsys):
    generator = np.random.default_rng(0)
    steps = np.repeat([60.0, 190.0], 32)[None, :, None] * np.ones((64, 1, 3))
    images.to_picture(steps + generator.normal(0, 4, steps.shape)).save(tmp_path / "noisy.png")
    noisy = pixels(tmp_path / "noisy.png")
    clean, _ = run(enhance, capsys, tmp_path / "noisy.png", "--denoise")
    assert np.abs(clean - steps).mean() < 0.5 * np.abs(noisy - steps).mean()
    sharp, _ = run(enhance, capsys, tmp_path / "noisy.png", "--sharpen", "1")
    assert sharp[:, 32].mean() - sharp[:, 31].mean() > noisy[:, 32].mean() - noisy[:, 31].mean() + 10


@pytest.mark.parametrize("size", [(1, 30), (30, 1), (1, 1)])
def test_pictures_of_one_row_or_column_are_enhanced_too(size, tmp_path, capsys):
    Image.new("RGB", size, (100, 150, 200)).save(tmp_path / "thin.png")
    result, _ = run(enhance, capsys, tmp_path / "thin.png", "--sharpen", "--denoise")
    assert result.shape == (*size[::-1], 3)


def test_a_result_too_large_for_its_file_is_said_before_the_work(tmp_path):
    Image.new("RGB", (200, 20)).save(tmp_path / "in.png")
    steps = ["--denoise", "--upscale", "--size", "17000x"]
    with pytest.raises(InputError, match=r"out\.webp cannot have 1700×17000 pixels"):
        enhance.main([str(tmp_path / "in.png"), *steps, "-o", str(tmp_path / "out.webp")])


def test_sharpening_and_denoising_leave_the_colours_as_they_are(pictures, tmp_path, capsys):
    before = pixels(pictures[1])
    nothing, _ = run(enhance, capsys, pictures[1], "--sharpen", "0", "--denoise", "0.001")
    assert np.array_equal(nothing, before)
    castle = shutil.copy(CASTLE, tmp_path)
    often, _ = run(enhance, capsys, castle, *["--size", "96", *["--sharpen", "0.2", "--denoise", "0.5"] * 3])
    once, _ = run(enhance, capsys, castle, "--size", "96")
    assert np.abs(often.mean((0, 1)) - once.mean((0, 1))).max() < 1  # What is clipped at black counts.


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "there is nothing to do"),
        (["--size", "99999x"], "--size makes a picture of 66666×99999 pixels"),
        (["--size", "0%"], "--size makes a picture of 0×0 pixels"),
    ],
)
def test_problems_of_enhance_are_named(pictures, arguments, problem):
    with pytest.raises(InputError) as error:
        enhance.main([pictures[1], *arguments])
    assert problem in str(error.value)


@pytest.mark.parametrize("size", ["big", "x", "10y20", "-5", ""])
def test_what_is_no_size_is_refused(pictures, capsys, size):
    with pytest.raises(SystemExit) as exit:
        enhance.parse([pictures[1], f"--size={size}"])
    assert exit.value.code == 2
    assert "is no size: write 1920x1080" in capsys.readouterr().err


def test_the_mask_of_a_photograph_is_white_on_its_subject(tmp_path, capsys):
    ours = np.asarray(opened(ROOT / "images" / "inputs" / "mask" / "macaw.png").convert("L")) > 127
    found, path = run(make_mask, capsys, MACAW, "-o", tmp_path / "mask.png", "--quiet")
    assert opened(path).mode == "L"
    white = found[..., 0] > 127
    assert (white & ours).sum() > 0.95 * (white | ours).sum()
    inverted, _ = run(make_mask, capsys, MACAW, "-o", path, "--invert", "--threshold", "0.5", "--quiet")
    assert set(np.unique(inverted)) == {0, 255}
    assert np.mean((inverted[..., 0] > 127) == white) < 0.01
    feathered, _ = run(make_mask, capsys, MACAW, "-o", path, "--threshold", "0.5", "--feather", 20, "--quiet")
    assert np.mean((feathered > 20) & (feathered < 235)) > 0.01


def test_finding_a_mask_leaves_nothing_behind_but_the_mask(tmp_path, run_script):
    # ONNX Runtime would keep an identifier of the machine, and what it has to report, among the user's files.
    packages.content(saliency.MEMBER)  # Otherwise pip may leave something there.
    home, cache = tmp_path / "home", os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    home.mkdir()
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "KERAS_HOME": str(cache)}
    done = run_script("make_mask.py", MACAW, "-o", tmp_path / "mask.png", **own)
    assert done.returncode == 0, done.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_colours_in_a_mask_of_no_pixels_stay():
    generated, content = np.full((4, 4, 3), 50.0), np.full((4, 4, 3), 200.0)
    faint = np.full((4, 4), 0.4)
    assert np.array_equal(color.transfer(content, generated, "histogram", mask=faint), generated)


@pytest.mark.parametrize("script", [color_transfer, mask_transfer])
def test_a_mask_is_not_overwritten(script, pictures):
    mask = ["--mask", pictures[2]] if script is color_transfer else [pictures[2]]
    with pytest.raises(InputError, match=r"the result would overwrite .*mask\.png"):
        script.main([*pictures[:2], *mask, "-o", pictures[2]])


def test_a_mask_is_white_from_its_threshold_on_and_as_soft_as_asked():
    ramp = Image.fromarray(np.tile(np.arange(256, dtype="uint8"), (4, 1)))
    for threshold in (0.2, 0.8):
        white = np.asarray(masks.refined(ramp, threshold))[0] == 255
        assert white.tolist() == [gray >= 255 * threshold for gray in range(256)]
    soft = np.asarray(masks.refined(ramp, 0.5, 20), float)[0] / 255
    assert 1 / np.diff(soft).max() == pytest.approx(10 * np.sqrt(2 * np.pi), rel=0.15)


def test_a_photograph_without_a_subject_is_said_to_have_none(tmp_path, capsys):
    Image.new("RGB", (64, 64), (128, 128, 128)).save(tmp_path / "flat.png")
    make_mask.main([str(tmp_path / "flat.png"), "--threshold", "1"])
    assert "warning: no subject was found in" in capsys.readouterr().err


def test_steps_without_a_number_have_their_default():
    assert enhance.parse(["p", "--upscale", "--sharpen", "--denoise"]).steps == [
        ("upscale", 4),
        ("sharpen", 0.5),
        ("denoise", 1.0),
    ]


@pytest.mark.parametrize(("step", "change"), [(2, 0), (60, 30)])
def test_sharpening_adds_its_part_of_the_difference_to_the_blur_and_leaves_grain(step, change):
    """At a border the blur is half of the step away."""
    array = np.full((20, 40, 3), 100.0)
    array[:, 20:] += step
    sharp = np.asarray(sharpened(images.to_picture(array), 1.0), float)
    overshoot = sharp[10, 20, 0] - array[10, 20, 0]
    assert overshoot == pytest.approx(change, abs=0.35 * change)


def test_a_network_that_no_step_needs_is_warned_of(pictures, capsys):
    enhance.main([pictures[1], "--sharpen", "--upscale_model", "fast"])
    assert "warning: --upscale_model does nothing without --upscale" in capsys.readouterr().err


def test_a_long_thin_picture_keeps_a_pixel_of_its_shorter_side(tmp_path, capsys):
    Image.new("RGB", (5000, 1)).save(tmp_path / "thin.png")
    result, _ = run(enhance, capsys, tmp_path / "thin.png", "--size", "40")
    assert result.shape == (1, 40, 3)
