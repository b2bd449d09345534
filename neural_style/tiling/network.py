"""A network that looks at pictures of any size, exactly, in bounded memory: tile by tile."""

import gc
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import psutil
from keras import ops

from models.layers import size_at, stride
from neural_style import backend
from neural_style.backend import allocator, gpu
from neural_style.tiling.tiles import ALIGNMENT, Tile, intervals, margin

SMALLEST_SIDE = 64
"""Rows below which tiles are not made smaller when the memory does not suffice: they would be nearly all margin."""


SILENT = SimpleNamespace(say=lambda line: None, tile=lambda done, total: None)
"""The reporter where nobody listens."""


class View:
    """What a feature extractor sees of tiles: it knows no picture, so that what is compiled for it serves them all."""

    def __init__(self, extractor, layers, joins=False, any_size=True):
        """`extractor` is the `models.vgg.feature_extractor` for `layers`. With `joins`, a function that looks at
        pictures once is compiled together with it: not worth the time where the extractor takes long to compile. To
        look at what is one tile, all is compiled for all sizes or, without `any_size`, for each one anew, which takes
        half as long.
        """
        self._extractor = extractor
        self.layers = tuple(layers)
        self._joins = joins
        self._looks = {}
        self._compiled = partial(backend.compiled_to_look, any_size=any_size)
        self._look = self._compiled(self.whole)
        self._look_at_tile = self._look if any_size else backend.compiled_to_look(self.whole, any_size=True)

    def sizes(self, tile):
        """Return {layer: (height, width)} of a tile's own positions at all layers, as `features` takes it."""
        return {layer: tile.own_size(layer) for layer in ("image", *self.layers)}

    def whole(self, image):
        """Return what `features` does of an image (1, h, w, 3) that is one tile, of any size."""
        return {"image": image, **self._extractor(image)}

    def look(self, function, image, guides):
        """Return function(features, guides) of an `image` (1, h, w, 3) that is one tile, to look at it once.

        A `function` that has `any_size` says that it can be compiled for all sizes at once, and is hashable.
        """
        if not (self._joins and getattr(function, "any_size", False)):
            return function(self._look(image), guides)
        if function not in self._looks:
            joined = lambda image, guides=None: function(self.whole(image), guides)
            self._looks[function] = self._compiled(joined)
        return self._looks[function](image) if guides is None else self._looks[function](image, guides)

    def own(self, seen, tile):
        """Return the features at a tile's own positions, to look once at what it is `seen` with, (1, h, w, 3)."""
        features = self._look_at_tile(seen)
        return {layer: _part(features[layer], tile.offset, layer, size) for layer, size in self.sizes(tile).items()}

    def features(self, seen, offset, sizes):
        """Return {layer: features (1, h, w, C)} at the own positions of a tile, "image" among the layers.

        `seen` is what it is seen with, float32 (1, h, w, 3), `offset` and `sizes` are its `offset` and `sizes`.
        """
        features = {"image": seen, **self._extractor(seen)}
        return {layer: _part(features[layer], offset, layer, size) for layer, size in sizes.items()}


class TiledNetwork:
    """A feature extractor that looks at pictures in tiles, in smaller ones when the memory does not suffice.

    Pictures are RGB (height, width, 3) in 0..255, of any type; functions over positions take {layer: array
    (1, h, w, …)} of the positions of one tile, "image" among the layers.
    """

    def __init__(self, view, network, side=None, reporter=SILENT, keeps_up_to=None):
        """Set up.

        `view` is the `View` of a feature extractor of "vgg16" or "vgg19" (`network`); `side` has the rows and columns
        of a tile at most, None for pictures in one piece. The `reporter`'s `say(line)` is told when tiles are made
        smaller, and its `tile(done, total)` of each tile of several. What pictures in tiles leave free is given back to
        the system after each picture or, with `keeps_up_to`, after a tile that leaves the process with more than so
        many bytes.
        """
        self.view = view
        self._margin = margin(network, view.layers)
        self._side = side
        self._reporter = reporter
        self._keeps_up_to = keeps_up_to

    def tiles(self, size):
        """Return the `Tile`s of a picture of (height, width) `size`."""
        rows, columns = (intervals(length, self._side or length, self._margin) for length in size)
        return [Tile(row, column) for row in rows for column in columns]

    def each(self, size, look=1, looks=1):
        """Yield the tiles of a picture of (height, width) `size`, and see to it that what was made of each is given
        back when it is used.

        The user is told how many are done, this being one of so many `looks` at the picture.
        """
        tiles = self.tiles(size)
        for number, tile in enumerate(tiles, start=1 + (look - 1) * len(tiles)):
            yield tile
            self.give_back()
            if len(tiles) > 1:
                self._reporter.tile(number, looks * len(tiles))

    def looks(self, size, functions, guides):
        """Return the `Looks` at an image of (height, width) `size`, by `objective.Functions`.

        `guides` are those of all terms, {name: {layer: array over the image's positions}}.
        """
        return Looks(self, size, functions, guides)

    def give_back(self, coming=0):
        """Give memory back if there is more than is to be kept, or would be with so many bytes that are `coming`."""
        if self._keeps_up_to is not None and psutil.Process().memory_info().rss + coming > self._keeps_up_to:
            allocator.give_back_memory()

    def sums(self, function, image, guides=None):
        """Return the sum over the tiles of `image` of function(features, guides), any structure of numpy arrays.

        `guides` maps layers to arrays over the whole picture's positions; without them the function is given None.
        """

        def total():
            result = None
            for tile in self.each(image.shape[:2]):
                cut = keras.tree.map_structure(ops.convert_to_tensor, tile.cut(guides)) if guides else None
                seen = _seen(image, tile)
                if tile.is_whole:
                    sums = self.view.look(function, seen, cut)
                else:
                    sums = function(self.view.own(seen, tile), cut)
                sums = keras.tree.map_structure(ops.convert_to_numpy, sums)
                result = sums if result is None else keras.tree.map_structure(np.add, result, sums)
            return result

        return self.attempt(total, image.shape[:2])

    def layer(self, name, image):
        """Return the features of `image` at the layer `name`, a numpy array (1, h, w, C)."""

        def whole():
            result = None
            for tile in self.each(image.shape[:2]):
                seen = _seen(image, tile)
                if tile.is_whole:
                    return ops.convert_to_numpy(self.view.look(Layer(name), seen, None))
                own = ops.convert_to_numpy(self.view.own(seen, tile)[name])
                if result is None:
                    result = np.empty((1, *size_at(name, image.shape[:2]), own.shape[-1]), own.dtype)
                result[(slice(None), *tile.own(name))] = own
                del own
            return result

        return self.attempt(whole, image.shape[:2])

    def attempt(self, function, size):
        """Return function(), which looks at a picture of (height, width) `size`, in smaller tiles as need be.

        Raises the backend's out-of-memory error when the smallest tiles are too large.
        """
        while True:
            try:
                result = function()
                if len(self.tiles(size)) > 1 and self._keeps_up_to is None:
                    allocator.give_back_memory()
                return result
            except Exception as error:
                side = min(self._side or max(size), max(size)) // 2 // ALIGNMENT * ALIGNMENT
                if side < SMALLEST_SIDE or not gpu.may_be_out_of_memory(error):
                    raise
                certainty = "does" if gpu.is_out_of_memory(error) else "may"
            # Keras ties the error to the frames it passed, and so to their arrays, in a circle.
            gc.collect()
            self._side = side
            self._reporter.say(f"the memory {certainty} not suffice: going on in tiles of {side} rows")


@dataclass(frozen=True)
class Layer:
    """The function of (features, guides) that gives the features of the layer `name`."""

    name: str
    any_size = True

    def __call__(self, features, guides):
        return features[self.name]


class Looks:
    """The two looks at each tile of an image that an evaluation takes."""

    def __init__(self, network, size, functions, guides):
        self._network, self._size, self._functions, self._guides = network, size, functions, guides

    def sums(self, image):
        """Yield the sums over each tile's positions, in the tiles' order; image(seen) is that part, (1, h, w, 3)."""
        for tile in self._network.each(self._size, 1, 2):
            yield self._functions.sums_of(tile, image(tile.seen), on_device(cut(tile, self._guides)))

    def gradients(self, image, derivatives):
        """Yield (tile, gradient), in the same order: that of ⟨sums, derivatives⟩ by what the tile is seen with."""
        for tile in self._network.each(self._size, 2, 2):
            guides = on_device(cut(tile, self._guides))
            yield (
                tile,
                ops.convert_to_numpy(self._functions.gradient_of(tile, image(tile.seen), guides, derivatives))[0],
            )


def cut(tile, guides):
    """Return the tile's own part of the guides of all terms."""
    return {name: tile.cut(by_layer) for name, by_layer in guides.items()}


def on_device(arrays):
    """Return a structure of numpy arrays as arrays of the backend."""
    return keras.tree.map_structure(ops.convert_to_tensor, arrays)


def _seen(image, tile):
    """Return what a tile of a picture is seen with, float32 (1, h, w, 3)."""
    return ops.convert_to_tensor(image[tile.seen][None], "float32")


def _part(features, offset, layer, size):
    """Return features (1, h, w, C) at the (height, width) `size` positions that begin `offset` pixels from theirs."""
    if tuple(features.shape[1:3]) == size:
        return features
    row, column = offset[0] // stride(layer), offset[1] // stride(layer)
    return ops.slice(features, (0, row, column, 0), (1, *size, features.shape[-1]))
