"""The motion between frames is found, and where it can be relied on."""

import sys

import numpy as np
import pytest

from neural_style.errors import InputError
from neural_style.video import flow


@pytest.fixture
def texture():
    """A function from (height, width) to a picture with something to see everywhere."""

    def make(height, width, seed=0):
        values = np.random.default_rng(seed).normal(size=(height, width, 3))
        spectrum = np.fft.fft2(values, axes=(0, 1))
        frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
        smooth = np.real(np.fft.ifft2(spectrum * np.exp(-((frequencies / 0.12) ** 2))[..., None], axes=(0, 1)))
        return np.clip(128 + 50 * smooth / smooth.std(), 0, 255).astype("uint8")

    return make


def test_a_picture_that_is_moved_has_that_motion_everywhere(texture):
    large = texture(140, 180)
    before, now = large[10:130, 10:170], large[13:133, 5:165]  # What was at (y, x) is at (y − 3, x + 5).
    motion = flow.flow(now, before)
    assert np.abs(motion[12:-12, 12:-12] - (-5, 3)).mean() < 0.2
    back = flow.flow(before, now)
    known = flow.reliable(motion, back)
    assert known[8:-8, 8:-8].mean() > 0.95
    assert not known[:, :3].any()  # There the picture has come in from beyond the border.
    assert not known[-2:].any()
    warped = flow.warped(before, motion)
    unmoved = np.abs(before.astype(float) - now)[12:-12, 12:-12].mean()
    assert np.abs(warped - now)[12:-12, 12:-12].mean() < 0.1 * unmoved


def test_a_picture_is_warped_by_whole_pixels_as_it_is(texture):
    picture = texture(40, 50)
    motion = np.zeros((40, 50, 2), "float32") + np.float32((2, -1))
    assert np.array_equal(flow.warped(picture, motion)[1:, :-2], picture[:-1, 2:])


def test_what_comes_to_light_behind_something_that_moves_is_not_known(texture):
    ground, thing = texture(120, 160), texture(50, 50, seed=1)

    def frame(x):
        picture = ground.copy()
        picture[35:85, x : x + 50] = thing
        return picture

    before, now = frame(50), frame(58)
    motion, back = flow.flow(now, before), flow.flow(before, now)
    known = flow.reliable(motion, back)
    uncovered = np.zeros((120, 160), bool)
    uncovered[37:83, 50:57] = True
    assert known[uncovered].mean() < 0.15
    assert known[45:75, 68:98].mean() > 0.9  # The thing itself.
    assert known[:25].mean() > 0.9
    assert np.abs(motion[45:75, 68:98] - (-8, 0)).mean() < 0.5


def test_the_borders_of_what_moves_are_not_relied_on():
    motion = np.zeros((20, 30, 2), "float32")
    motion[:, 15:] = (3, 0)
    back = -motion
    known = flow.reliable(motion, back)
    assert not known[:, 14:16].any()
    assert known[:, :11].all()


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(
        InputError, match=r"need the Python package opencv-python-headless: .*-r requirements-video.txt"
    ):
        flow.opencv()
