"""Painting from Python: what paint.py does, of pictures in memory, without a file or a word on the terminal.

`from neural_style import paint` gets it from here. The defaults are those of paint.py, since the settings go through
its parser.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop
from neural_style.errors import InputError
from neural_style.painting.flagship import METHOD
from neural_style.painting.recipe import Run, evaluations, load_weights
from neural_style.pictures import images
from neural_style.pictures.finish import Finish
from neural_style.runs.folder import NoFolder

Picture = str | os.PathLike | Image.Image | np.ndarray
"""What is taken for a picture: a path, a Pillow image, or an array (height, width), (height, width, 3) or, with its
transparency, (height, width, 4), uint8 in 0..255. A mask may be of bool too."""

OF_SCRIPTS = ("resume", "keep_checkpoint", "no_overwrite", "save_every", "animate", "save_preset")
OF_SCRIPTS += ("quiet", "json", "cluster", "help", "version")
"""Flags of paint.py that say what happens to files, terminals and machines."""


@dataclass(frozen=True)
class Step:
    """One evaluation of a painting: the `evaluation` of `evaluations` (0 is that of the start), the `iteration` of
    `iterations`, the size that is painted at, which is number `scale`, the `loss` of what was evaluated, and the
    `seconds` since the painting began.
    """

    scale: int
    iteration: int
    iterations: int
    evaluation: int
    evaluations: int
    loss: float
    seconds: float
    _progress: Any = field(repr=False)
    _finish: Finish = field(repr=False)

    def picture(self) -> Image.Image:
        """Return the best painting of this size so far, RGB, or RGBA where the photograph is transparent."""
        return self._finish.picture(self._progress.image())


class Painter:
    """Paints one picture after the other.

    What it makes for one, the network and what is compiled, serves the next, which begins in less than a second if
    another of its size came before. Messages go to the logger "neural_style".
    """

    def __init__(self):
        self._workshop = Workshop(_Logged())

    def paint(self, photo: Picture, styles: Picture | Sequence[Picture], **settings: Any) -> Image.Image:
        """Return `photo`, painted in the style of one picture or several.

        `settings` are the flags of paint.py by their names: image_size=800, content_weight=0.05, preset="oil"; those
        that take several values take a list, and those that take a picture any `Picture`. Raises `InputError`, whose
        text says what is wrong and what to do, and TypeError for what is no picture.
        """
        for step in self.steps(photo, styles, **settings):
            last = step
        return last.picture()

    def steps(self, photo: Picture, styles: Picture | Sequence[Picture], **settings: Any) -> Iterator[Step]:
        """Yield a `Step` after each evaluation of a painting, as `paint` makes it, the last one the finished painting.

        What is not asked for is not done: leave the loop to end early.
        """
        task = METHOD.task_of(_flags(photo, styles, settings))
        flags = task.flags
        with self._workshop.reporter(flags) as reporter:
            scales = task.read(reporter)
            run = Run(task, scales, load_weights(flags, reporter), NoFolder(), reporter, self._workshop)
            for progress in evaluations(run):
                yield _step(progress, scales[progress.scale - 1].finish)


def paint(photo: Picture, styles: Picture | Sequence[Picture], **settings: Any) -> Image.Image:
    """Return `photo`, painted in the style of one picture or several: `Painter.paint`, for one painting."""
    return Painter().paint(photo, styles, **settings)


def steps(photo: Picture, styles: Picture | Sequence[Picture], **settings: Any) -> Iterator[Step]:
    """Yield a `Step` after each evaluation of a painting: `Painter.steps`, for one painting."""
    return Painter().steps(photo, styles, **settings)


def _step(progress, finish):
    """Return the `Step` of a `Progress` whose picture has a `Finish`."""
    shared = {name: getattr(progress, name) for name in Step.__dataclass_fields__ if hasattr(progress, name)}
    return Step(**shared, loss=progress.total, _progress=progress, _finish=finish)


class _Logged(Reporter):
    """Tells the logger "neural_style" what a script tells its user."""

    def __init__(self):
        super().__init__(quiet=True)
        self._logger = logging.getLogger("neural_style")

    def say(self, line):
        is_warning = line.startswith("warning: ")
        self._logger.log(logging.WARNING if is_warning else logging.INFO, "%s", line.removeprefix("warning: "))


def _flags(photo, styles, settings):
    """Return the flags of paint.py for pictures and settings, checked, with pictures in memory in place of paths.

    Raises InputError for settings that paint.py refuses, and TypeError for what is no picture.
    """
    held, argv = {}, []
    for name, value in settings.items():
        if name in OF_SCRIPTS:
            raise InputError(f"{name} is for paint.py as a script: leave it out")
        if value is not None:
            values = value if isinstance(value, list | tuple) else [value]
            named = [f"{name} {number}" for number in range(1, len(values) + 1)] if len(values) > 1 else [name]
            argv += [f"--{name}", *(_text(*one, held) for one in zip(values, named, strict=True))]
    styles = [styles] if isinstance(styles, Picture) else list(styles)
    pictures = {"the photograph": photo, **{f"style {number}": style for number, style in enumerate(styles, start=1)}}
    for name, picture in pictures.items():
        if not isinstance(picture, Picture):
            raise TypeError(f"{name} is a {type(picture).__name__}: give a path, a Pillow image or an array")
    parser = METHOD.parser()
    parser.error = _refuse
    names = [_text(picture, name, held) for name, picture in pictures.items()]
    flags = parser.parse([*argv, "--", *names, "no prefix"])
    for name, value in vars(flags).items():
        if isinstance(value, list):
            setattr(flags, name, [held.get(one, one) for one in value])
        elif isinstance(value, str):
            setattr(flags, name, held.get(value, value))
    flags.prefix = None
    METHOD.inputs.check_flags(flags)
    return flags


def _text(value, name, held):
    """Return what stands for a value on a command line; what has no path is put into the dict `held` by its `name`."""
    if isinstance(value, Image.Image | np.ndarray):
        held[name] = images.Held(name, _pillow(value, name))
        return name
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def _pillow(picture, name):
    """Return a Pillow image or an array as a Pillow image. Raises InputError for an array that is none."""
    if isinstance(picture, Image.Image):
        return picture
    if picture.dtype == bool:
        picture = np.uint8(255) * picture
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,), (4,)):
        raise InputError(
            f"{name} is an array of {picture.dtype} of the shape {picture.shape}: give uint8 in 0..255, of the shape "
            "(height, width), (height, width, 3) or (height, width, 4)"
        )
    return Image.fromarray(picture)


def _refuse(message):
    """Raise InputError with what a parser says of a command line."""
    raise InputError(message)
