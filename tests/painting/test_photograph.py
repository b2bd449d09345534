"""Masks say where a style is painted, and colours are kept where that is asked for."""

import re

import numpy as np
import pytest
from PIL import Image

import network
import paint
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.losses.products import GramProduct
from neural_style.painting import recipe
from neural_style.painting.objective import style_loss
from neural_style.pictures import color, images, masks
from neural_style.tiling.network import TiledNetwork, View
from tests.conftest import CASTLE, REFERENCE, STARRY_NIGHT, opened
from tests.short_runs import content_of, painted

SMALL = ["--image_size", "48", "--evaluations", "4"]

pytestmark = pytest.mark.usefixtures("shallow")


def test_with_a_content_mask_style_masks_only_choose_from_the_styles(weights, extractor):
    """Against the formula of the original script, in double precision."""
    masks = [np.asarray(opened(REFERENCE / f"mask{n}.png").convert("L"), float) > 127 for n in (1, 2, 3)]
    pictures = [images.to_array(images.read(REFERENCE / f"{name}.png")) for name in ("style1", "style2")]
    layers = ["conv1_1"]
    features = [np.asarray(extractor(layers)(picture[None])["conv1_1"][0], float) for picture in pictures]
    start = images.to_array(images.read(STARRY_NIGHT), pictures[0].shape[:2])
    generated = np.asarray(extractor(layers)(start[None])["conv1_1"][0], float)

    def gram(x, mask):
        return np.einsum("hwa,hwb->ab", x * mask[..., None], x * mask[..., None])

    size = pictures[0].shape[0] * pictures[0].shape[1]
    expected = sum(
        weight * np.sum((gram(generated, masks[2]) - gram(style, mask)) ** 2) / (4 * 9 * size**2)
        for weight, style, mask in zip((1.0, 0.5), features, masks, strict=False)
    )
    products = [(1.0, GramProduct("conv1_1"))]
    paths = [REFERENCE / f"mask{n}.png" for n in (1, 2, 3)]
    flags = ["--image_size", 80, "--style_weight", 1, 0.5, "--content_mask", paths[2], "--style_masks", *paths[:2]]
    arguments = [REFERENCE / name for name in ("content.png", "style1.png", "style2.png")]
    task = network.METHOD.task([*map(str, arguments), "unused", *map(str, flags)])
    (read,) = task.read(Reporter(quiet=True))
    loss = style_loss(products, TiledNetwork(View(extractor(layers), layers), "vgg16"), read)
    value = loss.value(loss.sums({"conv1_1": generated[None].astype("float32")}, loss.guides))
    assert float(value) == pytest.approx(expected, rel=1e-4)


def test_between_style_and_content_masks_only_the_mean_over_each_counts(tmp_path, halves):
    """One colour everywhere is the same style under any two masks, however different their areas."""
    images.to_picture(np.full((60, 80, 3), (200, 90, 40))).save(tmp_path / "flat.png")
    small = np.zeros((60, 80, 3))
    small[10:30, 20:50] = 255
    images.to_picture(small).save(tmp_path / "small.png")
    masks = ["--style_mask_space", "style", "--style_masks", tmp_path / "small.png", "--content_masks", halves[0]]
    flags = ["--image_size", 48, "--style_fit", "keep", *masks]
    flat = str(tmp_path / "flat.png")
    task = network.METHOD.task([flat, flat, "unused", *map(str, flags)])
    (read,) = task.read(Reporter(quiet=True))
    pixels = TiledNetwork(View(lambda image: {"conv1_1": image}, ["conv1_1"]), "vgg16")
    loss = style_loss([(1.0, GramProduct("conv1_1"))], pixels, read)
    start = read.start.astype("float32")
    same, other = (
        float(loss.value(loss.sums({"conv1_1": image[None]}, loss.guides)))
        for image in (start, np.float32(0.9) * start)
    )
    assert same < 1e-6 * other


def test_feathered_masks_are_soft_at_the_layers_too(tmp_path, halves):
    flags = [str(CASTLE), str(STARRY_NIGHT), "unused", *SMALL, "--mask_feather", "9", "--style_masks", halves[0]]
    (read,) = network.METHOD.task(flags).read(Reporter(quiet=True))
    for values in (read.masks.generated["conv1_1"], read.masks.styles[0]["conv2_1"]):
        assert np.count_nonzero((values > 0.2) & (values < 0.8)) > len(values[0])


def test_pixels_that_no_mask_covers_stay_the_contents(tmp_path, halves):
    result = painted(network, tmp_path, "--num_iter", 1, "--style_masks", halves[0], "--keep_unmasked")
    middle = result.shape[1] // 2
    assert np.array_equal(result[:, middle + 1 :], content_of(result)[:, middle + 1 :])
    assert not np.array_equal(result[:, :middle], content_of(result)[:, :middle])


def test_they_are_the_contents_own_pixels_in_a_picture_of_its_size(tmp_path, halves):
    flags = ["--num_iter", 1, "--style_masks", halves[0], "--keep_unmasked", "--preserve_color", "--rescale_image"]
    result = painted(network, tmp_path, *flags)
    content = images.to_array(images.read(CASTLE))
    assert np.array_equal(result[:, 513:], content[:, 513:])
    chrominance = (result - content) - ((result - content) @ color.LUMA)[..., None]
    inside = ((result > 0) & (result < 255)).all(axis=2)
    assert np.abs(chrominance[inside]).max() < 2


def test_a_gray_start_gets_the_contents_colours_back(tmp_path):
    result = painted(network, tmp_path, "--num_iter", 0, "--init_image", "gray", "--preserve_color")
    assert np.abs(result - content_of(result)).max() <= 1


def test_a_transparent_mask_holds_where_it_is_opaque_and_white(tmp_path):
    layers = np.full((683, 1024, 4), 255, "uint8")
    layers[:, 512:] = 0
    Image.fromarray(layers).save(tmp_path / "clear.png")
    result = painted(network, tmp_path, "--num_iter", 1, "--style_masks", tmp_path / "clear.png", "--keep_unmasked")
    middle = result.shape[1] // 2
    assert np.array_equal(result[:, middle + 1 :], content_of(result)[:, middle + 1 :])
    assert not np.array_equal(result[:, :middle], content_of(result)[:, :middle])


def test_a_feathered_mask_fades_into_the_content(tmp_path, halves):
    flags = ["--num_iter", 1, "--style_masks", halves[0], "--keep_unmasked", "--mask_feather", 8]
    result = painted(network, tmp_path, *flags)
    middle = result.shape[1] // 2
    assert not np.array_equal(result[:, middle + 2], content_of(result)[:, middle + 2])
    assert np.array_equal(result[:, -1], content_of(result)[:, -1])


def test_the_contents_colours_can_be_preserved(tmp_path):
    result = painted(network, tmp_path, "--num_iter", 1, "--preserve_color", "True")
    content = content_of(result)
    inside = ((result > 0) & (result < 255)).all(axis=2)
    difference = (result - content) - ((result - content) @ color.LUMA)[..., None]
    assert np.abs(difference[inside]).max() < 2
    assert np.abs(result - content).mean() > 3


def test_a_colour_mask_limits_that_to_its_white(tmp_path, halves):
    plain = painted(network, tmp_path, "--num_iter", 1)
    masked = painted(network, tmp_path, "--num_iter", 1, "--preserve_color", "--color_mask", halves[0])
    middle = plain.shape[1] // 2
    assert np.array_equal(masked[:, middle + 1 :], plain[:, middle + 1 :])
    assert not np.array_equal(masked[:, :middle], plain[:, :middle])


@pytest.mark.parametrize("match", ["linear", "histogram"])
def test_matched_styles_leave_the_contents_mean_colour(tmp_path, match):
    result = painted(network, tmp_path, "--num_iter", 1, "--evaluations", 20, "--color_match", match)
    assert np.abs(result.mean(axis=(0, 1)) - content_of(result).mean(axis=(0, 1))).max() < 20


def test_the_sky_of_a_painting_goes_onto_the_sky_of_the_photograph(tmp_path, halves):
    """A style mask on the style picture, which has another aspect ratio, and a content mask on the content."""
    sky = np.zeros((568, 718, 3))
    sky[:300] = 255
    images.to_picture(sky).save(tmp_path / "sky.png")
    flags = ["--style_fit", "keep", "--style_mask_space", "style", "--style_masks", tmp_path / "sky.png"]
    result = painted(network, tmp_path, "--num_iter", 2, "--content_weight", 0, *flags, "--content_masks", halves[0])
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[: middle - 8].mean() > 2 * change[middle + 8 :].mean()


@pytest.mark.parametrize(
    ("flags", "other"),
    [
        (["--style_masks", "SQUARE"], CASTLE),
        (["--style_masks", "LEFT", "--content_mask", "SQUARE"], CASTLE),
        (["--preserve_color", "True", "--color_mask", "SQUARE"], CASTLE),
        (["--init_image", "SQUARE"], CASTLE),
        (["--style_mask_space", "style", "--style_masks", "SQUARE", "--content_masks", "LEFT"], STARRY_NIGHT),
        (["--style_masks", "LEFT"], None),
        (["--style_masks", "SQUARE", "--maintain_aspect_ratio", "False"], None),
    ],
)
def test_a_picture_that_does_not_fit_the_one_it_lies_on_is_said_to_be_stretched(flags, other, tmp_path, halves):
    images.to_picture(np.full((200, 200, 3), 255.0)).save(tmp_path / "square.png")
    named = {"LEFT": halves[0], "SQUARE": str(tmp_path / "square.png")}
    arguments = [str(CASTLE), str(STARRY_NIGHT), "unused", *SMALL, *(named.get(flag, flag) for flag in flags)]
    reporter, said = Reporter(quiet=True), []
    reporter.say = said.append
    network.METHOD.task(arguments).read(reporter)
    beginning = f"warning: {named['SQUARE']} has another aspect ratio (200×200) than {other} ("
    assert [line[: len(beginning)] for line in said] == ([beginning] if other else [])


def test_a_feather_is_as_wide_in_the_picture_at_every_scale(halves):
    arguments = [str(CASTLE), str(STARRY_NIGHT), "unused", "--mask_feather", "9", "--style_masks", halves[0]]

    def read(*scales):
        task = network.METHOD.task([*arguments, "--scales", *map(str, scales), "--keep_unmasked"])
        return task.read(Reporter(quiet=True))

    (alone,), (small, last) = read(96), read(48, 96)
    assert np.array_equal(last.masks.generated["conv1_1"], alone.masks.generated["conv1_1"])
    half = masks.at_size(masks.feathered(masks.read(halves[0]), small.size, 4.5), small.size, soft=True)
    assert np.array_equal(small.masks.generated["conv1_1"][0, ..., 0], half)
    assert np.array_equal(small.finish.painted, half)


def read_small(*flags):
    """Return the `Pictures` of the castle and a style at 48 rows."""
    task = network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", *SMALL, *map(str, flags)])
    (pictures,) = task.read(Reporter(quiet=True))
    return pictures


def test_the_style_scale_multiplies_the_weights_of_all_styles():
    assert read_small("--style_weight", 1.5, "--style_scale", 2).style_weights == [3.0]


def test_what_one_of_several_masks_covers_is_painted(halves):
    styles = [str(CASTLE), str(STARRY_NIGHT), str(STARRY_NIGHT), "unused", *SMALL]
    task = network.METHOD.task([*styles, "--keep_unmasked", "--style_masks", *halves])
    (pictures,) = task.read(Reporter(quiet=True))
    assert (pictures.finish.painted > 0.4).all()


@pytest.mark.parametrize(("rescaled", "width"), [([], 8), (["--rescale_image"], 8 * 683 / 48)])
def test_a_feather_of_saved_pictures_is_as_wide_as_in_the_painting(halves, rescaled, width):
    colours = ["--preserve_color", "--color_mask", halves[0], "--style_masks", halves[0], "--keep_unmasked"]
    finish = read_small(*colours, "--mask_feather", 8, *rescaled).finish
    for mask in (finish.recoloured, finish.painted):
        row = mask[len(mask) // 2]
        # A normal distribution has four fifths within 1.28 standard deviations, of which `width` is two.
        assert np.count_nonzero((row > 0.1) & (row < 0.9)) == pytest.approx(1.28 * width, rel=0.15)


@pytest.mark.parametrize(
    ("flags", "warning"),
    [
        (["--mask_feather", "9"], "--mask_feather does nothing without a mask"),
        (["--rescale_method", "lanczos"], "--rescale_method does nothing without --rescale_image"),
        (["--mask_feather", "9", "--style_masks", "LEFT"], None),
        (["--rescale_method", "lanczos", "--rescale_image"], None),
    ],
)
def test_a_flag_that_does_nothing_without_another_is_warned_of(flags, warning, halves):
    reporter, said = Reporter(quiet=True), []
    reporter.say = said.append
    named = [halves[0] if flag == "LEFT" else flag for flag in flags]
    network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", *SMALL, *named]).read(reporter)
    assert said == ([f"warning: {warning}"] if warning else [])


@pytest.mark.parametrize(
    ("size", "times"), [("64", None), ("120", None), ("126", "2.1"), ("100x200", "3.3"), ("130 --rescale_image", None)]
)
def test_a_photograph_that_is_much_enlarged_is_said_to_be(size, times, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images.read(CASTLE).resize((80, 60)).save("photo.png")
    reporter, said = Reporter(quiet=True), []
    reporter.say = said.append
    network.METHOD.task(["photo.png", str(STARRY_NIGHT), "unused", "--image_size", *size.split()]).read(reporter)
    told = [line.partition(":")[0] for line in said if "enlarged" in line]
    assert told == ([f"photo.png has 60×80 pixels and is enlarged {times} times"] if times else [])


def test_a_content_mask_is_shared_by_all_styles(tmp_path, halves):
    flags = ["--num_iter", 1, "--content_weight", 0, "--content_mask", halves[1], "--style_weight", 1, 0.5]
    result = painted(network, tmp_path, *flags, styles=(STARRY_NIGHT, REFERENCE / "style1.png"))
    change = np.abs(result - content_of(result)).mean(axis=(0, 2))
    middle = len(change) // 2
    assert change[middle + 8 :].mean() > 2 * change[: middle - 8].mean()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--style_masks", "LEFT", "RIGHT"], "--style_masks has 2 masks for 1 styles"),
        (["--style_masks", "nowhere.png"], "there is no picture nowhere.png"),
        (["--style_mask_space", "style", "--style_masks", "LEFT"], "needs --style_masks on the styles"),
        (["--content_masks", "LEFT"], "--content_masks needs --style_mask_space style"),
        (
            ["--style_mask_space", "style", "--style_masks", "LEFT", "--content_masks", "LEFT", "RIGHT"],
            "--content_masks has 2 masks for 1 styles",
        ),
        (
            [
                *["--style_mask_space", "style", "--style_masks", "LEFT", "--content_masks", "LEFT"],
                *["--content_mask", "RIGHT"],
            ],
            "--content_mask and --content_masks exclude each other",
        ),
        (["--color_mask", "LEFT"], "--color_mask says where --preserve_color True applies"),
        (["--keep_unmasked"], "give --style_masks or --content_mask"),
        (["--style_masks", "BLACK"], "black.png is white nowhere"),
        (["--style_masks", "TEXT"], "text.png is not a picture"),
        (["--style_masks", "DOT"], "nothing of it is left at layer conv"),
        (
            ["--style_masks", "DOT", "--mask_feather", "99"],
            "99 pixels at 48×71, is wider than what is white in",
        ),
        (
            ["--style_masks", "DOT", "--mask_feather", "99", "--scales", "48", "96"],
            "--mask_feather, which is 49.5 pixels at 48×71, is wider",
        ),
    ],
)
def test_masks_that_cannot_be_used_are_refused_before_the_network_is_loaded(
    tmp_path, halves, monkeypatch, flags, problem
):
    monkeypatch.setattr(network, "STYLE_LAYERS", ("conv1_1", "conv5_1"))
    monkeypatch.setattr(recipe, "load_weights", lambda *_: pytest.fail("the network was loaded"))
    dot = np.zeros((48, 71, 3))
    images.to_picture(dot).save(tmp_path / "black.png")
    dot[20:23, 30:33] = 255
    images.to_picture(dot).save(tmp_path / "dot.png")
    (tmp_path / "text.png").write_text("a text")
    names = {name.upper(): str(tmp_path / f"{name}.png") for name in ("black", "dot", "text")}
    names |= {"LEFT": halves[0], "RIGHT": halves[1]}
    flags = [names.get(flag, flag) for flag in flags]
    with pytest.raises(InputError) as error:
        painted(network, tmp_path, *flags)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("size", "told"), [((200, 150), False), ((400, 200), False), ((100, 150), True), ((600, 200), True)]
)
@pytest.mark.parametrize("fit", ["stretch", "keep"])
def test_a_style_whose_strokes_become_streaks_is_told_of(tmp_path, capsys, size, told, fit):
    """The castle is half as wide again as it is high."""
    Image.new("RGB", size, (90, 120, 200)).save(tmp_path / "style.png")
    flags = ["--image_size", "48", "--style_fit", fit]
    network.METHOD.task([*map(str, [CASTLE, tmp_path / "style.png", "unused", *flags])]).read(Reporter())
    said = [line for line in capsys.readouterr().err.splitlines() if "is stretched" in line]
    assert len(said) == (told and fit == "stretch")
    assert all(line.endswith("is stretched: --style_fit keep keeps its strokes") for line in said)


@pytest.mark.parametrize("flags", [["--image_size", "32"], ["--scales", "32", "64"]])
def test_a_mask_that_is_too_small_at_a_size_is_told_a_size_that_does(tmp_path, flags, monkeypatch):
    monkeypatch.setattr(network, "STYLE_LAYERS", ("conv1_1", "conv5_1"))
    dot = np.zeros((120, 180), "uint8")
    dot[50:62, 60:72] = 255
    Image.fromarray(dot).save(tmp_path / "dot.png")

    def read(*flags):
        arguments = [CASTLE, STARRY_NIGHT, "unused", "--style_masks", tmp_path / "dot.png", *flags]
        return network.METHOD.task([*map(str, arguments)]).read(Reporter(quiet=True))

    name = f"{flags[0]} from" if flags[0] == "--scales" else flags[0]
    with pytest.raises(
        InputError, match=rf"dot\.png is so small that at 32×47 .* layer conv5_1: {name} (\d+) would do"
    ) as told:
        read(*flags)
    rows = re.search(r"(\d+) would do", str(told.value))[1]
    (pictures,) = read(flags[0], rows)
    assert pictures.size[0] == int(rows)
    assert pictures.masks.generated["conv5_1"].any()


def test_where_no_size_does_a_larger_region_is_asked_for(tmp_path):
    Image.new("L", (48, 32), 255).save(tmp_path / "white.png")
    dot = np.zeros((1200, 1800), "uint8")
    dot[600, 900] = 255
    Image.fromarray(dot).save(tmp_path / "dot.png")
    flags = ["--style_mask_space", "style", "--style_masks", tmp_path / "dot.png", "--style_fit", "keep"]
    flags += ["--content_masks", tmp_path / "white.png", "--image_size", 32]
    task = network.METHOD.task([*map(str, [CASTLE, STARRY_NIGHT, "unused", *flags])])
    with pytest.raises(InputError, match=r"dot\.png .*: paint a larger region, or take a larger style picture"):
        task.read(Reporter(quiet=True))


@pytest.mark.parametrize("shape", [(48, 48), (40, 90)], ids=["sides cut off", "top and bottom cut off"])
def test_a_size_of_both_sides_cuts_the_photograph_and_all_that_lies_on_it(tmp_path, halves, shape):
    height, width = shape
    marked = np.zeros((683, 1024, 3), "uint8")
    marked[..., 0] = np.linspace(0, 255, 1024)
    marked[..., 1] = np.linspace(0, 255, 683)[:, None]
    images.to_picture(marked).save(tmp_path / "marked.png")
    said, reporter = [], Reporter(quiet=True)
    reporter.say = said.append
    paths = [str(tmp_path / "marked.png"), str(STARRY_NIGHT), "unused", "--image_size", f"{width}x{height}"]
    lying = ["--style_masks", halves[0], "--keep_unmasked", "--init_image", paths[0]]
    (pictures,) = network.METHOD.task([*paths, *lying]).read(reporter)
    assert pictures.size == pictures.content_size == shape
    assert said[0] == f"{paths[0]} (683×1024) is cut to {height}×{width}"
    assert [" is stretched" in line for line in said[1:]] == ([True] if width > 1.5 * height else [])  # The style.
    scale = max(height / 683, width / 1024)
    for axis, (channel, side, whole) in enumerate([(1, height, 683), (0, width, 1024)]):
        ends = pictures.content[..., channel].mean(axis=1 - axis)[[0, -1]]
        kept = side / scale / whole  # In the middle of the picture.
        expected = [255 * (0.5 - kept / 2), 255 * (0.5 + kept / 2)]
        assert ends == pytest.approx(expected, abs=255 / side)
    assert np.abs(pictures.start.astype(float) - pictures.content).max() <= 1
    assert pictures.finish.painted[:, : width // 2 - 1].all()
    assert not pictures.finish.painted[:, width // 2 + 1 :].any()


def test_a_square_of_both_sides_and_without_the_aspect_ratio_is_refused():
    with pytest.raises(InputError, match="--maintain_aspect_ratio False makes a square"):
        read_small("--image_size", "64x32", "--maintain_aspect_ratio", "False")


def square(path, side, whole=200, at=None):
    """Write a mask with a white square in the middle, or beginning `at` a row and a column; return its path."""
    mask = np.zeros((whole, whole), "uint8")
    row, column = at or ((whole - side) // 2,) * 2
    mask[row : row + side, column : column + side] = 255
    Image.fromarray(mask).save(path)
    return str(path)


@pytest.mark.parametrize("script", [network, paint])
@pytest.mark.parametrize("size", [["--image_size", "64"], ["--scales", "64"], ["--image_size", "64x20"]])
def test_the_size_that_a_small_mask_is_told_does(tmp_path, script, size):
    Image.new("RGB", (200, 200), "gray").save(tmp_path / "photo.png")
    mask = square(tmp_path / "mask.png", 6)

    def read(*size):
        argv = [str(tmp_path / "photo.png"), str(STARRY_NIGHT), "unused", "--content_mask", mask, *size]
        return script.METHOD.task(argv).read(Reporter(quiet=True))

    with pytest.raises(InputError, match=rf"{size[0]} \S+ would do, or paint a larger region") as told:
        read(*size)
    does = re.search(r"(\S+) would do", str(told.value))[1]
    assert ("x" in does) == ("x" in size[1])
    read(size[0], does)


def test_a_mask_of_which_nothing_white_is_in_what_is_cut_out_is_told_so(tmp_path):
    Image.new("RGB", (200, 200), "gray").save(tmp_path / "photo.png")
    corner = square(tmp_path / "corner.png", 30, at=(0, 0))
    argv = [
        str(tmp_path / "photo.png"),
        str(STARRY_NIGHT),
        "unused",
        "--content_mask",
        corner,
        "--image_size",
        "320x80",
    ]
    with pytest.raises(
        InputError, match=r"nothing that is white in .*corner\.png is left of what --image_size 320x80 cuts"
    ):
        network.METHOD.task(argv).read(Reporter(quiet=True))


def test_where_a_feathered_mask_is_lost_small_scales_are_left_out_as_without_a_feather(tmp_path):
    Image.new("RGB", (400, 400), "gray").save(tmp_path / "photo.png")
    colours = ["--preserve_color", "--color_mask", square(tmp_path / "dot.png", 3, 400), "--image_size", "200"]
    argv = [str(tmp_path / "photo.png"), str(STARRY_NIGHT), "unused", *colours, "--mask_feather", "0.01"]
    pictures = paint.METHOD.task(argv).read(Reporter(quiet=True))
    assert pictures[-1].inner[0] == 200


def test_a_mask_for_styles_and_for_the_content_is_cut_for_the_content_only(tmp_path):
    Image.new("RGB", (200, 200), "gray").save(tmp_path / "photo.png")
    middle = square(tmp_path / "middle.png", 100)
    flags = ["--style_mask_space", "style", "--style_masks", middle, "--content_masks", middle, "--image_size", "64x32"]
    task = network.METHOD.task([str(tmp_path / "photo.png"), str(STARRY_NIGHT), "unused", *flags])
    (pictures,) = task.read(Reporter(quiet=True))
    assert pictures.masks.generated["conv1_1"].mean() == pytest.approx(0.5, abs=0.05)
    assert pictures.masks.styles[0]["conv1_1"].mean() == pytest.approx(0.25, abs=0.05)


def test_a_size_that_is_too_small_is_told_by_the_flag_that_says_it():
    for flag in ("--image_size", "--scales"):
        with pytest.raises(InputError, match=f"choose a larger {flag}"):
            read_small(flag, 8)


def test_a_word_too_many_is_named_where_it_became_the_prefix():
    with pytest.raises(
        InputError, match=r"there is no picture out.* one word too many, '50%', which is taken for that"
    ):
        network.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "out", "50%"]).read(Reporter(quiet=True))


@pytest.mark.parametrize(("value", "warned"), [(200, True), (None, False)])
def test_a_photograph_of_one_colour_is_told_of(tmp_path, value, warned):
    picture = opened(CASTLE) if value is None else Image.new("RGB", (64, 64), (value, value, value))
    picture.save(tmp_path / "photo.png")
    said, reporter = [], Reporter(quiet=True)
    reporter.say = said.append
    network.METHOD.task([str(tmp_path / "photo.png"), str(STARRY_NIGHT), "unused", *SMALL]).read(reporter)
    assert any("is all of one colour" in line for line in said) is warned


def test_a_mask_lost_in_the_result_is_told_at_the_results_size(tmp_path):
    Image.new("RGB", (200, 200), "gray").save(tmp_path / "photo.png")
    argv = [str(tmp_path / "photo.png"), str(STARRY_NIGHT), "unused", "--style_masks", square(tmp_path / "m.png", 4)]
    with pytest.raises(InputError, match="so small that at 100×100 pixels"):
        paint.METHOD.task([*argv, "--image_size", "100"]).read(Reporter(quiet=True))
