"""The weighted sum of losses on one feature extractor, and its gradient by the pixels."""

import math

import numpy as np
from keras import ops, tree

from neural_style import backend

COMING = 2
"""Vectors of the image that the optimiser takes at once for what it is told (measured: one and a half)."""


class Functions:
    """The compiled functions of all objectives whose losses have the same forms, seen by one network.

    No picture is in them: the arrays of one painting, and its weights, are arguments. So what was compiled for it
    serves the next of its size.
    """

    def __init__(self, view, forms, any_size=False):
        """Set up; functions are compiled when they are first needed.

        `view` is the `network.View` that all losses look through, `forms` maps the name of a term to its loss's form.
        With `any_size`, what is compiled for an image in one piece serves those of all sizes, where the backend can.
        """
        self._view = view
        self.forms = forms
        self._any_size = any_size
        self._compiled = {}
        self.total = backend.value_and_grad(self._total)
        """(loss, numbers, gradient by the sums) of the sums over all positions, the weights and the targets; the
        numbers are the loss and its weighted terms."""

    def whole(self):
        """Return the function of (image, step, direction, guides, weights, targets) for an image in one piece.

        It gives the numbers and the gradient, at the image + step · direction, all of them (1, height, width, 3).
        """

        def whole(image, step, direction, guides, weights, targets):
            def total(image, guides, weights, targets):
                return self._total(self._sums(self._view.whole(image), guides), weights, targets)

            image = ops.add(image, ops.multiply(step, direction))
            _, numbers, gradient = backend.differentiated(total)(image, guides, weights, targets)
            return numbers, gradient

        return self._kept("whole", lambda: backend.compiled(whole, any_size=self._any_size))

    def _of_tile(self, tile):
        """Return two functions for tiles of this shape: the sums, and the gradient of ⟨sums, derivatives⟩."""
        sizes = self._view.sizes(tile)

        def sums(seen, offset, guides):
            return self._sums(self._view.features(seen, offset, sizes), guides)

        def pulled(seen, offset, guides, derivatives):
            products = tree.map_structure(lambda s, d: ops.sum(s * d), sums(seen, offset, guides), derivatives)
            return sum(tree.flatten(products)), ()

        return self._kept(tuple(sizes.values()), lambda: (backend.compiled(sums), backend.value_and_grad(pulled)))

    def sums_of(self, tile, seen, guides):
        """Return the sums over a tile's own positions, of what it is `seen` with and its own part of the guides."""
        return self._of_tile(tile)[0](seen, tile.offset, guides)

    def gradient_of(self, tile, seen, guides, derivatives):
        """Return the gradient of ⟨sums, derivatives⟩ by what the tile is seen with, the sums being `sums_of` it."""
        return self._of_tile(tile)[1](seen, tile.offset, guides, derivatives)[2]

    def _kept(self, key, make):
        if key not in self._compiled:
            self._compiled[key] = make()
        return self._compiled[key]

    def _sums(self, features, guides):
        """Return {name: the term's sums} over the positions of `features`."""
        return {name: form.sums(features, guides[name]) for name, form in self.forms.items()}

    def _total(self, sums, weights, targets):
        """Return the loss, and an array of it and its weighted terms, from the sums over all positions."""
        values = [form.value(sums[name], targets[name]) for name, form in self.forms.items()]
        terms = ops.multiply(weights, ops.stack(values))
        total = ops.sum(terms)
        return total, ops.concatenate([total[None], terms])


class Objective:
    """What a run minimises: sum of weight · loss over named terms, as a function of the image.

    The image is a flat float32 vector of height · width · 3 RGB values in 0..255, as the optimiser has it.

    An image in one tile is differentiated whole. One in several takes three steps, for every loss is a function of
    sums over positions (`neural_style.losses`): the sums of all tiles are added; the loss is differentiated by them;
    and each tile, looked at a second time, pulls these derivatives back to its pixels.
    """

    def __init__(self, network, terms, size, functions=None):
        """Set up.

        `network` is the `TiledNetwork` that all losses look through; `terms` maps a name to (weight, loss), the losses
        as in `neural_style.losses`; `size` is the image's (height, width). `functions` are the `Functions` of the
        network's view and the losses' `forms`, its own without.
        """
        self.size = size
        self._network = network
        self._names = list(terms)
        self._functions = functions or Functions(network.view, forms(terms))
        self._guides = {name: loss.guides for name, (_, loss) in terms.items()}
        with np.errstate(over="ignore"):  # A loss that is not finite is refused, with its name.
            weights = np.array([weight for weight, _ in terms.values()], "float32")
        self._weights = ops.convert_to_tensor(weights)
        targets = {name: loss.targets for name, (_, loss) in terms.items()}
        self._targets = tree.map_structure(ops.convert_to_tensor, targets)
        self._guides_on_device = None

    def evaluate(self, vector, step=0.0, direction=None):
        """Return (loss, {name: weighted term}, gradient) at the image `vector`, or at vector + step · direction.

        The loss and terms are floats, the gradient a vector on the device. Of an image in several tiles the sum is
        made for one tile at a time, for the sake of memory.
        """
        (loss, *terms), gradient = self._network.attempt(
            lambda: self._evaluate(vector, np.float32(step), direction), self.size
        )
        return loss, dict(zip(self._names, terms, strict=True)), gradient

    def _evaluate(self, vector, step, direction):
        """Return the list of the loss and its weighted terms, and the gradient."""
        if len(self._network.tiles(self.size)) > 1:
            self._guides_on_device = None
            numbers, gradient = self._evaluate_in_tiles(lambda seen: _along(vector, step, direction, self.size, seen))
        else:
            if self._guides_on_device is None:
                self._guides_on_device = tree.map_structure(ops.convert_to_tensor, self._guides)
            direction = vector if direction is None else direction  # The step is 0 then.
            arrays = self._guides_on_device, self._weights, self._targets
            image, direction = (ops.reshape(each, (1, *self.size, 3)) for each in (vector, direction))
            numbers, gradient = self._functions.whole()(image, step, direction, *arrays)
            gradient = ops.reshape(gradient, (-1,))
        return ops.convert_to_numpy(numbers).tolist(), gradient

    def _evaluate_in_tiles(self, image):
        looks = self._network.looks(self.size, self._functions, self._guides)
        sums = None
        for more in looks.sums(image):
            sums = more if sums is None else tree.map_structure(ops.add, sums, more)
        _, numbers, derivatives = self._functions.total(sums, self._weights, self._targets)
        vector = backend.host_zeros(math.prod(self.size) * 3)
        gradient = vector.reshape(*self.size, 3)
        for tile, part in looks.gradients(image, derivatives):
            gradient[tile.seen] += part
            del part
        self._network.give_back(coming=COMING * vector.nbytes)
        return numbers, backend.from_host(vector)


def forms(terms):
    """Return {name: the form of its loss} of the `terms` {name: (weight, loss)} of an objective."""
    return {name: loss.form for name, (_, loss) in terms.items()}


def _along(vector, step, direction, size, seen):
    """Return the part `seen` of the image vector + step · direction of (height, width) `size`, (1, h, w, 3)."""
    part = ops.reshape(vector, (*size, 3))[seen]
    if direction is not None:
        part = ops.add(part, ops.multiply(step, ops.reshape(direction, (*size, 3))[seen]))
    return part[None]
