"""What is minimised: the objective of one scale, the targets of its losses made from the pictures."""

import math
from dataclasses import dataclass
from functools import partial

from models import vgg
from neural_style import backend
from neural_style.cluster.network import ClusterNetwork
from neural_style.cluster.worker import Sight
from neural_style.command.workshop import Workshop
from neural_style.losses import content, style, wasserstein
from neural_style.losses.products import MomentsProduct
from neural_style.losses.temporal import TemporalLoss
from neural_style.losses.variation import TotalVariationLoss
from neural_style.painting.synthesis import optimiser_of, vectors_of
from neural_style.pictures import images
from neural_style.tiling.memory import ONE_PIECE
from neural_style.tiling.network import SILENT, TiledNetwork, View
from neural_style.tiling.objective import Functions, Objective, forms


def stages(run, plans):
    """Return the functions that `synthesis.synthesise` begins the scales of a `recipe.Run` with.

    `plans` has the `memory.Plan` of each. The network is made once for all of them, when the first begins; what the
    run's workshop has of it, and of compiled functions, is used.
    """

    def begin(number, pictures, plan, before):
        start = pictures.start if before is None else _enlarged(before, pictures)
        size = "{}×{}".format(*pictures.inner)
        if len(run.scales) > 1:
            run.reporter.say(f"scale {number} of {len(run.scales)}: {size}")
        run.reporter.awaits(f"looking at the pictures, to paint at {size}")
        network = Network(run.task, run.scales[-1], run.weights, run.workshop)
        objective = objective_through(run.task, pictures, network, plan, run.reporter)
        run.reporter.awaits(f"preparing the evaluations at {size}")
        vectors = run.workshop.kept(("vectors", pictures.size), lambda: vectors_of(pictures.size))
        return objective, optimiser_of(start, plan.history, vectors)

    both = zip(run.scales, plans, strict=True)
    return [partial(begin, number, pictures, plan) for number, (pictures, plan) in enumerate(both, start=1)]


def _enlarged(before, pictures):
    """Return the image that the scale `before` ended with at the size of that of `pictures`, which has its margin."""
    inner = images.without_margin(before, pictures.margin)
    return images.extended(images.resized(inner, pictures.inner), pictures.margin)


def objective(task, pictures, weights, plan=ONE_PIECE, reporter=SILENT):
    """Return the objective of a `recipe.Task` for one scale's pictures and the network's `Weights`.

    A term whose weight is zero is left out, and with it the part of the network only it would need. Pictures are seen
    in tiles as the `memory.Plan` has it; the `reporter` is told of what goes on with them.
    """
    return objective_through(task, pictures, Network(task, pictures, weights, Workshop()), plan, reporter)


LARGE_FOR_WINOGRAD = 20_000
"""Pixels from which on Winograd's convolutions are faster than direct ones, on a CPU. Their graphs are larger: a run of
fewer pixels begins up to a second sooner without."""


class Network:
    """The feature extractor for the layers that the losses of a task see, and what is compiled for it."""

    def __init__(self, task, pictures, weights, workshop):
        """The `pictures` are a run's largest; a `Workshop` that knows the network already has it again, and its crew,
        if it has one, looks at pictures in several tiles.
        """
        flags, layers = task.flags, _layers(task, pictures)
        self._precision = backend.precision(flags.precision)
        is_large = math.prod(pictures.size) >= LARGE_FOR_WINOGRAD
        winograd = is_large and self._precision == "float32" and backend.on_cpu()
        make = partial(vgg.feature_extractor, flags.model, layers, flags.pool_type, weights.tensors)
        self._key = flags.model, tuple(layers), flags.pool_type, weights.sha256, winograd, self._precision
        self._workshop = workshop
        self._is_first = not workshop.has(self._key)
        self.extractor = workshop.kept(self._key, lambda: make(winograd=winograd, precision=self._precision))
        self._flags, self._winograd, self._crew = flags, winograd, workshop.crew
        # Of one scale alone, a graph for its size begins half a second sooner.
        self._any_size = len(flags.scales) > 1
        sizes = {pictures.size, *(style.shape[:2] for style in pictures.styles)}
        self._only_size = pictures.size if len(sizes) == 1 and not self._any_size else None
        if self._crew:
            self._sent = self._crew.sent(weights.sha256, weights.tensors)

    def in_tiles(self, layers, plan, reporter):
        """Return the `TiledNetwork` that sees `layers` of a scale with this `memory.Plan`."""
        flags, view = self._flags, self._view(tuple(layers), plan.side is None)
        if self._crew is None or plan.side is None:
            return TiledNetwork(view, flags.model, plan.side, reporter, plan.keeps_up_to)
        sight = Sight(flags.model, tuple(layers), flags.pool_type, self._winograd, self._precision)
        return ClusterNetwork(self._crew, sight, self._sent, view, plan.side, reporter)

    def _view(self, layers, in_one_piece):
        """Return the `View` that sees `layers`: of the only size that a run has, if it is in one piece, or of any."""
        key = self._key, "view", layers
        # By graphs for the one size, pictures are looked at half a second sooner. But where a painting comes after
        # others, those of all sizes share what comes next.
        of_size = in_one_piece and self._only_size and (self._is_first or self._workshop.has((*key, self._only_size)))
        # Winograd's graphs take half a second to compile, others a tenth.
        make = partial(View, self.extractor, layers, joins=not self._winograd, any_size=not of_size)
        return self._workshop.kept((*key, self._only_size if of_size else None), make)

    def functions(self, view, terms, size, in_one_piece=True):
        """Return the `tiling.objective.Functions` of a view of this network, for terms at (height, width) `size`.

        Those of images in one piece serve all sizes of a run, and so of a batch.
        """
        by_name = forms(terms)
        products = [product for form in by_name.values() for product in getattr(form, "products", ())]
        any_size = (
            self._any_size
            and in_one_piece
            and all(product.any_size for product in products)
            and backend.compiles_for_any_size()
        )
        key = self._key, tuple(by_name.items()), None if any_size else size
        return self._workshop.kept(key, lambda: Functions(view, by_name, any_size))


def _layers(task, pictures):
    """Return the layers that the losses of the task see in pictures, each once."""
    content_layers, style_layers = task.layers(pictures)
    return list(dict.fromkeys([*content_layers, *style_layers]))


def objective_through(task, pictures, shared, plan, reporter):
    """Return the objective of a task for one scale's pictures, seen by the `Network` that it shares with others."""
    flags = task.flags
    content_layers, style_layers = task.layers(pictures)
    layers = _layers(task, pictures)
    network = shared.in_tiles(layers, plan, reporter)
    terms = {}
    style_term = task.style_loss(network, pictures) if style_layers else None
    for layer in content_layers:
        target = network.layer(layer, pictures.content)
        weight = flags.content_weight * _content_share(flags, target, style_term)
        terms["content"] = weight, content.ContentLoss(layer, target, pictures.size, flags.content_loss_type)
    if style_layers:
        terms["style"] = 1.0, style_term
    if flags.total_variation_weight:
        smoothness = task.smoothness(pictures.size) if task.smoothness else TotalVariationLoss()
        terms["tv"] = flags.total_variation_weight, smoothness
    if pictures.earlier:
        earlier = pictures.earlier
        terms["temporal"] = earlier.weight, TemporalLoss(earlier.warped, earlier.reliable)
    return Objective(
        network, terms, pictures.size, shared.functions(network.view, terms, pictures.size, plan.side is None)
    )


LEAST_VARIANCE = 1.0
"""Of features, which vary by 5 to 15 in pictures: a blank picture counts as having so much, or it would be all."""


def _content_share(flags, target, style_term):
    """Return what a weight of the content is multiplied by, so that it means the same for every pair of pictures.

    Two squared distances are added, each relative to how much the features of its own picture vary: to those of a
    drawing in black and white a painting has a long way to go, and the photograph would count for little. The losses of
    the original scripts stay as they are.
    """
    if flags.content_loss_type != 3 or style_term is None:
        return 1.0
    return max(style_term.variance, LEAST_VARIANCE) / max(content.variance(target), LEAST_VARIANCE)


def style_loss(weighted_products, network, pictures):
    """Return the style loss of pictures whose masks are `photograph.Masks`; the products come as (weight, product)."""
    masks = pictures.masks
    styles = _styles(weighted_products, network, pictures, masks.by_area)
    return style.style_loss(weighted_products, styles, pictures.size, masks.generated, masks.by_area)


def wasserstein_loss(layers, network, pictures):
    """Return the Wasserstein loss at layers of pictures whose masks are `photograph.Masks`."""
    products = _moments(layers)
    styles = _styles(products, network, pictures, by_area=True)
    return wasserstein.wasserstein_loss(products, styles, pictures.size, pictures.masks.generated)


def _moments(layers):
    """Return the (weight, product) of layers, shallow to deep, for the Wasserstein loss: colours before forms."""
    weights = [LESS_BY_LAYER**-index for index in range(len(layers))]
    return [(weight / sum(weights), MomentsProduct(layer)) for weight, layer in zip(weights, layers, strict=True)]


LESS_BY_LAYER = 4.0
"""How much less each layer of the Wasserstein loss weighs than the one before."""


def _styles(weighted_products, network, pictures, by_area):
    """Return the `style.Style`s of pictures, their areas those of their masks if `by_area`.

    What of a style is transparent counts neither to its sums nor to its area.
    """
    products = [product for _, product in weighted_products]
    masks, styles = pictures.masks, []
    for picture, weight, mask, opaque, region in zip(
        pictures.styles, pictures.style_weights, masks.styles, masks.opaque, masks.regions, strict=True
    ):
        size, seen = picture.shape[:2], _where_both(mask, opaque)
        sums = [total[0] for total in _sums_of(products, network, picture, seen)]
        areas = [product.areas(size, mask if by_area else None)[0] for product in products]
        if opaque:
            parts = [product.areas(size, seen)[0] / product.areas(size, mask)[0] for product in products]
            areas = [area * part for area, part in zip(areas, parts, strict=True)]
        styles.append(style.Style(sums, areas, weight, region))
    return styles


def _where_both(mask, other):
    """Return the product of two masks by layer, of which either may be None for everywhere."""
    if mask is None or other is None:
        return other if mask is None else mask
    return {layer: mask[layer] * other[layer] for layer in mask}


def region_style_loss(weighted_products, network, pictures):
    """Return the style loss of pictures whose masks are `doodle.LabelMasks`; the products come as (weight, product)."""
    masks, (weight,) = pictures.masks, pictures.style_weights
    sums = _sums_of([product for _, product in weighted_products], network, pictures.styles[0], masks.style)
    weighted = [(weight * own, product) for own, product in weighted_products]
    return style.region_style_loss(weighted, sums, masks.style, masks.generated)


def region_wasserstein_loss(layers, network, pictures):
    """Return the Wasserstein loss at layers of pictures whose masks are `doodle.LabelMasks`."""
    masks, (weight,), (picture,) = pictures.masks, pictures.style_weights, pictures.styles
    products = [(weight * own, product) for own, product in _moments(layers)]
    sums = _sums_of([product for _, product in products], network, picture, masks.style)
    areas = [product.areas(picture.shape[:2], masks.style) for _, product in products]
    styles = [
        style.Style([own[label] for own in sums], [own[label] for own in areas], 1.0, label)
        for label in range(len(areas[0]))
    ]
    return wasserstein.wasserstein_loss(products, styles, pictures.size, masks.generated)


def _sums_of(products, network, image, masks=None):
    """Return the sums over positions (regions, C, C') of each product of an image's features, as numpy arrays."""
    return network.sums(_Sums(tuple(products)), image, masks)


@dataclass(frozen=True)
class _Sums:
    """The function of (features, guides) that gives the list of the sums of `products`."""

    products: tuple

    @property
    def any_size(self):
        return all(product.any_size for product in self.products)

    def __call__(self, features, guides):
        return [product(features, guides) for product in self.products]
