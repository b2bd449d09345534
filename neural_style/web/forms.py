"""The flags of a script as the fields of a form, and a filled form as the script's arguments.

A field's value is None where nothing is given, else a bool, a number, a text, or a list of texts for flags that take
several pictures.
"""

import argparse
import contextlib
import shlex
import subprocess
from dataclasses import dataclass

from neural_style.command.parser import HELP_HINT, LARGEST_NUMBER, NumberFrom, boolean, is_number
from neural_style.errors import InputError


@dataclass(frozen=True)
class Field:
    """One flag or positional argument.

    `flag` is its option string, empty for a positional argument; `kind` is "boolean", "number", "whole", "choice",
    "numbers" (several in a text), or "text"; `least` and `most` are the limits of a number, None where there is none;
    `default` is what the script takes if nothing is given.
    """

    name: str
    flag: str
    kind: str
    default: object
    help: str
    group: str
    choices: tuple = ()
    least: float | None = None
    most: float | None = None
    several: bool = False

    @property
    def label(self):
        """What the field is called: the flag's words."""
        return (self.flag or self.name).lstrip("-").replace("_", " ").capitalize()

    def texts(self, value):
        """Return a value as the list of arguments for it; none where the script would take it anyway.

        Raises InputError for a text that is to be numbers and is not.
        """
        if value is None or value == "" or value == [] or value == self.default:
            return []
        if self.kind == "numbers":
            values = value.replace(",", " ").split() if isinstance(value, str) else value
            for text in values:
                if not is_number(text):
                    raise InputError(f"{self.flag}: '{text}' is not a number")
        else:
            values = value if self.several else [value]
        texts = [text_of(value) for value in values]
        return [self.flag, *texts] if self.flag else texts


def text_of(value):
    """Return a value as it is written on the command line: a whole number without its point."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value) if whole else value)


LEFT_OUT = (
    *("help", "quiet", "json", "resume", "keep_checkpoint", "no_overwrite", "preset", "save_preset"),
    *("jobs", "cluster", "keep_frames"),
)
"""Flags that a terminal needs, but no page, where every run has a folder of its own."""


def fields(parser):
    """Return the `Field`s of a `command.parser.Parser` by name, in its order, without those of LEFT_OUT."""
    actions = [(action, group.title) for group in parser._action_groups for action in group._group_actions]
    found = [_field(*action) for action in actions if action[0].help is not argparse.SUPPRESS]
    return {field.name: field for field in found if field.name not in LEFT_OUT}


def not_of_a_page(arguments):
    """Return what is wrong, in a line, with arguments of a command line that no form can have; None if nothing is."""
    names = [text.lstrip("-").partition("=")[0].replace("-", "_") for text in arguments if text.startswith("-")]
    found = next((name for name in names if name in LEFT_OUT), None)
    return found and f"--{found} is for the command line alone"


def _field(action, group):
    kind, limits = _kind(action)
    several = action.nargs == "+"
    return Field(
        name=action.dest,
        flag=max(action.option_strings, key=len, default=""),
        kind=kind,
        default=action.default if action.default is not argparse.SUPPRESS else None,
        help=(action.help or "").replace("%%", "%"),
        group=group,
        choices=tuple(action.choices or ()),
        **limits,
        several=several,
    )


def _kind(action):
    """Return the kind of a field and its limits."""
    if action.type is boolean:
        return "boolean", {}
    if action.choices:
        return "choice", {}
    if isinstance(action.type, NumberFrom):
        most = None if action.type.most == LARGEST_NUMBER else action.type.most
        if action.nargs == "+":
            return "numbers", {}
        return "whole" if action.type.kind is int else "number", {"least": action.type.least, "most": most}
    return "text", {}


def arguments(form, values):
    """Return the arguments of a script for {name: value} of a form of `fields`.

    Positional arguments come first, in the parser's order. Raises KeyError for a name that the form has not.
    """
    unknown = set(values) - set(form)
    if unknown:
        raise KeyError(f"no such fields: {', '.join(sorted(unknown))}")
    positional = [text for name, field in form.items() if not field.flag for text in field.texts(values.get(name))]
    options = [text for name, field in form.items() if field.flag for text in field.texts(values.get(name))]
    return positional + options


def problem(parse, argv):
    """Return what a script says of its arguments before it reads any file, in a line; None if it takes them.

    `parse` is the script's function of that name.
    """
    output = _Refused()
    with contextlib.redirect_stderr(output):
        try:
            parse(argv)
        except SystemExit:
            return output.line()
        except InputError as error:
            return str(error)
    return None


class _Refused:
    """Takes what argparse prints to the standard error before it exits."""

    def __init__(self):
        self._text = ""

    def write(self, text):
        self._text += text
        return len(text)

    def flush(self):
        pass

    def line(self):
        *_, last = self._text.strip().splitlines()
        return (last.partition("error: ")[2] or last).removesuffix(HELP_HINT)


def field_of(form, line):
    """Return the name of the field that a script's message is about, or None.

    That is the one whose flag, or else whose positional name, comes first in it.
    """
    found = [
        (line.find(field.flag), name) for name, field in form.items() if field.flag and _mentions(line, field.flag)
    ]
    return min(found)[1] if found else None


def _mentions(line, flag):
    """Return whether `flag` stands in the line as a whole word."""
    words = line.replace("/", " ").replace(":", " ").replace(",", " ").replace("'", " ").split()
    return flag in words


def for_bash(command):
    """Return a list of arguments as a line for bash, zsh and other POSIX shells."""
    return shlex.join(command)


def for_windows(command):
    """Return a list of arguments as a line for PowerShell and, as far as it can be told both, for cmd.exe.

    Arguments with no special characters stand as they are. Others are quoted; with a character that cmd.exe or
    PowerShell would expand inside double quotes, for PowerShell alone, in single quotes.
    """
    return " ".join(_for_windows(argument) for argument in command)


_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.:/\\=")


def _for_windows(argument):
    if argument and set(argument) <= _PLAIN:
        return argument
    if set(argument) & set("%$`\"'!^") or argument.endswith("\\"):
        quoted = argument.replace("'", "''").replace('"', '\\"')
        return f"'{quoted}'"
    return subprocess.list2cmdline([argument]) if " " in argument else f'"{argument}"'
