#!/usr/bin/env python3
"""Make a picture larger, sharper, cleaner: the steps are done in the order they are written."""

import argparse
import sys

from neural_style.command import script
from neural_style.command.flags import add_message_flags, add_output_flags
from neural_style.command.parser import NumberFrom, Parser, picture_size
from neural_style.command.workshop import Workshop
from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.pictures.enhancing import denoised, resized, sharpened, size_after


def parser():
    """Return the script's parser."""
    parser = Parser(prog="enhance.py", description=__doc__)
    flag = parser.add_argument
    flag("picture", metavar="IN", help="the picture; - reads the standard input")
    flag("--upscale", **_STEP, const=4, type=int, choices=[2, 4], help="super-resolution, by 4 or 2")
    size = "1920x1080 (what sticks out is cut off), 1920x, x1080, 1920 (the longer side) or 50%%; Lanczos"
    flag("--size", **(_STEP | {"nargs": None}), type=picture_size, metavar="SIZE", help=size)
    amount = NumberFrom(0, most=10)
    flag("--sharpen", **_STEP, const=0.5, type=amount, metavar="AMOUNT", help="unsharp mask, 0 to 10; alone: 0.5")
    flag("--denoise", **_STEP, const=1.0, type=amount, metavar="STRENGTH", help="non-local means, 0 to 10; alone: 1")
    models = "network of --upscale: best, about 20 times as fast, or no network at all"
    flag("--upscale_model", choices=["best", "fast", "lanczos"], default="best", help=models)
    add_message_flags(flag)
    add_output_flags(flag)
    parser.set_defaults(steps=[])
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`; `steps` is the list of (name, value) in their order."""
    return parser().parse(argv)


class _Step(argparse.Action):
    """Appends (name, value) to the flags' `steps`."""

    def __call__(self, parser, flags, value, option=None):
        flags.steps = [*flags.steps, (self.dest, value)]


_STEP = {"action": _Step, "nargs": "?", "default": argparse.SUPPRESS}


def upscaled(picture, factor, model, reporter, workshop):
    """Return a Pillow image `factor` times as large on each side, by the network `model` or by Lanczos.

    The `Workshop` has the network for the next picture.
    """
    target = size_after(images.size(picture), [("upscale", factor)])
    if model == "lanczos":
        return picture.resize(target[::-1], images.RESAMPLING["lanczos"])
    script.load_backend(reporter)
    from models import packages, superres

    try:
        content = packages.content(superres.MEMBERS[model], reporter.say, reporter.download)
    except InputError as problem:
        raise InputError(f"{problem}, or use --upscale_model lanczos, which needs no network") from problem
    reporter.close()
    reporter.awaits("loading the network")
    enlarge = workshop.kept(("superres", model), lambda: superres.enlarger(superres.network(model, content)))
    reporter.awaits("enlarging the first tile")
    larger = superres.upscale(images.to_array(picture), enlarge, superres.TILE[model], reporter.tiles)
    reporter.close()
    return images.to_picture(larger, target, "lanczos")


def transparency(alpha, steps):
    """Return the transparency of a picture, a gray Pillow image, after the `steps`: only its size changes."""
    for name, value in steps:
        if name == "size":
            alpha = resized(alpha, value)
        elif name == "upscale":
            alpha = alpha.resize((value * alpha.width, value * alpha.height), images.RESAMPLING["lanczos"])
    return alpha


_STEPS = {
    "size": (resized, "resizing"),
    "sharpen": (sharpened, "sharpening"),
    "denoise": (denoised, "taking noise out"),
}
"""The steps that need no network: what does them, and what they are called."""


def enhanced(picture, flags, reporter, workshop):
    """Return a Pillow image after the steps that the `flags` ask for, in their order."""
    for name, value in flags.steps:
        if name == "upscale":
            picture = upscaled(picture, value, flags.upscale_model, reporter, workshop)
        else:
            function, what = _STEPS[name]
            reporter.awaits(what)
            picture = function(picture, value)
    return picture


def main(argv=None, workshop=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = script.output_path(flags, flags.picture, "enhanced")
    workshop = workshop or Workshop()
    with workshop.reporter(flags) as reporter:
        if not flags.steps:
            raise InputError("there is nothing to do: give --upscale, --size, --sharpen or --denoise")
        if flags.upscale_model != "best" and "upscale" not in dict(flags.steps):
            reporter.say("warning: --upscale_model does nothing without --upscale")
        picture, alpha = images.read_with_alpha(flags.picture, reporter.say)
        images.check_fits(output, size_after(images.size(picture), flags.steps))  # Before what may take an hour.
        picture = enhanced(picture, flags, reporter, workshop)
        if alpha:
            picture.putalpha(transparency(alpha, flags.steps))
        script.deliver(output, picture, reporter)


if __name__ == "__main__":
    script.run(main)
