"""What a run leaves in its folder: pictures, losses, and what its script said."""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from neural_style.errors import InputError
from neural_style.runs import checkpoint
from neural_style.runs.pace import Pace
from neural_style.web.record import FILM, Run
from neural_style.web.uploads import SHOWN, Uploads

THUMBNAIL, PHOTOGRAPH = "thumbnail.webp", "photograph.webp"
"""Files that are made when they are asked for: the picture, small, and the photograph as a browser can show it."""

SMALL = 360
"""Pixels of the longer side of a thumbnail."""

_ITERATION = re.compile(r"picture_at_iteration_(\d+)\.png")

_SHOWN = re.compile(rf"picture\.(png|gif|webp|mp4)|{_ITERATION.pattern}|{THUMBNAIL}|{PHOTOGRAPH}")
"""Files of the folder that the page shows."""


@dataclass(frozen=True)
class Results:
    """The files of a `record.Run` in its folder.

    `uploads` is the folder of what was given to the page, `rescued` the path of a picture that could not be written in
    the run's folder, or None.
    """

    run: Run
    folder: Path
    uploads: Uploads
    rescued: Path | None = None

    @property
    def is_finished(self):
        """Whether there is the picture or the film that the script was to make."""
        return any((self.folder / name).exists() for name in ("picture.png", "picture.mp4"))

    @property
    def goes_on(self):
        """Whether the run left something that it can go on from."""
        frames = self.folder / "picture_run" / "frames"
        return frames.exists() if self.run.script == FILM else self.checkpoint.exists()

    @property
    def checkpoint(self):
        """The path of what the run goes on from, whether it is there or not."""
        return self.folder / "picture_run" / checkpoint.NAME

    def picture(self):
        """Return the path of the best picture there is, or None."""
        names = ["picture.png", "picture_run/preview.jpg"]
        rescued = self.rescued if self.rescued and self.rescued.exists() else None
        return rescued or self._first(names if self.run.is_over else reversed(names))

    def film(self):
        """Return the path of the film that was painted, or None."""
        return self._first(["picture.mp4"])

    def animation(self):
        """Return the path of the animation, or None."""
        return self._first(["picture.gif"])

    def _first(self, names):
        return next((path for name in names if (path := self.folder / name).exists()), None)

    def iterations(self):
        """Return the paths of the pictures of iterations, in their order."""
        found = [path for path in self.folder.glob("picture_at_iteration_*.png") if _ITERATION.fullmatch(path.name)]
        return sorted(found, key=lambda path: int(_ITERATION.fullmatch(path.name)[1]))

    def photograph(self):
        """Return the path of the picture that was worked on, or None if it is not among the uploads."""
        path = self.run.values.get("content") or self.run.values.get("picture")
        with contextlib.suppress(InputError, OSError, ValueError):
            return self.uploads.check(path) if isinstance(path, str) else None
        return None

    def file(self, name):
        """Return the path of a file that the page shows, made if need be, or None if there is none of that name."""
        if self.rescued and name == self.rescued.name:
            return self.rescued
        if name == "preview.jpg":
            return self._first([f"picture_run/{name}"])
        if not _SHOWN.fullmatch(name):
            return None
        if name == THUMBNAIL:
            return self._made(name, self.picture(), SMALL)
        if name == PHOTOGRAPH:
            return self._made(name, self.photograph(), SHOWN)
        return self._first([name])

    def _made(self, name, source, side):
        """Return the path of a picture made of another, None without one that can be read."""
        with contextlib.suppress(InputError):
            return source and self.uploads.made(self.folder / name, source, side)
        return None

    def all(self):
        """Return the paths of all that is worth keeping of the run."""
        names = ("run.json", "log.txt", "picture.png", "picture.gif", "picture.webp", "picture.mp4")
        names += tuple(f"picture_run/{name}" for name in ("settings.json", "losses.csv", "losses.png"))
        return [path for path in [*(self.folder / name for name in names), *self.iterations()] if path.exists()]

    def losses(self):
        """Return the rows of losses.csv as dicts of floats, as far as they are written."""
        text = _text(self.folder / "picture_run/losses.csv")
        columns, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
        names = columns.split(",")
        rows = [line.split(",") for line in lines]
        with contextlib.suppress(ValueError):
            return [dict(zip(names, map(float, row), strict=True)) for row in rows if len(row) == len(names)]
        return []

    def pace(self):
        """Return the `Pace` of a painting run, None while it is not known.

        Its settings.json says it; of paint.py the photograph decides it.
        """
        with contextlib.suppress(ValueError, LookupError, TypeError, ArithmeticError):
            settings = json.loads(_text(self.folder / "picture_run/settings.json"))
            flags = settings["flags"]
            pace = Pace(settings["sizes"]["painting"], flags["num_iter"], flags["evaluations"])
            pace.left(len(pace.sizes), pace.total, 1.0)  # If that can be told, the rest can.
            return pace
        return None

    def log(self):
        """Return the lines that the script has written to its standard error."""
        return _text(self.folder / "log.txt").splitlines()

    def errors(self):
        """Return what is wrong, as the script says it in its one line."""
        return errors_in(self.log())


def errors_in(lines):
    """Return what is wrong, as scripts say it in their one line, of lines from their standard error."""
    return [line.partition(": error: ")[2] for line in lines if re.match(r"\w+\.py: error: ", line)]


def _text(path):
    """Return the text of a file, empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
