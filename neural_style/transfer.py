"""The steps the style-transfer scripts have in common, in the order of `paint`."""

import os
import platform

import numpy as np

from models.weights import load
from neural_style import autodiff, cli, color, images, inputs
from neural_style.runs import RunFolder

TERMS = ("content", "style", "tv")
"""The terms of the loss, as losses.csv names them."""


def paint(flags, command, style_layers, style_products):
    """Do all that a style-transfer script does once its flags are parsed; return the exit status.

    `command` is the shell command of the run, `style_layers` are the names of the layers of the style loss and
    `style_products()` returns its list of (weight, product), called once Keras may be imported.
    """
    with cli.Reporter(flags.quiet) as reporter:
        pictures = inputs.read_pictures(flags)
        regions = inputs.read_masks(flags, pictures, style_layers)
        with RunFolder(flags.prefix, TERMS) as folder:
            describe_sizes(pictures, reporter)
            weights = load_weights(flags, reporter)
            device = start_backend(reporter)
            minimised = objective(flags, pictures, regions, weights, style_products, reporter)
            settings = settings_of(flags, command, device, pictures, weights)
            folder.describe(settings)

            from neural_style.synthesis import synthesise

            run = synthesise(minimised, pictures.start, flags.num_iter, flags.evaluations, flags.min_improvement)
            return save_progress(run, flags, pictures, regions, folder, settings, reporter)


def style_weights(flags, reporter):
    """Return one weight per style from --style_weight and --style_scale.

    Another number of weights than of styles is spread equally, with a warning, as the original scripts do.
    """
    weights = flags.style_weight
    if len(weights) != len(flags.styles):
        equal = sum(weights) / len(flags.styles)
        weights = [equal] * len(flags.styles)
        reporter.say(f"--style_weight has {len(flags.style_weight)} values for {len(weights)} styles: using {equal:g}")
    return [weight * flags.style_scale for weight in weights]


def start_backend(reporter):
    """Load Keras and its backend, tell the user on what it runs, and return the device's name."""
    device = autodiff.start()
    backend = autodiff.versions()
    reporter.say(f"device: {device} ({os.cpu_count()} cores), {', '.join(f'{k} {v}' for k, v in backend.items())}")
    if autodiff.unused_gpu(device):
        reporter.say(
            "warning: this machine has an NVIDIA GPU that TensorFlow cannot use, so the CPU does the work; "
            "python -m pip install 'tensorflow[and-cuda]' installs what it needs (Linux or WSL2)"
        )
    return device


def style_loss(weighted_products, extractor, pictures, regions, weights):
    """Return the `StyleLoss` of the pictures' styles.

    `weighted_products` is a list of (weight, product), `regions` the run's `Masks`, `weights` one per style.
    """
    from neural_style.losses import StyleLoss, style_targets

    products = [product for _, product in weighted_products]

    def area(mask, product, size):
        """The positions that a product sums over; under a mask, when areas count, the sum of its squares."""
        layer = product.layers[0]
        if mask is not None and regions.by_area:
            return float(np.sum(np.square(mask[layer])))
        stride = 2 ** (int(layer[4]) - 1)
        return float((size[0] // stride) * (size[1] // stride))

    def areas_of(region):
        mask = regions.generated[region] if regions.generated else None
        return [area(mask, product, pictures.size) for product in products]

    targets = []
    for style, mask, region in zip(pictures.styles, regions.styles, regions.regions, strict=True):
        own = [area(mask, product, style.shape[:2]) for product in products]
        scales = [there / here for there, here in zip(areas_of(region), own, strict=True)]
        targets.append(style_targets(products, extractor(style[None]), scales, mask))
    parts = None
    if regions.by_area:
        whole = [area(None, product, pictures.size) for product in products]
        parts = [
            [covered / all_ for covered, all_ in zip(areas_of(region), whole, strict=True)]
            for region in range(len(regions.generated))
        ]
    return StyleLoss(
        products,
        [weight for weight, _ in weighted_products],
        targets,
        weights,
        pictures.size,
        regions.regions,
        regions.generated,
        parts,
    )


def objective(flags, pictures, regions, weights, style_products, reporter):
    """Return the objective for the network's `Weights`, its targets computed from the pictures.

    `style_products()` returns the (weight, product) list of the style loss. A term whose weight is zero is left out,
    and with it the part of the network only it would need.
    """
    from models import vgg
    from neural_style.losses import ContentLoss, TotalVariationLoss
    from neural_style.objective import Objective

    weights_of_styles = style_weights(flags, reporter)
    products = style_products() if any(weights_of_styles) else []
    content_layers = [flags.content_layer] if flags.content_weight else []
    style_layers = [layer for _, product in products for layer in product.layers]
    extractor = vgg.feature_extractor(flags.model, content_layers + style_layers, flags.pool_type, weights.tensors)
    terms = {}
    for layer in content_layers:
        target = extractor(pictures.content[None])[layer]
        terms["content"] = flags.content_weight, ContentLoss(layer, target, pictures.size, flags.content_loss_type)
    if products:
        terms["style"] = 1.0, style_loss(products, extractor, pictures, regions, weights_of_styles)
    if flags.total_variation_weight:
        terms["tv"] = flags.total_variation_weight, TotalVariationLoss()
    return Objective(extractor, terms, pictures.size)


def finished(image, pictures, regions):
    """Return the image of a run as it is saved: with the content's colours and the content itself where asked for."""
    if pictures.color_mask is not None:
        recoloured = np.clip(color.with_chrominance_of(pictures.content, image), 0, 255)
        image = image + pictures.color_mask[..., None] * (recoloured - image)
    if regions.coverage is not None:
        image = pictures.content + regions.coverage[..., None] * (np.clip(image, 0, 255) - pictures.content)
    return image


def load_weights(flags, reporter):
    """Return the `models.weights.Weights` of the network asked for and tell the user where they come from."""
    weights = load(flags.model, flags.weights, reporter.say, reporter.download)
    reporter.close()
    reporter.say(f"weights: {flags.model} from {weights.source}, SHA-256 {weights.sha256[:12]}")
    return weights


def describe_sizes(pictures, reporter):
    """Tell the user the sizes (height × width) of what goes in and comes out."""
    styles = ", ".join(f"{style.shape[0]}×{style.shape[1]}" for style in pictures.styles)
    height, width = pictures.size
    read = "×".join(map(str, pictures.content_size))
    reporter.say(f"sizes (height × width): content {read}, style {styles}, painting {height}×{width}")


def settings_of(flags, command, device, pictures, weights):
    """Return all that decides a run's result, as the JSON-able dict for settings.json and the pictures' text."""
    return {
        "command": command,
        "flags": vars(flags),
        "seed": flags.seed,
        "sizes": {
            "content": pictures.content_size,
            "styles": [style.shape[:2] for style in pictures.styles],
            "painting": pictures.size,
        },
        "weights": {"network": flags.model, "source": weights.source, "sha256": weights.sha256},
        "device": device,
        "versions": {"python": platform.python_version(), **autodiff.versions()},
    }


def save_progress(run, flags, pictures, regions, folder, settings, reporter):
    """Follow the `synthesis.synthesise` generator `run`, log and save it, print the final picture's path.

    Returns the exit status: 0, or that of the signal that ended the run early; what was reached is saved then too.
    """
    final = f"{flags.prefix}.png"

    def save(path):
        target = pictures.content_size if flags.rescale_image else None
        picture = images.to_picture(finished(progress.image(), pictures, regions), target, flags.rescale_method)
        images.write_png(path, picture, cli.picture_texts(settings))

    with cli.Interruption() as interruption:
        for progress in run:
            folder.log(progress)
            reporter.progress(progress, flags.num_iter, flags.evaluations)
            if interruption.signal:
                break
            if progress.ends_iteration and flags.save_every and progress.iteration % flags.save_every == 0:
                save(f"{flags.prefix}_at_iteration_{progress.iteration}.png")
        save(final)
    reporter.close()
    planned = flags.num_iter * flags.evaluations
    if progress.ends_run and progress.evaluation < planned:
        reporter.say(f"stopped after {progress.evaluation} of {planned} evaluations: the loss hardly falls any more")
    if interruption.signal:
        reporter.say(f"interrupted after {progress.evaluation} evaluations; what was reached is in {final}")
    print(final, flush=True)
    return interruption.exit_status
