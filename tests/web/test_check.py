"""What is wrong with the pictures of a form is known before its run waits its turn."""

from PIL import Image

from neural_style.web import check
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE, STARRY_NIGHT


def test_what_is_wrong_with_the_pictures_is_known_before_the_run_waits_its_turn(tmp_path):
    """One that would fail hours later, behind others."""
    Image.new("L", (64, 64)).save(tmp_path / "black.png")
    for name, colours in (("map", ("red", "blue")), ("doodle", ("red", "lime"))):
        picture = Image.new("RGB", (64, 64), colours[0])
        picture.paste(colours[1], (0, 0, 64, 32))
        picture.save(tmp_path / f"{name}.png")
    pictures = [str(CASTLE), str(STARRY_NIGHT)]
    masked = [*pictures, "--style_masks", str(tmp_path / "black.png")]
    maps = ["--style_mask", str(tmp_path / "map.png"), "--target_mask", str(tmp_path / "doodle.png")]
    assert check.problem("network.py", [*pictures, "--image_size", "48"]) is None
    assert "choose a larger --image_size" in check.problem("network.py", [*pictures, "--image_size", "8"])
    assert "black.png is white nowhere" in check.problem("inetwork.py", masked)
    assert "paint it there too" in check.problem("neural_doodle.py", ["--style_image", str(STARRY_NIGHT), *maps])


def test_kept_pictures_are_called_by_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uploads = Uploads("my runs/uploads")
    kept = uploads.keep(CASTLE)
    for path in (kept, kept.resolve()):
        assert (
            uploads.by_name(f"{path} is too small, as {kept} is") == f"{CASTLE.name} is too small, as {CASTLE.name} is"
        )
    assert uploads.by_name("/etc/passwd is no picture") == "/etc/passwd is no picture"
