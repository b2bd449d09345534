"""What goes into a painting of a photograph: flags checked, pictures and masks read at the size they are used at."""

import os
from collections import namedtuple
from copy import copy
from dataclasses import dataclass
from functools import partial

import numpy as np

from models.layers import MINIMUM_SIDE, canonical_layer
from neural_style.command.parser import LARGEST_NUMBER, rows_of
from neural_style.errors import InputError
from neural_style.painting import sizes, starts
from neural_style.painting.checking import check_run_flags
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
class Earlier:
    """What is known of a frame of a film from those before: `warped`, the earlier painting where its motion has carried
    it, RGB (height, width, 3) in 0..255, and `reliable` (height, width), 1 where that holds and 0 elsewhere. `weight`
    is how much it counts beside the other losses.
    """

    warped: np.ndarray
    reliable: np.ndarray
    weight: float


@dataclass(frozen=True)
class Pictures:
    """The inputs of a run at one scale; pictures are RGB (height, width, 3) in 0..255, of type uint8 where that does.

    `content` (None without one) and `start` have the generated image's size, `styles` that too or their own.
    `style_weights` has one weight per style, `masks` what the script's style loss wants to know of masks.
    `content_size` is the (height, width) of the file that the generated image's aspect ratio comes from. The generated
    image, with all that lies on it, is extended by a `margin` of so many pixels on each side. `earlier` holds it where
    the frames before it have been, None where there are none.
    """

    content: np.ndarray | None
    styles: list
    style_weights: list
    start: np.ndarray
    content_size: tuple
    masks: object
    finish: Finish
    margin: int = 0
    earlier: Earlier | None = None

    @property
    def size(self):
        """The generated image's (height, width), margins and all."""
        return self.start.shape[:2]

    @property
    def inner(self):
        """The (height, width) without margins."""
        return tuple(side - 2 * self.margin for side in self.size)


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
        zero = "--style_weight" if flags.style_scale else "--style_scale"
        raise InputError(f"--content_weight and {zero} are zero: there is nothing to paint")
    _check_mask_flags(flags)


def _check_swallowed(flags):
    """Raise InputError for a PREFIX that a list of masks before it took, so that the last style became the PREFIX."""
    for name in ("style_masks", "content_masks"):
        given = getattr(flags, name)
        taken = len(given) == len(flags.styles) + 2 and not os.path.exists(given[-1])
        if taken and flags.prefix is not None and os.path.isfile(flags.prefix):
            raise InputError(
                f"{given[-1]} stands behind --{name}, which takes it for a mask, so that {flags.prefix} is the PREFIX: "
                "write the PREFIX before that flag"
            )


def _check_prefix(flags):
    """Raise InputError where a word too many seems to have made the PREFIX a style."""
    last = flags.styles[-1]
    if flags.prefix is None:
        return
    if not os.path.exists(last) and not os.path.splitext(last)[1] and last != images.STANDARD:
        raise InputError(
            f"there is no picture {last}: check the path. If it is the PREFIX, there is one word too many, "
            f"'{flags.prefix}', which is taken for that"
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
    _check_prefix(flags)
    (content, alpha), *others = [_read(path, flags.alpha, reporter.say) for path in (flags.content, *flags.styles)]
    styles, opaque = zip(*others, strict=True)
    start = None if flags.init_image in STARTS else starts.read(flags.init_image, STARTS, reporter.say)
    given = {path: masks.read(path, reporter.say) for path in sorted(paths_of_masks(flags))}
    on_content = {path: given[path] for path in _masks_on_content(flags)}
    files = _Files(content, alpha, styles, opaque, start, given, on_content)
    _warn_of_stretched(flags, files, reporter)
    _tell_of_transparent(flags, files, reporter)
    files = _cut(flags, files, reporter)
    content = files.content
    if all(low == high for low, high in content.getextrema()):
        reporter.say(f"warning: {flags.content} is all of one colour: nothing of it can be seen in the result")
    if flags.style_fit == "stretch" and flags.maintain_aspect_ratio:
        for path, style in zip(flags.styles, styles, strict=True):
            images.warn_of_strokes(path, style, flags.content, content, reporter.say)
    chosen = "quality" in flags and flags.scales is None
    if "quality" in flags:
        flags.scales, flags.num_iter = sizes.course(flags, images.size(content))
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
                raise InputError(f"{lost.what}: {_remedy(flags, files, layers, rows, lost.remedy)}") from lost
    _tell_of_enlarged(flags, (files.uncut or files).content, images.size(content), reporter)
    count = len(pictures)  # Small scales are left out where a mask is lost.
    flags.scales, flags.num_iter = flags.scales[-count:], flags.num_iter[-count:]
    return pictures


def _remedy(flags, files, layers, rows, remedy):
    """Return what to do where a mask is too small at so many `rows`, after trying it; the `remedy` is another way."""

    def size_of(rows):
        return sizes.painting_size(rows, images.size(files.content), flags.maintain_aspect_ratio)

    for larger, size in sizes.larger_sizes(rows, size_of):
        tried = copy(flags)
        if flags.size_flag != "--scales" or len(flags.scales) == 1:
            tried.scales = [larger]  # So that a feather has as many pixels there.
        try:
            again = files if files.uncut is None else _cut_to(flags, files.uncut, size)
            _masks(tried, again, layers, _style_sizes(flags, again, size), size)
            _finish(tried, again, size, gray=False)
        except masks.LostMaskError:
            continue
        return f"{sizes.in_words(flags, larger, size if files.uncut else None)} would do, or {remedy}"
    return remedy


_Files = namedtuple("_Files", "content alpha styles opaque start masks on_content uncut", defaults=[None])
"""The files as they were read: Pillow images, `start` None if it is none of them.

`masks` are by path, and `on_content` are those that lie on the content. `alpha` is the content's transparency, and
`opaque` has that of each style, None where there is none or it is dropped. Where what lies on the content was cut,
`uncut` are the files before.
"""


def _cut(flags, files, reporter):
    """Return `files` with all that lies on the content cut to the shape that the last size says, if it says one.

    Raises InputError if the result is to be square as well.
    """
    shape = sizes.shape_asked_for(flags)
    if shape is None:
        return files
    if not flags.maintain_aspect_ratio:
        raise InputError("--maintain_aspect_ratio False makes a square: give --image_size its rows alone")
    whole = images.size(files.content)
    reporter.say(f"{flags.content} ({whole[0]}×{whole[1]}) is cut to {shape[0]}×{shape[1]}")
    return _cut_to(flags, files, shape)


def _cut_to(flags, files, shape):
    """Return `files` with all that lies on the content cut to a (height, width) `shape`.

    Raises InputError if that leaves nothing of a mask.
    """
    whole = images.size(files.content)
    content, alpha, start = (
        picture and images.cut(picture, whole, shape) for picture in (files.content, files.alpha, files.start)
    )
    on_content = {path: images.cut(mask, whole, shape) for path, mask in files.on_content.items()}
    for path, mask in on_content.items():
        if mask.getextrema()[1] <= masks.THRESHOLD:
            cut = sizes.in_words(flags, shape[0], shape)
            raise InputError(f"nothing that is white in {path} is left of what {cut} cuts out: choose another shape")
    return files._replace(content=content, alpha=alpha, start=start, on_content=on_content, uncut=files)


def _masks_on_content(flags):
    """Return the paths of the masks that lie on the content."""
    paths = [*flags.content_masks, flags.content_mask, flags.color_mask]
    paths += flags.style_masks if _are_on_content(flags) else []
    return [path for path in paths if path]


def _are_on_content(flags):
    """Return whether --style_masks lie on the content; else they are drawn on the styles, or on either."""
    return flags.style_mask_space != "style" and not flags.content_mask


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


ENLARGED = 2.0
"""From more than so many times the photograph's size on it is said that the result is larger."""


def _tell_of_enlarged(flags, content, shape, reporter):
    """Say how much larger the result is than the photograph, the Pillow image `content`, of whose `shape` it is."""
    if flags.rescale_image or not flags.content_weight:
        return
    size = sizes.painting_size(flags.scales[-1], shape, flags.maintain_aspect_ratio)
    whole = images.size(content)
    times = max(side / own for side, own in zip(size, whole, strict=True))
    if times > ENLARGED:
        reporter.say(
            f"{flags.content} has {whole[0]}×{whole[1]} pixels and is enlarged {times:.1f} times: what it does not "
            "show, the painting has to make up"
        )


def _warn_of_useless(flags, reporter):
    """Warn of flags that do nothing without others."""
    if flags.mask_feather and not paths_of_masks(flags):
        reporter.say("warning: --mask_feather does nothing without a mask")
    if flags.rescale_method != "bilinear" and not flags.rescale_image:
        reporter.say("warning: --rescale_method does nothing without --rescale_image")


def _warn_of_stretched(flags, files, reporter):
    """Warn of masks and a start image whose aspect ratios are not those of the pictures they lie on."""
    on_styles = flags.style_mask_space == "style"
    pictures = {flags.init_image: files.start} if files.start else {}
    pictures.update(files.on_content)
    if flags.maintain_aspect_ratio:  # Else the content is stretched too, and a mask may be drawn on either.
        for path, picture in pictures.items():
            images.warn_of_aspect(path, picture, flags.content, files.content, reporter.say)
    if on_styles:
        for path, style_path, style in zip(flags.style_masks, flags.styles, files.styles, strict=True):
            images.warn_of_aspect(path, files.masks[path], style_path, style, reporter.say)


def _style_size(flags, size, style):
    """Return the (height, width) of a style picture of a painting of `size`; None for its own."""
    if flags.style_fit != "longer":
        return size if flags.style_fit == "stretch" else None
    scale = flags.style_size * max(size) / max(images.size(style))
    return tuple(max(MINIMUM_SIDE, round(scale * side)) for side in images.size(style))


def _style_sizes(flags, files, size):
    """Return the (height, width) of each style of a painting of `size`."""
    return [_style_size(flags, size, style) or images.size(style) for style in files.styles]


def _sizes(flags, files, rows):
    """Return the (height, width) of a painting of `rows` rows, and those of its styles."""
    size = sizes.checked_size(flags, rows, images.size(files.content))
    return size, _style_sizes(flags, files, size)


def _at_scale(flags, files, weights, layers, rows):
    """Return the `Pictures` of `rows` rows from the files; the styles have the `weights`."""
    content = files.content
    size, style_sizes = _sizes(flags, files, rows)
    gray = starts.are_gray(content, *files.styles, files.start)
    # The sharper filter of paint.py would change the numbers of the original scripts.
    method = "bicubic" if flags.style_fit == "longer" else "bilinear"
    seen = images.to_array(images.gray(content) if flags.init_image == "gray" else content, size, method, "uint8")
    styles = [images.to_array(s, own, method, "uint8") for s, own in zip(files.styles, style_sizes, strict=True)]
    if flags.color_match != "none":
        match = color.MATCHES[flags.color_match]
        styles = [match(style.astype("float32"), seen.astype("float32")) for style in styles]
    noise = partial(starts.smooth_noise, size, flags.seed, gray) if flags.init_image == "noise" else None
    start = starts.start_image(files.start, seen, noise, size)
    margin = _margin(flags)
    return Pictures(
        content=images.extended(seen, margin),
        styles=styles,
        style_weights=weights,
        start=images.extended(start, margin),
        content_size=images.size(content),
        masks=_masks(flags, files, layers, style_sizes, size),
        finish=_finish(flags, files, size, gray),
        margin=margin,
    )


MARGIN = 8
"""Pixels by which paint.py extends the photograph while it paints, its reflection beyond the border.

The network's convolutions see zeros there, which leaves a fringe and a pale frame in flat pictures.
"""


def _margin(flags):
    """Return the pixels by which a picture is extended: none by the original scripts."""
    return MARGIN if flags.style_fit == "longer" else 0


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
        reporter.say(f"each of the {count} styles has the weight {equal:g}: --style_weight takes one for each")
        weights = [equal] * count
    if max(weights, default=0.0) * flags.style_scale > LARGEST_NUMBER:
        raise InputError("--style_weight times --style_scale is too large a number: choose a smaller one")
    return [weight * flags.style_scale for weight in weights]


STARTS = ("content", "gray", "noise")
"""What --init_image may be besides a picture."""


def _masks(flags, files, layers, style_sizes, size):
    """Return the `Masks` that the flags ask for.

    A style's mask applies to the style's features and to the generated image's; with --content_mask that one applies
    to the generated image's instead, as in the original scripts. With --style_mask_space style the style's mask lies
    on the style picture and the one of --content_masks on the generated image.
    """
    count = len(style_sizes)

    def at_layers(mask, path, size, margin=0):
        if feather:
            mask = masks.feathered(mask, size, feather, path)
        try:
            return masks.at_layers(mask, layers, size, feather > 0, path, margin)
        except masks.LostMaskError as lost:
            if flags.style_fit == "keep" and path in flags.style_masks:
                raise masks.LostMaskError(lost.what, f"{lost.remedy}, or take a larger style picture") from lost
            raise

    def opaque(path, alpha, size, mask):
        remedy, where = "--alpha drop lays it on white", f"{path} is opaque at {size[0]}×{size[1]} pixels"
        try:
            result = alpha and masks.at_layers(alpha, layers, size, name=path)
        except masks.LostMaskError as lost:
            raise masks.LostMaskError(f"too little of {where}", remedy) from lost
        if result and mask and not all((result[layer] * mask[layer]).any() for layer in layers):
            what = f"too little of what its mask leaves of {where}"
            raise masks.LostMaskError(what, f"give another mask, or {remedy}")
        return result

    feather = _feather(flags, size)
    # First those of the result, whose size is the one that is known to the user.
    regions = [at_layers(files.on_content[path], path, size, _margin(flags)) for path in _painted(flags)]
    drawn = {**files.masks, **files.on_content} if _are_on_content(flags) else files.masks
    on_styles = [at_layers(drawn[path], path, s) for path, s in zip(flags.style_masks, style_sizes, strict=False)]
    on_styles = on_styles or [None] * count
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


def _finish(flags, files, size, gray):
    """Return how pictures are finished that are painted at `size`, without colours if they are to be `gray`."""
    saved = images.size(files.content) if flags.rescale_image else size
    feather = _feather(flags, saved)

    def softened(path):
        mask = files.on_content[path]
        return masks.at_size(masks.feathered(mask, saved, feather, path) if feather else mask, saved, soft=feather > 0)

    recoloured = painted = None
    if flags.preserve_color:
        recoloured = softened(flags.color_mask) if flags.color_mask else np.ones(saved, "float32")
    if flags.keep_unmasked:
        painted = np.max([softened(path) for path in _painted(flags)], axis=0)
    needed = recoloured is not None or painted is not None
    return Finish(
        margin=_margin(flags),
        size=saved,
        method=flags.rescale_method,
        content=images.to_array(files.content, saved, dtype="uint8") if needed else None,
        recoloured=recoloured,
        painted=painted,
        gray=gray,
        alpha=images.to_array(files.alpha, saved, dtype="uint8") if files.alpha else None,
    )
