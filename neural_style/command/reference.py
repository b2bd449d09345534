"""All flags of all scripts as a page, made from their parsers.

python -m neural_style.command.reference > docs/flags.md
"""

import argparse
import importlib

SCRIPTS = (
    "paint.py",
    "network.py",
    "inetwork.py",
    "neural_doodle.py",
    "batch.py",
    "video.py",
    "color_transfer.py",
    "mask_transfer.py",
    "enhance.py",
    "make_mask.py",
    "studio.py",
)
"""The scripts, the most wanted first."""

HEAD = """# Flags

What each script says with `--help`, on one page. `--flag-name` is `--flag_name`, a flag of True or False alone means
True, and flags may stand anywhere. `--version` prints the versions of the script, of Python and of the packages that it
works with. This page is made by `python -m neural_style.command.reference`.
"""

TITLES = {"positional arguments": "What it takes", "options": "Flags"}
"""Better words for argparse's own."""


def page():
    """Return the page, as Markdown."""
    links = ", ".join(f"[`{name}`](#{name.replace('.', '')})" for name in SCRIPTS)
    return "\n".join([HEAD, f"{links}\n", *map(_section, SCRIPTS)])


def _section(name):
    """Return the part of a script."""
    parser = importlib.import_module(name.removesuffix(".py")).parser()
    formatter = parser._get_formatter()
    parts = [f"## {name}\n", f"{parser.description}\n"]
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.help not in (argparse.SUPPRESS, None)]
        actions = [action for action in actions if not {"--help", "--version"} & set(action.option_strings)]
        if actions:
            title = TITLES.get(group.title, group.title.capitalize())
            parts += [f"### {title}\n", "| | |", "| --- | --- |"]
            parts += [_row(action, formatter) for action in actions]
            parts.append("")
    return "\n".join(parts)


def _row(action, formatter):
    """Return the row of a flag, or of a positional argument."""
    values = formatter._format_args(action, formatter._get_default_metavar_for_optional(action))
    if action.option_strings:
        # One that may stand alone has its value in brackets, which is for True and False and says nothing.
        values = "" if values.startswith("[") else values
        called = ", ".join(action.option_strings) + (f" {values}" if values else "")
    else:
        called = values or action.dest
    help = formatter._expand_help(action)
    return f"| `{called.replace('|', chr(92) + '|')}` | {help.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    print(page(), end="")
