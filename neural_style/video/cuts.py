"""Where a film cuts from one scene to another."""

from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 24
"""Pixels of each side of the small picture by which frames are compared: motion hardly shows in it, a cut does."""

LEAST = 18.0
"""Mean difference of two such pictures, of 255, below which there is no cut: in the dark, or where little changes."""

TIMES = 3.0
"""How much more the pictures at a cut differ than those around it."""

AROUND = 6
"""Differences to each side that it is compared with."""


class Scene(NamedTuple):
    """Frames from one cut to the next: the number of its first, and that of the first of the next."""

    begin: int
    end: int

    def keys(self, every):
        """Return the set of the frames that are painted if `every` so many are: the last is, too."""
        return {*range(self.begin, self.end, every), self.end - 1}


class Cuts:
    """Looks at the frames of a film in their order and tells where scenes begin."""

    def __init__(self):
        self._last = None
        self._differences = []

    def look(self, frame):
        """Look at the next frame, uint8 RGB (height, width, 3)."""
        small = np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX), "float32")
        if self._last is not None:
            self._differences.append(float(np.abs(small - self._last).mean()))
        self._last = small

    def scenes(self):
        """Return the `Scene`s."""
        count = len(self._differences) + (self._last is not None)
        begins = [0, *(number + 1 for number in range(len(self._differences)) if self._is_cut(number))]
        return [Scene(begin, end) for begin, end in zip(begins, [*begins[1:], count], strict=True)] if count else []

    def _is_cut(self, number):
        difference = self._differences[number]
        around = self._differences[max(0, number - AROUND) : number] + self._differences[number + 1 :][:AROUND]
        return difference > LEAST and difference > TIMES * np.median(around or [0.0])
