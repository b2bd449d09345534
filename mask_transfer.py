#!/usr/bin/env python3
"""Put a photograph back into the picture painted from it, where a mask is black."""

import sys

from neural_style.command import script
from neural_style.command.flags import add_feather_flag, add_message_flags, add_output_flags
from neural_style.command.parser import Parser
from neural_style.command.workshop import Workshop
from neural_style.pictures import images, masks


def parser():
    """Return the script's parser."""
    parser = Parser(prog="mask_transfer.py", description=__doc__)
    flag = parser.add_argument
    flag("content", metavar="CONTENT", help="the photograph; - reads the standard input")
    flag("generated", metavar="GENERATED", help="the picture painted from it; - reads the standard input")
    flag("mask", metavar="MASK", help="black: the photograph, white: the painting, gray: both")
    add_feather_flag(flag)
    add_message_flags(flag)
    add_output_flags(flag)
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`."""
    return parser().parse(argv)


def main(argv=None, workshop=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    output = script.output_path(flags, flags.generated, "masked", [flags.content, flags.mask])
    with (workshop or Workshop()).reporter(flags) as reporter:
        content, alpha = images.read_with_alpha(flags.content, reporter.say)
        generated, generated_alpha = images.read_with_alpha(flags.generated, reporter.say)
        alphas = (alpha, generated_alpha)
        images.warn_of_aspect(flags.content, content, flags.generated, generated, reporter.say)
        mask = masks.read_for(flags.mask, flags.generated, generated, flags.mask_feather, reporter.say)
        reporter.awaits("laying one picture on the other")
        result = images.to_picture(between(content, generated, mask[..., None]))
        if any(alphas):
            everywhere = images.opaque(generated)
            result.putalpha(images.to_picture(between(*(alpha or everywhere for alpha in alphas), mask)))
        script.deliver(output, result, reporter)


def between(content, generated, mask):
    """Return the array of two Pillow images, that of `content` where the `mask` is 0 and of `generated` where it is 1.

    The content is resized to the generated picture.
    """
    content = images.to_array(content, images.size(generated), "bicubic")
    return content + mask * (images.to_array(generated) - content)


if __name__ == "__main__":
    script.run(main)
