"""What there is to do for a film: how many frames of which size, and about how long it takes."""

import copy
import math
import os
import time
from dataclasses import dataclass

import numpy as np

from neural_style.backend import gpu
from neural_style.painting import sizes
from neural_style.runs.pace import ANY_SIZE
from neural_style.video.film import WITH_SOUND, Film, kind_of

MATRIX = 1024
"""Rows and columns of the matrices by which the machine is measured, ten milliseconds' work on two cores."""

OPERATIONS = 9e5
"""Multiplications and additions that take as long as what an evaluation does for each pixel (measured)."""


START = 12.0
"""Seconds until the network is at work."""


@dataclass(frozen=True)
class Work:
    """A film to paint: the `flags` of video.py, the `Film`, the `Scene`s it is cut into, and the warnings that the user
    has had.
    """

    flags: object
    film: Film
    scenes: list
    warnings: tuple = ()

    @property
    def scales(self):
        """The rows of each scale of a scene's first frame, and the iterations at each; other frames have the last."""
        flags = copy.copy(self.flags)
        flags.num_iter = flags.num_iter and list(flags.num_iter)
        return sizes.course(flags, self.film.size)

    @property
    def frames_to_paint(self):
        """How many frames are painted and not carried on from those around them."""
        return sum(len(scene.keys(self.flags.every)) for scene in self.scenes)

    @property
    def evaluations(self):
        """The evaluations of all frames, those of smaller scales counted by their pixels."""
        scales, iterations = self.scales
        each = self.flags.evaluations
        costs = [n * each * (rows / scales[-1]) ** 2 for rows, n in zip(scales, iterations, strict=True)]
        others = sizes.last_iterations(self.flags) * each
        return len(self.scenes) * sum(costs) + (self.frames_to_paint - len(self.scenes)) * others

    @property
    def seconds(self):
        """How long the evaluations take on this machine's CPU, about; None where there is a GPU.

        Told from how fast the machine multiplies matrices, which is most of the work.
        """
        if gpu.free_of_cuda() is not None:
            return None
        matrix = np.ones((MATRIX, MATRIX), "float32")
        times = []
        for _ in range(3):
            began = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - began)
        pixels = math.prod(sizes.painting_size(self.scales[0][-1], self.film.size)) + ANY_SIZE
        return START + self.evaluations * pixels * OPERATIONS * min(times) / (2 * MATRIX**3)

    def described(self):
        """Yield what a user wants to know before it begins, line by line."""
        film = self.film
        height, width = film.size
        seconds = film.times[-1] + film.durations[-1]
        cuts = len(self.scenes) - 1
        sound = ", with sound" if film.has_sound else ""
        cut = f", {cuts} cut{'s' * (cuts != 1)}" if cuts else ""
        yield (
            f"{film.path}: {len(film.times)} frames of {height}×{width} pixels, {seconds:.1f} s at {film.rate:.3g} a "
            f"second{sound}{cut}"
        )
        if film.problem:
            yield f"warning: {film.path} breaks off ({film.problem}): what comes before is painted"
        yield from self._lost()
        rows, columns = sizes.painting_size(self.scales[0][-1], film.size)
        seconds = self.seconds
        takes = f", about {_in_words(seconds)} on this machine" if seconds else ""
        yield (
            f"{self.frames_to_paint} of them are painted, at {rows}×{columns}: {self.evaluations:.0f} evaluations in "
            f"all{takes}"
        )

    def _lost(self):
        """Yield what of the film, or of what the user asks for, the result cannot have."""
        film, out = self.film, self.flags.out
        kind = kind_of(out)
        if film.has_sound and kind not in WITH_SOUND:
            yield f"warning: {out} has no sound: end it in one of {', '.join(WITH_SOUND)} to keep that of {film.path}"
        if kind == ".gif" and film.rate > MOST_OF_A_GIF:
            yield f"warning: a GIF has at most {MOST_OF_A_GIF} frames a second: it is slower than {film.path}"
        if self.flags.fps and not os.path.isdir(film.path):
            yield f"warning: --fps is for folders of pictures: {film.path} keeps its own times"


MOST_OF_A_GIF = 50
"""Frames a second: programs show those that are meant to be shorter far slower."""


def _in_words(seconds):
    """Return a time that is known about as it is said."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
