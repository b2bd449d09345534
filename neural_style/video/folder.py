"""What a film leaves while it is painted: its settings and the frames that are done."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from neural_style.errors import InputError
from neural_style.files import write_whole
from neural_style.lock import Lock
from neural_style.pictures import images
from neural_style.video import film as films

NOT_OF_THE_PICTURES = (
    "resume",
    "jobs",
    "cluster",
    "quiet",
    "json",
    "keep_frames",
    "no_overwrite",
    "out",
    "prefix",
    "result",
    "run_folder",
    "max_memory",
)
"""Flags that change nothing in the frames, so that a run may be resumed with others."""


NAME = "settings.json"
"""The file of the folder that tells what its frames are made of."""

FINISHED = "finished"
"""Says in the settings whether the film is written."""


def identity(work):
    """Return all that decides what the frames of a `Work` look like, a JSON-able dict."""
    flags = work.flags
    pictures = [*flags.styles, *flags.style_masks, *flags.content_masks, flags.content_mask, flags.color_mask]
    pictures = [path for path in [*pictures, flags.init_image] if path and os.path.isfile(path)]
    files = {path: _state_of(path) for path in [flags.content, *pictures]}
    chosen = {name: value for name, value in vars(flags).items() if name not in NOT_OF_THE_PICTURES}
    return {"film and pictures": files, "flags": chosen, "scales": work.scales}


def _state_of(path):
    """Return what changes when a file does; of a folder, the state of all pictures in it."""
    if os.path.isdir(path):
        return {picture.name: _state_of(picture) for picture in films.pictures_in(path)}
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


class FilmFolder:
    """The folder `OUT_run` of a film that is being painted: its settings, and the frames that are painted.

    `frames` has the paintings, which the next ones are held to, `shown` those pictures that differ from them by what is
    done to a painting before it is shown, and preview.jpg is the last one. Raises InputError if another process works
    there.
    """

    def __init__(self, path):
        self.path = Path(path)
        self._lock = Lock(self.path / "lock")

    def __enter__(self):
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self._lock.take():
                raise InputError(
                    f"{self._lock.holder()} has a run in {self.path}: wait for its end, or choose another OUT"
                )
        except OSError as error:
            raise InputError(f"nothing can be written into {self.path}: {error.strerror or error}") from error
        return self

    def __exit__(self, *exception):
        self._lock.release()
        with contextlib.suppress(OSError):
            self.path.rmdir()  # Succeeds only if nothing was painted.

    def begin(self, identity, resumes, say):
        """Take up the frames of the run of this `identity`, a JSON-able dict, if it is to be resumed, else begin anew.

        Returns whether that run is finished; if another is, say(line) tells it. Raises InputError if the frames that
        are there are of another run.
        """
        identity = json.loads(json.dumps(identity, default=str))
        before = self._settings() if resumes else None
        if before is not None:
            changed = [name for name in identity if before.get(name) != identity[name]]
            if changed and not before.get(FINISHED):
                raise InputError(
                    f"the frames in {self.path} are of another run, by its {' and '.join(changed)}: give the same "
                    "ones, or leave out --resume to begin anew"
                )
            if not changed:
                return before.get(FINISHED, False)
            say(f"the finished film of {self.path} is another, by its {' and '.join(changed)}: painted anew")
        self._clear()
        self._write(identity)
        return False

    def finish(self, keeps):
        """Note that the film is written, and delete the frames unless it `keeps` them."""
        self._write(self._settings() | {FINISHED: True})
        if not keeps:
            self._clear()

    def _settings(self):
        """Return the dict that was written last, None if there is none."""
        try:
            return json.loads(self._file_of_settings.read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def _write(self, settings):
        write_whole(self._file_of_settings, json.dumps(settings, indent=1, ensure_ascii=False).encode())

    @property
    def _file_of_settings(self):
        return self.path / NAME

    def _clear(self):
        for name in ("frames", "shown"):
            shutil.rmtree(self.path / name, ignore_errors=True)

    def count(self, scenes):
        """Return how many frames of the scenes are painted."""
        return sum(self.has(number) for scene in scenes for number in range(scene.begin, scene.end))

    def painted(self, scene):
        """Return how many frames of a scene are painted, from its first on."""
        for number in range(scene.begin, scene.end):
            if not self.has(number):
                return number - scene.begin
        return scene.end - scene.begin

    def has(self, number):
        """Return whether a frame is painted."""
        return self._file("frames", number).exists()

    def add(self, number, painting, shown):
        """Write the painting of a frame, uint8 RGB, and what is `shown` of it, a Pillow image."""
        if shown.mode != "RGB" or not np.array_equal(np.asarray(shown), painting):
            images.write(self._file("shown", number), shown)
        images.write(self._file("frames", number), Image.fromarray(painting))
        with contextlib.suppress(InputError):  # Where there is no room for it, the film goes on.
            write_whole(self.path / "preview.jpg", images.as_bytes(images.flat(shown), ".jpg"))

    def painting(self, number):
        """Return the painting of a frame, uint8 RGB."""
        return images.to_array(images.read(self._file("frames", number)), dtype="uint8")

    def shown(self, count):
        """Yield what is shown of all `count` frames, Pillow images."""
        for number in range(count):
            other = self._file("shown", number)
            yield images.read(other if os.path.exists(other) else self._file("frames", number))

    def _file(self, kind, number):
        return self.path / kind / f"{number:06d}.png"
