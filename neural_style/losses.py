"""The losses, each a function of sums over pixels.

A loss has two steps: `sums(features, guides)` returns arrays that add over disjoint sets of positions, and
`value(sums)` turns their total into a scalar. The whole image is one set of positions; an image in tiles is several,
whose sums are added before `value`, and nothing is approximated.

`features` maps layers to float32 (1, h, w, channels), and "image" to the pixels themselves (1, height, width, 3) in
0..255. `guides` are the loss's own arrays over positions, cut like the features of the layer they are named by.
"""

import numpy as np
from keras import ops

CHANNELS = 3
"""Colour channels of an image, a constant in the style loss of Gatys et al."""


class ContentLoss:
    """How far the features F of one layer are from the content's F_c: m · sum((F − F_c)²).

    Gatys et al. 2015, arXiv 1508.06576, equation 1, with the factor m by `kind`; C is the number of channels of the
    layer, and (H, W) the size of the generated image:

        0: m = 1
        1: m = 1 / (2 · √C · √(H·W))
        2: m = 1 / (C · H · W)
    """

    def __init__(self, layer, target, size, kind=0):
        """`target` is F_c, float32 (1, h, w, C); `size` is (H, W) in pixels."""
        channels, pixels = target.shape[-1], size[0] * size[1]
        factors = {0: 1.0, 1: 1 / (2 * np.sqrt(channels * pixels)), 2: 1 / (channels * pixels)}
        self.layers = (layer,)
        self.guides = {layer: target}
        self._factor = float(factors[kind])

    def sums(self, features, guides):
        (layer,) = self.layers
        return {"squared_error": ops.sum(ops.square(features[layer] - guides[layer]))}

    def value(self, sums):
        return self._factor * sums["squared_error"]


class StyleLoss:
    """How far products of the generated image's features are from those of one or several styles.

    A product P (`GramProduct`, `ChainProduct`) sums over the positions of a region of the image. For product p with
    weight v_p and style j with target S_jp, weight w_j and region r(j):

        sum_p v_p · sum_j w_j · sum((P_pr(j) − S_jp)²) / (4 · 3² · (H·W)²)

    With Gram products this is Gatys et al. 2015, arXiv 1508.06576, equations 3 to 5, in the normalisation of the Keras
    scripts this toolkit mirrors: (H, W) is the size of the generated image and 3 its colours, at every layer. Styles
    of one region share its P: with W = sum_j w_j and the mean S = sum_j w_j S_j / W,

        sum_j w_j · sum((P − S_j)²) = W · sum((P − S)²) + sum_j w_j · sum((S − S_j)²)

    whose second term is a constant, so several styles cost what one costs.
    """

    def __init__(self, products, product_weights, targets, weights, size, regions=None, masks=(), areas=None):
        """Set up from the styles' products.

        `products` are the p and `product_weights` the v_p; `targets` has, for each style, the list of its S_jp as
        `style_targets` gives them; `weights` the w_j, none negative; `size` is (H, W) in pixels. `masks` has, for each
        region, a dict from layer to float32 (1, h, w, 1) in 0..1, and `regions` the region of each style; without
        masks the one region is the whole image. `areas`, if given, has for each region the part of the positions it
        covers at each product, and the distances are divided by its square, so that small regions count like large
        ones (Gatys et al. 2017, arXiv 1611.07865, equations 2 to 4: each Gram divided by the area of its own region).
        """
        self._products = products
        self._masked = bool(masks)
        self.layers = tuple(dict.fromkeys(layer for product in products for layer in product.layers))
        self.guides = {
            layer: np.concatenate([mask[layer] for mask in masks], axis=-1) for layer in self.layers if masks
        }
        normalisation = 4 * CHANNELS**2 * float(size[0] * size[1]) ** 2
        regions = regions or [0] * len(targets)
        self._factors, self._means, self._constant = {}, {}, 0.0
        for region in sorted({r for r, w in zip(regions, weights, strict=True) if w > 0}):
            members = [(w, target) for r, w, target in zip(regions, weights, targets, strict=True) if r == region]
            region_weights = [w for w, _ in members]
            for index, v in enumerate(product_weights):
                matrices = [np.asarray(target[index], "float64") for _, target in members]
                mean = np.average(matrices, axis=0, weights=region_weights)
                spread = sum(w * np.sum((mean - m) ** 2) for w, m in zip(region_weights, matrices, strict=True))
                factor = v / normalisation / (areas[region][index] ** 2 if areas else 1)
                self._factors[region, index] = factor * sum(region_weights)
                self._means[region, index] = mean.astype("float32")
                self._constant += float(factor * spread)

    def sums(self, features, guides):
        sums = {}
        for region, index in self._factors:
            mask = {layer: guide[..., region : region + 1] for layer, guide in guides.items()} if self._masked else None
            sums[region, index] = self._products[index](features, mask)
        return sums

    def value(self, sums):
        distances = [
            factor * ops.sum(ops.square(sums[key] - self._means[key])) for key, factor in self._factors.items()
        ]
        return sum(distances) + self._constant


class GramProduct:
    """The Gram matrix FᵀF of one layer, its features masked and shifted.

    `shift` is subtracted from the features (Novak & Nikulin 2016, arXiv 1605.04603, section 3.3, have 1), after the
    mask if `shift_last`, as the original Keras script has it, else before, so that nothing outside the mask counts.
    """

    def __init__(self, layer, shift=0.0, shift_last=False):
        self.layers = (layer,)
        self._shift = shift
        self._shift_last = shift_last

    def __call__(self, features, mask=None):
        """Return the float32 (C, C) sum over positions of `features`, under `mask` (layer -> (1, h, w, 1)) if given."""
        (layer,) = self.layers
        if mask is None:
            return gram(_shifted(features[layer], self._shift))
        if self._shift_last:
            return gram(_shifted(features[layer], self._shift, mask[layer], shift_last=True))
        return gram(_shifted(features[layer], self._shift), ops.square(mask[layer]))


class ChainProduct:
    """The correlations between the features of neighbouring layers, (F^l − 1)ᵀ · up(F^(l+1) − 1).

    Novak & Nikulin 2016, arXiv 1605.04603, sections 3.3 and 3.5. The deeper features are brought to the shallower
    ones' size by nearest neighbour where a pooling lies between: each position takes the deeper one whose pooling
    window it is in, and an odd last row or column that of the one before it. Masks come after the shift.
    """

    def __init__(self, shallow, deep, shift=1.0):
        self.layers = (shallow, deep)
        self._shift = shift

    def __call__(self, features, mask=None):
        """Return the float32 (C_l, C_(l+1)) sum over positions of `features`, under `mask` if given."""
        shallow, deep = (features[layer] for layer in self.layers)
        if mask is not None:
            shallow, deep = (_shifted(features[layer], self._shift, mask[layer]) for layer in self.layers)
        pooled = shallow.shape[1:3] != deep.shape[1:3]
        if pooled:
            # Summing the shallower over a window and repeating the deeper over it give the same product.
            positions = _window_sums(ops.ones((*shallow.shape[:3], 1)), deep.shape[1:3])
            shallow = _window_sums(shallow, deep.shape[1:3])
        if mask is None and pooled:
            shallow, deep = shallow - self._shift * positions, deep - self._shift
        elif mask is None:
            return shifted_product(_matrix(shallow), _matrix(deep), self._shift)
        return ops.matmul(ops.transpose(_matrix(shallow)), _matrix(deep))


def style_targets(products, features, scales, mask=None):
    """Return the products of a style's features, each times its scale, as numpy arrays, for `StyleLoss`.

    Products are sums over positions, so those of a style of another size than the generated image, or under a mask of
    another area, are scaled by the ratio of their positions.
    """
    return [
        ops.convert_to_numpy(product(features, mask)) * np.float32(scale)
        for product, scale in zip(products, scales, strict=True)
    ]


def _shifted(features, shift, mask=None, shift_last=False):
    """Return the features less `shift`, times `mask`, in this order unless `shift_last`."""
    if mask is not None and shift_last:
        return features * mask - shift
    if shift:
        features = features - shift
    return features if mask is None else features * mask


def _window_sums(features, size):
    """Return the sums of the features (1, h, w, C) over windows of 2×2, of `size` (h // 2, w // 2) windows.

    An odd last row or column counts to the last window.
    """
    for axis, windows in ((1, size[0]), (2, size[1])):
        if features.shape[axis] == 2 * windows + 1:
            body, last = ops.split(features, [2 * windows], axis=axis)
            rest, edge = ops.split(body, [2 * windows - 1], axis=axis)
            features = ops.concatenate([rest, edge + last], axis=axis)
    return 4 * ops.average_pool(features, 2)


def _matrix(features):
    """Return features (1, h, w, C) as a matrix (h·w, C)."""
    return ops.reshape(features, (-1, features.shape[-1]))


class TotalVariationLoss:
    """How rough the image is: sum((dx² + dy²)^1.25), dx and dy the differences to the right and lower neighbour.

    The sum runs over all pixels but the last row and column of `features["image"]`. A tile of an image therefore
    comes with one more row and column where there are more.
    """

    layers = ("image",)
    guides = {}

    def sums(self, features, guides):
        image = features["image"]
        here = image[:, :-1, :-1]
        squares = ops.square(image[:, 1:, :-1] - here) + ops.square(image[:, :-1, 1:] - here)
        return {"variation": ops.sum(ops.power(squares, 1.25))}

    def value(self, sums):
        return sums["variation"]


def shifted_product(a, b, shift):
    """Return (a − shift)ᵀ (b − shift), float32 (C_a, C_b), of matrices (n, C_a) and (n, C_b).

    The shift is worked into the product and its gradient, (b − shift) Dᵀ and (a − shift) D, by way of the column sums,
    so that no shifted copy of the largest layers is made.
    """

    @ops.custom_gradient
    def product(a, b):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            by_a = ops.matmul(b, ops.transpose(upstream)) - shift * ops.sum(upstream, axis=1)
            by_b = ops.matmul(a, upstream) - shift * ops.sum(upstream, axis=0)
            return by_a, by_b

        sums = ops.sum(a, axis=0)[:, None] + ops.sum(b, axis=0)[None]
        return ops.matmul(ops.transpose(a), b) - shift * sums + shift**2 * a.shape[0], gradient

    return product(a, b)


def gram(features, weights=None):
    """Return the Gram matrix sum over positions of w · F Fᵀ, float32 (C, C), of features (1, h, w, C).

    `weights` are (1, h, w, 1), None for 1 everywhere. The gradient is given here because it takes one matrix product,
    w F (D + Dᵀ), where differentiating the factors takes two.
    """

    @ops.custom_gradient
    def product(matrix):
        weighted = matrix if weights is None else matrix * _matrix(weights)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return ops.matmul(weighted, upstream + ops.transpose(upstream))

        return ops.matmul(ops.transpose(matrix), weighted), gradient

    return product(_matrix(features))
