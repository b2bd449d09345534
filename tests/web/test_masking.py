"""Masks and maps are painted, and maps are suggested from a picture's colours."""

import numpy as np
from PIL import Image

from neural_style.pictures import labels
from neural_style.web import masking, painter
from neural_style.web.uploads import Uploads
from tests.conftest import STARRY_NIGHT, opened


def test_regions_of_plain_colours_are_found_as_they_are():
    pixels = np.zeros((80, 120, 3), "uint8")
    pixels[:40] = (20, 60, 200)
    pixels[40:, :60] = (250, 240, 90)
    regions = np.asarray(masking.suggested(Image.fromarray(pixels), 3).convert("RGB"))
    corners = [tuple(regions[y, x]) for y, x in ((10, 10), (10, 110), (70, 10), (70, 110))]
    assert corners[0] == corners[1]
    assert len(set(corners)) == 3
    inside = regions[8:32, 8:112]
    assert (inside == inside[0, 0]).all()


def test_a_picture_of_one_colour_is_one_region():
    regions = masking.suggested(Image.new("RGB", (90, 60), (5, 5, 5)), 4)
    assert len(regions.convert("RGB").getcolors()) == 1


def test_what_is_suggested_of_a_painting_is_a_map_that_the_scripts_take():
    picture = opened(STARRY_NIGHT).convert("RGB")
    regions = masking.suggested(picture, 4).convert("RGB")
    assert regions.size == picture.size
    assert len(labels.palette([regions])) == 4


def test_no_colour_of_a_map_is_taken_for_another():
    colours = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (*masking.COLOURS, masking.REST)], float)
    distances = np.sqrt(np.square(colours[:, None] - colours).sum(axis=-1)) + 1e3 * np.eye(len(colours))
    assert distances.min() > 2 * labels.NEAREST_COLOURS


def test_a_mask_counts_when_something_is_painted_and_is_kept_when_it_has_changed(tmp_path):
    uploads = Uploads(tmp_path)
    blank = painter.sheet(Image.new("RGB", (8, 6)), [masking.WHITE])
    assert masking.drawn_if_any(uploads, blank) is None
    layer = Image.new("RGBA", (8, 6), masking.WHITE)
    painted = painter.sheet(Image.new("RGB", (8, 6)), [masking.WHITE], layer)
    with Image.open(masking.drawn_if_any(uploads, painted)) as mask:
        assert mask.getextrema() == (255, 255)
    assert not painter.has_changed(painted)
    assert painter.has_changed(painted | {"changed": True})


def test_colours_have_names():
    assert [painter.called(colour) for colour in ("#ff0000", "#0101fe", "#e6194b")] == ["red", "blue", "crimson"]
