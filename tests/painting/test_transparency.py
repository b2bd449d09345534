"""What is transparent of a photograph stays so in its painting, and of a style counts for nothing."""

import numpy as np
import pytest
from PIL import Image

import network
import neural_doodle
import paint
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.losses.products import GramProduct
from neural_style.painting.objective import style_loss, wasserstein_loss
from neural_style.pictures import images
from neural_style.tiling.network import TiledNetwork, View
from tests.conftest import CASTLE, LIGHT, STARRY_NIGHT, opened

pytestmark = pytest.mark.usefixtures("shallow")

COLOUR, OTHER = (200, 90, 40), (20, 200, 250)


@pytest.fixture
def cutout(tmp_path):
    """The castle with a soft transparent border, and its alpha."""
    picture = opened(CASTLE).resize((96, 64)).convert("RGBA")
    alpha = np.clip(np.minimum.outer(np.arange(64), np.arange(96)) * 20 - 100, 0, 255).astype("uint8")
    picture.putalpha(Image.fromarray(alpha))
    picture.save(tmp_path / "cutout.png")
    return tmp_path / "cutout.png", alpha


@pytest.fixture
def half_style(tmp_path):
    """A picture of one colour on the left, and of another that is transparent on the right."""
    values = np.full((64, 96, 4), (*COLOUR, 255), "uint8")
    values[:, 48:] = (*OTHER, 0)
    Image.fromarray(values).save(tmp_path / "half.png")
    return tmp_path / "half.png"


def painted(folder, content, *flags, style=STARRY_NIGHT):
    arguments = [content, style, folder / "out", "--image_size", 32, "--num_iter", 0, *LIGHT[:4], *flags]
    assert network.main([*map(str, arguments)]) == 0
    return opened(folder / "out.png")


def test_the_painting_is_transparent_where_the_photograph_is(tmp_path, cutout, capsys):
    path, alpha = cutout
    result = painted(tmp_path, path)
    assert result.mode == "RGBA"
    wanted = np.asarray(Image.fromarray(alpha).resize((48, 32), Image.Resampling.BILINEAR))
    assert np.array_equal(np.asarray(result)[..., 3], wanted)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "transparent" in line]
    assert line == f"{path} is transparent in parts, and so will the result be; --alpha drop lays it on white"


def test_at_the_photographs_size_it_is_the_photographs_own_transparency(tmp_path, cutout):
    path, alpha = cutout
    result = painted(tmp_path, path, "--rescale_image", "--animate")
    assert np.array_equal(np.asarray(result)[..., 3], alpha)
    with Image.open(tmp_path / "out.webp") as animation:
        assert animation.convert("RGB").getpixel((0, 0)) == pytest.approx((255, 255, 255), abs=3)


def test_it_can_be_laid_on_white(tmp_path, cutout):
    result = painted(tmp_path, cutout[0], "--alpha", "drop")
    assert result.mode == "RGB"
    assert result.getpixel((0, 0)) == (255, 255, 255)


def test_a_white_drawing_on_transparent_ground_is_seen_in_the_painting(tmp_path):
    values = np.zeros((64, 96, 4), "uint8")
    values[16:48, 24:72] = 255
    Image.fromarray(values).save(tmp_path / "logo.png")
    arguments = [tmp_path / "logo.png", STARRY_NIGHT, tmp_path / "out", "--image_size", 32, "--num_iter", 1]
    assert network.main([*map(str, [*arguments, "--evaluations", 8])]) == 0
    result = np.asarray(opened(tmp_path / "out.png"), float)
    assert result[0, 0, 3] == 0
    assert result[16, 24, 3] == 255
    assert result[10:22, 14:34, :3].mean() < 225


@pytest.mark.parametrize("script", [network, paint])
@pytest.mark.parametrize("masked", [False, True])
def test_what_is_transparent_of_a_style_is_no_part_of_it(tmp_path, half_style, script, masked):
    """A plain picture of the colour that shows is that style, and one of another colour is not."""
    Image.new("RGB", (96, 64), COLOUR).save(tmp_path / "plain.png")
    flags = ["--image_size", 64, "--scales", 64]
    if masked:
        values = np.zeros((64, 96), "uint8")
        values[8:56, 20:70] = 255
        Image.fromarray(values).save(tmp_path / "mask.png")
        flags += ["--style_mask_space", "style", "--style_masks", tmp_path / "mask.png"]
        flags += ["--content_masks", tmp_path / "mask.png"]
    task = script.METHOD.task([*map(str, [tmp_path / "plain.png", half_style, "unused", *flags])])
    (pictures,) = task.read(Reporter(quiet=True))
    pixels = TiledNetwork(View(lambda image: {"conv1_1": image}, ["conv1_1"]), "vgg16")
    if script is network:
        loss = style_loss([(1.0, GramProduct("conv1_1"))], pixels, pictures)
    else:
        loss = wasserstein_loss(["conv1_1"], pixels, pictures)
    start = pictures.start.astype("float32")
    same, other = (
        float(loss.value(loss.sums({"conv1_1": image[None]}, loss.guides)))
        for image in (start, np.float32(0.9) * start)
    )
    assert same < 1e-4 * other


def test_what_is_transparent_of_a_doodles_style_is_in_no_region(tmp_path, half_style):
    regions = np.zeros((64, 96, 3), "uint8")
    regions[32:] = 255
    Image.fromarray(regions).save(tmp_path / "map.png")
    files = {"style_image": half_style, "style_mask": tmp_path / "map.png", "target_mask": tmp_path / "map.png"}
    flags = [f"--{name}={path}" for name, path in files.items()]
    (pictures,) = neural_doodle.METHOD.task([*flags, "--target_image_prefix=unused"]).read(Reporter(quiet=True))
    for values in pictures.masks.style.values():
        width = values.shape[2]
        assert values[0, :, : width // 2].sum(axis=-1).min() == pytest.approx(1)
        assert not values[0, :, width // 2 + 1 :].any()


def test_a_style_of_which_nothing_is_left_is_refused(tmp_path, half_style):
    mask = np.zeros((64, 96), "uint8")
    mask[:, 60:] = 255
    Image.fromarray(mask).save(tmp_path / "right.png")
    flags = ["--image_size", 64, "--style_masks", tmp_path / "right.png"]
    task = network.METHOD.task([*map(str, [CASTLE, half_style, "unused", *flags])])
    with pytest.raises(InputError, match=r"what its mask leaves of .*half\.png is opaque .*: give another mask, or"):
        task.read(Reporter(quiet=True))


def test_a_style_that_is_nowhere_opaque_enough_is_told_of_alpha_drop(tmp_path):
    style = opened(STARRY_NIGHT).convert("RGBA").resize((96, 64))
    style.putalpha(100)
    style.save(tmp_path / "faint.png")
    flags = [*map(str, [CASTLE, tmp_path / "faint.png", "unused", "--image_size", 64])]
    with pytest.raises(InputError, match=r"too little of .*faint\.png is opaque at 64×95 pixels: --alpha drop"):
        network.METHOD.task(flags).read(Reporter(quiet=True))
    network.METHOD.task([*flags, "--alpha", "drop"]).read(Reporter(quiet=True))


def test_a_wholly_transparent_picture_is_refused(tmp_path):
    Image.new("RGBA", (32, 32)).save(tmp_path / "nothing.png")
    with pytest.raises(InputError, match=r"nothing\.png is wholly transparent"):
        images.read_with_alpha(str(tmp_path / "nothing.png"))


def test_under_what_is_transparent_lies_the_mean_colour_of_the_rest(tmp_path):
    values = np.zeros((4, 4, 4), "uint8")
    values[0] = (100, 0, 200, 255)
    values[1] = (200, 0, 100, 255)
    Image.fromarray(values).save(tmp_path / "rows.png")
    picture, alpha = images.read_with_alpha(str(tmp_path / "rows.png"))
    assert np.asarray(picture)[:, 0].tolist() == [[100, 0, 200], [200, 0, 100], [150, 0, 150], [150, 0, 150]]
    assert np.asarray(alpha)[:, 0].tolist() == [255, 255, 0, 0]
