"""How far a painting is from its styles, by the distributions of their features."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from keras import ops

from models.vgg import COLOUR_DEVIATION
from neural_style.losses.loss import Loss

RELATIVE_EPSILON = 0.03
"""Added to all variances, as a part of the style's mean variance: directions in which a style hardly varies are not
worth a match to the last digit, and float32 would not have it."""

LEAST_EPSILON = 1e-4
"""Added to them besides, so that a style without any variance has a distribution too."""

LEAST_SINGULAR_VALUE = 1e-4
"""Relative to all together, the singular value from which on `polar` converges. The epsilons leave hardly any that is
smaller, and those weigh next to nothing."""


class Normal(NamedTuple):
    """Normal distributions of features divided by COLOUR_DEVIATION, one for each region.

    `mean` (regions, C), `root` (regions, C, C) the symmetric square root of the covariance with `epsilon` (regions,)
    added to its diagonal. Plain numpy arrays of float64.
    """

    mean: np.ndarray
    root: np.ndarray
    epsilon: np.ndarray


@dataclass(frozen=True)
class NormalDistance:
    """The form of `WassersteinLoss`, of the `products` whose sums are the moments that it compares.

    Its targets are, for each product, a dict of the weights and areas of regions and their `Normal`.
    """

    products: tuple

    @property
    def layers(self):
        return tuple(product.layer for product in self.products)

    def sums(self, features, guides):
        return {index: product(features, guides or None) for index, product in enumerate(self.products)}

    def value(self, sums, targets):
        distances = []
        for index, target in enumerate(targets):
            moments = ops.divide(sums[index], ops.reshape(target["areas"], (-1, 1, 1)))
            distances.append(ops.multiply(target["weights"], distance(moments, target["normal"])))
        return ops.sum(ops.concatenate(distances))


class WassersteinLoss(Loss):
    """The squared 2-Wasserstein distances of the generated image's features from those of styles.

    Features φ = F / COLOUR_DEVIATION of a layer are taken for normally distributed over the positions of a region, with
    mean μ and covariance Σ. Between such distributions the distance is known (Dowson & Landau 1982, "The Fréchet
    distance between multivariate normal distributions"; Olkin & Pukelsheim 1982). Of a layer p and region r with C
    channels, v_pr its weight,

        v_pr · (|μ − μ_s|² + tr(Σ + Σ_s − 2 (Σ_s^½ Σ Σ_s^½)^½)) / C

    Style as a distribution of features is Li et al. 2017, arXiv 1701.01036; as a normal one under this distance,
    Mroueh 2019, arXiv 1905.12828. μ and Σ are functions of the sums of φ and φφᵀ over positions.
    """

    def __init__(self, products, weights, targets, areas, masks=None):
        """Set up.

        For each of the `products` (`MomentsProduct`) `weights` has its v_pr (regions,), `targets` the `Normal` of its
        styles, and `areas` the sums (regions,) of its masks over the generated image. `masks` maps each layer to
        float32 (1, h, w, regions) in 0..1; without them the one region is the whole image. `variance` is then how much
        the styles' features φ vary over positions, the mean over channels and by v_pr over layers and regions.
        """
        form = NormalDistance(tuple(products))
        arrays = [
            {
                "weights": np.asarray(weight, "float32"),
                "areas": np.asarray(area, "float32"),
                "normal": Normal(*(values.astype("float32") for values in target)),
            }
            for weight, area, target in zip(weights, areas, targets, strict=True)
        ]
        super().__init__(form, arrays, {layer: masks[layer] for layer in form.layers} if masks else None)
        self.variance = _variance(weights, targets)


def wasserstein_loss(weighted_products, styles, size, masks=None):
    """Return the `WassersteinLoss` of one or several styles.

    Styles of one region are one distribution: their means, and their means of φφᵀ, are averaged by the styles' weights.
    A region weighs as much as its share of the image of (height, width) `size`, so that a pixel is as free to change
    in a small region as in a large one.

    `weighted_products` is a list of (v, `MomentsProduct`), `styles` a list of `style.Style`, of which at least one has
    a weight; `masks` maps each layer to float32 (1, h, w, regions) in 0..1.
    """
    regions = sorted({style.region for style in styles if style.weight > 0})
    members = [[style for style in styles if style.region == region and style.weight > 0] for region in regions]
    if masks is not None:
        masks = {layer: values[..., regions] for layer, values in masks.items()}
    weights, targets, areas = [], [], []
    for index, (v, product) in enumerate(weighted_products):
        area = product.areas(size, masks)
        weights.append(v * area / product.areas(size))
        areas.append(area)
        targets.append(normal([_mixed(group, index) for group in members]))
    return WassersteinLoss([product for _, product in weighted_products], weights, targets, areas, masks)


def _mixed(styles, index):
    """Return the moments (1 + C, C) of the features of several styles, by their weights, of the product `index`."""
    moments = [np.asarray(style.sums[index], "float64") / style.areas[index] for style in styles]
    return np.average(moments, axis=0, weights=[style.weight for style in styles])


def normal(moments):
    """Return the `Normal` of a list of moments (1 + C, C): the mean of features F, below it the means of F Fᵀ."""
    moments = np.stack(moments)
    channels = moments.shape[-1]
    mean = moments[:, 0] / COLOUR_DEVIATION
    covariance = moments[:, 1:] / COLOUR_DEVIATION**2 - mean[:, :, None] * mean[:, None]
    epsilon = LEAST_EPSILON + RELATIVE_EPSILON * np.trace(covariance, axis1=1, axis2=2) / channels
    values, vectors = np.linalg.eigh(covariance + epsilon[:, None, None] * np.eye(channels))
    values = np.maximum(values, LEAST_EPSILON)  # Rounded sums may have variances below zero.
    return Normal(mean, vectors * np.sqrt(values)[:, None] @ vectors.transpose(0, 2, 1), epsilon)


def _variance(weights, targets):
    """Return how much features vary over the positions of styles, with epsilon: the mean over channels, by weights."""
    variances = [np.mean(np.sum(np.square(target.root), axis=2), axis=1) for target in targets]
    return float(np.average(np.concatenate(variances), weights=np.concatenate(weights)))


def distance(moments, target):
    """Return the distances (regions,) of moments (regions, 1 + C, C) from a `Normal`, divided by C.

    With Σ = L Lᵀ, A = Σ_s^½ and Q the orthogonal polar factor of A L, what is under the trace is |L − A Q|², without
    the cancellation of three large numbers; its derivative by Σ is I − T with T = A Q L⁻¹, the map that transports the
    one distribution to the other (T Σ T = Σ_s).
    """
    channels = moments.shape[-1]
    identity = ops.eye(channels)
    mean = ops.divide(moments[:, 0], COLOUR_DEVIATION)
    covariance = ops.divide(moments[:, 1:], COLOUR_DEVIATION**2) - mean[:, :, None] * mean[:, None]
    covariance = covariance + ops.multiply(ops.reshape(target.epsilon, (-1, 1, 1)), identity)
    here = ops.stop_gradient(covariance)
    # Of what is not finite there is no root. The loss is not finite all the same, by `covariance - here`.
    lower = ops.cholesky(ops.where(ops.isfinite(ops.sum(here)), here, identity))
    moved = ops.matmul(target.root, polar(ops.matmul(target.root, lower)))
    transport = _transposed(ops.solve_triangular(_transposed(lower), _transposed(moved)))
    slope = ops.stop_gradient(identity - 0.5 * (transport + _transposed(transport)))
    between = ops.stop_gradient(ops.sum(ops.square(lower - moved), axis=(1, 2)))
    between = between + ops.sum(slope * (covariance - here), axis=(1, 2))
    return (ops.sum(ops.square(ops.subtract(mean, target.mean)), axis=1) + between) / channels


def polar(matrices):
    """Return the orthogonal polar factors U Vᵀ of matrices U S Vᵀ, (regions, C, C).

    The scaled Newton-Schulz iteration (Chen & Chow 2014, "A stable scaling of Newton-Schulz for improving the sign
    function computation of a Hermitian matrix"): products alone, which every device is fast at.
    """
    x = matrices / ops.sqrt(ops.sum(ops.square(matrices), axis=(1, 2), keepdims=True))
    factors = ops.convert_to_tensor(np.array([(1.5 * s, 0.5 * s**3) for s in _scales(LEAST_SINGULAR_VALUE)], "float32"))

    def step(index, x):
        return factors[index, 0] * x - factors[index, 1] * ops.matmul(x, ops.matmul(_transposed(x), x))

    # A loop, for written out it would be a third of all that there is to compile.
    return ops.fori_loop(0, factors.shape[0], step, x)


def _scales(least):
    """Yield the factors of the iteration until singular values between `least` and 1 are 1, to float32's precision."""
    while least < 1 - 1e-6:
        scale = math.sqrt(3 / (1 + least + least**2))
        yield scale
        least = 0.5 * scale * least * (3 - (scale * least) ** 2)


def _transposed(matrices):
    """Return matrices (regions, C, C'), each transposed."""
    return ops.transpose(matrices, (0, 2, 1))
