"""The frames of a film, painted one after the other so that each holds where the one before has moved to.

Ruder, Dosovitskiy & Brox 2016, arXiv 1604.08610.
"""

import copy
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from neural_style.command.reporter import Reporter
from neural_style.painting import flagship, photograph, sizes
from neural_style.painting.recipe import Run, evaluations, load_weights
from neural_style.pictures import color, images
from neural_style.runs.folder import NoFolder
from neural_style.video import film as films
from neural_style.video import flow

BACK = (1, 2, 4)
"""Frames before that a frame is held to (J of section 4.4): farther ones where the nearer show something else."""

WEIGHT = 10.0
"""Of the temporal loss beside paint.py's other losses."""

LEAST_KNOWN = 0.05
"""Part of a frame below which what is known from those before is no film's motion, but chance."""


@dataclass(frozen=True)
class Painted:
    """A frame and its painting, both uint8 RGB (height, width, 3) of the painting's size."""

    frame: np.ndarray
    painting: np.ndarray


def check(flags, film):
    """Read all pictures that go into a film, as for its first frame; return the warnings that this gives, in lines.

    Raises InputError if one is missing, or they do not go together.
    """
    reporter = _Warnings(quiet=True)
    Painter(flags, None, reporter).read(next(films.frames(film)))
    return tuple(reporter.lines)


class _Warnings(Reporter):
    """Keeps warnings alone."""

    def __init__(self, quiet):
        super().__init__(quiet)
        self.lines = []

    def say(self, line):
        if line.startswith("warning"):
            self.lines.append(line)


class Painter:
    """Paints the frames of one film, from cut to cut, with all that one leaves for the next."""

    def __init__(self, flags, workshop, reporter):
        """`flags` are those of video.py, `workshop` and `reporter` what a script has."""
        self._flags = flags
        self._workshop = workshop
        self.reporter = reporter
        self._weights = None
        self._before = deque(maxlen=max(BACK))
        self._last_two = deque(maxlen=2)

    def goes_on(self, frame, painting):
        """Take a frame, uint8 RGB (height, width, 3), for one that has been painted before: its `painting`, too."""
        _, scales = self.read(frame)
        self._keep(Painted(_inner(scales[-1]), painting))

    def _keep(self, painted):
        self._before.append(painted)
        self._last_two.append(painted)

    def paint(self, frame):
        """Return (painting, picture) of the next frame: uint8 RGB, and the Pillow image that is shown of it."""
        task, scales = self.read(frame)
        last, start = scales[-1], None
        if self._before:
            start, earlier = self._from_before(_inner(last))
            if earlier.reliable.mean() < LEAST_KNOWN:
                self._before.clear()  # A cut that was not found by its pictures.
        if not self._before:
            image = self._minimised(task, scales)
        else:
            held = replace(last, start=images.extended(start, last.margin), earlier=_extended(earlier, last.margin))
            image = self._minimised(task, [held])
        painting = np.asarray(images.to_picture(images.without_margin(image, last.margin)))
        self._keep(Painted(_inner(last), painting))
        return painting, _shown(painting, last)

    def carry(self, frame, part):
        """Return what `paint` does of a frame that is not painted, but carried on from the last two that were.

        It lies `part` of the way from the first to the second of them. Each shows it where its motion can be relied on,
        the nearer one more; where neither does, it is the photograph in the painting's colours.
        """
        _, scales = self.read(frame)
        last = scales[-1]
        inner = _inner(last)
        total, weights = np.zeros(inner.shape, "float32"), np.zeros((*inner.shape[:2], 1), "float32")
        for painted, nearness in zip(self._last_two, (1 - part, part), strict=True):
            motion = flow.flow(inner, painted.frame)
            known = flow.reliable(motion, flow.flow(painted.frame, inner))
            known &= flow.agree(inner, flow.warped(painted.frame, motion))
            weight = nearness * flow.faded(known)[..., None]
            total += weight * flow.warped(painted.painting, motion)
            weights += weight
        nearest = self._last_two[round(part)].painting.astype("float32")
        coloured = color.match_linear(inner.astype("float32"), nearest)
        image = np.where(weights > 0, total / np.maximum(weights, 1e-6), coloured)
        painting = np.asarray(images.to_picture(image))
        return painting, _shown(painting, last)

    def read(self, frame):
        """Return the task of painting a frame as a photograph, and its `photograph.Pictures`, one per scale."""
        flags = copy.deepcopy(self._flags)
        flags.content = images.Held("the frame", Image.fromarray(frame))
        task = flagship.METHOD.task_of(flags)
        return task, task.read(self.reporter)

    def _from_before(self, frame):
        """Return what a frame begins with, and the `photograph.Earlier` that holds it.

        Where nothing before can be relied on, it begins as the photograph with the painting's colours.
        """
        held = np.zeros(frame.shape[:2], bool)
        warped = np.zeros(frame.shape, "float32")
        for back in BACK:
            if back > len(self._before):
                break
            before = self._before[-back]
            motion = flow.flow(frame, before.frame)
            here = flow.reliable(motion, flow.flow(before.frame, frame)) & ~held
            warped[here] = flow.warped(before.painting, motion)[here]
            held |= here
        nearest = self._before[-1].painting.astype("float32")
        start = np.where(held[..., None], warped, color.match_linear(frame.astype("float32"), nearest))
        return start, photograph.Earlier(warped, held.astype("float32"), WEIGHT * self._flags.flicker)

    def _minimised(self, task, scales):
        """Return the image float32 (height, width, 3) that the scales of a task end with, margin and all."""
        if self._weights is None:
            self._weights = load_weights(task.flags, self.reporter)
        run = Run(task, scales, self._weights, NoFolder(), self.reporter, self._workshop)
        iterations = [sizes.last_iterations(self._flags)] if scales[-1].earlier else None
        for progress in evaluations(run, iterations):
            self.reporter.progress(progress, 0.0)
        return progress.image()


def _shown(painting, pictures):
    """Return the Pillow image that is shown of a `painting` of a scale with these `photograph.Pictures`."""
    return pictures.finish.picture(images.extended(painting.astype("float32"), pictures.margin))


def _inner(pictures):
    """Return a frame, uint8 RGB, as it is in the `photograph.Pictures` of a scale, without the margin."""
    return images.without_margin(pictures.content, pictures.margin)


def _extended(earlier, margin):
    """Return a `photograph.Earlier` with a margin, as the image has it."""
    reliable = images.extended(earlier.reliable[..., None], margin)[..., 0]
    return replace(earlier, warped=images.extended(earlier.warped, margin), reliable=reliable)
