"""How large a painting is: the size that its flags ask for, the scales on the way there, and larger ones to try."""

import math

from PIL import Image

from models.layers import MINIMUM_SIDE
from neural_style.command.flags import QUALITIES
from neural_style.command.parser import rows_of, shape_of
from neural_style.errors import InputError
from neural_style.painting.checking import one_per_scale
from neural_style.pictures import images

BEGINS_AT = 190
"""Pixels of the shorter side of the first scale of paint.py, at least: where a look takes in more of a picture, things
that the style shows are painted into it. From 136 on, eight pairs of pictures end with the same loss as from here (0.98
to 1.02 times), six of them with more of such things; from 283 on the strokes of one of two pairs become short."""

SMALLEST = 96
"""The same where but one scale would be left, and of a draft, which leaves out most."""


def course(flags, content_size):
    """Return the scales of paint.py, a list of rows, and the iterations at each.

    Unless --scales says otherwise, each has twice the pixels of the one before: forms are found while a look at them
    costs little, and every size of brush has its turn. A draft leaves out two of three.
    """
    doublings, counts = QUALITIES[flags.quality]
    scales = flags.scales
    if scales is None:
        last = rows_of(flags.image_size, content_size)
        shorter = min(checked_size(flags, last, content_size))
        steps, least = (max(0, math.floor(2 * math.log2(shorter / side) / doublings)) for side in (BEGINS_AT, SMALLEST))
        steps = least if doublings > 1 else max(steps, min(least, 1))
        scales = [round(last / 2 ** (doublings * step / 2)) for step in range(steps, -1, -1)]
    if flags.num_iter is not None:
        return scales, one_per_scale(flags.num_iter, scales)
    return scales, [counts[min(index, len(counts) - 1)] for index in range(len(scales))]


def last_iterations(flags):
    """Return the iterations at the last of many scales, which begins with all but its finest strokes in place."""
    return QUALITIES[flags.quality][1][-1] if flags.num_iter is None else flags.num_iter[-1]


def shape_asked_for(flags):
    """Return the (height, width) to which the last size cuts the picture, None if it does not.

    Raises InputError if it is too small or too large for anything.
    """
    shape = shape_of(flags.scales[-1] if flags.scales else flags.image_size)
    return shape and checked_size(flags, shape[0], shape)


def painting_size(rows, content_size, maintain_aspect_ratio=True):
    """Return the generated image's (height, width)."""
    return images.size_of_rows(content_size, rows) if maintain_aspect_ratio else (rows, rows)


def checked_size(flags, rows, content_size):
    """Return the generated image's (height, width). Raises InputError if it is too small or too large for anything."""
    height, width = painting_size(rows, content_size, vars(flags).get("maintain_aspect_ratio", True))
    if min(height, width) < MINIMUM_SIDE:
        raise InputError(
            f"{rows} rows make a picture of {height}×{width} pixels (height × width), but the network needs "
            f"{MINIMUM_SIDE} on each side: choose a larger {flags.size_flag}"
        )
    if height * width > 2 * Image.MAX_IMAGE_PIXELS:
        raise InputError(f"{rows} rows make a picture of {height}×{width} pixels: choose a smaller {flags.size_flag}")
    return height, width


SIZES_TRIED = 16
"""Larger sizes that are tried for a mask that is too small, each a quarter larger."""

LARGEST_TRIED = 4_000_000
"""Pixels of the largest size that is tried: more would take seconds."""


def larger_sizes(rows, size_of):
    """Yield (rows, size) of sizes to try where a mask is too small at so many `rows`; size_of(rows) is the size."""
    for step in range(1, SIZES_TRIED):
        larger = math.ceil(rows * 1.25**step)
        if math.prod(size := size_of(larger)) > LARGEST_TRIED:
            return
        yield larger, size


def in_words(flags, rows, shape=None):
    """Return how a user asks for a size of `rows`, or for a (height, width) `shape` to which the picture is cut."""
    text = f"{shape[1]}x{shape[0]}" if shape else str(rows)
    return f"{flags.size_flag} {'from ' if flags.size_flag == '--scales' and len(flags.scales) > 1 else ''}{text}"
