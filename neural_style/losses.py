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
    """How far the Gram matrices G of the generated image are from those of one or several styles.

    For style j with Gram S_j and weight w_j at a layer of weight v:

        v · sum_j w_j · sum((G − S_j)²) / (4 · 3² · (H·W)²)

    Gatys et al. 2015, arXiv 1508.06576, equations 3 to 5, with the normalisation of the Keras scripts this toolkit
    mirrors: (H, W) is the size of the generated image and 3 its colours, at every layer. All styles share the one G:
    with W = sum_j w_j and the mean S = sum_j w_j S_j / W,

        sum_j w_j · sum((G − S_j)²) = W · sum((G − S)²) + sum_j w_j · sum((S − S_j)²)

    whose second term is a constant, so several styles cost what one costs.
    """

    guides = {}

    def __init__(self, targets, weights, layer_weights, size):
        """Set up from Gram matrices.

        `targets` is a list, one per style, of dicts from layer to float32 Gram (C, C); `weights` the w_j, at least
        one of them positive and none negative; `layer_weights` maps layers to v; `size` is (H, W) in pixels.
        """
        self.layers = tuple(layer_weights)
        normalisation = 4 * CHANNELS**2 * float(size[0] * size[1]) ** 2
        self._factors = {layer: v * sum(weights) / normalisation for layer, v in layer_weights.items()}
        self._means, self._constant = {}, 0.0
        for layer, v in layer_weights.items():
            grams = [np.asarray(target[layer], "float64") for target in targets]
            mean = np.average(grams, axis=0, weights=weights)
            spread = sum(w * np.sum((mean - gram) ** 2) for w, gram in zip(weights, grams, strict=True))
            self._means[layer] = mean.astype("float32")
            self._constant += float(v * spread / normalisation)

    def sums(self, features, guides):
        return {layer: gram(features[layer]) for layer in self.layers}

    def value(self, sums):
        distances = [
            self._factors[layer] * ops.sum(ops.square(sums[layer] - self._means[layer])) for layer in self.layers
        ]
        return sum(distances) + self._constant


def style_grams(features, layers, size):
    """Return {layer: Gram (C, C)} of a style's features, as numpy arrays.

    A Gram is a sum over positions, so that of a style of another size than the generated image's `size` (height,
    width) is scaled by the ratio of their numbers of positions at the layer.
    """
    grams = {}
    for layer in layers:
        stride = 2 ** (int(layer[4]) - 1)
        positions = (size[0] // stride) * (size[1] // stride)
        height, width = features[layer].shape[1:3]
        grams[layer] = ops.convert_to_numpy(gram(features[layer])) * np.float32(positions / (height * width))
    return grams


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


@ops.custom_gradient
def gram(features):
    """Return the Gram matrix FᵀF, float32 (C, C), of features (1, h, w, C), summed over all positions.

    Its gradient is given here because it takes one matrix product, F (D + Dᵀ), where differentiating the two
    factors of FᵀF takes two.
    """
    matrix = ops.reshape(features, (-1, features.shape[-1]))

    def gradient(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        return ops.reshape(ops.matmul(matrix, upstream + ops.transpose(upstream)), features.shape)

    return ops.matmul(ops.transpose(matrix), matrix), gradient
