"""Nothing of the user's is overwritten, and what cannot be painted is said before a picture is read."""

import contextlib
import json

import numpy as np
import pytest

import network
from neural_style.errors import InputError
from neural_style.pictures import images
from tests.conftest import CASTLE, STARRY_NIGHT, opened
from tests.short_runs import paint

pytestmark = pytest.mark.usefixtures("shallow")


@pytest.mark.parametrize(
    ("name", "flags"),
    [("out.webp", ["--animate"]), ("out.gif", ["--animate"]), ("out_run/preview.jpg", [])],
)
def test_no_input_is_overwritten_or_deleted(tmp_path, name, flags):
    (tmp_path / "out_run").mkdir()
    opened(CASTLE).resize((60, 40)).save(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    for content, init_image in ((tmp_path / name, "content"), (CASTLE, tmp_path / name)):
        arguments = [content, STARRY_NIGHT, tmp_path / "out", "--init_image", init_image, *flags]
        with pytest.raises(InputError, match="the result would overwrite"):
            network.METHOD.parse([str(argument) for argument in arguments])
    assert (tmp_path / name).read_bytes() == before


def test_no_overwrite_refuses_a_picture_that_is_there(tmp_path):
    (tmp_path / "out.png").write_bytes(b"precious")
    with pytest.raises(InputError, match="is there already: choose another PREFIX, or leave out --no_overwrite"):
        paint(tmp_path / "out", "--no_overwrite")
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    assert paint(tmp_path / "new", "--no_overwrite") == 0


SMALL = ["--image_size", "48", "--evaluations", "4"]


@pytest.fixture
def prefix(tmp_path):
    return tmp_path / "a new folder" / "out"


def test_an_animation_does_not_go_to_the_standard_output(monkeypatch):
    monkeypatch.setattr(images, "check_writable", lambda path: None)
    with pytest.raises(InputError, match=r"--animate writes PREFIX\.gif: give a PREFIX instead of -"):
        paint("-", "--animate")


def test_the_prefix_may_have_the_ending_png(prefix):
    paint(f"{prefix}.png", "--num_iter", 0)
    assert (prefix.parent / "out.png").exists()
    assert (prefix.parent / "out_run").exists()


@pytest.mark.parametrize(
    ("name", "own"), [("style.jpg", False), ("style.JPG", False), ("style.png", False), ("o.png", True)]
)
def test_a_picture_in_place_of_the_prefix_is_a_prefix_forgotten(tmp_path, name, own):
    last = tmp_path / name
    if own:
        paint(last, "--num_iter", 0)
        refused = contextlib.nullcontext()
    else:
        images.write(last, images.read(STARRY_NIGHT))
        refused = pytest.raises(InputError, match=f"PREFIX .*{name} is a picture that is there already")
    with refused:
        paint(last, "--num_iter", 0)


def test_a_prefix_without_a_name_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder: add the name"):
        paint(f"{tmp_path}/", "--num_iter", 0)


def test_a_photograph_is_never_overwritten(tmp_path):
    photograph = tmp_path / "photo.png"
    images.to_picture(np.zeros((48, 48, 3))).save(photograph)
    with pytest.raises(InputError, match=r"would overwrite .*photo\.png"):
        network.main([str(photograph), str(STARRY_NIGHT), str(tmp_path / "photo"), *SMALL])


def test_a_prefix_that_masks_before_it_took_is_called_that(tmp_path):
    """Else the last style would be the PREFIX, and be painted over."""
    masks = [tmp_path / "m1.png", tmp_path / "m2.png"]
    for mask in masks:
        images.to_picture(np.full((8, 8, 3), 255)).save(mask)
    arguments = [CASTLE, STARRY_NIGHT, STARRY_NIGHT, "--style_masks", *masks, tmp_path / "out"]
    with pytest.raises(InputError, match=r"out stands behind --style_masks.*write the PREFIX before that flag"):
        network.METHOD.parse([*map(str, arguments)])


def test_a_folder_that_is_there_is_no_prefix_with_or_without_a_slash(tmp_path):
    for prefix in (tmp_path, f"{tmp_path}/"):
        with pytest.raises(InputError, match="is a folder: add the name the pictures should begin with"):
            network.METHOD.parse([str(CASTLE), str(STARRY_NIGHT), str(prefix)])


@pytest.mark.parametrize(
    ("ending", "kind"),
    [(".jpg", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP"), (".tif", "TIFF"), (".tiff", "TIFF"), (".PNG", "PNG")],
)
def test_the_ending_of_the_prefix_is_the_kind_of_the_picture(prefix, ending, kind, capsys):
    path = f"{prefix}{ending}"
    paint(path, "--num_iter", 0)
    assert capsys.readouterr().out == f"{path}\n"
    assert sorted(found.name for found in prefix.parent.iterdir()) == [f"out{ending}", "out_run"]
    picture = opened(path)
    assert (picture.format, picture.size) == (kind, (71, 48))
    text = picture.info["Settings"] if kind == "PNG" else json.loads(picture.getexif()[images.DESCRIPTION])["Settings"]
    assert json.loads(text)["flags"]["image_size"] == 48
    paint(path, "--num_iter", 0, "--resume")
    assert "the run is finished already" in capsys.readouterr().err
    paint(path, "--num_iter", 0)  # One's own may be painted anew.
    with pytest.raises(InputError, match=rf"out\{ending} is there already"):
        paint(path, "--num_iter", 0, "--no_overwrite")


@pytest.mark.parametrize(
    ("name", "flags", "problem"),
    [
        ("out.bmp", [], r"out\.bmp cannot be written: end it in one of \.png, \.jpg"),
        ("out.gif", [], r"out\.gif cannot be written"),
        ("out.webp", ["--animate"], r"--animate writes PREFIX\.webp"),
    ],
)
def test_a_kind_of_picture_that_is_not_written_is_refused(tmp_path, name, flags, problem):
    with pytest.raises(InputError, match=problem):
        paint(tmp_path / name, "--num_iter", 0, *flags)


def test_an_ending_that_is_no_pictures_is_a_part_of_the_name(tmp_path):
    paint(tmp_path / "v1.2", "--num_iter", 0)
    assert (tmp_path / "v1.2.png").exists()
