"""Tiles of a picture.

A tile owns positions of the picture and of each layer, every one of which belongs to exactly one tile, and is seen with
a margin as wide as its deepest positions look. So what a network makes of a tile's own positions is what it makes of
them in the whole picture.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.layers import MINIMUM_SIDE, layer_names, stride

ALIGNMENT = 32
"""Pixels of which all borders are multiples. So no pooling crosses one, and the windows of four positions that Winograd
convolutions work on, up to the fourth block, are those of the whole picture, to the last bit."""


@dataclass(frozen=True)
class Interval:
    """One dimension of a tile in a picture of `length` pixels.

    The tile owns the pixels from `begin` up to `end` and is seen from `first` up to `last`.
    """

    begin: int
    end: int
    first: int
    last: int
    length: int

    def own(self, layer):
        """Return the slice of the picture's positions at `layer` that are the tile's own.

        Of "image" it has one more where there is one, for the differences across the tile's border.
        """
        if layer == "image":
            return slice(self.begin, min(self.end + 1, self.length))
        return slice(self.begin // stride(layer), self.end // stride(layer))


@dataclass(frozen=True)
class Tile:
    """A part of a picture, by its `rows` and `columns`."""

    rows: Interval
    columns: Interval

    def own(self, layer):
        """Return the slices (rows, columns) of the picture's positions at `layer` that are the tile's own."""
        return self.rows.own(layer), self.columns.own(layer)

    def own_size(self, layer):
        """Return the (height, width) of the tile's own positions at `layer`."""
        return tuple(positions.stop - positions.start for positions in self.own(layer))

    def cut(self, by_layer):
        """Return {layer: the own part} of arrays (1, h, w, …) over the picture's positions."""
        return {layer: array[(slice(None), *self.own(layer))] for layer, array in by_layer.items()}

    @property
    def seen(self):
        """The slices (rows, columns) of the picture that the tile is seen with."""
        return slice(self.rows.first, self.rows.last), slice(self.columns.first, self.columns.last)

    @property
    def offset(self):
        """Where the tile's own pixels begin in what is seen, int32 (2,)."""
        return np.array([i.begin - i.first for i in (self.rows, self.columns)], "int32")

    @property
    def is_whole(self):
        """Whether the tile is the whole picture."""
        return all(i.end - i.begin == i.length for i in (self.rows, self.columns))


def margin(network, layers):
    """Return how many pixels around its own a tile must see, for `layers` of "vgg16" or "vgg19".

    A convolution looks one position to each side, and a position of block b is 2^(b − 1) pixels.
    """
    names = layer_names(network)
    deepest = max(names.index(layer) for layer in layers)
    reach = sum(stride(layer) for layer in names[: deepest + 1])
    return -(-reach // ALIGNMENT) * ALIGNMENT


def intervals(length, side, margin):
    """Return the `Interval`s of one dimension of `length` pixels in tiles of nearly equal size, about `side` at most.

    Borders are multiples of ALIGNMENT. A rest too short for a position of the deepest block belongs to the tile before.
    """
    count = -(-length // side)
    step = -(-length // (count * ALIGNMENT)) * ALIGNMENT
    begins = list(range(0, length, step))
    if len(begins) > 1 and length - begins[-1] < MINIMUM_SIDE:
        begins.pop()
    return [
        Interval(begin, end, max(0, begin - margin), min(length, end + margin), length)
        for begin, end in pairwise([*begins, length])
    ]
