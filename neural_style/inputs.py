"""The inputs of a style-transfer run: flags checked, pictures and masks read at the size they are used at."""

import glob
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.layers import MINIMUM_SIDE, canonical_layer
from models.weights import check_path
from neural_style import color, images, masks
from neural_style.errors import InputError


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


def check_flags(flags):
    """Bring the content layer and the prefix into their canonical form, and check what needs no picture read.

    The prefix loses an ending .png. Raises InputError for an unknown layer, a weights file that is not there, a prefix
    that is a folder or whose pictures would overwrite an input, and weights that are all zero.
    """
    flags.content_layer = canonical_layer(flags.model, flags.content_layer)
    if flags.weights is not None:
        check_path(flags.weights)
    flags.prefix = flags.prefix.removesuffix(".png")
    if os.path.basename(flags.prefix) in ("", ".", ".."):
        raise InputError(f"PREFIX '{flags.prefix}' is a folder: add the name the pictures should begin with")
    if os.path.isdir(f"{flags.prefix}.png"):
        raise InputError(f"{flags.prefix}.png is a folder: choose another PREFIX")
    inputs = [flags.content, *flags.styles, flags.init_image, *flags.style_masks, *flags.content_masks]
    for path in [*inputs, flags.content_mask, flags.color_mask]:
        if path and _would_be_overwritten(path, flags.prefix):
            raise InputError(f"the result would overwrite {path}: choose another PREFIX")
    if not (flags.content_weight or (any(flags.style_weight) and flags.style_scale)):
        raise InputError("--content_weight and --style_weight are all zero: there is nothing to paint")


def _would_be_overwritten(path, prefix):
    """Return whether `path` is a file that a run with this prefix writes a picture to."""
    outputs = [f"{prefix}.png", *glob.glob(f"{glob.escape(prefix)}_at_iteration_*.png")]
    return os.path.exists(path) and any(os.path.exists(o) and os.path.samefile(path, o) for o in outputs)


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
