#!/usr/bin/env python3
"""Put the colours of a photograph into the picture painted from it."""

import sys

from neural_style.command import script
from neural_style.command.flags import add_feather_flag, add_message_flags, add_output_flags
from neural_style.command.parser import Parser
from neural_style.command.workshop import Workshop
from neural_style.errors import InputError
from neural_style.pictures import color, images, masks

SUFFIXES = {"luminance": "original_color", "histogram": "histogram_color", "linear": "linear_color"}
"""What each method adds to the name of the generated picture."""


def parser():
    """Return the script's parser."""
    parser = Parser(prog="color_transfer.py", description=__doc__)
    flag = parser.add_argument
    flag("content", metavar="CONTENT", help="the photograph; - reads the standard input")
    flag("generated", metavar="GENERATED", help="the picture painted from it; - reads the standard input")
    flag("--mask", metavar="MASK", help="take colours only where this is white")
    add_feather_flag(flag)
    flag("--hist_match", type=int, choices=[0, 1], default=0, help="1: the same as --method histogram")
    method = "what to take: chrominance (default: luminance stays), histogram, linear map"
    flag("--method", choices=list(SUFFIXES), help=method)
    flag("--space", choices=["ycbcr", "lab"], default="ycbcr", help="colour space of --method luminance")
    add_message_flags(flag)
    add_output_flags(flag)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
    flags = parser().parse(argv)
    if flags.hist_match and flags.method not in (None, "histogram"):
        raise InputError(f"--hist_match 1 is --method histogram: leave out --method {flags.method}")
    flags.method = flags.method or ("histogram" if flags.hist_match else "luminance")
    if flags.space == "lab" and flags.method != "luminance":
        raise InputError(f"--space lab is for --method luminance, not {flags.method}: leave it out")
    if flags.mask_feather and not flags.mask:
        raise InputError("--mask_feather softens a mask: give --mask too")
    return flags


def main(argv=None, workshop=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = script.output_path(flags, flags.generated, SUFFIXES[flags.method], [flags.content, flags.mask])
    mask = None
    with (workshop or Workshop()).reporter(flags) as reporter:
        content = images.read(flags.content, say=reporter.say)
        generated, alpha = images.read_with_alpha(flags.generated, reporter.say)
        images.warn_of_aspect(flags.content, content, flags.generated, generated, reporter.say)
        if flags.mask:
            mask = masks.read_for(flags.mask, flags.generated, generated, flags.mask_feather, reporter.say)
        content = images.to_array(content, images.size(generated), "bicubic")
        reporter.awaits("transferring colours")
        result = color.transfer(content, images.to_array(generated), flags.method, flags.space, mask)
        result = images.to_picture(result)
        if alpha:
            result.putalpha(alpha)
        script.deliver(output, result, reporter)


if __name__ == "__main__":
    script.run(main)
