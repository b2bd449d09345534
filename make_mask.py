#!/usr/bin/env python3
"""Find the subject of a photograph and write a mask that is white on it."""

import sys

from PIL import ImageChops, ImageFilter

from neural_style import cli, images, masks


def parser():
    """Return the script's parser."""
    parser = cli.Parser(prog="make_mask.py", description=__doc__)
    flag = parser.add_argument
    flag("photo", metavar="PHOTO", help="the photograph; - reads the standard input")
    flag("--invert", **cli.BOOLEAN, default=False, help="white on everything but the subject")
    part = cli.NumberFrom(0, most=1)
    flag(
        "--threshold",
        type=part,
        metavar="PART",
        help="black and white only: white where the network is at least so sure, 0 to 1",
    )
    flag("--feather", type=cli.NumberFrom(0, most=10000), default=0.0, metavar="PIXELS", help="soften the border")
    cli.add_quiet_flag(flag)
    cli.add_output_flags(flag)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`."""
    return parser().parse(argv)


def finished(mask, threshold=None, feather=0.0):
    """Return a gray Pillow image made black and white at `threshold` (0..1) and softened by `feather` pixels."""
    if threshold is not None:
        mask = mask.point(lambda gray: 255 * (gray >= 255 * threshold))
    if feather:
        mask = mask.filter(ImageFilter.GaussianBlur(feather / 2))
    return mask


def main(argv=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = cli.output_path(flags, flags.photo, "mask")
    photo = images.read(flags.photo)
    from models import packages, saliency

    with cli.Reporter(flags.quiet) as reporter:
        content = packages.content(saliency.MEMBER, reporter.say, reporter.download)
        mask = finished(saliency.saliency(photo, content), flags.threshold, flags.feather)
        if mask.getextrema()[1] <= masks.THRESHOLD:
            reporter.say(f"warning: no subject was found in {flags.photo}, or nothing of it is left: the mask is dark")
    cli.deliver(output, ImageChops.invert(mask) if flags.invert else mask)


if __name__ == "__main__":
    cli.run(main)
