"""The terms of the objective and what they weigh."""

from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops
from PIL import Image

import network
import paint
from neural_style.command.reporter import Reporter
from neural_style.painting.objective import _enlarged, objective
from neural_style.painting.photograph import MARGIN
from neural_style.pictures import images
from tests.conftest import CASTLE, SHALLOW, STARRY_NIGHT, opened

pytestmark = pytest.mark.usefixtures("uncompiled")


def content_term(weights, image, *flags, script=paint, content=CASTLE, style=STARRY_NIGHT):
    """Return the weighted content term of 48 rows of a picture."""
    flags = ["--image_size", 48, *SHALLOW, *flags]
    task = script.METHOD.task([*map(str, [content, style, "unused", *flags])])
    pictures, *_ = task.read(Reporter(quiet=True))
    image = images.extended(image, pictures.margin)
    _, terms, _ = objective(task, pictures, weights).evaluate(ops.convert_to_tensor(image.ravel()))
    return terms["content"]


def variance(extractor, path, layer, size, margin=0):
    picture = np.asarray(opened(path).convert("RGB").resize(size[::-1], Image.Resampling.BICUBIC), "float32")
    picture = images.extended(picture, margin)
    return np.var(np.asarray(extractor([layer])(picture[None])[layer], "float64"), axis=(0, 1, 2)).mean()


def test_the_content_weighs_by_how_much_the_features_of_both_pictures_vary(weights, extractor, random_image, shallow):
    image = random_image(48, 71)
    style = [variance(extractor, STARRY_NIGHT, layer, (56, 71)) for layer in ("conv1_1", "conv2_1")]
    content = variance(extractor, CASTLE, "conv2_1", (48, 71), MARGIN)
    expected = np.average(style, weights=(4, 1)) / content
    alone = content_term(weights, image, "--style_weight", 0)
    assert content_term(weights, image) == pytest.approx(expected * alone, rel=0.05)


def test_the_photograph_weighs_the_same_whatever_size_the_painting_ends_at(weights, random_image, shallow):
    image = random_image(48, 71)
    alone = content_term(weights, image)
    assert content_term(weights, image, "--scales", 48, 4 * 48) == pytest.approx(alone, rel=1e-6)


def test_from_scale_to_scale_the_picture_stays_where_it_is_within_its_margin():
    smooth = np.add.outer(np.linspace(0, 90, 30), np.linspace(0, 120, 40))[..., None] + np.zeros(3)
    smooth = smooth.astype("float32")
    larger = SimpleNamespace(inner=(60, 80), margin=MARGIN)
    result = _enlarged(images.extended(smooth, MARGIN), larger)
    assert np.array_equal(result, images.extended(images.resized(smooth, (60, 80)), MARGIN))


def test_a_blank_style_does_not_take_all_its_weight_from_the_photograph(weights, random_image, shallow, tmp_path):
    Image.new("RGB", (71, 48), (200, 60, 60)).save(tmp_path / "blank.png")
    image = random_image(48, 71)
    blank = content_term(weights, image, style=tmp_path / "blank.png")
    assert blank > 0.02 * content_term(weights, image, "--style_weight", 0)


def test_in_the_loss_of_the_original_the_content_weighs_the_same_for_every_style(weights, random_image):
    image = random_image(48, 71)
    one, other = (content_term(weights, image, script=network, style=style) for style in (STARRY_NIGHT, CASTLE))
    assert one == other
