"""Each loss has the value of its formula and the gradient of its value."""

import numpy as np
import pytest
from keras import ops

from neural_style import backend
from neural_style.losses.content import ContentLoss
from neural_style.losses.products import GramProduct
from neural_style.losses.style import Style, region_style_loss, style_loss
from neural_style.losses.variation import TotalVariationLoss
from tests.losses.numerical import features, numerical_gradient


def style_of(products, features, size, weight=1.0, region=0, mask=None, by_area=False):
    """The `Style` of features of an image of `size`."""
    areas = [product.areas(size, mask if by_area else None)[0] for product in products]
    return Style([np.asarray(product(features, mask))[0] for product in products], areas, weight, region)


def losses_of_image(image):
    """One loss of each kind on features as large as the image, where finite differences are accurate."""
    size = image.shape[1:3]
    target = features(*image.shape[1:], seed=5)
    masks = {"conv1_1": np.random.default_rng(6).uniform(size=(1, *size, 2)).astype("float32")}
    losses = [ContentLoss("conv1_1", target, size, kind=1)]
    for product in (GramProduct("conv1_1", 1.0), GramProduct("conv1_1", 1.0, shift_last=True)):
        style = style_of([product], {"conv1_1": target}, size, weight=1.5, region=1)
        losses += [style_loss([(0.4, product)], [style], size, masks)]
    sums = [np.asarray(product({"conv1_1": target}, masks))]
    return [*losses, region_style_loss([(0.4, product)], sums, masks, masks), TotalVariationLoss()]


KINDS = ["content", "style", "style shifted last", "region style", "total variation"]


@pytest.mark.parametrize("which", range(5), ids=KINDS)
def test_gradients_agree_with_finite_differences(which):
    image = features(4, 5, 3, seed=4) * 3
    loss = losses_of_image(image)[which]

    def total(x):
        return loss.value(loss.sums({"image": x, "conv1_1": x}, loss.guides))

    _, _, gradient = backend.value_and_grad(lambda x: (total(x), x))(ops.convert_to_tensor(image))
    expected = numerical_gradient(lambda x: float(total(ops.convert_to_tensor(x))), image)
    assert np.allclose(gradient, expected, rtol=2e-2, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("which", range(4), ids=KINDS[:4])
def test_sums_over_two_halves_add_up_to_the_sums_over_the_whole(which):
    image = features(8, 6, 3, seed=8)
    loss = losses_of_image(image)[which]
    whole = loss.sums({"conv1_1": image}, loss.guides)
    halves = [
        loss.sums({"conv1_1": image[:, rows]}, {layer: guide[:, rows] for layer, guide in loss.guides.items()})
        for rows in (slice(0, 3), slice(3, 8))
    ]
    for name, total in whole.items():
        assert np.allclose(halves[0][name] + halves[1][name], total, rtol=1e-5, atol=1e-5)
