"""An animation fits the screen and its file."""

from PIL import Image

from neural_style.runs.animation import Animation
from tests.conftest import opened


def test_an_animation_is_at_most_480_pixels_wide(tmp_path):
    animation = Animation((600, 960))
    animation.add(Image.new("RGB", (960, 600)))
    animation.write(tmp_path / "wide")
    assert opened(tmp_path / "wide.gif").size == (480, 300)


def test_an_animation_of_a_tall_picture_fits_its_file(tmp_path):
    animation = Animation((40000, 100))
    animation.add(Image.new("RGB", (100, 40000)))
    animation.write(tmp_path / "tall")
    for ending in ("gif", "webp"):
        with Image.open(tmp_path / f"tall.{ending}") as picture:
            assert picture.size == (5, 1920)
