"""How far a painting is from its styles, by products of their features."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from neural_style.losses.loss import Loss

CHANNELS = 3
"""Colour channels of an image, a constant in the style loss of Gatys et al."""


@dataclass(frozen=True)
class ProductDistance:
    """The form of `StyleLoss`, of the `products` of features that it compares."""

    products: tuple

    @property
    def layers(self):
        return tuple(dict.fromkeys(layer for product in self.products for layer in product.layers))

    def sums(self, features, guides):
        return {index: product(features, guides or None) for index, product in enumerate(self.products)}

    def value(self, sums, targets):
        # By functions, for PyTorch's arrays have no arithmetic with numpy's.
        squares = [ops.square(ops.subtract(sums[p], target)) for p, target in enumerate(targets["products"])]
        distances = [
            ops.multiply(factor, ops.sum(square, axis=(1, 2)))
            for factor, square in zip(targets["factors"], squares, strict=True)
        ]
        return ops.add(ops.sum(ops.concatenate(distances)), targets["constant"])


class StyleLoss(Loss):
    """How far products of the generated image's features are from targets: sum_p sum_r f_pr · sum((P_pr − S_pr)²) + c.

    A product p (`GramProduct`, `ChainProduct`) sums over the positions of the image under the mask of each region r.
    `style_loss` and `region_style_loss` have the factors f and targets S of their papers.
    """

    def __init__(self, products, factors, targets, masks=None, constant=0.0):
        """Set up.

        `factors` has for each of the `products` its f_pr (regions,), `targets` its S_pr (regions, C, C'). `masks` maps
        each layer to float32 (1, h, w, regions) in 0..1; without them the one region is the whole image.
        """
        form = ProductDistance(tuple(products))
        with np.errstate(over="ignore"):  # A loss that is not finite is refused, with its name, when it is evaluated.
            arrays = {
                "factors": [np.asarray(factor, "float32") for factor in factors],
                "products": [np.asarray(target, "float32") for target in targets],
                "constant": np.float32(constant),
            }
        super().__init__(form, arrays, {layer: masks[layer] for layer in form.layers} if masks else None)


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
