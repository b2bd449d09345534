"""What goes into a painting of a photograph: flags checked, pictures and masks read at the size they are used at."""

import math
import os
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.layers import MINIMUM_SIDE, canonical_layer
from neural_style.command.flags import QUALITIES
from neural_style.command.parser import rows_of, shape_of
from neural_style.errors import InputError
from neural_style.painting.checking import check_run_flags, one_per_scale
from neural_style.pictures import color, images, masks
from neural_style.pictures.finish import Finish


@dataclass(frozen=True)
class Masks:
    """Where each style is taken from and painted.

    `styles` has, for each style, its mask by layer, float32 (1, h, w, 1) in 0..1 on the style's own features, or None.
    `generated` has the masks of all regions of the generated image by layer, float32 (1, h, w, regions), or is None
    if the one region is everything; `regions` has, for each style, the number of its region. With `by_area` each
    region's statistics are divided by its area. `opaque` has, for each style, what of it is not transparent, as a mask
    like those in `styles`, or None.
    """

    styles: list
    regions: list
    generated: dict | None
    opaque: list
    by_area: bool = False


@dataclass(frozen=True)
class Pictures:
    """The inputs of a run at one scale; pictures are RGB (height, width, 3) in 0..255, of type uint8 where that does.

    `content` (None without one) and `start` have the generated image's size, `styles` that too or their own.
    `style_weights` has one weight per style, `masks` what the script's style loss wants to know of masks.
    `content_size` is the (height, width) of the file that the generated image's aspect ratio comes from.
    """

    content: np.ndarray | None
    styles: list
    style_weights: list
    start: np.ndarray
    content_size: tuple
    masks: object
    finish: Finish

    @property
    def size(self):
        """The generated image's (height, width)."""
        return self.start.shape[:2]


def check_flags(flags):
    """Bring flags into their canonical form, and check what needs no picture read.

    The content layer gets its canonical name, the prefix loses its ending, and `scales` and `num_iter` become lists
    with a number for each scale. Raises InputError for an unknown layer, a weights file that is not there, a prefix
    that is a folder or whose pictures would overwrite an input, weights that are all zero, and masks that do not go
    together.
    """
    flags.content_layer = canonical_layer(flags.model, flags.content_layer)
    _check_swallowed(flags)
    files = [flags.content, *flags.styles, flags.init_image, *flags.style_masks, *flags.content_masks]
    check_run_flags(flags, [*files, flags.content_mask, flags.color_mask])
    if not (flags.content_weight or (any(flags.style_weight or [1]) and flags.style_scale)):
        raise InputError("--content_weight and --style_weight are all zero: there is nothing to paint")
    _check_mask_flags(flags)


def _check_swallowed(flags):
    """Raise InputError for a PREFIX that a list of masks before it took, so that the last style became the PREFIX."""
    for name in ("style_masks", "content_masks"):
        given = getattr(flags, name)
        if len(given) == len(flags.styles) + 2 and not os.path.exists(given[-1]) and os.path.isfile(flags.prefix):
            raise InputError(
                f"{given[-1]} stands behind --{name}, which takes it for a mask, so that {flags.prefix} is the PREFIX: "
                "write the PREFIX before that flag"
            )


def _check_mask_flags(flags):
    """Raise InputError for masks that do not go together."""
    count = len(flags.styles)
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
    if flags.color_mask and not flags.preserve_color:
        raise InputError("--color_mask says where --preserve_color True applies: give that flag too")
    if flags.keep_unmasked and not _painted(flags):
        raise InputError("--keep_unmasked keeps the content where no mask is: give --style_masks or --content_mask")


def _painted(flags):
    """Return the paths of the masks that say where to paint, one per region of the generated image."""
    return flags.content_masks or ([flags.content_mask] if flags.content_mask else flags.style_masks)


def read(flags, layers, reporter):
    """Return the list of `Pictures`, one per scale, that the flags of `flags.add_transfer_flags` ask for.

    Their masks are `Masks` at the size of each of the style `layers`. Raises InputError for a file that is no picture,
    sizes the networks cannot see, and a mask that is black or leaves nothing of a layer.
    """
    (content, alpha), *others = [_read(path, flags.alpha, reporter.say) for path in (flags.content, *flags.styles)]
    styles, opaque = zip(*others, strict=True)
    start = None if flags.init_image in STARTS else start_picture(flags.init_image, STARTS, reporter.say)
    given = {path: masks.read(path, reporter.say) for path in sorted(paths_of_masks(flags))}
    files = _Files(content, alpha, styles, opaque, start, given)
    _warn_of_stretched(flags, files, reporter)
    _tell_of_transparent(flags, files, reporter)
    files = _cut(flags, files, reporter)
    content = files.content
    chosen = "quality" in flags and flags.scales is None
    if "quality" in flags:
        flags.scales, flags.num_iter = _course(flags, images.size(content))
    flags.scales = [rows_of(scale, images.size(content)) for scale in flags.scales]
    for path, style in zip(flags.styles, styles, strict=True):
        if flags.style_fit == "keep" and min(images.size(style)) < MINIMUM_SIDE:
            raise InputError(f"{path} is smaller than {MINIMUM_SIDE}×{MINIMUM_SIDE} pixels: use --style_fit stretch")
    weights = _style_weights(flags, reporter)
    _warn_of_useless(flags, reporter)
    pictures = []
    for rows in flags.scales:
        try:
            pictures.append(_at_scale(flags, files, weights, layers, rows))
        except masks.LostMaskError as lost:
            if not chosen or rows == flags.scales[-1]:
                raise InputError(f"{lost}: {_remedy(flags, files, layers, rows)}") from lost
    count = len(pictures)  # Small scales are left out where a mask is lost.
    flags.scales, flags.num_iter = flags.scales[-count:], flags.num_iter[-count:]
    return pictures


SIZES_TRIED = 16
"""Larger sizes that are tried for a mask that is too small, each a quarter larger."""

LARGEST_TRIED = 4_000_000
"""Pixels of the largest size that is tried: more would take seconds."""


def _remedy(flags, files, layers, rows):
    """Return what to do where a mask is too small at so many `rows`, after trying it."""
    for step in range(1, SIZES_TRIED):
        larger = math.ceil(rows * 1.25**step)
        size, style_sizes = _sizes(flags, files, larger)
        if math.prod(size) > LARGEST_TRIED:
            break
        try:
            _masks(flags, files, layers, style_sizes, size)
        except masks.LostMaskError:
            continue
        flag = "--scales from" if len(flags.scales) > 1 else "--image_size"
        return f"{flag} {larger} would do, or paint a larger region"
    return f"paint a larger region{' or take a larger style picture' if flags.style_fit == 'keep' else ''}"


_Files = namedtuple("_Files", "content alpha styles opaque start masks")
"""The files as they were read: Pillow images, `start` None if it is none of them, `masks` by path.

`alpha` is the content's transparency, and `opaque` has that of each style, None where there is none or it is dropped.
"""


def _cut(flags, files, reporter):
    """Return `files` with all that lies on the content cut to the shape that the last size says, if it says one.

    Raises InputError if the result is to be square as well.
    """
    shape = shape_asked_for(flags)
    if shape is None:
        return files
    if not flags.maintain_aspect_ratio:
        raise InputError("--maintain_aspect_ratio False makes a square: give --image_size its rows alone")
    whole = images.size(files.content)
    reporter.say(f"{flags.content} ({whole[0]}×{whole[1]}) is cut to {shape[0]}×{shape[1]}")
    on_content = _masks_on_content(flags)
    content, alpha, start = (
        picture and images.cut(picture, whole, shape) for picture in (files.content, files.alpha, files.start)
    )
    by_path = {
        path: images.cut(mask, whole, shape) if path in on_content else mask for path, mask in files.masks.items()
    }
    return files._replace(content=content, alpha=alpha, start=start, masks=by_path)


def shape_asked_for(flags):
    """Return the (height, width) to which the last size cuts the picture, None if it does not.

    Raises InputError if it is too small or too large for anything.
    """
    shape = shape_of(flags.scales[-1] if flags.scales else flags.image_size)
    return shape and painting_size(shape[0], shape)


def _masks_on_content(flags):
    """Return the paths of the masks that lie on the content."""
    paths = [*flags.content_masks, flags.content_mask, flags.color_mask]
    if flags.style_mask_space != "style" and not flags.content_mask:  # Else they are drawn on the styles, or on either.
        paths += flags.style_masks
    return [path for path in paths if path]


def _read(path, alpha, say):
    """Return (picture, alpha) of the file `path`, without an alpha if the flag --alpha is not "keep"."""
    return images.read_with_alpha(path, say) if alpha == "keep" else (images.read(path, say=say), None)


def _tell_of_transparent(flags, files, reporter):
    """Say what becomes of transparent parts."""
    if files.alpha:
        kept = images.keeps_alpha(flags.result)
        result = "so will the result be; --alpha drop lays it on white" if kept else "white there in the result, a JPEG"
        reporter.say(f"{flags.content} is transparent in parts, and {result}")
    for path, alpha in zip(flags.styles, files.opaque, strict=True):
        if alpha:
            reporter.say(
                f"{path} is transparent in parts, which are no part of its style; --alpha drop lays it on white"
            )


def _warn_of_useless(flags, reporter):
    """Warn of flags that do nothing without others."""
    if flags.mask_feather and not paths_of_masks(flags):
        reporter.say("warning: --mask_feather does nothing without a mask")
    if flags.rescale_method != "bilinear" and not flags.rescale_image:
        reporter.say("warning: --rescale_method does nothing without --rescale_image")


def _warn_of_stretched(flags, files, reporter):
    """Warn of masks, a start image and styles whose aspect ratios are not those of the pictures they lie on."""
    on_styles = flags.style_mask_space == "style"
    pictures = {flags.init_image: files.start} if files.start else {}
    pictures.update((path, files.masks[path]) for path in _masks_on_content(flags))
    if flags.maintain_aspect_ratio:  # Else the content is stretched too, and a mask may be drawn on either.
        for path, picture in pictures.items():
            images.warn_of_aspect(path, picture, flags.content, files.content, reporter.say)
    if flags.style_fit == "stretch" and flags.maintain_aspect_ratio:
        for path, style in zip(flags.styles, files.styles, strict=True):
            images.warn_of_strokes(path, style, flags.content, files.content, reporter.say)
    if on_styles:
        for path, style_path, style in zip(flags.style_masks, flags.styles, files.styles, strict=True):
            images.warn_of_aspect(path, files.masks[path], style_path, style, reporter.say)


SMALLEST = 96
"""Pixels of the shorter side of the first scale of paint.py, at least."""


def _course(flags, content_size):
    """Return the scales of paint.py, a list of rows, and the iterations at each.

    Unless --scales says otherwise, each has twice the pixels of the one before: forms are found while a look at them
    costs little, and every size of brush has its turn. A draft leaves out two of three.
    """
    doublings, counts = QUALITIES[flags.quality]
    scales = flags.scales
    if scales is None:
        last = rows_of(flags.image_size, content_size)
        shorter = min(painting_size(last, content_size))
        steps = max(0, math.floor(2 * math.log2(shorter / SMALLEST) / doublings))
        scales = [round(last / 2 ** (doublings * step / 2)) for step in range(steps, -1, -1)]
    if flags.num_iter is not None:
        return scales, one_per_scale(flags.num_iter, scales)
    return scales, [counts[min(index, len(counts) - 1)] for index in range(len(scales))]


def _style_size(flags, size, style):
    """Return the (height, width) of a style picture of a painting of `size`; None for its own."""
    if flags.style_fit != "longer":
        return size if flags.style_fit == "stretch" else None
    scale = flags.style_size * max(size) / max(images.size(style))
    return tuple(max(MINIMUM_SIDE, round(scale * side)) for side in images.size(style))


def _sizes(flags, files, rows):
    """Return the (height, width) of a painting of `rows` rows, and those of its styles."""
    size = painting_size(rows, images.size(files.content), flags.maintain_aspect_ratio)
    return size, [_style_size(flags, size, style) or images.size(style) for style in files.styles]


def _at_scale(flags, files, weights, layers, rows):
    """Return the `Pictures` of `rows` rows from the files; the styles have the `weights`."""
    content = files.content
    size, style_sizes = _sizes(flags, files, rows)
    # The sharper filter of paint.py would change the numbers of the original scripts.
    method = "bicubic" if flags.style_fit == "longer" else "bilinear"
    seen = images.to_array(images.gray(content) if flags.init_image == "gray" else content, size, method, "uint8")
    styles = [images.to_array(s, own, method, "uint8") for s, own in zip(files.styles, style_sizes, strict=True)]
    if flags.color_match != "none":
        match = color.MATCHES[flags.color_match]
        styles = [match(style.astype("float32"), seen.astype("float32")) for style in styles]
    return Pictures(
        content=seen,
        styles=styles,
        style_weights=weights,
        start=start_image(files.start, seen, flags.init_image, size, flags.seed),
        content_size=images.size(content),
        masks=_masks(flags, files, layers, style_sizes, size),
        finish=_finish(flags, files, size),
    )


def paths_of_masks(flags):
    """Return the set of the paths of all masks that are given."""
    return {*flags.style_masks, *flags.content_masks, flags.content_mask, flags.color_mask} - {None}


def _style_weights(flags, reporter):
    """Return one weight per style from --style_weight and --style_scale.

    Another number of weights than of styles is spread equally, with a warning, as the original scripts do.
    """
    count = len(flags.styles)
    weights = flags.style_weight or [1.0] * count
    if len(weights) != count:
        equal = sum(weights) / count
        reporter.say(f"--style_weight has {len(weights)} values for {count} styles: using {equal:g}")
        weights = [equal] * count
    return [weight * flags.style_scale for weight in weights]


def painting_size(rows, content_size, maintain_aspect_ratio=True):
    """Return the generated image's (height, width). Raises InputError if it is too small or too large for anything."""
    height, width = images.size_of_rows(content_size, rows) if maintain_aspect_ratio else (rows, rows)
    if min(height, width) < MINIMUM_SIDE:
        raise InputError(
            f"{rows} rows make a picture of {height}×{width} pixels (height × width), but the network needs "
            f"{MINIMUM_SIDE} on each side: choose a larger --image_size"
        )
    if height * width > 2 * Image.MAX_IMAGE_PIXELS:
        raise InputError(f"{rows} rows make a picture of {height}×{width} pixels: choose a smaller --image_size")
    return height, width


STARTS = ("content", "gray", "noise")
"""What --init_image may be besides a picture."""


def start_picture(path, names, say):
    """Return the picture in the file that --init_image names, as `images.read`. `names` are what else it may be."""
    if path != images.STANDARD and not os.path.exists(path):
        raise InputError(f"--init_image {path} is neither {', '.join(names)} nor a picture that is there")
    return images.read(path, say=say)


def start_image(picture, content, name, size, seed):
    """Return the RGB image of `size` that the optimiser starts from: `picture` if given, else by `name`."""
    if picture is not None:
        return images.to_array(picture, size, dtype="uint8")
    if name == "noise":
        return np.random.default_rng(seed).uniform(0, 255, (*size, 3)).astype("float32")
    return content


def _masks(flags, files, layers, style_sizes, size):
    """Return the `Masks` that the flags ask for.

    A style's mask applies to the style's features and to the generated image's; with --content_mask that one applies
    to the generated image's instead, as in the original scripts. With --style_mask_space style the style's mask lies
    on the style picture and the one of --content_masks on the generated image.
    """
    count = len(style_sizes)

    def at_layers(path, size):
        mask = files.masks[path]
        if feather:
            mask = masks.feathered(mask, size, feather, path)
        return masks.at_layers(mask, layers, size, feather > 0, path)

    def opaque(path, alpha, size, mask):
        result = alpha and masks.at_layers(alpha, layers, size, name=path)
        if result and mask and not all((result[layer] * mask[layer]).any() for layer in layers):
            raise InputError(f"all of {path} that its mask leaves is transparent: give another mask, or --alpha drop")
        return result

    feather = _feather(flags, size)
    on_styles = [at_layers(path, s) for path, s in zip(flags.style_masks, style_sizes, strict=False)]
    on_styles = on_styles or [None] * count
    regions = [at_layers(path, size) for path in _painted(flags)]
    return Masks(
        styles=on_styles,
        regions=list(range(count)) if len(regions) == count else [0] * count,
        generated={layer: np.concatenate([r[layer] for r in regions], axis=-1) for layer in layers if regions} or None,
        opaque=[opaque(*one) for one in zip(flags.styles, files.opaque, style_sizes, on_styles, strict=True)],
        by_area=flags.style_mask_space == "style",
    )


def _feather(flags, size):
    """Return --mask_feather, which is in pixels of the last scale, in those of a picture of (height, width) `size`."""
    return flags.mask_feather * size[0] / flags.scales[-1]


def _finish(flags, files, size):
    """Return how pictures are finished that are painted at `size`."""
    saved = images.size(files.content) if flags.rescale_image else size
    feather = _feather(flags, saved)

    def softened(path):
        mask = files.masks[path]
        return masks.at_size(masks.feathered(mask, saved, feather, path) if feather else mask, saved, soft=feather > 0)

    recoloured = painted = None
    if flags.preserve_color:
        recoloured = softened(flags.color_mask) if flags.color_mask else np.ones(saved, "float32")
    if flags.keep_unmasked:
        painted = np.max([softened(path) for path in _painted(flags)], axis=0)
    needed = recoloured is not None or painted is not None
    return Finish(
        size=saved,
        method=flags.rescale_method,
        content=images.to_array(files.content, saved, dtype="uint8") if needed else None,
        recoloured=recoloured,
        painted=painted,
        alpha=images.to_array(files.alpha, saved, dtype="uint8") if files.alpha else None,
    )
