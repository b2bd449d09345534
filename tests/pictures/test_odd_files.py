"""Whatever a file is, every script makes a picture of it or says in one line what is wrong, never more."""

import contextlib
import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

import color_transfer
import enhance
import inetwork
import make_mask
import mask_transfer
import network
import neural_doodle
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.pictures import images
from tests.conftest import CASTLE, STARRY_NIGHT, opened

KINDS = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP"}


def photo(height=60, width=80, mode="RGB"):
    """A smooth picture with some noise."""
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 40, (height, width))
    channels = [(3 * x + noise) % 256, (2 * y + noise) % 256, (x + y) % 256]
    return Image.fromarray(np.stack(channels, axis=-1).astype("uint8")).convert(mode)


def saved(picture, kind, **settings):
    content = io.BytesIO()
    picture.save(content, format=kind, **settings)
    return content.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, data, *more, depth=8, colour=2):
    """A PNG file made by hand, of any header and data."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def rotated(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return saved(photo(), "JPEG", exif=exif)


def floating(values):
    return saved(Image.fromarray(np.broadcast_to(np.float32(values), (60, 80)).copy()), "TIFF")


def contents():
    """Return {file name: content} of the corpus, and the names of those that are pictures."""
    files, good = {}, set()

    def add(name, content, is_picture):
        files[name] = content
        if is_picture:
            good.add(name)

    for ending, kind in KINDS.items():
        whole = saved(photo(), kind)
        add(f"whole.{ending}", whole, True)
        for part in (0.02, 0.1, 0.5, 0.9):
            add(f"cut-at-{part}.{ending}", whole[: int(part * len(whole))], False)
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 255
        add(f"flipped.{ending}", bytes(flipped), None)
    for orientation in range(1, 9):
        add(f"rotated-{orientation}.jpg", rotated(orientation), True)
    add("rotated-99.jpg", rotated(99), True)
    add("empty.png", b"", False)
    add("text.png", b"no picture at all\n" * 50, False)
    add("page.jpg", b"<!doctype html><title>404</title>" * 20, False)
    add("a-png.jpg", saved(photo(), "PNG"), True)
    add("a-jpeg.png", saved(photo(), "JPEG"), True)
    frames = [photo().rotate(angle) for angle in (0, 20, 40)]
    for ending in ("gif", "webp", "png", "tif"):
        add(f"animated.{ending}", saved(frames[0], KINDS[ending], save_all=True, append_images=frames[1:]), True)
    for mode, kind in (("CMYK", "JPEG"), ("L", "JPEG"), ("CMYK", "TIFF"), ("LAB", "TIFF"), ("YCbCr", "TIFF")):
        picture = lab() if mode == "LAB" else photo(mode=mode)
        add(f"{mode}.{kind}".lower(), saved(picture, kind), None if mode == "YCbCr" else True)
    for mode in ("1", "L", "LA", "RGBA", "P", "I;16"):
        add(f"mode-{mode.replace(';', '-')}.png", saved(sixteen() if mode == "I;16" else photo(mode=mode), "PNG"), True)
    add("palette-with-a-clear-colour.png", saved(photo(mode="P"), "PNG", transparency=7), True)
    add("palette-with-alphas.png", saved(photo(mode="P"), "PNG", transparency=bytes(range(256))), True)
    add("clear-all-over.png", saved(Image.new("RGBA", (80, 60), (9, 9, 9, 0)), "PNG"), True)
    add("16-bit.tif", saved(sixteen(), "TIFF"), True)
    add("32-bit.tif", saved(Image.fromarray(np.full((60, 80), 70000, "int32")), "TIFF"), True)
    for name, values in (("0-to-1", 0.25), ("0-to-255", 200), ("negative", -3), ("huge", 1e30)):
        add(f"float-{name}.tif", floating(values), True)
    add("float-nan.tif", floating(np.nan), False)
    add("float-inf.tif", floating(np.inf), False)
    for height, width in ((1, 1), (1, 5000), (5000, 1), (2, 3), (16, 16)):
        add(f"size-{height}x{width}.png", saved(photo(height, width), "PNG"), True)
    add("header-30000x30000.png", png(30000, 30000, zlib.compress(b"")), False)
    add("header-0x0.png", png(0, 0, zlib.compress(b"")), False)
    add("header-1x2147483647.png", png(1, 2**31 - 1, zlib.compress(b"")), False)
    add("wrong-checksum.png", saved(photo(), "PNG").replace(b"IEND\xaeB`\x82", b"IEND\x00\x00\x00\x00"), None)
    add("broken-stream.png", png(80, 60, b"not compressed"), False)
    add("too-little-data.png", png(80, 60, zlib.compress(bytes(100))), None)
    add("depth-7.png", png(80, 60, zlib.compress(bytes(20000)), depth=7), False)
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 * 2**20)))
    add("text-bomb.png", png(80, 60, zlib.compress(bytes(60 * 241)), bomb), None)
    add("broken-exif.jpg", saved(photo(), "JPEG", exif=b"Exif\0\0MM\0*" + bytes(range(256))), True)
    add("broken-exif.png", saved(photo(), "PNG", exif=b"II*\0\xff\xff\xff\xff"), True)
    add("broken-icc.png", saved(photo(), "PNG", icc_profile=b"no profile"), True)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    add("srgb-on-gray.png", saved(photo(mode="L"), "PNG", icc_profile=srgb), True)
    add("cut-icc.jpg", saved(photo(), "JPEG", icc_profile=srgb[:200]), True)
    add("progressive.jpg", saved(photo(), "JPEG", progressive=True, quality=30), True)
    add("garbage-at-the-end.jpg", saved(photo(), "JPEG") + b"\0garbage" * 999, True)
    for kind in ("ICO", "PPM", "TGA", "PCX", "JPEG2000"):
        with contextlib.suppress(OSError, KeyError):  # A Pillow without that codec.
            add(f"another-kind.{kind.lower()}", saved(photo(), kind), True)
    for name in ("ä ß 漢 🖼.png", "two words.png", "a\nnew line.png", 'it\'s "$HOME" 100%;.png', "-dash.png", "x" * 200):
        add(name, saved(photo(), "PNG"), True)
    return files, good


def lab():
    return ImageCms.applyTransform(
        photo(),
        ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
    )


def sixteen():
    return Image.fromarray((np.asarray(photo(mode="L"), "uint16") * 257).astype("uint16"))


FILES, GOOD = contents()

NO_FILES = ["folder", "loop", "gone", "under/a/file.png", "/dev/null", "/dev/zero", "pipe", "socket", "x" * 300, "a\0b"]
"""Paths that are no files to read, made by `place`."""

if os.name == "posix" and os.geteuid():
    NO_FILES.append("unreadable.png")


def place(folder, name):
    """Put a file of the corpus, or one of NO_FILES, into the folder and return its path as a user would give it."""
    if name.startswith("/") or name in ("gone", "under/a/file.png") or "\0" in name:
        return str(folder / name)
    path = folder / name
    if name == "folder":
        path.mkdir()
    elif name == "loop":
        path.symlink_to(path)
    elif name == "pipe":
        os.mkfifo(path)
    elif name == "socket":
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as listening:
            listening.bind("socket")  # The present folder is this one: such paths must be short.
    elif name == "unreadable.png":
        path.write_bytes(saved(photo(), "PNG"))
        path.chmod(0)
    elif name in FILES:
        path.write_bytes(FILES[name])
    return str(path)


def read_only(script, *arguments):
    """Do with a painting script all that it does with its files, but not the painting."""
    script.METHOD.task(["--image_size", "48", *arguments]).read(Reporter(quiet=True))


SCRIPTS = {
    "network.py, content": lambda path, out: read_only(network, "--", path, str(STARRY_NIGHT), out),
    "network.py, style": lambda path, out: read_only(network, "--", str(CASTLE), path, out),
    "network.py, start": lambda path, out: read_only(
        network, f"--init_image={path}", str(CASTLE), str(STARRY_NIGHT), out
    ),
    "inetwork.py, mask": lambda path, out: read_only(
        inetwork, str(CASTLE), str(STARRY_NIGHT), out, f"--content_mask={path}"
    ),
    "neural_doodle.py, map": lambda path, out: read_only(
        neural_doodle,
        f"--style_image={STARRY_NIGHT}",
        f"--style_mask={path}",
        f"--target_mask={path}",
        f"--target_image_prefix={out}",
    ),
    "color_transfer.py": lambda path, out: color_transfer.main(["-o", f"{out}.png", "--", path, str(STARRY_NIGHT)]),
    "mask_transfer.py": lambda path, out: mask_transfer.main(["-o", f"{out}.png", "--", str(CASTLE), path, path]),
    "enhance.py": lambda path, out: enhance.main(["--size", "40", "--sharpen", "-o", f"{out}.png", "--", path]),
}
"""How each script is given a file."""


def outcome(script, path, out):
    """Return None if the script takes the file, else the line that it says."""
    try:
        SCRIPTS[script](path, str(out))
    except InputError as problem:
        line = " ".join(str(problem).split())
        assert line
        return line
    return None


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", [*FILES, *NO_FILES])
def test_a_file_gives_a_picture_or_one_line(name, script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = outcome(script, place(tmp_path, name), tmp_path / "out")
    if name in NO_FILES:
        assert line is not None


@pytest.mark.parametrize("name", [*FILES, *NO_FILES])
def test_pictures_are_read_and_others_are_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = place(tmp_path, name)
    if name in GOOD:
        assert images.to_array(images.read(path)).shape[2] == 3
        return
    refused = ""
    try:
        images.read(path)
    except InputError as problem:
        refused = str(problem)
    if refused:
        assert path in refused
    else:
        assert FILES.get(name)  # Damage that the decoder has put up with.


def test_a_broken_file_that_pillow_has_words_for_gives_one_line_all_the_same(tmp_path, run_script):
    samples_per_pixel = struct.pack("<HHIH", 277, 3, 1, 3)
    assert samples_per_pixel in FILES["whole.tif"]
    broken = FILES["whole.tif"].replace(samples_per_pixel, struct.pack("<HHIH", 277, 3, 1, 279))
    (tmp_path / "broken.tif").write_bytes(broken)
    done = run_script("enhance.py", tmp_path / "broken.tif", "--sharpen")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"enhance.py: error: {tmp_path / 'broken.tif'} ")


def test_the_corpus_is_large_enough():
    assert len(FILES) + len(NO_FILES) >= 60
    assert len(GOOD) >= 30


@pytest.mark.parametrize("name", ["size-1x1.png", "size-2x3.png", "a\nnew line.png", "-dash.png", "mode-1.png"])
def test_what_is_read_is_painted_too(name, tmp_path):
    path = place(tmp_path, name)
    assert network.main(["--image_size", "32", "--num_iter", "0", "--", path, path, str(tmp_path / "out")]) in (0, None)
    assert opened(tmp_path / "out.png").height == 32


def test_a_subject_is_looked_for_in_odd_pictures_too(tmp_path):
    for name in ("size-1x1.png", "mode-1.png", "clear-all-over.png", "float-huge.tif"):
        make_mask.main(["--quiet", "-o", str(tmp_path / "mask.png"), place(tmp_path, name)])
        assert opened(tmp_path / "mask.png").mode == "L"
