"""Kinds of files that Pillow alone makes no picture of: what they are, by their first bytes, and what can be done.

The raw data of most cameras are a TIFF whose first picture is a stamp of 160 pixels, so the file's name counts too.
"""

import os
import re
import struct

from PIL import Image

from neural_style.errors import InputError

HEAD = 1024
"""Bytes of a file's beginning that tell its kind."""

_RAW = ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl"
_RAW = frozenset(f"{_RAW} .sr2 .srf .srw .x3f".split())
"""Endings of what cameras write before they make a picture of it."""

_RAW_HEADS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")

_HEIC_BRANDS = frozenset(b"heic heim heis heix hevc hevm hevs hevx".split())
"""What files of the family of MPEG-4 call themselves if they are pictures in HEVC, which Pillow does not read."""

_PHOTO_BRANDS = _HEIC_BRANDS | {b"avif", b"avis", b"mif1", b"msf1"}
"""The same of all pictures."""

_SEVERAL = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
"""What Pillow calls the formats of animations and of pages."""

_FILM_HEADS = (b"\x1aE\xdf\xa3", b"OggS", b"FLV\x01", b"0&\xb2u\x8ef\xcf\x11", b"\0\0\x01\xba", b"\0\0\x01\xb3")
"""How Matroska and WebM, Ogg, Flash, Windows Media and MPEG begin."""

_PICTURE_HEADS = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
"""How the most frequent pictures begin."""

_FILM_BOXES = (b"moov", b"mdat", b"wide", b"free", b"pnot")
"""What a film of QuickTime may begin with, after four bytes, before it says its brand."""


def check(path, head):
    """Raise InputError, with what can be done, for a file that is no picture but known, by its first bytes `head`."""
    answer = _answer(head, os.path.splitext(path)[1].lower())
    if answer:
        raise InputError(f"{path} is {answer}")


def _answer(head, ending):
    """Return what a file is and what can be done, None if it may be a picture."""
    brand = head[8:12] if head[4:8] == b"ftyp" else None
    tiff = head[:4] in (b"II*\0", b"MM\0*")
    if head.startswith(_RAW_HEADS) or brand == b"crx " or (tiff and (ending in _RAW or head[8:10] == b"CR")):
        return "the raw data of a camera: develop it, in darktable or RawTherapee, say, and give the TIFF or PNG"
    if (brand and brand not in _PHOTO_BRANDS) or head[4:8] in _FILM_BOXES or head.startswith(_FILM_HEADS):
        return "a film: take a picture out of it, as with ffmpeg -ss SECONDS -i FILM -frames:v 1 picture.png"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return _answer(_FILM_HEADS[0], ending)
    if head.startswith(_PICTURE_HEADS):
        return None  # Whatever their comments say.
    if b"%PDF-" in head:
        return "a PDF: make a picture of its page, as with pdftoppm -png -r 300 -singlefile FILE.pdf picture"
    if head.startswith(b"%!PS"):
        return "PostScript: make a picture of it, as with gs -sDEVICE=png16m -r300 -o picture.png FILE"
    text = head.lower()
    if re.match(rb"\s*<(!doctype html|html|head)", text):
        return "a web page: save the picture that is on it, not the page"
    if b"<svg" in text:
        return "a drawing of shapes (SVG): make pixels of it, as with rsvg-convert -h 1000 -o picture.png FILE.svg"
    if text.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS: fetch the picture itself with git lfs pull"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "a JPEG XL: make a PNG of it, as with djxl FILE.jxl picture.png"
    if head.startswith(b"gimp xcf"):
        return "a file of GIMP: export a PNG from there"
    return None


def opened(path, file):
    """Return the picture in an open `file` as a Pillow image that is not loaded yet.

    Raises InputError for what `check` refuses, and for a phone's HEIF (HEIC) if the package that reads it is missing;
    otherwise as `PIL.Image.open`.
    """
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise InputError(f"{path} is empty: there is no picture in it")
    check(path, head)
    if not _is_heif(head):
        return _known(path, file, None) if head.startswith(_PICTURE_HEADS) else Image.open(file)
    try:
        import pillow_heif
    except ImportError as error:
        remedy = "install it with python -m pip install pillow-heif, or give a JPEG of the picture"
        raise InputError(f"{path} is a HEIF, which the Python package pillow-heif reads: {remedy}") from error
    pillow_heif.register_heif_opener()
    return _known(path, file, ["HEIF"])


def _known(path, file, formats):
    """Return the picture in an open `file` that begins as one. Raises InputError if it does not go on as one."""
    try:
        return Image.open(file, formats=formats)
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{path} cannot be read: the file is damaged or cut short") from error


def _is_heif(head):
    """Return whether a file that begins with `head` is a HEIF whose pictures are compressed as HEVC."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    return not brands.isdisjoint(_HEIC_BRANDS)


def frames(picture):
    """Return how many pictures a file has that was opened as a Pillow image, of those that are one after the other.

    What phones and cameras keep beside a photograph (MPO, HEIF) and the layers of a drawing do not count.
    """
    if picture.format not in _SEVERAL:
        return 1
    try:
        return getattr(picture, "n_frames", 1)
    except (OSError, ValueError, SyntaxError, EOFError, struct.error):
        return 1  # Of a file that is cut short the first picture may be whole.
