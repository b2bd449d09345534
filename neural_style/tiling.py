"""Pictures in tiles: what a network makes of a picture of any size, exactly, in bounded memory.

A tile owns positions of the picture and of each layer, every one of which belongs to exactly one tile, and is seen with
a margin as wide as its deepest positions look. So what is computed from a tile's own positions is what the whole
picture would give.
"""

from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
from keras import ops

from models.layers import layer_names, size_at, stride
from neural_style import autodiff

ALIGNMENT = 16
"""Pixels per position of the deepest block: borders of tiles are multiples of it, so that no pooling crosses them."""

SMALLEST_SIDE = 64
"""Rows below which tiles are not made smaller when the memory does not suffice: they would be nearly all margin."""


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
    """Return the `Interval`s of one dimension of `length` pixels in tiles of `side`, a multiple of ALIGNMENT.

    A rest too short for a position of the deepest block belongs to the tile before. Tiles at the picture's borders see
    as many pixels as those within, where there are so many, so that few shapes need to be compiled.
    """
    begins = list(range(0, length, side))
    if len(begins) > 1 and length - begins[-1] < ALIGNMENT:
        begins.pop()
    seen = side + 2 * margin
    last_first = max(0, (length - seen) // ALIGNMENT * ALIGNMENT)
    result = []
    for begin, end in pairwise([*begins, length]):
        first = min(max(0, begin - margin), last_first)
        result.append(Interval(begin, end, first, length if first == last_first else first + seen, length))
    return result


class TiledNetwork:
    """A feature extractor that looks at pictures in tiles, in smaller ones when the memory does not suffice.

    Pictures are RGB (height, width, 3) in 0..255, of any type; functions over positions take {layer: array (1, h, w, …)}
    of the positions of one tile, "image" among the layers.
    """

    def __init__(self, extractor, network, layers, side=None, say=lambda line: None):
        """Set up.

        `extractor` is the `models.vgg.feature_extractor` for `layers` of "vgg16" or "vgg19" (`network`); `side` has the
        rows and columns of a tile, a multiple of ALIGNMENT, None for pictures in one piece; `say` is told in a line
        when tiles are made smaller.
        """
        self._extractor = extractor
        self._layers = ("image", *layers)
        self._margin = margin(network, layers)
        self._side = side
        self._say = say

    def tiles(self, size):
        """Return the `Tile`s of a picture of (height, width) `size`."""
        rows, columns = (intervals(length, self._side or length, self._margin) for length in size)
        return [Tile(row, column) for row in rows for column in columns]

    def sizes(self, tile):
        """Return {layer: (height, width)} of a tile's own positions at all layers, as `features` takes it."""
        return {layer: tile.own_size(layer) for layer in self._layers}

    def features(self, seen, offset, sizes):
        """Return {layer: features (1, h, w, C)} at the own positions of a tile, "image" among the layers.

        `seen` is what it is seen with, float32 (1, h, w, 3), `offset` and `sizes` are its `offset` and `sizes`.
        """
        features = {"image": seen, **self._extractor(seen)}
        return {layer: _part(features[layer], offset, layer, sizes[layer]) for layer in self._layers}

    def sums(self, function, image, guides=None):
        """Return the sum over the tiles of `image` of function(features, guides), any structure of numpy arrays.

        `guides` maps layers to arrays over the whole picture's positions; without them the function is given None.
        """

        def total():
            result = None
            for tile, features in self._tiles_of(image):
                sums = function(features, tile.cut(guides) if guides else None)
                sums = keras.tree.map_structure(ops.convert_to_numpy, sums)
                result = sums if result is None else keras.tree.map_structure(np.add, result, sums)
            return result

        return self.attempt(total, image.shape[:2])

    def layer(self, name, image):
        """Return the features of `image` at the layer `name`, a numpy array (1, h, w, C)."""

        def whole():
            result = None
            for tile, features in self._tiles_of(image):
                own = ops.convert_to_numpy(features[name])
                if tile.is_whole:
                    return own
                if result is None:
                    result = np.empty((1, *size_at(name, image.shape[:2]), own.shape[-1]), own.dtype)
                result[(slice(None), *tile.own(name))] = own
            return result

        return self.attempt(whole, image.shape[:2])

    def attempt(self, function, size):
        """Return function(), which looks at a picture of (height, width) `size`, in smaller tiles as need be.

        Raises the backend's out-of-memory error when the smallest tiles are too large.
        """
        while True:
            try:
                return function()
            except Exception as error:
                side = min(self._side or max(size), max(size)) // 2 // ALIGNMENT * ALIGNMENT
                if side < SMALLEST_SIDE or not autodiff.is_out_of_memory(error):
                    raise
            self._side = side
            self._say(f"the memory does not suffice: going on in tiles of {side} rows")

    def _tiles_of(self, image):
        """Yield each `Tile` of a picture with its own features."""
        for tile in self.tiles(image.shape[:2]):
            seen = ops.convert_to_tensor(image[tile.seen][None], "float32")
            yield tile, self.features(seen, tile.offset, self.sizes(tile))


def _part(features, offset, layer, size):
    """Return the (height, width) `size` positions of features (1, h, w, C) that begin `offset` pixels from their own."""
    if tuple(features.shape[1:3]) == size:
        return features
    row, column = offset[0] // stride(layer), offset[1] // stride(layer)
    return ops.slice(features, (0, row, column, 0), (1, *size, features.shape[-1]))
