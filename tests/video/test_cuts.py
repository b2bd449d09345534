"""Scenes are told apart by how much frames differ, and motion within one is no cut."""

import numpy as np
import pytest
from PIL import Image

from neural_style.video.cuts import Cuts
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT, opened


def scenes(frames):
    cuts = Cuts()
    for frame in frames:
        cuts.look(np.asarray(frame, "uint8"))
    return [tuple(scene) for scene in cuts.scenes()]


def panned(path, count, step):
    """Frames of a picture along which a camera moves, a part of the picture's width at each step."""
    picture = opened(path).convert("RGB").resize((300, 200))
    return [picture.crop((round(300 * step * n), 20, round(300 * step * n) + 150, 120)) for n in range(count)]


def test_a_pan_is_one_scene_however_fast():
    assert scenes(panned(CASTLE, 12, 0.01)) == [(0, 12)]
    assert scenes(panned(CASTLE, 10, 0.05)) == [(0, 10)]


def test_each_other_picture_begins_a_scene():
    wall = ROOT / "images" / "inputs" / "content" / "scarlet-macaw.jpg"
    film = [*panned(CASTLE, 8, 0.02), *panned(STARRY_NIGHT, 5, 0.02), *panned(wall, 1, 0), *panned(CASTLE, 6, 0.02)]
    assert scenes(film) == [(0, 8), (8, 13), (13, 14), (14, 20)]


@pytest.mark.parametrize("count", [0, 1])
def test_a_film_of_no_or_one_frame_has_so_many_scenes(count):
    assert scenes([Image.new("RGB", (8, 8))] * count) == [(0, 1)][:count]


def test_a_fade_is_no_cut():
    picture = np.asarray(panned(CASTLE, 1, 0)[0], float)
    assert scenes([picture * n / 10 for n in range(11)]) == [(0, 11)]
