"""The weighted sum of losses on one feature extractor, and its gradient by the pixels."""

import math

import numpy as np
from keras import ops, tree

from neural_style import backend

COMING = 2
"""Vectors of the image that the optimiser takes at once for what it is told (measured: one and a half)."""


class Objective:
    """What a run minimises: sum of weight · loss over named terms, as a function of the image.

    The image is a flat float32 vector of height · width · 3 RGB values in 0..255, as the optimiser has it.

    An image in one tile is differentiated whole. One in several takes three steps, for every loss is a function of
    sums over positions (`neural_style.losses`): the sums of all tiles are added; the loss is differentiated by them;
    and each tile, looked at a second time, pulls these derivatives back to its pixels.
    """

    def __init__(self, network, terms, size):
        """Set up; functions are compiled when they are first needed.

        `network` is the `TiledNetwork` that all losses look through; `terms` maps a name to (weight, loss), the
        losses as in `neural_style.losses`; `size` is the image's (height, width).
        """
        self.size = size
        self._network = network
        self._terms = terms
        self._guides = {name: loss.guides for name, (_, loss) in terms.items()}
        self._on_device = None
        self._compiled = {}
        self._whole = backend.compiled(self._whole_image)
        self._value = backend.value_and_grad(self._total)

    def evaluate(self, vector, step=0.0, direction=None):
        """Return (loss, {name: weighted term}, gradient) at the image `vector`, or at vector + step · direction.

        The loss and terms are floats, the gradient a vector on the device. Of an image in several tiles the sum is
        made for one tile at a time, for the sake of memory.
        """
        (loss, *terms), gradient = self._network.attempt(
            lambda: self._evaluate(vector, np.float32(step), direction), self.size
        )
        return loss, dict(zip(self._terms, terms, strict=True)), gradient

    def _evaluate(self, vector, step, direction):
        """Return the list of the loss and its weighted terms, and the gradient."""
        if len(self._network.tiles(self.size)) > 1:
            self._on_device = None
            numbers, gradient = self._evaluate_in_tiles(lambda seen: _along(vector, step, direction, self.size, seen))
        else:
            if self._on_device is None:
                self._on_device = tree.map_structure(ops.convert_to_tensor, self._guides)
            direction = vector if direction is None else direction  # The step is 0 then.
            numbers, gradient = self._whole(vector, step, direction, self._on_device)
        return ops.convert_to_numpy(numbers).tolist(), gradient

    def _evaluate_in_tiles(self, image):
        sums = None
        for tile in self._network.each(self.size, 1, 2):
            own, _ = self._functions(tile)
            more = own(image(tile.seen), tile.offset, self._cut(tile))
            sums = more if sums is None else tree.map_structure(ops.add, sums, more)
        _, numbers, derivatives = self._value(sums)
        vector = backend.host_zeros(math.prod(self.size) * 3)
        gradient = vector.reshape(*self.size, 3)
        for tile in self._network.each(self.size, 2, 2):
            _, pulled = self._functions(tile)
            _, _, part = pulled(image(tile.seen), tile.offset, self._cut(tile), derivatives)
            gradient[tile.seen] += ops.convert_to_numpy(part)[0]
            del part
        self._network.give_back(coming=COMING * vector.nbytes)
        return numbers, backend.from_host(vector)

    def _functions(self, tile):
        """Return two compiled functions for tiles of this shape: the sums, and the gradient of ⟨sums, derivatives⟩."""
        sizes = self._network.sizes(tile)
        key = tuple(sizes.values())
        if key not in self._compiled:

            def sums(seen, offset, guides):
                return self._sums(self._network.features(seen, offset, sizes), guides)

            def pulled(seen, offset, guides, derivatives):
                products = tree.map_structure(lambda s, d: ops.sum(s * d), sums(seen, offset, guides), derivatives)
                return sum(tree.flatten(products)), ()

            self._compiled[key] = backend.compiled(sums), backend.value_and_grad(pulled)
        return self._compiled[key]

    def _cut(self, tile):
        cut = {name: tile.cut(guides) for name, guides in self._guides.items()}
        return tree.map_structure(ops.convert_to_tensor, cut)

    def _whole_image(self, vector, step, direction, guides):
        """Return the numbers of `_total` and the gradient of an image in one tile."""
        image = _along(vector, step, direction, self.size, ...)
        _, numbers, gradient = backend.differentiated(self._total_of_whole)(image, guides)
        return numbers, ops.reshape(gradient, (-1,))

    def _total_of_whole(self, image, guides):
        (tile,) = self._network.tiles(self.size)
        return self._total(self._sums(self._network.features(image, tile.offset, self._network.sizes(tile)), guides))

    def _sums(self, features, guides):
        """Return {name: the term's sums} over the positions of `features`."""
        return {name: loss.sums(features, guides[name]) for name, (_, loss) in self._terms.items()}

    def _total(self, sums):
        """Return the loss, and an array of it and its weighted terms, from the sums over all positions."""
        terms = ops.stack([weight * loss.value(sums[name]) for name, (weight, loss) in self._terms.items()])
        total = ops.sum(terms)
        return total, ops.concatenate([total[None], terms])


def _along(vector, step, direction, size, seen):
    """Return the part `seen` of the image vector + step · direction of (height, width) `size`, (1, h, w, 3)."""
    part = ops.reshape(vector, (*size, 3))[seen]
    if direction is not None:
        part = ops.add(part, ops.multiply(step, ops.reshape(direction, (*size, 3))[seen]))
    return part[None]
