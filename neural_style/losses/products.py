"""Products of features, summed over positions: what the style losses compare."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from models.layers import size_at
from neural_style import backend


@dataclass(frozen=True)
class GramProduct:
    """The Gram matrices FᵀF of one layer, its features masked and shifted.

    `shift` is subtracted from the features (Novak & Nikulin 2016, arXiv 1605.04603, section 3.3, have 1), after the
    mask if `shift_last`, as the original Keras scripts have it, else before, so that nothing outside the mask counts.
    """

    layer: str
    shift: float = 0.0
    shift_last: bool = False
    any_size = True

    @property
    def layers(self):
        return (self.layer,)

    def __call__(self, features, masks=None):
        """Return the float32 (regions, C, C) sums over positions, under `masks` (layer -> (1, h, w, regions))."""
        mask = None if masks is None else masks[self.layer]
        return gram(features[self.layer], mask, self.shift, self.shift_last)

    def areas(self, size, masks=None):
        """Return the float64 (regions,) sums over positions of the squared masks, for an image of (height, width)."""
        if masks is None:
            return np.array([np.prod(size_at(self.layer, size), dtype="float64")])
        return np.square(masks[self.layer], dtype="float64").sum(axis=(0, 1, 2))


@dataclass(frozen=True)
class MomentsProduct:
    """The sums of one layer's features F and of their products, weighted by masks m: Σ m F and Σ m F Fᵀ."""

    layer: str
    any_size = True

    @property
    def layers(self):
        return (self.layer,)

    def __call__(self, features, masks=None):
        """Return the float32 (regions, 1 + C, C) of Σ m F in the first row and Σ m F Fᵀ below it, for each region.

        `masks` map the layer to (1, h, w, regions); without them m is 1 and there is one region.
        """
        matrix = _matrix(features[self.layer])
        if masks is None:
            sums, products = ops.sum(matrix, axis=0)[None], gram(features[self.layer])
        else:
            mask = masks[self.layer]
            sums = backend.product(_matrix(mask), matrix, transpose_a=True)
            products = gram(features[self.layer], ops.sqrt(mask))
        return ops.concatenate([sums[:, None], products], axis=1)

    def areas(self, size, masks=None):
        """Return the float64 (regions,) sums over positions of the masks, for an image of (height, width)."""
        if masks is None:
            return np.array([np.prod(size_at(self.layer, size), dtype="float64")])
        return np.sum(masks[self.layer], axis=(0, 1, 2), dtype="float64")


@dataclass(frozen=True)
class ChainProduct:
    """The correlations between the features of neighbouring layers, (F^l − 1)ᵀ · up(F^(l+1) − 1).

    Novak & Nikulin 2016, arXiv 1605.04603, sections 3.3 and 3.5. The deeper features are brought to the shallower
    ones' size by nearest neighbour where a pooling lies between: each position takes the deeper one whose pooling
    window it is in, and an odd last row or column that of the one before it. Masks come after the shift.
    """

    shallow: str
    deep: str
    shift: float = 1.0
    any_size = False  # An odd row of the shallower layer is another sum.

    @property
    def layers(self):
        return self.shallow, self.deep

    def __call__(self, features, masks=None):
        """Return the float32 (regions, C_l, C_(l+1)) sums over positions, under `masks` if given, as `GramProduct`."""
        if masks is not None:
            return _masked_chain(*(features[layer] - self.shift for layer in self.layers), *self._of(masks))
        shallow, deep = self._of(features)
        if shallow.shape[1:3] == deep.shape[1:3]:
            return shifted_product(_matrix(shallow), _matrix(deep), self.shift)[None]
        positions = _window_sums(ops.ones((*shallow.shape[:3], 1)), deep.shape[1:3])
        shallow = _window_sums(shallow, deep.shape[1:3]) - self.shift * positions
        return backend.product(_matrix(shallow), _matrix(deep - self.shift), transpose_a=True)[None]

    def areas(self, size, masks=None):
        """Return the float64 (regions,) sums over positions of the products of the masks."""
        if masks is None:
            return np.array([np.prod(size_at(self.layers[0], size), dtype="float64")])
        masks = self._of(masks)
        ones = (np.ones_like(mask[..., :1]) for mask in masks)
        return ops.convert_to_numpy(_masked_chain(*ones, *masks))[:, 0, 0].astype("float64")

    def _of(self, by_layer):
        return tuple(by_layer[layer] for layer in self.layers)


def _masked_chain(shallow, deep, shallow_masks, deep_masks):
    """Return the correlations (regions, C, C') of two layers' features under the masks of both."""
    products = []
    for region in range(shallow_masks.shape[-1]):
        a, b = shallow * shallow_masks[..., region, None], deep * deep_masks[..., region, None]
        if a.shape[1:3] != b.shape[1:3]:
            # Summing the shallower over a window and repeating the deeper over it give the same product.
            a = _window_sums(a, b.shape[1:3])
        products.append(backend.product(_matrix(a), _matrix(b), transpose_a=True))
    return ops.stack(products)


def _window_sums(features, size):
    """Return the sums of the features (1, h, w, C) over windows of 2×2, of `size` (h // 2, w // 2) windows.

    An odd last row or column counts to the last window.
    """
    for axis, windows in ((1, size[0]), (2, size[1])):
        if features.shape[axis] == 2 * windows + 1:
            body, last = ops.split(features, [2 * windows], axis=axis)
            rest, edge = ops.split(body, [2 * windows - 1], axis=axis)
            features = ops.concatenate([rest, edge + last], axis=axis)
    return 4 * ops.average_pool(features, 2, strides=2)  # Keras on JAX has no default strides.


def _matrix(features):
    """Return features (1, h, w, C) as a matrix (h·w, C)."""
    return ops.reshape(features, (-1, features.shape[-1]))


def shifted_product(a, b, shift):
    """Return (a − shift)ᵀ (b − shift), float32 (C_a, C_b), of matrices (n, C_a) and (n, C_b).

    The shift is worked into the product by way of the column sums, so that no shifted copy of the largest layers is
    made.
    """
    sums = ops.sum(a, axis=0)[:, None] + ops.sum(b, axis=0)[None]
    return backend.product(a, b, transpose_a=True) - shift * sums + shift**2 * a.shape[0]


def gram(features, masks=None, shift=0.0, shift_last=False):
    """Return the Gram matrices of features F (1, h, w, C) under masks m (1, h, w, regions), float32 (regions, C, C).

    That is the sum over positions of (m · (F − shift)) (m · (F − shift))ᵀ, or with `shift_last` of
    (m · F − shift) (m · F − shift)ᵀ; without masks m is 1 and there is one region.

    The shift is worked in by way of column sums, so that no shifted copy of the features is made.
    """
    channels = features.shape[-1]
    matrix = _matrix(features)
    positions = ops.shape(matrix)[0]
    # The gradient F (D + Dᵀ) of P = FᵀF takes two matrix products where both factors are differentiated. P is also
    # A + Aᵀ − A, where the first factor of A, and the last A, are taken for constants, and whose gradient takes one.
    constant = ops.stop_gradient(matrix)
    if masks is None:
        weights, result = ops.ones_like(matrix[:, :1]), backend.product(constant, matrix, transpose_a=True)[None]
    else:
        masks = _matrix(masks)
        weights = masks if shift_last else ops.square(masks)
        weighted = ops.reshape(ops.square(masks)[:, :, None] * constant[:, None], (positions, -1))
        result = ops.reshape(backend.product(weighted, matrix, transpose_a=True), (-1, channels, channels))
    result = result + ops.transpose(result, (0, 2, 1)) - ops.stop_gradient(result)
    if not shift:
        return result
    columns = backend.product(weights, matrix, transpose_a=True)
    norms = ops.ones_like(weights[0]) * ops.cast(positions, "float32") if shift_last else ops.sum(weights, axis=0)
    return result - shift * (columns[:, :, None] + columns[:, None]) + shift**2 * norms[:, None, None]
