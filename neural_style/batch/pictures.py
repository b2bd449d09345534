"""Finding the pictures that files, folders and patterns stand for, and what results are called after them."""

import glob
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from neural_style.errors import InputError

BY_PLUGIN = {".heic", ".heif"}
"""Endings of pictures that Pillow reads with a package of its own."""

SHEET, LEDGER = "sheet.jpg", "batch.json"
"""A contact sheet, and the file of a batch that it is beside."""

RUN_FOLDER = "_run"
"""Ends the name of the folder that a painting leaves beside its result, with pictures that are none of the user's."""


@dataclass(frozen=True)
class Found:
    """A picture: its `path`, the `folder` it is in within the one that was asked for, and what it is called there."""

    path: str
    folder: str
    label: str


def found(given, flag, leaving_out=None, made=frozenset()):
    """Return the list of `Found` that files, folders with all below them, and patterns stand for, each once.

    Those below the folder `leaving_out` are left out, where it is not asked for itself, and so are the real paths that
    were `made` of others, unless they are given as files. Raises InputError, naming the `flag`, for a file that is not
    there, and a folder or a pattern without pictures.
    """
    result = {}
    for text in given:
        for path, folder in _pictures(text, flag, leaving_out):
            if os.path.realpath(path) in made and path != text:
                continue
            result.setdefault(os.path.realpath(path), Found(path, folder, Path(path).stem))
    return _told_apart(list(result.values()))


def _pictures(text, flag, leaving_out):
    """Return the (path, folder within what was asked for) of the pictures that one text stands for."""
    if os.path.isdir(text):
        return _below(text, flag, leaving_out)
    if os.path.exists(text):
        return [(text, "")]
    if not glob.has_magic(text):
        raise InputError(f"there is no file or folder {text} ({flag}): check the path")
    matching = [path for path in glob.glob(text, recursive=True) if os.path.isfile(path) and _is_picture(path)]
    matching = sorted(path for path in matching if not _is_run_folder(os.path.dirname(path)))
    if not matching:
        raise InputError(f"no picture is called like {text} ({flag}): check the pattern")
    # What is below the part of a pattern that is no pattern are folders of the photographs' own.
    above = os.path.dirname(text[: glob.escape(text).index("[")])
    folders = [os.path.relpath(os.path.dirname(path) or ".", above or ".") for path in matching]
    return [(path, "" if folder == "." else folder) for path, folder in zip(matching, folders, strict=True)]


def _below(folder, flag, leaving_out):
    """Return the (path, folder within `folder`) of all pictures below it."""
    apart = leaving_out and os.path.realpath(leaving_out)
    apart = None if apart == os.path.realpath(folder) else apart
    pictures = []
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not _is_passed_over(os.path.join(where, name), apart))
        within = os.path.relpath(where, folder)
        pictures += [
            (os.path.join(where, name), "" if within == "." else within)
            for name in sorted(names)
            if _is_picture(name) and not name.startswith(".") and not (name == SHEET and LEDGER in names)
        ]
    if not pictures:
        raise InputError(f"there is no picture in the folder {folder} ({flag})")
    return pictures


def _is_passed_over(folder, apart):
    name = os.path.basename(folder)
    return name.startswith(".") or _is_run_folder(folder) or os.path.realpath(folder) == apart


def _is_run_folder(folder):
    """Return whether a folder is what a painting leaves beside its result."""
    return folder.endswith(RUN_FOLDER) and os.path.exists(os.path.join(folder, "settings.json"))


def _is_picture(path):
    """Return whether a path ends like a picture that can be read."""
    ending = Path(path).suffix.lower()
    return ending in BY_PLUGIN or Image.registered_extensions().get(ending) in Image.OPEN


def _told_apart(pictures):
    """Return pictures whose labels differ, within a folder, whatever the case: castle-jpg and castle-png, or castle-2.

    A style is told by its label alone, so that its folder is in it too where need be.
    """
    for rename in (
        lambda picture, count: f"{picture.label}-{Path(picture.path).suffix[1:]}",
        lambda picture, count: f"{picture.label}-{count}" if count > 1 else picture.label,
    ):
        times, seen = Counter(map(_key, pictures)), Counter()
        renamed = []
        for picture in pictures:
            key = _key(picture)
            seen[key] += 1
            renamed.append(replace(picture, label=rename(picture, seen[key])) if times[key] > 1 else picture)
        pictures = renamed
    return pictures


def _key(picture):
    return picture.folder.casefold(), picture.label.casefold()
