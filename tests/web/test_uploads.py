"""Pictures that are given to the page are kept, and no others are read."""

import os

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.video import film
from neural_style.video.film import Film
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE


def test_an_upload_is_kept_once_under_a_name_that_no_shell_minds(tmp_path):
    uploads = Uploads(tmp_path / "uploads")
    odd = tmp_path / "my $HOME; photo.JPG"
    odd.write_bytes(CASTLE.read_bytes())
    first, second = uploads.keep(odd), uploads.keep(odd)
    assert first == second
    assert first.name == "my-HOME-photo.jpg"
    assert first.read_bytes() == CASTLE.read_bytes()
    assert first.is_relative_to(tmp_path / "uploads")


@pytest.mark.parametrize(
    ("kind", "name"), [("GIF", "painting.gif"), ("JPEG", "painting.jpg"), ("TIFF", "painting.tif")]
)
def test_a_picture_is_kept_under_the_name_of_what_it_is(tmp_path, kind, name):
    Image.new("RGB", (4, 3)).save(tmp_path / "painting.html", kind)
    kept = Uploads(tmp_path / "uploads").keep(tmp_path / "painting.html")
    assert kept.name == name
    assert kept.read_bytes() == (tmp_path / "painting.html").read_bytes()


def test_a_film_is_kept_and_shown_by_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime")]
    film.write(str(tmp_path / "film.mp4"), Film("", (48, 64), (0.0, 0.1)), frames)
    uploads = Uploads(tmp_path / "uploads")
    (tmp_path / "film.mp4").rename(tmp_path / "film.html")
    kept = uploads.keep_film(tmp_path / "film.html")
    assert kept.name == "film.mp4"
    red, green, blue = np.asarray(uploads.shown(kept)).mean(axis=(0, 1))
    assert red > 240 > 20 > max(green, blue)
    (tmp_path / "words.mp4").write_text("no film")
    with pytest.raises(InputError, match=r"^words\.mp4 is no film that can be read"):
        uploads.keep_film(tmp_path / "words.mp4")


def test_what_is_no_picture_is_not_kept(tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(InputError, match="is not a picture"):
        Uploads(tmp_path / "uploads").keep(tmp_path / "words.png")
    assert not (tmp_path / "uploads").exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "uploads/../secret.png", "uploads/gone.png", "uploads"])
def test_no_path_outside_the_uploads_is_taken(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "secret.png").write_bytes(CASTLE.read_bytes())
    with pytest.raises(InputError, match="none of the pictures given to this page"):
        Uploads("uploads").check(path)


def test_what_no_run_uses_is_forgotten_after_a_while(tmp_path):
    uploads = Uploads(tmp_path / "uploads")
    used, unused, new = (uploads.keep_bytes(f"{name}.png", name.encode()) for name in ("used", "unused", "new"))
    for path in (used, unused):
        os.utime(path.parent, (0, 0))
    uploads.forget([str(used), "--flag", "somewhere/else.png"], 3600)
    assert used.exists()
    assert new.exists()
    assert not unused.parent.exists()
