"""Phones' HEIC is read, of several pictures the first, and of what is no picture it is said what to do."""

import io
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InputError
from neural_style.pictures import images
from tests.conftest import CASTLE, opened
from tests.pictures.test_odd_files import chunk

pillow_heif = pytest.importorskip("pillow_heif")


def heic(picture, **settings):
    """Return the content of a HEIC file, as phones write it."""
    pillow_heif.register_heif_opener()
    content = io.BytesIO()
    picture.save(content, format="HEIF", quality=95, **settings)
    return content.getvalue()


@pytest.fixture
def photo():
    return opened(CASTLE).convert("RGB").resize((96, 64))


def test_a_phones_heic_is_read(tmp_path, photo):
    (tmp_path / "phone.heic").write_bytes(heic(photo))
    read = images.to_array(images.read(str(tmp_path / "phone.heic")))
    assert np.abs(read - np.asarray(photo, "float32")).mean() < 4


def test_a_heic_that_was_held_upright_stands_upright(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # "Turn it a quarter clockwise".
    (tmp_path / "upright.heic").write_bytes(heic(photo, exif=exif.tobytes()))
    read = images.to_array(images.read(str(tmp_path / "upright.heic")))
    right = np.asarray(photo.transpose(Image.Transpose.ROTATE_270), "float32")
    assert read.shape == right.shape
    assert np.abs(read - right).mean() < 4


def test_without_the_package_for_heic_its_name_and_pips_command_are_said(tmp_path, photo, monkeypatch):
    (tmp_path / "phone.heic").write_bytes(heic(photo))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"phone\.heic is a HEIF.*python -m pip install pillow-heif"):
        images.read(str(tmp_path / "phone.heic"))


def test_a_heic_that_is_cut_short_is_damaged(tmp_path, photo):
    (tmp_path / "cut.heic").write_bytes(heic(photo)[:900])
    with pytest.raises(InputError, match=r"cut\.heic cannot be read: the file is damaged"):
        images.read(str(tmp_path / "cut.heic"))


@pytest.mark.parametrize(("name", "kind"), [("a.gif", "GIF"), ("a.png", "PNG"), ("a.webp", "WEBP"), ("a.tif", "TIFF")])
def test_of_several_pictures_in_a_file_the_first_is_taken_and_that_is_said(name, kind, tmp_path, photo):
    others = [photo.rotate(angle) for angle in (30, 60)]
    photo.save(tmp_path / name, format=kind, save_all=True, append_images=others)
    said = []
    read = images.to_array(images.read(str(tmp_path / name), say=said.append))
    assert said == [f"{tmp_path / name} has 3 pictures, of which the first is taken"]
    assert np.abs(read - np.asarray(photo, "float32")).mean() < 12  # A GIF has 256 colours.


def test_what_a_phone_keeps_beside_a_photograph_is_no_second_picture(tmp_path, photo):
    photo.save(tmp_path / "portrait.jpg", format="MPO", save_all=True, append_images=[photo.reduce(2)])
    with Image.open(tmp_path / "portrait.jpg") as file:
        assert file.n_frames == 2
    said = []
    images.read(str(tmp_path / "portrait.jpg"), say=said.append)
    assert not said


NO_PICTURES = {
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\n" * 40, "a PDF: .*pdftoppm"),
    "figure.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript: .*gs "),
    "logo.svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "shapes.*rsvg-convert"),
    "clip.mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(99), "a film: .*ffmpeg"),
    "clip.mov": (b"\0\0\0\x08wide\0\0\xff\0mdat" + bytes(99), "a film: .*ffmpeg"),
    "clip.webm": (b"\x1aE\xdf\xa3\x01" + bytes(99), "a film: .*ffmpeg"),
    "clip.avi": (b"RIFF\x10\0\0\0AVI LIST" + bytes(99), "a film: .*ffmpeg"),
    "raw.cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "raw data.*develop"),
    "raw.cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99), "raw data.*develop"),
    "raw.raf": (b"FUJIFILMCCD-RAW 0201" + bytes(99), "raw data.*develop"),
    "saved.jpg": (b"\n<!DOCTYPE html><title>A picture</title>", "a web page: "),
    "with a drawing.png": (b"<!DOCTYPE html><body><svg></svg>", "a web page: "),
    "large.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
    "new.jxl": (b"\xff\x0a\xfa\x1f" + bytes(99), "djxl"),
    "mine.xcf": (b"gimp xcf v011\0" + bytes(99), "export a PNG"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_of_what_is_no_picture_it_is_said_what_it_is_and_what_to_do(name, tmp_path):
    content, answer = NO_PICTURES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is .*{answer}"):
        images.read(str(tmp_path / name))


def test_what_a_picture_says_in_its_comment_does_not_make_it_another_kind(tmp_path, photo):
    for name, kind in (("comment.png", "PNG"), ("comment.jpg", "JPEG")):
        content = io.BytesIO()
        photo.save(content, format=kind, comment=b"<svg %PDF-")
        start = content.getvalue()
        if kind == "PNG":
            start = start[:33] + chunk(b"tEXt", b"Comment\0<svg %PDF-") + start[33:]
        (tmp_path / name).write_bytes(start)
        assert b"<svg %PDF-" in start
        assert images.read(str(tmp_path / name)).size == photo.size


def test_raw_data_whose_first_picture_is_a_stamp_are_not_taken_for_it(tmp_path, photo):
    photo.save(tmp_path / "stamp.tif")
    shutil.copy(tmp_path / "stamp.tif", tmp_path / "DSC_0001.NEF")
    assert images.read(str(tmp_path / "stamp.tif")).size == photo.size
    with pytest.raises(InputError, match=r"DSC_0001\.NEF is the raw data of a camera"):
        images.read(str(tmp_path / "DSC_0001.NEF"))


def test_a_jpeg_that_calls_itself_raw_is_a_jpeg(tmp_path, photo):
    photo.save(tmp_path / "developed.nef", format="JPEG")
    assert images.read(str(tmp_path / "developed.nef")).size == photo.size


def test_an_empty_file_and_one_cut_in_its_head_are_called_that(tmp_path, photo):
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.png is empty"):
        images.read(str(tmp_path / "empty.png"))
    photo.save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:20])
    with pytest.raises(InputError, match=r"cut\.png cannot be read: the file is damaged or cut short"):
        images.read(str(tmp_path / "cut.png"))


def test_an_address_is_not_fetched_and_that_is_said():
    with pytest.raises(InputError, match="addresses are not fetched"):
        images.read("https://example.com/a.jpg")
