"""The steps the style-transfer scripts have in common: pictures in, progress to pictures out."""

import glob
import os
import platform
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.layers import MINIMUM_SIDE, canonical_layer
from models.weights import check_path, load
from neural_style import autodiff, cli, color, images, masks
from neural_style.errors import InputError
from neural_style.runs import RunFolder

TERMS = ("content", "style", "tv")
"""The terms of the loss, as losses.csv names them."""


@dataclass(frozen=True)
class Masks:
    """Where each style is taken from and painted.

    `styles` has, for each style, its mask by layer, float32 (1, h, w, 1) in 0..1 on the style's own features, or None.
    `regions` has, for each style, the index of its region of the generated image in `generated`, which has that
    region's mask by layer; without masks `generated` is empty and the one region is everything. With `by_area` each
    region's statistics are divided by its area. `coverage` is where any region is, (height, width) in 0..1, or None
    for everywhere.
    """

    styles: list
    regions: list
    generated: list
    by_area: bool = False
    coverage: np.ndarray | None = None


@dataclass(frozen=True)
class Pictures:
    """The inputs of a run, float32 RGB (height, width, 3) in 0..255.

    `content` and `start` have the generated image's size, `styles` that too or their own; `content_size` is the
    (height, width) of the content's file. `color_mask` (height, width) in 0..1 is where the content's colours are
    put back into saved pictures: None for nowhere.
    """

    content: np.ndarray
    styles: list
    start: np.ndarray
    content_size: tuple
    color_mask: np.ndarray | None = None

    @property
    def size(self):
        """The generated image's (height, width)."""
        return self.content.shape[:2]


def read_pictures(flags):
    """Return the `Pictures` that the flags of `cli.add_transfer_flags` ask for.

    Raises InputError for a file that is no picture and for sizes the networks cannot see.
    """
    content = images.read(flags.content)
    if flags.init_image == "gray":
        content = images.gray(content)
    size = _generated_size(flags, images.size(content))
    styles = [images.read(path) for path in flags.styles]
    for path, style in zip(flags.styles, styles, strict=True):
        if flags.style_fit == "keep" and min(images.size(style)) < MINIMUM_SIDE:
            raise InputError(f"{path} is smaller than {MINIMUM_SIDE}×{MINIMUM_SIDE} pixels: use --style_fit stretch")
    content_array = images.to_array(content, size)
    style_arrays = [images.to_array(style, size if flags.style_fit == "stretch" else None) for style in styles]
    if flags.color_match != "none":
        style_arrays = [color.MATCHES[flags.color_match](style, content_array) for style in style_arrays]
    return Pictures(
        content=content_array,
        styles=style_arrays,
        start=_start_image(flags, content_array),
        content_size=images.size(content),
        color_mask=_color_mask(flags, size),
    )


def _color_mask(flags, size):
    """Return where the content's colours are put back, as `Pictures` has it."""
    if flags.color_mask is None:
        return np.ones(size, "float32") if flags.preserve_color else None
    mask = masks.read(flags.color_mask)
    if not flags.preserve_color:
        raise InputError("--color_mask says where --preserve_color True applies: give that flag too")
    return _softened(mask, size, flags.mask_feather)


def _softened(mask, size, feather):
    """Return `mask` at `size`, float32 in 0..1, its border softened over `feather` pixels."""
    if not feather:
        return masks.at_size(mask, size)
    return masks.at_size(masks.feathered(mask, size, feather), size, soft=True)


def read_masks(flags, pictures, layers):
    """Return the `Masks` that the flags ask for, at the size of each of the style `layers`.

    A style's mask applies to the style's features and to the generated image's; with --content_mask that one applies
    to the generated image's instead, as in the original scripts. With --style_mask_space style the style's mask lies
    on the style picture and the one of --content_masks on the generated image. Raises InputError for the wrong number
    of masks, or one that is no picture or leaves nothing of a layer.
    """
    count = len(flags.styles)
    _check_mask_flags(flags, count)

    def at_layers(path, size):
        mask, soft = masks.read(path), flags.mask_feather > 0
        if soft:
            mask = masks.feathered(mask, size, flags.mask_feather)
        return masks.at_layers(mask, layers, size, soft, name=path)

    styles = [at_layers(path, style.shape[:2]) for path, style in zip(flags.style_masks, pictures.styles, strict=False)]
    painted = flags.content_masks or ([flags.content_mask] if flags.content_mask else flags.style_masks)
    return Masks(
        styles=styles or [None] * count,
        regions=[0] * count if flags.content_mask or not painted else list(range(count)),
        generated=[at_layers(path, pictures.size) for path in painted],
        by_area=flags.style_mask_space == "style",
        coverage=_coverage(flags, painted, pictures.size),
    )


def _check_mask_flags(flags, count):
    """Raise InputError for masks that do not go together."""
    for name in ("style_masks", "content_masks"):
        given = getattr(flags, name)
        if given and len(given) != count:
            raise InputError(f"--{name} has {len(given)} masks for {count} styles: give one for each style, in order")
    if flags.style_mask_space == "style" and not (flags.style_masks and flags.content_masks):
        raise InputError(
            "--style_mask_space style needs --style_masks on the styles and --content_masks on the content"
        )
    if flags.content_masks and flags.style_mask_space != "style":
        raise InputError("--content_masks needs --style_mask_space style; one mask for all styles is --content_mask")
    if flags.content_masks and flags.content_mask:
        raise InputError("--content_mask and --content_masks exclude each other")


def _coverage(flags, paths, size):
    """Return where any of the masks is, softened, if the rest is to stay the content's."""
    if not (flags.keep_unmasked and paths):
        return None
    return np.max([_softened(masks.read(path), size, flags.mask_feather) for path in paths], axis=0)


def check_flags(flags):
    """Raise InputError for flags that each make sense but not together; set the content layer's canonical name."""
    flags.content_layer = canonical_layer(flags.model, flags.content_layer)
    if flags.weights is not None:
        check_path(flags.weights)
    flags.prefix = flags.prefix.removesuffix(".png")
    if os.path.basename(flags.prefix) in ("", ".", ".."):
        raise InputError(f"PREFIX '{flags.prefix}' is a folder: add the name the pictures should begin with")
    if os.path.isdir(f"{flags.prefix}.png"):
        raise InputError(f"{flags.prefix}.png is a folder: choose another PREFIX")
    for path in (flags.content, *flags.styles, flags.init_image, *flags.style_masks, *flags.content_masks):
        if _would_be_overwritten(path, flags.prefix):
            raise InputError(f"the result would overwrite {path}: choose another PREFIX")
    if not (flags.content_weight or (any(flags.style_weight) and flags.style_scale)):
        raise InputError("--content_weight and --style_weight are all zero: there is nothing to paint")


def _would_be_overwritten(path, prefix):
    """Return whether `path` is a file that a run with this prefix writes a picture to."""
    outputs = [f"{prefix}.png", *glob.glob(f"{glob.escape(prefix)}_at_iteration_*.png")]
    return os.path.exists(path) and any(os.path.exists(o) and os.path.samefile(path, o) for o in outputs)


def _generated_size(flags, content_size):
    """Return the (height, width) of the generated image."""
    rows = flags.image_size
    height, width = images.size_of_rows(content_size, rows) if flags.maintain_aspect_ratio else (rows, rows)
    if min(height, width) < MINIMUM_SIDE:
        raise InputError(
            f"--image_size {rows} makes a picture of {height}×{width} pixels (height × width), but the network needs "
            f"{MINIMUM_SIDE} on each side: choose a larger one"
        )
    if height * width > 2 * Image.MAX_IMAGE_PIXELS:
        raise InputError(f"--image_size {rows} makes a picture of {height}×{width} pixels: choose a smaller one")
    return height, width


def _start_image(flags, content):
    """Return the image the optimiser starts from."""
    if flags.init_image in ("content", "gray"):
        return content
    if flags.init_image == "noise":
        return np.random.default_rng(flags.seed).uniform(0, 255, content.shape).astype("float32")
    return images.to_array(images.read(flags.init_image), content.shape[:2])


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


def paint(flags, command, style_layers, style_products):
    """Do all that a style-transfer script does once its flags are parsed; return the exit status.

    `command` is the shell command of the run, `style_layers` are the names of the layers of the style loss and
    `style_products()` returns its list of (weight, product), called once Keras may be imported.
    """
    with cli.Reporter(flags.quiet) as reporter:
        pictures = read_pictures(flags)
        regions = read_masks(flags, pictures, style_layers)
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
