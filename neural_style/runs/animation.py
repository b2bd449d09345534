"""The pictures of a run, moving."""

import io

import numpy as np
from PIL import Image

from neural_style.files import write_whole
from neural_style.pictures import images

ANIMATION_SIZE = (1920, 480)
"""Rows and columns of an animation, at most."""

FRAME_MILLISECONDS = 300
"""How long an animation shows a picture; the last one it shows four times as long."""


class Animation:
    """The pictures of a run one after the other, as an animated GIF and WebP."""

    def __init__(self, size, frames=()):
        """`size` is the (height, width) of the finished picture; the animation has at most ANIMATION_SIZE.

        It goes on after the pictures that `frames` gave.
        """
        part = min(1, *(most / side for most, side in zip(ANIMATION_SIZE, size, strict=True)))
        self._size = tuple(max(1, round(part * side)) for side in size[::-1])
        self._frames = [Image.fromarray(frame) for frame in frames]

    def frames(self):
        """Yield the pictures so far, uint8 (height, width, 3) each."""
        return (np.asarray(frame) for frame in self._frames)

    def add(self, picture):
        """Append a Pillow image of any size."""
        self._frames.append(images.flat(picture).resize(self._size, Image.Resampling.LANCZOS))

    def write(self, prefix):
        """Write PREFIX.gif and PREFIX.webp. Raises InputError if they cannot be written."""
        durations = [FRAME_MILLISECONDS] * (len(self._frames) - 1) + [4 * FRAME_MILLISECONDS]
        first, *others = self._frames
        for ending, settings in (("gif", {}), ("webp", {"quality": 85})):
            content = io.BytesIO()
            first.save(
                content, format=ending, save_all=True, append_images=others, duration=durations, loop=0, **settings
            )
            write_whole(f"{prefix}.{ending}", content.getvalue())
