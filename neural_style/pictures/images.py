"""Picture files to arrays and back.

Inside the program a picture is float32 RGB (height, width, 3) in 0..255, in sRGB; sizes are (height, width).
"""

import io
import json
import os
import re
import stat
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from neural_style.errors import InputError
from neural_style.files import write_whole
from neural_style.pictures import formats

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "cubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""The resizing methods by the names the scripts' flags have for them."""

STANDARD = "-"
"""The path that means the standard input or output."""

_KINDS = {
    # Beyond level 2 paintings get a tenth smaller and take up to five times as long.
    ".png": ("PNG", {"compress_level": 2}),
    ".jpg": ("JPEG", {"quality": 95}),
    ".jpeg": ("JPEG", {"quality": 95}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
"""The kinds of files that can be written, by ending, and how."""

ENDINGS = tuple(_KINDS)
"""The endings of files that can be written."""

DESCRIPTION, SOFTWARE = 0x010E, 0x0131
"""The EXIF tags for what a picture shows and what made it."""

LARGEST_EXIF = 65_000
"""Bytes of the EXIF that a JPEG can have, less its own frame."""

LARGEST_SIDES = {".jpg": 65500, ".jpeg": 65500, ".webp": 16383}
"""Pixels that files of some endings can have on each side, at most."""

_BROKEN = (ValueError, SyntaxError, EOFError, IndexError, TypeError, RuntimeError, NotImplementedError, struct.error)
"""What Pillow raises, besides OSError, on files with broken insides or of a variant it does not read."""

_SIXTEEN_BIT_STEP = 257
"""65535 / 255: sixteen-bit gray per eight-bit gray."""


def silent(line):
    """What `say` is where nobody listens."""


class Held(str):
    """What a picture in memory is called: it goes where the path of a file does, and reads well in what is said of it.

    `picture` is that Pillow image.
    """

    def __new__(cls, name, picture):
        held = super().__new__(cls, name)
        held.picture = picture
        return held


def read(path, background="white", say=silent):
    """Return the picture in the file `path`, - for the standard input, as an upright 8-bit sRGB Pillow image.

    Where `path` is a `Held`, it is its picture.

    EXIF orientation is applied, an embedded ICC profile is converted to sRGB, transparency is laid on the `background`
    colour; gray, palette, CMYK, 16-bit and floating-point files are accepted, and of an animation or several pages the
    first, of which `say` is told in a line. Raises InputError if there is no such file or it is no picture, is cut
    short, or is too large to be meant.
    """
    picture, alpha = _read(path, say)
    return picture if alpha is None else on(picture, alpha, background)


def read_with_alpha(path, say=silent):
    """Return (picture, alpha): as `read`, but transparency as an 8-bit gray Pillow image, None where there is none.

    What is wholly transparent has the mean colour of all that is not, so that nothing is seen of its border. Raises
    InputError besides if that is all.
    """
    picture, alpha = _read(path, say)
    if alpha is None or alpha.getextrema()[0] == OPAQUE:
        return picture, None
    if not alpha.getextrema()[1]:
        raise InputError(f"{path} is wholly transparent: there is nothing in it")
    values, weights = np.asarray(picture, "float32"), np.asarray(alpha, "float32")
    mean = np.average(values.reshape(-1, 3), axis=0, weights=weights.ravel())
    shown = alpha.point(lambda value: OPAQUE * (value > 0))
    return on(picture, shown, tuple(round(float(value)) for value in mean)), alpha


OPAQUE = 255
"""The alpha of what is not transparent."""


def opaque(picture):
    """Return the alpha of a Pillow image that is nowhere transparent."""
    return Image.new("L", picture.size, OPAQUE)


def on(picture, alpha, background):
    """Return a Pillow image laid on the `background` colour by its `alpha`."""
    return Image.composite(picture, Image.new("RGB", picture.size, background), alpha)


def _read(path, say):
    """Return (picture, alpha) as `read` has them, the alpha None where the file says nothing of it."""
    if isinstance(path, Held):
        return _srgb(_eight_bit(_upright(path.picture)))
    try:
        with warnings.catch_warnings():
            # Pillow warns at half the size at which it refuses; a picture in between is large but fine.
            warnings.simplefilter("ignore")
            with _opened(path) as file, formats.opened(path, file) as picture:
                if (count := formats.frames(picture)) > 1:
                    say(f"{path} has {count} pictures, of which the first is taken")
                _scale_transparency(picture)
                picture.load()
                return _srgb(_eight_bit(_upright(picture)))
    except Image.DecompressionBombError as error:
        limit = 2 * Image.MAX_IMAGE_PIXELS // 10**6
        raise InputError(f"{path} claims to have more than {limit} million pixels: give a smaller picture") from error
    except Image.UnidentifiedImageError as error:
        kinds = "PNG, JPEG, TIFF, WebP, HEIC and the like"
        raise InputError(f"{path} is not a picture of a kind that can be read: give one of {kinds}") from error
    except FileNotFoundError as error:
        parts = re.split(r"[\s,;]+", str(path).strip())
        remedy = "check the path"
        if not os.path.splitext(path)[1]:
            remedy += ", and put one that has a space in quotes"
        if len(parts) > 1 and all(map(os.path.isfile, parts)):
            remedy = "these are several: give one, or, where several are wanted, each by itself with spaces between"
        if re.match("https?://", str(path)):
            remedy = "addresses are not fetched, so save the picture first"
        raise InputError(f"there is no picture {path}: {remedy}") from error
    except OSError as error:
        reason = error.strerror or "the file is damaged or cut short"
        raise InputError(f"{path} cannot be read: {reason}") from error
    except _BROKEN as error:
        raise InputError(f"{path} cannot be read: the file is damaged ({error})") from error


def format_of(path):
    """Return what Pillow calls the format of a picture file that `read` takes, whatever its name says."""
    with _opened(path) as file, formats.opened(path, file) as picture:
        return picture.format


def _opened(path):
    """Return the file `path` or the standard input, open.

    Of a path Pillow would map uncompressed TIFFs into memory, with their rows for columns if they are to be turned.
    Raises InputError for what may never end, such as a pipe, and OSError if there is nothing.
    """
    if path == STANDARD:
        return _standard_input()
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{path} is no file but a device or a pipe: pipe the picture into the script, and name it -")
    return open(path, "rb")


def _standard_input():
    """Return the whole standard input as a file."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("the standard input has no picture: pipe one into it, or name a file instead of -")
    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("the standard input is empty: pipe a picture into it, and name - only once")
    return io.BytesIO(content)


def size(picture):
    """Return the (height, width) of a Pillow image."""
    return picture.height, picture.width


ASPECT_TOLERANCE = 0.02
"""Relative difference of two aspect ratios that nobody sees."""


STROKES_TOLERANCE = 0.5
"""The same of a style's, in which strokes become streaks beyond it; less of it makes them only wider or narrower."""


def warn_of_aspect(path, picture, other_path, other, say, tolerance=ASPECT_TOLERANCE, remedy=""):
    """Tell `say` if a picture is stretched because it has another aspect ratio than the one it belongs to.

    Both are Pillow images. The warning ends with the `remedy`.
    """
    ratio = (picture.width / picture.height) / (other.width / other.height)
    if max(ratio, 1 / ratio) > 1 + tolerance:
        say(
            f"warning: {path} has another aspect ratio ({picture.height}×{picture.width}) than {other_path} "
            f"({other.height}×{other.width}) and is stretched{remedy}"
        )


def warn_of_strokes(path, style, other_path, other, say):
    """The same of the picture of a style that --style_fit stretch stretches."""
    warn_of_aspect(path, style, other_path, other, say, STROKES_TOLERANCE, ": --style_fit keep keeps its strokes")


def size_of_rows(picture_size, rows):
    """Return the (height, width) with `rows` rows and the aspect ratio of `picture_size`, the width rounded down."""
    height, width = picture_size
    return rows, rows * width // height


def cut(picture, whole, target):
    """Return a Pillow image at the (height, width) `target`, what sticks out on two sides cut off.

    It lies on a picture of (height, width) `whole`, to whose shape it is stretched first.
    """
    picture = picture if size(picture) == whole else picture.resize(whole[::-1], Image.Resampling.BICUBIC)
    return ImageOps.fit(picture, target[::-1], Image.Resampling.LANCZOS)


def to_array(picture, target=None, method="bilinear", dtype="float32"):
    """Return a Pillow image as RGB (height, width, 3) in 0..255, resized to the (height, width) `target`.

    `method` is a key of RESAMPLING. When shrinking, the filters widen, so nothing aliases. The values are whole
    numbers, so that the `dtype` uint8 loses nothing.
    """
    if target is not None and target != size(picture):
        picture = picture.resize(target[::-1], RESAMPLING[method])
    return np.asarray(picture, dtype)


def to_picture(array, target=None, method="bilinear"):
    """Return an RGB array (height, width, 3) as an 8-bit Pillow image, rounded and clipped to 0..255.

    It is resized to the (height, width) `target` if given.
    """
    rounded = np.rint(array)
    picture = Image.fromarray(np.clip(rounded, 0, 255, out=rounded).astype("uint8"))
    if target is not None and target != size(picture):
        picture = picture.resize(target[::-1], RESAMPLING[method])
    return picture


def resized(array, target):
    """Return a float32 array (height, width, 3) at the (height, width) `target` by bicubic interpolation, unrounded."""
    channels = [Image.fromarray(array[..., index]) for index in range(array.shape[-1])]
    return np.stack([channel.resize(target[::-1], Image.Resampling.BICUBIC) for channel in channels], axis=-1)


def extended(array, margin):
    """Return an array (height, width, 3) with `margin` more pixels of its reflection on each side."""
    return np.pad(array, ((margin, margin), (margin, margin), (0, 0)), mode="reflect") if margin else array


def without_margin(array, margin):
    """Return the array (height, width, 3) that was `extended` by a `margin`."""
    return array[margin : array.shape[0] - margin, margin : array.shape[1] - margin]


def gray(picture):
    """Return a Pillow image with its colours replaced by their luma (ITU-R 601), still in RGB."""
    return picture.convert("L").convert("RGB")


LEAST_COLOUR = 8
"""Difference between the red, green and blue of a pixel up to which it is a gray that was compressed."""


def is_gray(picture):
    """Return whether a Pillow image has no colours."""
    return bool((np.ptp(np.asarray(picture, "uint8"), axis=2) > LEAST_COLOUR).mean() < 0.001)


COMMAND = "Command"
"""The keyword of the text with the command line, by which a painting is known."""

MAKER = "Neural style transfer"
"""The software of a painting, where a file has no text chunks."""


def is_painted(path):
    """Return whether the file `path` is a picture that one of the painting scripts wrote."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Its size does not matter here.
            with Image.open(path) as picture:
                return COMMAND in picture.info or picture.getexif().get(SOFTWARE) == MAKER
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def is_still(path):
    """Return whether a file is a picture of one frame."""
    try:
        with Image.open(path) as picture:
            return getattr(picture, "n_frames", 1) == 1
    except (OSError, *_BROKEN, Image.DecompressionBombError):
        return False


def write(path, picture, texts=None):
    """Write a Pillow image to the file `path`, all or nothing, creating its folder; - is the standard output, as PNG.

    The kind of file follows from the ending: PNG, JPEG, WebP or TIFF. `texts` maps keywords to text that is kept in a
    PNG's text chunks, or as JSON in the description in the EXIF of others. Raises InputError for another ending, a
    picture too large for it, and if the file cannot be written.
    """
    check_writable(path)
    check_fits(path, size(picture))
    content = as_bytes(picture, ".png" if path == STANDARD else Path(path).suffix.lower(), texts)
    if path == STANDARD:
        _write_to_standard_output(content)
    else:
        write_whole(path, content)


def _write_to_standard_output(content):
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        # What Python still has of it would fail once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError(f"the output could not be written: {error.strerror or error}") from error


def as_bytes(picture, ending, texts=None):
    """Return the content of a picture file with the name's `ending`, as `write` says."""
    kind, settings = _KINDS[ending]
    if kind == "JPEG":
        picture = flat(picture)
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        for keyword, text in (texts or {}).items():
            info.add_itxt(keyword, text)
        settings = {**settings, "pnginfo": info}
    elif texts:
        exif = Image.Exif()
        exif[DESCRIPTION], exif[SOFTWARE] = json.dumps(texts), MAKER
        if kind == "JPEG" and len(exif.tobytes()) > LARGEST_EXIF:
            exif[DESCRIPTION] = "the settings are too long for the EXIF of a JPEG"
        settings = {**settings, "exif": exif}
    content = io.BytesIO()
    picture.save(content, format=kind, **settings)
    return content.getvalue()


def keeps_alpha(path):
    """Return whether a picture that `write` writes to `path` can be transparent."""
    return Path(path).suffix.lower() not in (".jpg", ".jpeg")


def flat(picture):
    """Return a Pillow image without transparency: on white, if it has any."""
    return on(picture.convert("RGB"), picture.getchannel("A"), "white") if picture.mode == "RGBA" else picture


def check_writable(path):
    """Raise InputError if no picture can be written to `path`: a folder, an ending of no known kind, a terminal."""
    if path == STANDARD:
        if sys.stdout is None or sys.stdout.isatty():
            raise InputError("a picture would go to the terminal: redirect the standard output, or name a file")
    elif Path(path).is_dir():
        raise InputError(f"'{path}' is a folder: add the name of the picture to write")
    elif Path(path).suffix.lower() not in _KINDS:
        raise InputError(f"{path} cannot be written: its name must end in one of {', '.join(_KINDS)}")


def check_fits(path, size):
    """Raise InputError if the kind of file that `path` names cannot have a picture of (height, width) `size`."""
    most = LARGEST_SIDES.get(Path(path).suffix.lower(), max(size))
    if max(size) > most:
        raise InputError(
            f"{path} cannot have {size[0]}×{size[1]} pixels (height × width), for such files have {most} at most on "
            "each side: write a .png or .tif"
        )


def _scale_transparency(picture):
    """Bring the transparent colour of a PNG file to 8 bits, as Pillow does its pixels, before they are loaded."""
    clear = picture.info.get("transparency")
    kind = picture.tile[0][3] if picture.format == "PNG" and picture.tile else None
    if kind == "RGB;16B" and isinstance(clear, tuple):
        picture.info["transparency"] = tuple(value >> 8 for value in clear)
    elif kind in ("L;2", "L;4") and isinstance(clear, int):
        picture.info["transparency"] = clear * 255 // (2 ** int(kind[2:]) - 1)


def _upright(picture):
    """Return `picture` turned as its EXIF orientation says."""
    try:
        return ImageOps.exif_transpose(picture)
    except (ValueError, SyntaxError, KeyError, TypeError, struct.error):
        return picture  # Broken EXIF says nothing about the orientation.


def _eight_bit(picture):
    """Return `picture` with 16- and 32-bit gray brought to 8 bits; Pillow itself would clip them to white."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.asarray(picture, "float64")
    if not np.isfinite(values).all():
        raise ValueError("it has pixels that are not numbers")
    brightest = values.max(initial=0)
    clear = values == picture.info.get("transparency")
    if picture.mode.startswith("I;16") or (picture.mode == "I" and brightest > 255):
        values = values / _SIXTEEN_BIT_STEP
    elif picture.mode == "F" and brightest <= 1:
        values = values * 255
    result = Image.fromarray(np.clip(np.rint(values), 0, 255).astype("uint8"))
    if clear.any():
        result.putalpha(Image.fromarray(np.where(clear, 0, 255).astype("uint8")))
    if "icc_profile" in picture.info:
        result.info["icc_profile"] = picture.info["icc_profile"]
    return result


def _srgb(picture):
    """Return (picture, alpha): `picture` in RGB and sRGB, and its transparency in 8-bit gray, None without any."""
    profile = picture.info.get("icc_profile")
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    if picture.mode not in ("RGB", "L", "CMYK"):
        picture = picture.convert("L" if picture.mode == "LA" else "RGB")
    if profile:
        picture = _converted(picture, profile)
    return picture.convert("RGB"), alpha


def _converted(picture, profile):
    """Return `picture` in sRGB by its ICC profile; unchanged if that is broken or of another kind of colours."""
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB")
    except ImageCms.PyCMSError:
        return picture
