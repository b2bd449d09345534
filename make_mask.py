#!/usr/bin/env python3
"""Find the subject of a photograph and write a mask that is white on it."""

import sys

from neural_style.command import script
from neural_style.command.flags import add_message_flags, add_output_flags
from neural_style.command.parser import BOOLEAN, NumberFrom, Parser
from neural_style.command.workshop import Workshop
from neural_style.pictures import images, masks


def parser():
    """Return the script's parser."""
    parser = Parser(prog="make_mask.py", description=__doc__)
    flag = parser.add_argument
    flag("photo", metavar="PHOTO", help="the photograph; - reads the standard input")
    flag("--invert", **BOOLEAN, default=False, help="white on everything but the subject")
    threshold = "black and white only: white where the network is at least so sure, 0 to 1"
    flag("--threshold", type=NumberFrom(0, most=1), metavar="PART", help=threshold)
    flag("--feather", type=NumberFrom(0, most=10000), default=0.0, metavar="PIXELS", help="soften the border")
    add_message_flags(flag)
    add_output_flags(flag)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`."""
    return parser().parse(argv)


def main(argv=None, workshop=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = script.output_path(flags, flags.photo, "mask")
    with (workshop or Workshop()).reporter(flags) as reporter:
        photo = images.read(flags.photo, say=reporter.say)
        from models import packages, saliency

        content = packages.content(saliency.MEMBER, reporter.say, reporter.download)
        reporter.awaits("looking for the subject")
        mask = masks.refined(saliency.saliency(photo, content), flags.threshold, flags.feather)
        if mask.getextrema()[1] <= masks.THRESHOLD:
            shade = "light all over" if flags.invert else "dark"
            reporter.say(
                f"warning: no subject was found in {flags.photo}, or nothing of it is left: the mask is {shade}"
            )
        script.deliver(output, mask.point(lambda gray: 255 - gray) if flags.invert else mask, reporter)


if __name__ == "__main__":
    script.run(main)
