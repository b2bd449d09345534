#!/usr/bin/env python3
"""Run a script on many pictures: every photograph with every style, in one process or several."""

import difflib
import os
import sys

from neural_style.batch import course, jobs, pictures, scripts, sheet
from neural_style.batch.ledger import Ledger, made_by
from neural_style.batch.overview import Overview
from neural_style.command import script
from neural_style.command.flags import add_message_flags, add_pool_flags
from neural_style.command.parser import BOOLEAN, Parser, flag_name, split
from neural_style.pictures.images import ENDINGS

USAGE = "%(prog)s SCRIPT --photos FILE|FOLDER|'GLOB' ... --styles FILE|FOLDER ... --to FOLDER [flags of SCRIPT]"


def parser():
    """Return the script's parser."""
    parser = Parser(prog="batch.py", description=__doc__, usage=USAGE)
    parser.add_argument("script", metavar="SCRIPT", help=f"what makes the pictures: {', '.join(scripts.KINDS)}")
    flag = parser.add_argument_group(
        "pictures (files, folders with all below them, or patterns in quotes)"
    ).add_argument
    for name, help in PICTURES.items():
        flag(f"--{name}", nargs="+", metavar="PATH", default=[], help=help)
    flag(
        "--pair",
        **BOOLEAN,
        default=False,
        help="the first photograph with the first style, and so on; else all with all",
    )
    flag = parser.add_argument_group("results").add_argument
    flag("--to", required=True, metavar="FOLDER", help="where they go, in the photographs' own folders below it")
    endings = [ending[1:] for ending in ENDINGS]
    flag("--ending", choices=endings, default="png", help="kind of picture")
    flag("--sheet", **BOOLEAN, default=False, help=f"also write all of them on one page, {pictures.SHEET}")
    flag = parser.add_argument_group("work").add_argument
    count = "pictures at once; default: 1, on a cluster one for each GPU, else for each machine"
    add_pool_flags(flag, count)
    add_message_flags(flag)
    return parser


PICTURES = {
    "photos": "the photographs",
    "styles": "for the painting scripts: the styles, each for every photograph",
    "doodles": "for neural_doodle.py: the target masks",
    "paintings": "for color_transfer.py and mask_transfer.py: what was painted of the photographs, called after them",
    "masks": "for mask_transfer.py: a mask for each, or one for all",
}


def main(argv=None):
    own, rest = split(parser(), sys.argv[1:] if argv is None else argv)
    flags = parser().parse(own)
    kind = scripts.kind_of(flags.script)
    own_flags = _for_script(flags, rest)
    made = jobs.jobs(kind, _lists(flags, kind), flags.to, own_flags, flags.ending, flags.pair)
    settings = scripts.settings_of(flags.script, made[0].argv)  # What is wrong with flags is so for all.
    with Ledger(flags.to, os.path.basename(flags.script), settings) as ledger, Overview(flags) as overview:
        status = course.run(flags, made, overview, ledger)
        page = os.path.join(flags.to, pictures.SHEET)
        if flags.sheet and not status and not ledger.keep_sheet(pictures.SHEET):
            overview.reporter.say(f"{page} is there already, and is no contact sheet: there is none of this batch")
        elif flags.sheet and not status:
            overview.reporter.awaits(f"writing {page}")
            sheet.write(page, sheet.sheet(sheet.grid(kind, made, flags.pair, ledger.is_done)))
            overview.reporter.say(f"all on one page: {page}")
        overview.closes(status)
    return status or (1 if overview.failures else 0)


def _lists(flags, kind):
    """Return {name: the pictures of that list} of what the script takes; exit for a list too many or few."""
    name = os.path.basename(flags.script)
    for list_name in scripts.LISTS:
        given, takes = getattr(flags, list_name), list_name in kind.lists
        if given and not takes:
            parser().error(f"{name} takes no --{list_name}: leave them out")
        if takes and not given:
            parser().error(f"{name} needs --{list_name}: give files, folders, or patterns in quotes")
    made = made_by(flags.to, name)
    return {name: pictures.found(getattr(flags, name), f"--{name}", flags.to, made) for name in kind.lists}


def _for_script(flags, rest):
    """Return the flags that are for the script, checked: what batch.py gives itself is not among them."""
    kind, theirs = scripts.kind_of(flags.script), scripts.module_of(flags.script).parser().names()
    if rest and not rest[0].startswith("-"):
        parser().error(f"{rest[0]} is no flag of {flags.script}: give pictures by --{kind.lists[0]}")
    for argument in rest:
        name = flag_name(argument)
        if argument.startswith("-") and name.lstrip("-") in kind.taken:
            parser().error(f"{name} is what batch.py gives {flags.script} itself: leave it out")
        near = difflib.get_close_matches(name, parser().names(), n=1)
        if name.startswith("--") and name not in theirs and near and not difflib.get_close_matches(name, theirs, n=1):
            parser().error(f"there is no flag {name}, but there is {near[0]}")
    return rest


if __name__ == "__main__":
    script.run(main)
