"""What goes into a painting from a doodle: flags checked, pictures and label maps read at the size they are used at."""

import math
from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from models.layers import MINIMUM_SIDE
from neural_style.command.flags import WEIGHTS
from neural_style.errors import InputError
from neural_style.painting import photograph
from neural_style.painting.checking import check_run_flags
from neural_style.pictures import images, labels, masks
from neural_style.pictures.finish import Finish

SIZES_TRIED = 16
"""Larger sizes that are tried for a label that is too small, each half as large again."""

LARGEST_TRIED = 4_000_000
"""Pixels of the largest size that is tried: more would take seconds."""


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
        for name, given in (("--preserve_color", flags.preserve_color), ("--init_image content", flags.init_image)):
            if given is True or given == "content":
                raise InputError(f"{name} needs --content_image")
    if not ((flags.style_weight and flags.region_style_weight) or (flags.content_weight and flags.content_image)):
        raise InputError("the weights of the style and of the content are zero: there is nothing to paint")


def read(flags, layers, reporter):
    """Return the list of `photograph.Pictures`, one per scale, their masks `LabelMasks` at each of the `layers`.

    Raises InputError for a file that is no picture, sizes the networks cannot see, label maps without labels, and a
    label that is in one map only or too small for a layer.
    """
    style, opaque = images.read_with_alpha(flags.style_image)
    if opaque:
        reporter.say(f"{flags.style_image} is transparent in parts, which are no part of its style")
    content = images.read(flags.content_image) if flags.content_image else None
    named = flags.init_image in (None, *STARTS)
    start = None if named else photograph.start_picture(flags.init_image, STARTS)
    maps = [images.read(flags.style_mask), images.read(flags.target_mask)]
    images.warn_of_aspect(flags.style_mask, maps[0], flags.style_image, style, reporter.say)
    if flags.style_fit == "stretch":
        images.warn_of_strokes(flags.style_image, style, flags.target_mask, maps[1], reporter.say)
    if content:
        images.warn_of_aspect(flags.content_image, content, flags.target_mask, maps[1], reporter.say)
    if flags.content_weight != WEIGHTS[flags.style_loss][0] and not content:
        reporter.say("warning: --content_weight does nothing without --content_image")
    if start:
        images.warn_of_aspect(flags.init_image, start, flags.target_mask, maps[1], reporter.say)
    colours = labels.palette(maps, flags.nlabels, (flags.style_mask, flags.target_mask))
    found = [np.unique(labels.nearest(image, colours)) for image in maps]
    for paths in ((flags.style_mask, flags.target_mask), (flags.target_mask, flags.style_mask)):
        missing = np.setdiff1d(found[0], found[1])
        if missing.size:
            colour = labels.hexadecimal(colours[missing[0]])
            raise InputError(
                f"the colour {colour} is in {paths[0]} but not in {paths[1]}: paint it there too, just like that, or "
                "give the number of regions with --nlabels"
            )
        found.reverse()
    reporter.say(f"labels: {', '.join(labels.hexadecimal(colour) for colour in colours)}")
    by_path = dict(zip((flags.style_mask, flags.target_mask), maps, strict=True))
    files = _Files(style, opaque, content, start, by_path, colours)
    return [_at_scale(flags, files, layers, rows) for rows in flags.scales]


_Files = namedtuple("_Files", "style opaque content start maps colours")
"""The files as they were read: Pillow images, `maps` by path, and the maps' `labels.palette`.

`opaque` is the transparency of the style, None where it has none.
"""


STARTS = ("content", "noise")
"""What --init_image may be besides a picture."""


def _at_scale(flags, files, layers, rows):
    """Return the `photograph.Pictures` of `rows` rows, −1 for those of the target mask."""
    map_size = images.size(files.maps[flags.target_mask])
    size = photograph.painting_size(map_size[0] if rows == -1 else rows, map_size)
    style_size = size if flags.style_fit == "stretch" else images.size(files.style)
    if min(style_size) < MINIMUM_SIDE:
        raise InputError(f"{flags.style_image} is too small for --style_fit keep: use --style_fit stretch")
    content = None if files.content is None else images.to_array(files.content, size, dtype="uint8")
    name = flags.init_image or ("noise" if content is None else "content")
    return photograph.Pictures(
        content=content,
        styles=[images.to_array(files.style, style_size, dtype="uint8")],
        style_weights=[flags.style_weight * flags.region_style_weight],
        start=photograph.start_image(files.start, content, name, size, flags.seed),
        content_size=map_size,
        masks=LabelMasks(
            style=_masks(flags, files, "style_mask", style_size, layers),
            generated=_masks(flags, files, "target_mask", size, layers),
        ),
        finish=Finish(
            size=size,
            content=content,
            recoloured=np.ones(size, "float32") if flags.preserve_color else None,
            # Noise leaves a grain in what is painted from it in one go; from scale to scale it is interpolated away.
            smooth=flags.finish == "smooth" or (flags.finish == "auto" and name == "noise" and len(flags.scales) == 1),
        ),
    )


def _masks(flags, files, name, size, layers):
    """Return the masks of all labels of the map that the flag `name` names, at the layers.

    On the style they leave out what of it is transparent. Raises InputError for a label that is too small.
    """
    path, on_style = getattr(flags, name), name == "style_mask"

    def at(size):
        map_of_labels = labels.nearest(files.maps[path], files.colours, size)
        found = labels.at_layers(map_of_labels, len(files.colours), flags.model, layers)
        if not (on_style and files.opaque):
            return found
        shown = masks.at_layers(files.opaque, layers, size, name=flags.style_image)
        return {layer: found[layer] * shown[layer] for layer in layers}

    found = at(size)
    lost = labels.lost(found)
    if lost is None:
        return found
    layer, label = lost
    # With --style_fit keep the style's map has the style's own size, whatever the rows of the painting.
    fixed = on_style and flags.style_fit == "keep"
    sizes = [tuple(round(side * 1.5**step) for side in size) for step in range(1, 1 if fixed else SIZES_TRIED)]
    enough = next((s for s in sizes if math.prod(s) < LARGEST_TRIED and labels.lost(at(s)) is None), None)
    remedy = f"{enough[0]} rows would do" if enough else "paint a larger region"
    raise InputError(
        f"the region {labels.hexadecimal(files.colours[label])} of {path} is too small at {size[0]}×{size[1]} pixels "
        f"(height × width): nothing of it is left at layer {layer}; {remedy}"
    )
