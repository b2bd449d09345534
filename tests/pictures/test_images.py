"""Pictures of every kind become RGB in sRGB; what cannot be read is answered in one line."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from neural_style.errors import InputError
from neural_style.pictures import images
from tests.conftest import opened


@pytest.fixture
def save(tmp_path):
    """Return a function that saves a Pillow image and returns its path."""

    def write(picture, name, **options):
        path = tmp_path / name
        picture.save(path, **options)
        return path

    return write


def pixels(path):
    return images.to_array(images.read(path))


def test_a_picture_is_float32_rgb_in_0_to_255(save):
    path = save(Image.new("RGB", (5, 3), (255, 128, 0)), "orange.png")
    array = pixels(path)
    assert array.dtype == np.float32
    assert array.shape == (3, 5, 3)
    assert array[0, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(save, orientation):
    """A red corner that belongs at the top left is stored where the orientation says."""
    upright = np.zeros((4, 6, 3), "uint8")
    upright[0, 0] = (255, 0, 0)
    upright[0, 1] = (0, 255, 0)
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(Image.fromarray(np.ascontiguousarray(undo(upright))), "turned.png", exif=exif)
    assert np.array_equal(pixels(path), upright)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_a_turned_tiff_is_upright_whether_compressed_or_not(save, random_image, mode, compression):
    gray = np.clip(random_image(12, 7, seed=1)[..., 0], 0, 255).astype("uint8")
    stored = Image.fromarray(gray.astype("uint16") * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    path = save(stored, "turned.tif", compression=compression, tiffinfo={274: 6})
    assert np.abs(pixels(path)[..., 0] - np.rot90(gray, -1)).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(save, mode):
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    path = save(picture.convert(mode), "clear.png")
    assert pixels(path)[0].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_a_transparent_palette_colour_is_white(save):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((1, 0), 1)
    path = save(picture, "palette.gif", transparency=1)
    assert pixels(path)[0].tolist() == [[10, 20, 30], [255, 255, 255]]


def test_sixteen_bit_gray_keeps_its_brightness(save):
    values = np.array([[0, 257 * 100, 65535]], "uint16")
    path = save(Image.fromarray(values), "deep.png")
    assert pixels(path)[0, :, 0].tolist() == [0, 100, 255]


def test_sixteen_bits_in_pixels_of_thirty_two_keep_their_brightness(save):
    path = save(Image.fromarray(np.array([[0, 257 * 100, 65535]], "int32")), "deep.tiff")
    assert pixels(path)[0, :, 0].tolist() == [0, 100, 255]


def test_floating_point_pictures_in_0_to_255_stay_as_they_are(save):
    path = save(Image.fromarray(np.array([[0, 51, 255]], "float32")), "float.tiff")
    assert pixels(path)[0, :, 1].tolist() == [0, 51, 255]


def test_a_picture_with_a_pixel_that_is_no_number_is_refused(save):
    path = save(Image.fromarray(np.array([[0, np.nan, 1]], "float32")), "float.tiff")
    with pytest.raises(InputError, match="it has pixels that are not numbers"):
        images.read(path)


def test_floating_point_pictures_in_0_to_1_are_stretched_to_0_to_255(save):
    path = save(Image.fromarray(np.array([[0, 0.2, 1]], "float32")), "float.tiff")
    assert pixels(path)[0, :, 1].tolist() == [0, 51, 255]


def test_one_bit_and_cmyk_pictures_are_read(save):
    assert pixels(save(Image.new("1", (2, 2), 1), "bits.png")).tolist() == [[[255] * 3] * 2] * 2
    red = pixels(save(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "ink.jpg"))[4, 4]
    assert red[0] > 180
    assert red[1:].max() < 60


def test_an_icc_profile_is_converted_to_srgb(save):
    """Half of the light is 128 in a linear space and 188 in sRGB."""
    profile = linear_rgb_profile()
    path = save(Image.new("RGB", (4, 4), (128, 128, 128)), "linear.png", icc_profile=profile)
    assert np.allclose(pixels(path), 188, atol=2)


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_an_icc_profile_is_converted_in_every_mode(save, mode):
    gray = Image.new("RGB", (4, 4), (128, 128, 128))
    gray = gray.quantize(2) if mode == "P" else gray.convert(mode)
    assert np.allclose(pixels(save(gray, "linear.png", icc_profile=linear_rgb_profile())), 188, atol=2)


def test_a_colour_declared_transparent_is_white_with_a_profile_too(save):
    picture = Image.new("RGB", (4, 4), (128, 128, 128))
    path = save(picture, "clear.png", icc_profile=linear_rgb_profile(), transparency=(128, 128, 128))
    assert (pixels(path) == 255).all()


@pytest.mark.parametrize(
    ("depth", "kind", "samples", "clear"),
    [
        (2, 0, "10", (2,)),
        (4, 0, "0111", (7,)),
        (8, 0, "01100100", (100,)),
        (16, 0, None, (1000,)),
        (16, 2, None, (1000, 2000, 3000)),
    ],
)
def test_a_colour_declared_transparent_is_white_at_every_depth(tmp_path, depth, kind, samples, clear):
    """One row of two pixels, of the transparent colour and of black."""
    first = samples or "".join(f"{value:016b}" for value in clear)
    bits = (first + "0" * len(first)).ljust(-(-2 * len(first) // 8) * 8, "0")
    row = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    header = (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([depth, kind, 0, 0, 0])
    chunks = (
        (b"IHDR", header),
        (b"tRNS", b"".join(value.to_bytes(2, "big") for value in clear)),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    )
    content = b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in chunks
    )
    (tmp_path / "clear.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    assert pixels(tmp_path / "clear.png")[0].tolist() == [[255] * 3, [0] * 3]


@pytest.mark.parametrize(("ending", "most"), [("webp", 16383), ("jpg", 65500)])
def test_a_picture_too_large_for_its_kind_of_file_is_said_in_a_line(tmp_path, ending, most):
    images.write(tmp_path / f"fits.{ending}", Image.new("RGB", (most, 1)))
    with pytest.raises(InputError, match=rf"out\.{ending} cannot have 1×{most + 1} pixels .*: write a \.png or \.tif"):
        images.write(tmp_path / f"out.{ending}", Image.new("RGB", (most + 1, 1)))


def test_a_dark_sixteen_bit_picture_stays_dark(save):
    path = save(Image.fromarray(np.array([[0, 200, 255]], "uint16")), "dark.png")
    assert pixels(path).max() <= 1


def linear_rgb_profile():
    """Return the bytes of Pillow's sRGB profile with its tone curves replaced by straight lines."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = int.from_bytes(srgb[128:132], "big")
    curve = b"curv" + bytes(4) + (0).to_bytes(4, "big")
    data = bytearray(srgb)
    offset = len(data)
    data += curve
    for entry in range(count):
        at = 132 + 12 * entry
        if bytes(data[at : at + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            data[at + 4 : at + 12] = offset.to_bytes(4, "big") + len(curve).to_bytes(4, "big")
    data[0:4] = len(data).to_bytes(4, "big")
    return bytes(data)


def test_a_broken_icc_profile_is_ignored(save):
    path = save(Image.new("RGB", (2, 2), (1, 2, 3)), "broken.png", icc_profile=b"nonsense")
    assert pixels(path)[0, 0].tolist() == [1, 2, 3]


def test_the_first_frame_of_an_animation_is_read(save):
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    path = save(frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert pixels(path)[0, 0].tolist() == [255, 0, 0]


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match=r"there is no picture nowhere\.jpg"):
        images.read("nowhere.jpg")


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        images.read(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"hello", "is not a picture"),
        (b"\x89PNG\r\n\x1a\n", "cannot be read: the file is damaged or cut short"),
    ],
)
def test_a_file_that_is_no_picture_is_named(tmp_path, content, problem):
    path = tmp_path / "note.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"note\.png {problem}"):
        images.read(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF"])
def test_a_truncated_file_is_named(tmp_path, random_image, kind):
    whole = io.BytesIO()
    images.to_picture(random_image(64, 64)).save(whole, kind)
    path = tmp_path / "cut"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    with pytest.raises(InputError, match=r"cut (cannot be read|is not a picture)"):
        images.read(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    """A header of 30000 × 30000 pixels on a file of a few bytes."""

    def chunk(kind, body):
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (30000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    path = tmp_path / "bomb.png"
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with pytest.raises(InputError, match="million pixels"):
        images.read(path)


def test_rows_decide_the_size_and_columns_follow():
    assert images.size_of_rows((683, 1024), 400) == (400, 599)
    assert images.size_of_rows((83, 121), 83) == (83, 121)


def test_resizing_is_that_of_pillow_on_eight_bits(random_image):
    picture = images.to_picture(random_image(40, 60))
    expected = np.asarray(picture.resize((31, 17), Image.Resampling.BILINEAR))
    assert np.array_equal(images.to_array(picture, (17, 31)), expected)


def test_a_written_picture_reads_back_with_its_texts(tmp_path, random_image):
    picture = images.to_picture(random_image(20, 30))
    path = tmp_path / "new folder" / "a b.png"
    images.write(path, picture, {"Command": "python network.py 'Kätzchen.jpg'"})
    assert np.array_equal(pixels(path), np.asarray(picture))
    with Image.open(path) as written:
        assert written.text["Command"] == "python network.py 'Kätzchen.jpg'"
    assert [entry.name for entry in path.parent.iterdir()] == ["a b.png"]


def test_values_beyond_0_to_255_are_clipped_and_rounded():
    picture = images.to_picture(np.array([[[-5.0, 254.6, 300.0]]]))
    assert picture.getpixel((0, 0)) == (0, 255, 255)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"out\.png cannot be written"):
        images.write_whole(tmp_path / "file" / "out.png", b"")


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("nearest", Image.Resampling.NEAREST),
        ("bilinear", Image.Resampling.BILINEAR),
        ("bicubic", Image.Resampling.BICUBIC),
        ("cubic", Image.Resampling.BICUBIC),
        ("lanczos", Image.Resampling.LANCZOS),
    ],
)
def test_pictures_are_resized_by_the_method_that_is_named(random_image, name, method):
    picture = images.to_picture(random_image(20, 30))
    assert np.array_equal(images.to_array(picture, (31, 17), name), np.asarray(picture.resize((17, 31), method)))


def test_an_array_is_enlarged_smoothly():
    """A cubic reproduces a straight line."""
    ramp = np.repeat(np.arange(16, dtype="float32")[None, :, None], 8, axis=0).repeat(3, axis=2)
    larger = images.resized(ramp, (16, 32))
    assert larger.shape == (16, 32, 3)
    assert np.allclose(np.diff(larger[8, 6:-6, 0]), 0.5, atol=1e-3)


def test_jpegs_are_written_at_quality_95(tmp_path, random_image):
    picture = images.to_picture(random_image(16, 16))
    images.write(tmp_path / "ours.jpg", picture)
    picture.save(tmp_path / "theirs.jpg", quality=95)
    ours, theirs = (opened(tmp_path / f"{name}.jpg").quantization for name in ("ours", "theirs"))
    assert ours == theirs


def test_a_painting_is_known_by_its_text_whatever_else_there_is(tmp_path, monkeypatch):
    ours, other, text = (str(tmp_path / name) for name in ("ours.png", "other.png", "text.png"))
    images.write(ours, Image.new("RGB", (40, 30)), {images.COMMAND: "python network.py"})
    images.write(other, Image.new("RGB", (40, 30)))
    (tmp_path / "text.png").write_text("a text")
    assert [images.is_painted(path) for path in (ours, other, text, "nowhere.png")] == [True, False, False, False]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert images.is_painted(ours)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert not images.is_painted(ours)


@pytest.mark.parametrize("between", [" ", ", ", ";"])
def test_several_pictures_in_one_word_are_called_that(tmp_path, between):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    with pytest.raises(InputError, match="these are several: give one, or, where several are wanted"):
        images.read(f"{tmp_path / 'a.png'}{between}{tmp_path / 'b.png'}")
    with pytest.raises(InputError, match="check the path"):
        images.read(f"{tmp_path / 'a.png'}{between}{tmp_path / 'c.png'}")


def test_settings_that_are_too_long_for_a_jpeg_are_left_out_of_it_and_of_nothing_else(tmp_path):
    for name in ("long.jpg", "long.webp"):
        images.write(str(tmp_path / name), Image.new("RGB", (32, 32)), {images.COMMAND: "x" * 70_000})
    descriptions = [opened(tmp_path / name).getexif()[images.DESCRIPTION] for name in ("long.jpg", "long.webp")]
    assert descriptions == ["the settings are too long for the EXIF of a JPEG", '{"Command": "' + "x" * 70_000 + '"}']
    assert images.is_painted(tmp_path / "long.jpg")
