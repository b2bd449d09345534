"""neural_doodle.py paints each region of a doodle like the same-coloured region of the style picture."""

import dataclasses
import json
import re

import numpy as np
import pytest
from PIL import Image

import neural_doodle
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.losses.products import GramProduct
from neural_style.painting.objective import region_style_loss
from neural_style.pictures import images
from neural_style.tiling.network import TiledNetwork, View
from tests.conftest import CASTLE, REFERENCE, ROOT, STARRY_NIGHT, opened

DOODLES = ROOT / "images" / "inputs" / "doodle"
FILES = {
    "style_image": STARRY_NIGHT,
    "style_mask": DOODLES / "starry-night-style.png",
    "target_mask": DOODLES / "starry-night-target.png",
}
SMALL = ["--img_size", "64", "--evaluations", "4"]

pytestmark = pytest.mark.usefixtures("shallow")


def arguments(prefix, *flags, **files):
    named = [text for name, path in (FILES | files).items() for text in (f"--{name}", str(path))]
    return [*named, "--target_image_prefix", str(prefix), *SMALL, *map(str, flags)]


def paint(tmp_path, *flags, **files):
    """Run neural_doodle.py in this process; return its picture as floats."""
    assert neural_doodle.main(arguments(tmp_path / "out", *flags, **files)) == 0
    return np.asarray(opened(tmp_path / "out.png"), float)


def read(*flags, **files):
    """Return the pictures of one scale, and what was said while reading them."""
    said = []
    reporter = Reporter(quiet=True)
    reporter.say = said.append
    (pictures,) = neural_doodle.METHOD.task(arguments("unused", *flags, **files)).read(reporter)
    return pictures, said


@pytest.fixture
def draw(tmp_path):
    """Return a function that writes a map of two halves of colours, with an optional dot, and returns its path."""

    def drawn(name, left, right, dot=None, size=(64, 96)):
        array = np.zeros((*size, 3), "uint8")
        array[:, : size[1] // 2], array[:, size[1] // 2 :] = left, right
        if dot is not None:
            array[-1, -1] = dot
        path = tmp_path / name
        Image.fromarray(array).save(path)
        return path

    return drawn


RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def test_each_region_gets_the_colours_of_its_region_of_the_style(tmp_path, draw):
    """Left and right of the style are two pictures; the doodle has them the other way round."""
    height, width = 64, 96
    style = images.to_array(images.read(STARRY_NIGHT), (height, width))
    style[:, width // 2 :] = images.to_array(images.read(REFERENCE / "style2.png"), (height, width // 2))
    images.to_picture(style).save(tmp_path / "style.png")
    maps = {"style_mask": draw("s.png", RED, BLUE), "target_mask": draw("t.png", BLUE, RED)}
    result = paint(tmp_path, "--num_iter", 2, "--evaluations", 25, style_image=tmp_path / "style.png", **maps)
    means = {
        side: image[:, columns].mean(axis=(0, 1))
        for side, image, columns in (
            ("style left", style, slice(0, 40)),
            ("style right", style, slice(56, None)),
            ("left", result, slice(0, 40)),
            ("right", result, slice(56, None)),
        )
    }
    apart = np.abs(means["style left"] - means["style right"]).max()
    assert np.abs(means["left"] - means["style right"]).max() < 0.4 * apart
    assert np.abs(means["right"] - means["style left"]).max() < 0.4 * apart


def test_a_run_prints_its_path_and_says_its_labels(tmp_path, run_here):
    done = run_here("neural_doodle.py", *arguments(tmp_path / "out", "--num_iter", 1))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/out.png\n"), done.stderr
    assert done.stderr.startswith("labels: #3060d0, #a05030, #8090f0, #205020, #ffe040\n")
    settings = json.loads((tmp_path / "out_run" / "settings.json").read_text())
    assert settings["sizes"] == {"read": [600, 900], "styles": [[64, 96]], "painting": [[64, 96]]}


def test_hyphens_and_the_originals_names_are_understood():
    named = ["--style-image", "a", "--style-mask", "b", "--target-mask", "c", "--target-image-prefix", "out"]
    flags = neural_doodle.METHOD.parse([*named, "--nlabels", "4", "--img_size", "-1", "--tv-weight", "1e-4"])
    assert (flags.style_image, flags.style_mask, flags.target_mask, flags.prefix) == ("a", "b", "c", "out")
    assert (flags.nlabels, flags.image_size, flags.total_variation_weight) == (4, -1, 1e-4)
    defaults = neural_doodle.METHOD.parse(named)
    assert (defaults.num_iter, defaults.content_weight, defaults.style_weight) == ([10], 0.1, 1.0)
    assert (defaults.region_style_weight, defaults.total_variation_weight, defaults.nlabels) == (1.0, 8.5e-5, None)
    assert (defaults.image_size, defaults.preserve_color, defaults.min_improvement) == (-1, False, 0.0)


def test_the_target_mask_gives_the_size():
    pictures, _ = read("--image_size", "-1")
    assert pictures.size == (600, 900)
    pictures, _ = read("--image_size", "50")
    assert pictures.size == (50, 75)


def test_it_starts_from_smooth_noise_or_from_the_content_image():
    pictures, _ = read()
    assert pictures.start.std() == pytest.approx(60, abs=6)
    assert np.abs(np.diff(pictures.start, axis=1)).mean() < 14
    assert np.array_equal(pictures.start, read("--seed", 0)[0].start)
    assert not np.array_equal(pictures.start, read("--seed", 1)[0].start)
    pictures, _ = read(content_image=CASTLE)
    assert np.array_equal(pictures.start, images.to_array(images.read(CASTLE), (64, 96)))
    pictures, _ = read("--init_image", "noise", content_image=CASTLE)
    assert not np.array_equal(pictures.start, pictures.content)
    pictures, _ = read("--init_image", STARRY_NIGHT)
    assert np.array_equal(pictures.start, images.to_array(images.read(STARRY_NIGHT), (64, 96)))


def test_the_content_image_keeps_its_shapes_and_if_asked_its_colours(tmp_path):
    content = images.to_array(images.read(CASTLE), (64, 96))
    flags = ["--num_iter", 2, "--content_weight", 1000, "--preserve_color"]
    result = paint(tmp_path, *flags, content_image=CASTLE)
    assert np.corrcoef(result.mean(axis=-1).ravel(), content.mean(axis=-1).ravel())[0, 1] > 0.3
    warmth = [(image[..., 0] - image[..., 2]).ravel() for image in (result, content)]
    assert np.corrcoef(*warmth)[0, 1] > 0.95


def test_smooth_takes_grain_out_of_what_is_saved(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), "uint8")
    Image.fromarray(noise).save(tmp_path / "noise.png")

    def roughness(*flags):
        result = paint(tmp_path, "--num_iter", 0, "--init_image", tmp_path / "noise.png", *flags)
        return np.abs(np.diff(result, axis=1)).mean()

    assert roughness("--finish", "smooth") < 0.7 * roughness()


def test_a_style_of_its_own_size_is_compared_by_its_mean(draw):
    maps = {"style_mask": draw("s.png", RED, RED), "target_mask": draw("t.png", RED, RED)}
    pictures, _ = read("--style_fit", "keep", **maps)
    assert pictures.styles[0].shape == (568, 718, 3)
    assert pictures.masks.style["conv2_1"].shape == (1, 284, 359, 1)
    flat = dataclasses.replace(pictures, styles=[np.full_like(pictures.styles[0], 90)])
    products = [(1.0, GramProduct("conv1_1"))]
    pixels = TiledNetwork(View(lambda image: {"conv1_1": image}, ["conv1_1"]), "vgg16")
    loss = region_style_loss(products, pixels, flat)
    same, other = (
        float(loss.value(loss.sums({"conv1_1": np.full((1, 64, 96, 3), level, "float32")}, loss.guides)))
        for level in (90, 89)
    )
    assert same < 1e-4 * other


def test_scales_work_on_doodles(tmp_path):
    assert paint(tmp_path, "--scales", 32, 64, "--num_iter", 1).shape == (64, 96, 3)


def test_maps_of_another_aspect_ratio_are_said_to_be_stretched(draw):
    _, said = read(style_mask=draw("s.png", RED, BLUE), target_mask=draw("t.png", RED, BLUE), content_image=CASTLE)
    assert [line for line in said if line.startswith("warning: ")] == [
        line for line in said if "s.png has another aspect ratio (64×96) than" in line
    ]
    assert len(said) == 2


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--nlabels", "3"], "--nlabels 3 is more than the 2 colours"),
        (["--preserve_color"], "--preserve_color needs --content_image"),
        (["--content_region", "red"], "--content_region needs --content_image"),
        (["--init_image", "content"], "--init_image content needs --content_image"),
        (["--style_weight", "0"], "there is nothing to paint"),
        (["--target_mask", "nowhere.png"], "there is no picture nowhere.png"),
        (["--target_mask", str(CASTLE)], f" of {CASTLE}: paint with a few plain colours"),
        (["--init_image", "gray"], "--init_image gray is neither content, noise nor a picture that is there"),
        (["--img_size", "8"], "8 rows make a picture of 8×12 pixels"),
    ],
)
def test_problems_are_named(draw, flags, problem):
    maps = {"style_mask": draw("s.png", RED, BLUE), "target_mask": draw("t.png", RED, BLUE)}
    with pytest.raises(InputError) as error:
        read(*flags, **maps)
    assert problem in str(error.value)


def test_a_colour_of_the_doodle_that_the_styles_map_lacks_is_named(draw):
    maps = {"style_mask": draw("two.png", RED, BLUE), "target_mask": draw("three.png", RED, GREEN)}
    with pytest.raises(InputError, match=r"the colour #00ff00 is in .*three.png but not in .*two.png.*with --nlabels"):
        read(**maps)
    with pytest.raises(InputError, match=r"or give a smaller --nlabels"):
        read("--nlabels", 3, **maps)


def test_a_region_of_the_styles_map_that_the_doodle_leaves_out_is_left_out(draw):
    maps = {"style_mask": draw("two.png", RED, BLUE), "target_mask": draw("one.png", BLUE, BLUE)}
    pictures, said = read(**maps)
    assert "labels: #0000ff" in said
    assert said[-1].startswith(f"regions of {maps['style_mask']} that {maps['target_mask']} leaves out: #ff0000")
    assert pictures.masks.generated["conv1_1"].shape[-1] == 1
    assert pictures.masks.generated["conv1_1"].min() == 1
    style = pictures.masks.style["conv1_1"][0, :, :, 0]
    middle = style.shape[1] // 2
    assert not style[:, : middle - 2].any()
    assert style[:, middle + 2 :].min() == pytest.approx(1)


@pytest.mark.parametrize("loss", ["gram", "wasserstein"])
def test_a_region_can_keep_the_photograph(draw, tmp_path, loss):
    maps = {"style_mask": draw("two.png", RED, BLUE), "target_mask": draw("other.png", RED, GREEN, size=(64, 96))}
    flags = ["--content_region", "lime", "--style_loss", loss, "--num_iter", 1, "--img_size", 48]
    result = paint(tmp_path, *flags, content_image=CASTLE, **maps)
    photo = images.to_array(images.read(CASTLE), result.shape[:2])
    middle = result.shape[1] // 2
    assert np.array_equal(result[:, middle:], photo[:, middle:])
    assert np.abs(result - photo)[:, : middle - 2].mean() > 5


@pytest.mark.parametrize(("loss", "border"), [("gram", 0), ("wasserstein", 1)])
def test_distributions_are_those_of_features_that_do_not_see_beyond_the_picture(draw, loss, border):
    halves = draw("halves.png", RED, BLUE)
    pictures, _ = read("--style_loss", loss, "--img_size", "96", style_mask=halves, target_mask=halves)
    for masks in (pictures.masks.style, pictures.masks.generated):
        for mask in masks.values():
            height, width = mask.shape[1:3]
            seen = np.pad(np.ones((height - 2 * border, width - 2 * border)), border)
            assert mask[0].sum(axis=-1) == pytest.approx(seen)


def test_a_region_that_is_to_be_kept_must_be_there_and_not_be_all(draw):
    maps = {"style_mask": draw("two.png", RED, BLUE), "target_mask": draw("one.png", BLUE, BLUE)}
    with pytest.raises(InputError, match=r"--content_region #00ff00 is no colour of .*one\.png, which has #0000ff"):
        read("--content_region", "#00ff00", content_image=CASTLE, **maps)
    with pytest.raises(InputError, match=r"all of .*one\.png is --content_region: there is nothing to paint"):
        read("--content_region", "#0000fe", content_image=CASTLE, **maps)


def test_a_region_too_small_for_a_layer_is_named_with_the_size_that_would_do(draw, monkeypatch):
    monkeypatch.setattr(neural_doodle, "STYLE_LAYERS", ("conv1_1", "conv5_1"))
    maps = {
        "style_mask": draw("s.png", RED, BLUE, GREEN, size=(24, 24)),
        "target_mask": draw("t.png", RED, GREEN, BLUE, size=(24, 24)),
    }
    with pytest.raises(InputError) as error:
        read("--img_size", 24, **maps)
    assert "#00ff00 of" in str(error.value)
    assert "too small at 24×24 pixels" in str(error.value)
    rows = int(re.search(r"left at layer conv5_1; --image_size (\d+) would do", str(error.value))[1])
    read("--img_size", rows, **maps)


def test_a_map_of_another_size_with_keep_gets_no_advice_about_rows(draw, monkeypatch):
    monkeypatch.setattr(neural_doodle, "STYLE_LAYERS", ("conv1_1", "conv5_1"))
    maps = {name: draw(f"{name}.png", RED, BLUE, dot=GREEN) for name in ("style_mask", "target_mask")}
    flags = ["--style_fit", "keep", "--nlabels", "3", "--img_size", "400"]
    with pytest.raises(InputError, match=r"style_mask\.png is too small at 64×96 .*; paint a larger region"):
        read(*flags, style_image=draw("style.png", RED, BLUE), **maps)


def test_the_weights_of_the_style_are_multiplied():
    assert read("--style_weight", "3", "--region_style_weight", "0.5")[0].style_weights == [1.5]


def test_the_picture_that_is_stretched_is_the_one_that_is_named(draw):
    maps = {"style_mask": draw("s.png", RED, BLUE), "target_mask": draw("t.png", RED, BLUE, size=(96, 64))}
    _, said = read(content_image=CASTLE, **maps)
    assert any("castle.jpg has another aspect ratio" in line and "is stretched" in line for line in said)


def test_a_size_of_both_sides_cuts_the_doodle_and_what_lies_on_it(draw):
    maps = {"style_mask": draw("s.png", RED, BLUE), "target_mask": draw("t.png", RED, BLUE)}
    pictures, said = read("--img_size", "48x64", "--init_image", str(maps["target_mask"]), **maps)
    assert pictures.size == pictures.content_size == (64, 48)
    assert f"{maps['target_mask']} (64×96) is cut to 64×48" in said
    left = np.asarray(pictures.start)[:, :24]
    assert (left[:, :22] == RED).all()


def test_the_size_that_a_region_is_told_does_for_both_maps_and_keeps_a_cut(draw, monkeypatch):
    monkeypatch.setattr(neural_doodle, "STYLE_LAYERS", ("conv1_1", "conv5_1"))
    maps = {name: draw(f"{name}.png", RED, BLUE, size=(60, 91)) for name in ("style_mask", "target_mask")}
    for path, column in zip(maps.values(), (11, 50), strict=True):
        pixels = np.array(Image.open(path))
        pixels[27:33, column] = GREEN
        Image.fromarray(pixels).save(path)
    for size in ("30", "40x30"):
        with pytest.raises(InputError) as error:
            read("--img_size", size, **maps)
        told = re.search(r"; --image_size (\S+) would do, or paint a larger region", str(error.value))[1]
        assert ("x" in told) == ("x" in size)
        read("--img_size", told, **maps)


def test_a_region_that_lies_where_the_style_is_transparent_is_told_so(draw, tmp_path):
    maps = {"style_mask": draw("s.png", RED, BLUE), "target_mask": draw("t.png", RED, BLUE)}
    style = opened(STARRY_NIGHT).convert("RGBA").resize((96, 64))
    alpha = np.zeros((64, 96), "uint8")
    alpha[:, 60:] = 255
    style.putalpha(Image.fromarray(alpha))
    style.save(tmp_path / "half.png")
    with pytest.raises(InputError, match=r"half\.png is transparent .* where the region #ff0000 of .* is; give a"):
        read(style_image=tmp_path / "half.png", **maps)


def test_the_region_of_the_photograph_is_none_that_the_doodle_leaves_out(draw):
    maps = {"style_mask": draw("s.png", RED, GREEN), "target_mask": draw("t.png", RED, GREEN)}
    _, said = read("--content_region", "lime", content_image=CASTLE, **maps)
    assert not any("leaves out" in line for line in said)
