"""What goes into a painting from a doodle: flags checked, pictures and label maps read at the size they are used at."""

from collections import namedtuple
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageColor, ImageOps

from models.layers import MINIMUM_SIDE
from neural_style.command.flags import WEIGHTS
from neural_style.command.parser import rows_of
from neural_style.errors import InputError
from neural_style.painting import sizes, starts
from neural_style.painting.checking import check_run_flags
from neural_style.painting.photograph import Pictures
from neural_style.pictures import images, labels, masks
from neural_style.pictures.finish import Finish


@dataclass(frozen=True)
class LabelMasks:
    """The masks of all labels by layer, float32 (1, h, w, labels) in 0..1, on the style and on the painting."""

    style: dict
    generated: dict


def check_flags(flags):
    """Bring the flags of neural_doodle.py into their canonical form and check what needs no picture read.

    Raises InputError as `check_run_flags` does, for weights that are all zero, and for flags that need the
    content image without one.
    """
    files = [flags.style_image, flags.style_mask, flags.target_mask, flags.content_image, flags.init_image]
    check_run_flags(flags, files)
    if flags.improved and flags.style_loss != "gram":
        raise InputError("--improved and --style_loss are two losses: give one of them")
    if flags.style_loss == "wasserstein":
        flags.content_loss_type = 3
    defaults = dict(zip(("content_weight", "total_variation_weight"), WEIGHTS[flags.style_loss], strict=True))
    vars(flags).update({name: value for name, value in defaults.items() if getattr(flags, name) is None})
    if flags.content_image is None:
        for name, given in (
            ("--preserve_color", flags.preserve_color),
            ("--init_image content", flags.init_image == "content"),
            ("--content_region", flags.content_region),
        ):
            if given:
                raise InputError(f"{name} needs --content_image")
    if not (flags.style_weight and flags.region_style_weight):
        zero = "--style_weight" if flags.region_style_weight else "--region_style_weight"
        if flags.content_image is None:
            raise InputError(f"{zero} is zero, and there is no --content_image: there is nothing to paint")
        if not flags.content_weight:
            raise InputError(f"{zero} and --content_weight are zero: there is nothing to paint")


def read(flags, layers, reporter):
    """Return the list of `photograph.Pictures`, one per scale, their masks `LabelMasks` at each of the `layers`.

    Raises InputError for a file that is no picture, sizes the networks cannot see, label maps without labels, and a
    label that is in one map only or too small for a layer.
    """
    style, opaque = images.read_with_alpha(flags.style_image, reporter.say)
    if opaque:
        reporter.say(f"{flags.style_image} is transparent in parts, which are no part of its style")
    content = images.read(flags.content_image, say=reporter.say) if flags.content_image else None
    named = flags.init_image in (None, *STARTS)
    start = None if named else starts.read(flags.init_image, STARTS, reporter.say)
    maps = [images.read(path, say=reporter.say) for path in (flags.style_mask, flags.target_mask)]
    images.warn_of_aspect(flags.style_mask, maps[0], flags.style_image, style, reporter.say)
    if content:
        images.warn_of_aspect(flags.content_image, content, flags.target_mask, maps[1], reporter.say)
    if flags.content_weight != WEIGHTS[flags.style_loss][0] and not content:
        reporter.say("warning: --content_weight does nothing without --content_image")
    if start:
        images.warn_of_aspect(flags.init_image, start, flags.target_mask, maps[1], reporter.say)
    uncut = None
    if shape := sizes.shape_asked_for(flags):
        uncut, whole = maps[1], images.size(maps[1])
        reporter.say(f"{flags.target_mask} ({whole[0]}×{whole[1]}) is cut to {shape[0]}×{shape[1]}")
        content, start = (picture and images.cut(picture, whole, shape) for picture in (content, start))
        maps[1] = _cut(uncut, shape)
    if flags.style_fit == "stretch":
        images.warn_of_strokes(flags.style_image, style, flags.target_mask, maps[1], reporter.say)
    flags.scales = [rows_of(scale, images.size(maps[1])) for scale in flags.scales]
    colours = labels.palette(maps, flags.nlabels, (flags.style_mask, flags.target_mask))
    on_style, on_target = (np.unique(labels.nearest(image, colours)) for image in maps)
    kept = _kept(flags, colours, on_target)
    painted = np.setdiff1d(on_target, [kept])
    _check_labels(flags, colours, on_style, painted)
    reporter.say(f"labels: {_listed(colours, painted)}")
    unused = np.setdiff1d(on_style, on_target)
    if unused.size:
        reporter.say(f"regions of {flags.style_mask} that {flags.target_mask} leaves out: {_listed(colours, unused)}")
    by_flag = dict(zip(("style_mask", "target_mask"), maps, strict=True))
    files = _Files(style, opaque, content, start, by_flag, colours, painted, kept, uncut)
    pictures = []
    for rows in flags.scales:
        try:
            pictures.append(_at_scale(flags, files, layers, rows))
        except masks.LostMaskError as lost:
            raise InputError(f"{lost.what}; {_remedy(flags, files, layers, rows, lost.remedy)}") from lost
    return pictures


def _cut(map_of_labels, shape):
    """Return a map cut to a (height, width) `shape`, its colours as they were."""
    return ImageOps.fit(map_of_labels, shape[::-1], Image.Resampling.NEAREST)


def _remedy(flags, files, layers, rows, remedy):
    """Return what to do where a region is too small at so many `rows`, after trying it; the `remedy` is another way."""
    map_size = images.size(files.maps["target_mask"])
    for larger, size in sizes.larger_sizes(rows, lambda rows: sizes.painting_size(rows, map_size)):
        again = files
        if files.uncut:
            again = files._replace(maps={**files.maps, "target_mask": _cut(files.uncut, size)})
        try:
            _label_masks(flags, again, layers, size)
        except masks.LostMaskError:
            continue
        words = sizes.in_words(flags, larger, size if files.uncut else None)
        return f"{words} would do, or {remedy}"
    return remedy


_Files = namedtuple("_Files", "style opaque content start maps colours painted kept uncut")
"""The files as they were read: Pillow images, `maps` by the names of their flags, and the maps' `labels.palette`.

`opaque` is the transparency of the style, None where it has none; `painted` are the numbers of the labels that are
painted, `kept` that of the one where the photograph is kept, −1 for none. If the doodle was cut, `uncut` is its map
before.
"""

NO_LABEL = -1
"""The number of a label that is nowhere."""


def _kept(flags, colours, on_target):
    """Return the number of the label that --content_region names, NO_LABEL without that flag.

    `on_target` are the numbers of the labels of the doodle. Raises InputError if it has no such colour.
    """
    if flags.content_region is None:
        return NO_LABEL
    distances = np.linalg.norm(colours - np.array(ImageColor.getrgb(flags.content_region)), axis=1)
    kept = int(distances.argmin())
    if kept not in on_target or distances[kept] > labels.NEAREST_COLOURS:
        raise InputError(
            f"--content_region {flags.content_region} is no colour of {flags.target_mask}, which has "
            f"{_listed(colours, on_target)}"
        )
    return kept


def _check_labels(flags, colours, on_style, painted):
    """Raise InputError if there is no label to paint, or one of `painted` is not `on_style`."""
    if not painted.size:
        raise InputError(f"all of {flags.target_mask} is --content_region: there is nothing to paint")
    missing = np.setdiff1d(painted, on_style)
    if missing.size:
        fewer = "a smaller --nlabels" if flags.nlabels else "the number of regions with --nlabels"
        raise InputError(
            f"the colour {_listed(colours, missing[:1])} is in {flags.target_mask} but not in {flags.style_mask}: "
            f"paint it there too, just like that, or give {fewer}"
        )


def _listed(colours, numbers):
    """Return the colours of labels as users read them."""
    return ", ".join(labels.hexadecimal(colours[number]) for number in numbers)


STARTS = ("content", "noise")
"""What --init_image may be besides a picture."""


def _at_scale(flags, files, layers, rows):
    """Return the `photograph.Pictures` of `rows` rows."""
    map_size = images.size(files.maps["target_mask"])
    size = sizes.checked_size(flags, rows, map_size)
    style_size = _style_size(flags, files, size)
    if min(style_size) < MINIMUM_SIDE:
        raise InputError(f"{flags.style_image} is too small for --style_fit keep: use --style_fit stretch")
    content = None if files.content is None else images.to_array(files.content, size, dtype="uint8")
    gray = starts.are_gray(files.style, files.content, files.start)
    name = flags.init_image or ("noise" if content is None else "content")
    noise = partial(starts.smooth_noise, size, flags.seed, gray) if name == "noise" else None
    start = starts.start_image(files.start, content, noise, size)
    painted = None
    if files.kept != NO_LABEL:
        painted = (labels.nearest(files.maps["target_mask"], files.colours, size) != files.kept).astype("float32")
        start = np.where(painted[..., None] > 0, start, content)
    return Pictures(
        content=content,
        styles=[images.to_array(files.style, style_size, dtype="uint8")],
        style_weights=[flags.style_weight * flags.region_style_weight],
        start=start,
        content_size=map_size,
        masks=_label_masks(flags, files, layers, size),
        finish=Finish(
            size=size,
            content=content,
            recoloured=np.ones(size, "float32") if flags.preserve_color else None,
            painted=painted,
            gray=gray,
            smooth=flags.finish == "smooth",
        ),
    )


def _style_size(flags, files, size):
    """Return the (height, width) of the style picture of a painting of `size`."""
    return size if flags.style_fit == "stretch" else images.size(files.style)


def _label_masks(flags, files, layers, size):
    """Return the `LabelMasks` of a painting of (height, width) `size`. Raises `LostMaskError` for a lost label."""
    return LabelMasks(
        style=_masks(flags, files, "style_mask", _style_size(flags, files, size), layers),
        generated=_masks(flags, files, "target_mask", size, layers),
    )


def _masks(flags, files, name, size, layers):
    """Return the masks of all labels that are painted of the map that the flag `name` names, at the layers.

    On the style they leave out what of it is transparent. Distributions are those of the inner features: where a region
    touches the border in one of the pictures only, the other would paint what the border does to them, as specks.
    Raises `LostMaskError` for a label that is too small.
    """
    path, on_style = getattr(flags, name), name == "style_mask"
    map_of_labels = labels.nearest(files.maps[name], files.colours, size)
    found = labels.at_layers(map_of_labels, len(files.colours), flags.model, layers)
    found = {layer: found[layer][..., files.painted] for layer in layers}
    if flags.style_loss == "wasserstein":
        found = {layer: labels.inside(mask) for layer, mask in found.items()}
    at = f"at {size[0]}×{size[1]} pixels (height × width)"

    def region(label):
        return f"the region {_listed(files.colours, files.painted[[label]])} of {path}"

    if (lost := labels.lost(found)) is not None:
        layer, label = lost
        raise masks.LostMaskError(f"{region(label)} is too small {at}: nothing of it is left at layer {layer}")
    if not (on_style and files.opaque):
        return found
    remedy = "give a style that is not transparent there"
    try:
        shown = masks.at_layers(files.opaque, layers, size, name=flags.style_image)
    except masks.LostMaskError as lost:
        raise masks.LostMaskError(f"too little of {flags.style_image} is opaque {at}", remedy) from lost
    found = {layer: found[layer] * shown[layer] for layer in layers}
    if (lost := labels.lost(found)) is not None:
        raise masks.LostMaskError(f"{flags.style_image} is transparent {at} where {region(lost[1])} is", remedy)
    return found
