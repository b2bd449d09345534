"""The losses, each a function of sums over pixels.

A loss has two steps: `sums(features, guides)` returns arrays that add over disjoint sets of positions, and
`value(sums)` turns their total into a scalar. The whole image is one set of positions; an image in tiles is several,
whose sums are added before `value`, and nothing is approximated.

`features` maps layers to float32 (1, h, w, channels), and "image" to the pixels themselves (1, height, width, 3) in
0..255. `guides` are the loss's own arrays over positions, cut like the features of the layer they are named by.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from models.layers import size_at
from neural_style import autodiff

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
        return {"squared_error": ops.sum(ops.square(ops.subtract(features[layer], guides[layer])))}

    def value(self, sums):
        return self._factor * sums["squared_error"]


class StyleLoss:
    """How far products of the generated image's features are from targets: sum_p sum_r f_pr · sum((P_pr − S_pr)²) + c.

    A product p (`GramProduct`, `ChainProduct`) sums over the positions of the image under the mask of each region r.
    `style_loss` and `region_style_loss` have the factors f and targets S of their papers.
    """

    def __init__(self, products, factors, targets, masks=None, constant=0.0):
        """Set up.

        `factors` has for each of the `products` its f_pr (regions,), `targets` its S_pr (regions, C, C'). `masks` maps
        each layer to float32 (1, h, w, regions) in 0..1; without them the one region is the whole image.
        """
        self.layers = tuple(dict.fromkeys(layer for product in products for layer in product.layers))
        self.guides = {layer: masks[layer] for layer in self.layers} if masks else {}
        self._products = products
        with np.errstate(over="ignore"):  # A loss that is not finite is refused, with its name, when it is evaluated.
            self._factors = [autodiff.constant(np.asarray(factor, "float32")) for factor in factors]
        self._targets = [autodiff.constant(np.asarray(target, "float32")) for target in targets]
        self._constant = float(constant)

    def sums(self, features, guides):
        return {index: product(features, guides or None) for index, product in enumerate(self._products)}

    def value(self, sums):
        # By functions, for PyTorch's arrays have no arithmetic with numpy's.
        squares = [ops.square(ops.subtract(sums[p], target)) for p, target in enumerate(self._targets)]
        distances = [ops.multiply(f, ops.sum(s, axis=(1, 2))) for f, s in zip(self._factors, squares, strict=True)]
        return ops.sum(ops.concatenate(distances)) + self._constant


@dataclass(frozen=True)
class Style:
    """One style of a style loss.

    `sums` has for each product its S (C, C') and `areas` the positions it is over, as `product.areas` counts them;
    `region` is the region of the generated image that the style is meant for.
    """

    sums: list
    areas: list
    weight: float
    region: int = 0


def style_loss(weighted_products, styles, size, masks=None, by_area=False):
    """Return the `StyleLoss` of one or several styles.

    For products p with weights v_p and styles j with weights w_j and regions r(j):

        sum_p v_p · sum_j w_j · sum((P_pr(j) − S_jp)²) / (4 · 3² · (H·W)²)

    With Gram products this is Gatys et al. 2015, arXiv 1508.06576, equations 3 to 5, in the normalisation of the Keras
    scripts this toolkit mirrors: `size` (H, W) is that of the generated image and 3 its colours, at every layer. A
    style of another size than the generated image has its S multiplied by the ratio of their positions.

    With `by_area` every sum is divided by its own area (Gatys et al. 2017, arXiv 1611.07865, section 4), so that small
    regions count like large ones: with A_p the sum of the squared mask of a region, a_p that of a style and N_p the
    positions of the image,

        sum_p v_p · N_p² · sum_j w_j · sum((P_pr(j) / A_pr(j) − S_jp / a_jp)²) / (4 · 3² · (H·W)²)

    Styles of one region share its P: with W = sum_j w_j and the mean S = sum_j w_j S_j / W,

        sum_j w_j · sum((P − S_j)²) = W · sum((P − S)²) + sum_j w_j · sum((S − S_j)²)

    whose second term is a constant, so several styles cost what one costs.

    `weighted_products` is a list of (v, product), `styles` a list of `Style`, of which at least one has a weight;
    `masks` maps each layer to float32 (1, h, w, regions) in 0..1.
    """
    regions = sorted({style.region for style in styles if style.weight > 0})
    members = [[style for style in styles if style.region == region and style.weight > 0] for region in regions]
    weights = [[style.weight for style in group] for group in members]
    if masks is not None:
        masks = {layer: values[..., regions] for layer, values in masks.items()}
    normalisation = 4 * CHANNELS**2 * float(size[0] * size[1]) ** 2
    factors, targets, constant = [], [], 0.0
    for index, (v, product) in enumerate(weighted_products):
        (positions,) = product.areas(size)
        areas = product.areas(size, masks) if by_area else np.full(len(regions), positions)
        scaled = [
            [area * np.asarray(style.sums[index], "float64") / style.areas[index] for style in group]
            for area, group in zip(areas, members, strict=True)
        ]
        means = [np.average(matrices, axis=0, weights=w) for matrices, w in zip(scaled, weights, strict=True)]
        scale = v / normalisation * (positions / areas) ** 2
        for region, mean in enumerate(means):
            spread = sum(w * np.sum((mean - m) ** 2) for w, m in zip(weights[region], scaled[region], strict=True))
            constant += float(scale[region] * spread)
        factors.append(scale * [sum(w) for w in weights])
        targets.append(means)
    return StyleLoss([product for _, product in weighted_products], factors, targets, masks, constant)


def region_style_loss(weighted_products, sums, style_masks, masks):
    """Return the `StyleLoss` of a doodle, whose labels r take their textures from the same labels of a style.

    With m_r and s_r the means of the masks of label r on the generated image and on the style, and C the channels:

        sum_p v_p · sum_r mean((P_pr / (m_r · C) − S_pr / (s_r · C))²)

    as in the Keras scripts this toolkit mirrors, after Champandard 2016, arXiv 1603.01768. A style of another size
    than the generated image has its S multiplied by the ratio of their positions.

    `weighted_products` is a list of (v, product) of one layer each; `sums` has the S_p (labels, C, C), `style_masks`
    and `masks` map each layer to float32 (1, h, w, labels) in 0..1, none of them zero everywhere.
    """
    factors, targets = [], []
    for (v, product), style in zip(weighted_products, sums, strict=True):
        (layer,) = product.layers
        here, there = (np.asarray(m[layer], "float64") for m in (masks, style_masks))
        factors.append(v / style.shape[-1] ** 4 / here.mean(axis=(0, 1, 2)) ** 2)
        ratios = here.sum(axis=(0, 1, 2)) / there.sum(axis=(0, 1, 2))
        targets.append(style * ratios[:, None, None])
    return StyleLoss([product for _, product in weighted_products], factors, targets, masks)


class GramProduct:
    """The Gram matrices FᵀF of one layer, its features masked and shifted.

    `shift` is subtracted from the features (Novak & Nikulin 2016, arXiv 1605.04603, section 3.3, have 1), after the
    mask if `shift_last`, as the original Keras scripts have it, else before, so that nothing outside the mask counts.
    """

    def __init__(self, layer, shift=0.0, shift_last=False):
        self.layers = (layer,)
        self._shift = shift
        self._shift_last = shift_last

    def __call__(self, features, masks=None):
        """Return the float32 (regions, C, C) sums over positions, under `masks` (layer -> (1, h, w, regions))."""
        (layer,) = self.layers
        return gram(features[layer], None if masks is None else masks[layer], self._shift, self._shift_last)

    def areas(self, size, masks=None):
        """Return the float64 (regions,) sums over positions of the squared masks, for an image of (height, width)."""
        (layer,) = self.layers
        if masks is None:
            return np.array([np.prod(size_at(layer, size), dtype="float64")])
        return np.square(masks[layer], dtype="float64").sum(axis=(0, 1, 2))


class ChainProduct:
    """The correlations between the features of neighbouring layers, (F^l − 1)ᵀ · up(F^(l+1) − 1).

    Novak & Nikulin 2016, arXiv 1605.04603, sections 3.3 and 3.5. The deeper features are brought to the shallower
    ones' size by nearest neighbour where a pooling lies between: each position takes the deeper one whose pooling
    window it is in, and an odd last row or column that of the one before it. Masks come after the shift.
    """

    def __init__(self, shallow, deep, shift=1.0):
        self.layers = (shallow, deep)
        self._shift = shift

    def __call__(self, features, masks=None):
        """Return the float32 (regions, C_l, C_(l+1)) sums over positions, under `masks` if given, as `GramProduct`."""
        if masks is not None:
            return _masked_chain(*(features[layer] - self._shift for layer in self.layers), *self._of(masks))
        shallow, deep = self._of(features)
        if shallow.shape[1:3] == deep.shape[1:3]:
            return shifted_product(_matrix(shallow), _matrix(deep), self._shift)[None]
        positions = _window_sums(ops.ones((*shallow.shape[:3], 1)), deep.shape[1:3])
        shallow = _window_sums(shallow, deep.shape[1:3]) - self._shift * positions
        return autodiff.product(_matrix(shallow), _matrix(deep - self._shift), transpose_a=True)[None]

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
        products.append(autodiff.product(_matrix(a), _matrix(b), transpose_a=True))
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

    The shift is worked into the product by way of the column sums, so that no shifted copy of the largest layers is
    made.
    """
    sums = ops.sum(a, axis=0)[:, None] + ops.sum(b, axis=0)[None]
    return autodiff.product(a, b, transpose_a=True) - shift * sums + shift**2 * a.shape[0]


def gram(features, masks=None, shift=0.0, shift_last=False):
    """Return the Gram matrices of features F (1, h, w, C) under masks m (1, h, w, regions), float32 (regions, C, C).

    That is the sum over positions of (m · (F − shift)) (m · (F − shift))ᵀ, or with `shift_last` of
    (m · F − shift) (m · F − shift)ᵀ; without masks m is 1 and there is one region.

    The shift is worked in by way of column sums, so that no shifted copy of the features is made.
    """
    positions, channels = features.shape[1] * features.shape[2], features.shape[-1]
    matrix = _matrix(features)
    # The gradient F (D + Dᵀ) of P = FᵀF takes two matrix products where both factors are differentiated. P is also
    # A + Aᵀ − A, where the first factor of A, and the last A, are taken for constants, and whose gradient takes one.
    constant = ops.stop_gradient(matrix)
    if masks is None:
        weights, result = ops.ones((positions, 1)), autodiff.product(constant, matrix, transpose_a=True)[None]
    else:
        masks = _matrix(masks)
        weights = masks if shift_last else ops.square(masks)
        weighted = ops.reshape(ops.square(masks)[:, :, None] * constant[:, None], (positions, -1))
        result = ops.reshape(autodiff.product(weighted, matrix, transpose_a=True), (-1, channels, channels))
    result = result + ops.transpose(result, (0, 2, 1)) - ops.stop_gradient(result)
    if not shift:
        return result
    columns = autodiff.product(weights, matrix, transpose_a=True)
    norms = ops.full((weights.shape[1],), float(positions)) if shift_last else ops.sum(weights, axis=0)
    return result - shift * (columns[:, :, None] + columns[:, None]) + shift**2 * norms[:, None, None]
