"""What is minimised: the objective of one scale, the targets of its losses made from the pictures."""

from models import vgg
from neural_style import backend
from neural_style.losses import style
from neural_style.losses.content import ContentLoss
from neural_style.losses.variation import TotalVariationLoss
from neural_style.pictures import images
from neural_style.tiling.memory import ONE_PIECE
from neural_style.tiling.network import TiledNetwork
from neural_style.tiling.objective import Objective


def stage(run, pictures, plan):
    """Return the function that `synthesis.synthesise` begins a scale of a `recipe.Run` with.

    `pictures` are the scale's `photograph.Pictures` and `plan` is its `memory.Plan`.
    """

    def begin(before):
        start = pictures.start if before is None else images.resized(before, pictures.size)
        return objective(run.task, pictures, run.weights, plan, run.reporter.say), start, plan.history

    return begin


def objective(task, pictures, weights, plan=ONE_PIECE, say=lambda line: None):
    """Return the objective of a `recipe.Task` for one scale's pictures and the network's `Weights`.

    A term whose weight is zero is left out, and with it the part of the network only it would need. Pictures are seen
    in tiles as the `memory.Plan` has it; `say` is told of what goes on with them.
    """
    flags = task.flags
    content_layers, style_layers = task.layers(pictures)
    layers = list(dict.fromkeys([*content_layers, *style_layers]))
    extractor = vgg.feature_extractor(
        flags.model, layers, flags.pool_type, weights.tensors, winograd=backend.on_cpu(), precision=flags.precision
    )
    network = TiledNetwork(extractor, flags.model, layers, plan.side, say, plan.keeps_up_to)
    terms = {}
    for layer in content_layers:
        target = network.layer(layer, pictures.content)
        terms["content"] = flags.content_weight, ContentLoss(layer, target, pictures.size, flags.content_loss_type)
    if style_layers:
        terms["style"] = 1.0, task.style_loss(network, pictures)
    if flags.total_variation_weight:
        terms["tv"] = flags.total_variation_weight, TotalVariationLoss()
    return Objective(network, terms, pictures.size)


def style_loss(weighted_products, network, pictures):
    """Return the style loss of pictures whose masks are `photograph.Masks`; the products come as (weight, product)."""
    products = [product for _, product in weighted_products]
    masks, styles = pictures.masks, []
    for picture, weight, mask, region in zip(
        pictures.styles, pictures.style_weights, masks.styles, masks.regions, strict=True
    ):
        sums = [total[0] for total in _sums_of(products, network, picture, mask)]
        areas = [product.areas(picture.shape[:2], mask if masks.by_area else None)[0] for product in products]
        styles.append(style.Style(sums, areas, weight, region))
    return style.style_loss(weighted_products, styles, pictures.size, masks.generated, masks.by_area)


def region_style_loss(weighted_products, network, pictures):
    """Return the style loss of pictures whose masks are `doodle.LabelMasks`; the products come as (weight, product)."""
    masks, (weight,) = pictures.masks, pictures.style_weights
    sums = _sums_of([product for _, product in weighted_products], network, pictures.styles[0], masks.style)
    weighted = [(weight * own, product) for own, product in weighted_products]
    return style.region_style_loss(weighted, sums, masks.style, masks.generated)


def _sums_of(products, network, image, masks=None):
    """Return the sums over positions (regions, C, C') of each product of an image's features, as numpy arrays."""
    return network.sums(lambda features, guides: [product(features, guides) for product in products], image, masks)
