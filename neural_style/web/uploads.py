"""The pictures that the page was given, each kept once in a folder of its own."""

import contextlib
import hashlib
import os
import re
import shutil
import time
from pathlib import Path

from PIL import Image

from neural_style import files
from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.video import film

SHOWN = 1600
"""Pixels of the longer side of what the page shows of a picture, at most."""

STAMP = 200
"""The same of a sample."""

ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "HEIF": "heic"}
"""The endings of files by Pillow's names of their formats, where they differ."""


class Uploads:
    """The folder of uploads: FOLDER/<digest of the content>/<name>."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @property
    def incoming(self):
        """The folder of files on their way in."""
        return self.folder / ".incoming"

    def keep(self, path):
        """Copy a picture file into the folder and return its path there. Raises InputError if it is no picture.

        One that is there already is not copied again. Its name ends as its format does, so that nobody takes it for
        anything but a picture.
        """
        try:
            images.read(str(path))
            kind = images.format_of(str(path))
        except InputError as problem:
            raise InputError(str(problem).replace(str(path), Path(path).name)) from problem
        name = f"{Path(path).stem}.{ENDINGS.get(kind, kind.lower())}"
        return self.keep_bytes(name, Path(path).read_bytes())

    def keep_film(self, path):
        """Keep a file of a film, as `keep` does. Raises InputError if it is none that can be read."""
        try:
            film.first_frame(str(path))
        except InputError as problem:
            raise InputError(str(problem).replace(str(path), Path(path).name)) from problem
        ending = Path(path).suffix.lower()
        ending = ending if ending in (*film.READ_BY_FFMPEG, ".gif", ".webp") else ".mp4"
        return self.keep_bytes(f"{Path(path).stem}{ending}", Path(path).read_bytes())

    def keep_picture(self, name, picture):
        """Keep a Pillow image as a PNG file of that name, as `keep` does."""
        return self.keep_bytes(f"{name}.png", images.as_bytes(picture, ".png"))

    def keep_bytes(self, name, content):
        """Keep a file of that name and content, as `keep` does."""
        folder = self.folder / hashlib.sha256(content).hexdigest()[:12]
        path = folder / safe(name)
        if path.exists():
            os.utime(folder)  # Wanted again, it is not forgotten.
        else:
            files.write_whole(path, content)
        return path

    def check(self, path):
        """Return the `Path` of a file in this folder, as `keep` does. Raises InputError if it is none."""
        inside, folder = Path(path).resolve(), self.folder.resolve()
        if not (inside.is_relative_to(folder) and inside.is_file()):
            raise InputError(f"{Path(path).name} is none of the pictures given to this page: choose it again")
        return self.folder / inside.relative_to(folder)

    def forget(self, used, older):
        """Delete what is in this folder, is none of the paths `used`, and is older than so many seconds.

        So is what a server left on its way in that was ended meanwhile.
        """
        shutil.rmtree(self.incoming, ignore_errors=True)
        kept = {Path(path).parent.name for path in used}
        before = time.time() - older
        for folder in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if folder.name.startswith(".") or folder.name in kept or folder.stat().st_mtime > before:
                    continue
                shutil.rmtree(folder)
                (self.folder / ".shown" / f"{folder.name}.webp").unlink(missing_ok=True)

    def by_name(self, line):
        """Return a line of text with files of this folder called by their names alone."""
        folders = "|".join(re.escape(str(folder)) for folder in (self.folder.resolve(), self.folder))
        return re.sub(rf"({folders})[/\\]\w+[/\\]", "", line)

    def rendition(self, path):
        """Return the path of what the page shows of a picture file of this folder, as `made`."""
        path = self.check(path)
        return self.made(self.folder / ".shown" / f"{path.parent.name}.webp", path)

    def small(self, path):
        """Return the path of a picture file of anywhere, STAMP pixels long, as `made`."""
        return self.made(self.folder / ".shown" / f"stamp-{path.parent.name}-{path.stem}.webp", path, STAMP)

    def made(self, path, source, side=SHOWN):
        """Return the path of a WebP file made of the picture file `source`, unless it is there and newer.

        It is at most `side` pixels long. Raises InputError if the source cannot be read.
        """
        if not path.exists() or path.stat().st_mtime_ns < source.stat().st_mtime_ns:
            picture = self.shown(source)
            picture.thumbnail((side, side))
            files.write_whole(path, images.as_bytes(picture, path.suffix))
        return path

    def shown(self, path):
        """Return a Pillow image of a picture file for the page, upright, in sRGB and at most SHOWN pixels long.

        Of a film it is the first frame.
        """
        is_film = Path(path).suffix.lower() in film.READ_BY_FFMPEG
        picture = Image.fromarray(film.first_frame(str(path))) if is_film else images.read(str(path))
        picture.thumbnail((SHOWN, SHOWN))
        return picture


def safe(name):
    """Return a file's name with nothing in it that any file system or shell takes amiss, and its ending kept."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (re.sub(r"[^\w-]+", "-", part).strip("-") for part in (stem if dot else name, ending if dot else ""))
    return f"{stem[-60:] or 'picture'}.{ending[:8].lower() or 'png'}"
