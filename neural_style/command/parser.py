"""A parser of command lines that takes what people write, and the kinds of values that flags have."""

import argparse
import contextlib
import difflib
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise

import neural_style
from neural_style.command import foreign, presets
from neural_style.command.reporter import complaint
from neural_style.pictures.images import STANDARD

HELP_HINT = "; --help lists all there is"
"""Ends what is said of a wrong command line."""


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds a flag's default to its help, but for None and lists of nothing, where the help says what happens."""

    def _get_help_string(self, action):
        if action.default is None or action.default == []:
            return action.help
        if isinstance(action.default, list):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """An argument parser that takes `--flag-name` for `--flag_name` and flags between positional arguments.

    Flags with `type=boolean` may stand alone, which means True, even before a positional argument.
    """

    def __init__(self, **settings):
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **settings)
        self._swallowed = None
        self._takes_paths = None
        self._preset = None
        self.add_argument("--version", action=_Version)
        self.add_argument(_END_OF_LIST, action=_Nothing, nargs=0, default=argparse.SUPPRESS, help=argparse.SUPPRESS)

    def parse(self, argv):
        """Return the flags in `argv`, a list of strings without the program's name; after `--` are none."""
        end = argv.index("--") if "--" in argv else len(argv)
        normalised = self._normalised(argv[:end])
        self._swallowed = None if "--" in argv else self._end_of_list(normalised)
        lists = self._lists_of_paths()
        self._takes_paths = next((name for word in normalised if (name := word.partition("=")[0]) in lists), None)
        self._check_known(normalised)
        normalised = [*self._of_preset(normalised), *normalised]
        flags, lists = self._lists_last(normalised)
        paths = [f"./{path}" if path.startswith("-") and path != STANDARD else path for path in argv[end + 1 :]]
        return self.parse_intermixed_args([*flags, _END_OF_LIST, *paths, *lists])

    def names(self):
        """Return the set of names of all flags."""
        return {name for action in self._actions for name in action.option_strings}

    def error(self, message):
        """Say in one line what is wrong with the command line, and exit; the usage would be a screen long."""
        if "required: PREFIX" in message and self._swallowed:
            name, last = self._swallowed
            message = f"{last} stands behind {name}, which takes it for a mask: write the PREFIX before that flag"
        elif "arguments are required" in message:
            wanted = [action.metavar for action in self._actions if not action.option_strings and action.metavar]
            missing = message.rpartition(": ")[2].split(", ")
            if len(wanted) > 1 and missing[-1] in wanted:
                message += f" (there must be {', '.join(wanted)}, in this order)"
                if self._takes_paths:
                    message += f", and {self._takes_paths} takes all paths behind it, so that it belongs at the end"
        if "content_region: expected one argument" in message:
            message += ", like '#00ff00', with the quotes, for # begins a comment in a shell"
        if self._preset:
            message += f" (--preset {self._preset} has flags too)"
        self.exit(2, f"{complaint(self.prog, message + HELP_HINT)}\n")

    def _normalised(self, argv):
        """Return `argv` with flags in one spelling, and those that may stand alone followed by what that means."""
        optional = {name: action for action in self._actions if action.nargs == "?" for name in action.option_strings}
        names = {name for action in self._actions for name in action.option_strings if len(name) > 3}
        result = []
        for position, argument in enumerate(argv):
            if argument.startswith("--"):
                name, equals, value = argument.partition("=")
                argument = "--" + name[2:].replace("-", "_") + equals + value
            elif argument.startswith("-") and f"--{argument.partition('=')[0][1:].replace('-', '_')}" in names:
                self.error(f"{argument} has one hyphen: write -{argument}")
            result.append(argument)
            following = argv[position + 1] if position + 1 < len(argv) else ""
            if argument in optional and not _is_value(following, optional[argument].type):
                if optional[argument].type is boolean and _is_meant_for_boolean(following):
                    self.error(f"argument {argument}: '{following}' is neither True nor False")
                result.append(str(optional[argument].const))
        return result

    def _end_of_list(self, argv):
        """Return (flag, path) if `argv` ends in a list of paths of a flag, whose last is that, else None."""
        lists = self._lists_of_paths()
        flags = [position for position, argument in enumerate(argv) if argument.startswith("--")]
        if not flags or len(argv) - flags[-1] < 3:
            return None
        name = argv[flags[-1]]
        return (name, argv[-1]) if name in lists else None

    def _lists_of_paths(self):
        """Return the set of the names of flags that take several paths."""
        return {name for a in self._actions if a.nargs == "+" and not a.type for name in a.option_strings}

    def _check_known(self, argv):
        """Exit, with the name of the flag that was most likely meant, if one in `argv` is none."""
        known = [name[2:] for action in self._actions for name in action.option_strings if name.startswith("--")]
        for name in (argument.partition("=")[0][2:] for argument in argv if argument.startswith("--")):
            if name not in known:
                paints = {"content", "styles"} <= {action.dest for action in self._actions if not action.option_strings}
                remedy = foreign.remedy(name.lower(), known, paints)
                if remedy:
                    self.error(f"there is no flag --{name}: {remedy}")
                near = difflib.get_close_matches(name.lower(), known, n=1)
                self.error(f"there is no flag --{name}{f', but there is --{near[0]}' if near else ''}")

    def _of_preset(self, argv):
        """Return the arguments of the preset that `argv` names, checked; none without one."""
        if not any("--preset" in action.option_strings for action in self._actions):
            return []
        finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        finder.add_argument("--preset", nargs="?")
        name = finder.parse_known_args(argv)[0].preset
        self._preset = name
        return presets.arguments(name, self) if name else []

    def _lists_last(self, argv):
        """Return `argv` without flags that take a list of numbers, and those, each with the numbers behind it.

        At the end of a command line they cannot swallow a path that follows them.
        """
        lists = {name for a in self._actions if a.nargs == "+" and a.type for name in a.option_strings}
        front, back, collecting = [], [], False
        for before, argument in pairwise(["", *argv]):
            # What comes first is meant as a number even if it is none, and is then called that.
            is_first = before in lists and not argument.startswith("--")
            collecting = argument in lists or is_first or (collecting and is_number(argument))
            (back if collecting else front).append(argument)
        return front, back


def split(parser, argv):
    """Return what of the list of strings `argv` is for a `Parser`, and what for another: a script that it runs.

    What stands before the first flag, and its own flags with all that stands behind them, are the parser's.
    """
    known = parser.names()
    own, others = [], []
    target = own
    for argument in argv:
        if argument.startswith("-") and argument != STANDARD and not is_number(argument):
            target = own if flag_name(argument) in known else others
        target.append(argument)
    return own, others


def flag_name(argument):
    """Return the name of the flag in an argument, --flag_name however it is written."""
    name = argument.partition("=")[0]
    return "--" + name[2:].replace("-", "_") if name.startswith("--") else name


_END_OF_LIST = "--end_of_list"
"""A flag that does nothing but end the list of a flag before it, since argparse itself is confused by `--`."""


class _Nothing(argparse.Action):
    """Does nothing."""

    def __call__(self, parser, flags, value, option=None):
        pass


class _Version(argparse.Action):
    """Prints the versions that a report of a problem wants to have, and exits."""

    def __init__(self, option_strings, dest):
        words = "print the versions of this script, of Python and of the packages it works with, and exit"
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=words)

    def __call__(self, parser, flags, value, option=None):
        found = [f"{parser.prog} {neural_style.__version__}", f"Python {platform.python_version()}"]
        for package in _PACKAGES:
            with contextlib.suppress(metadata.PackageNotFoundError):
                found.append(f"{package} {metadata.version(package)}")
        print(", ".join(found))
        parser.exit()


_PACKAGES = ("tensorflow", "keras", "jax", "torch", "numpy", "pillow")
"""What makes a difference to a picture, as pip calls it; what is not installed is left out."""


def is_number(text):
    """Return whether a text, or what it stands for, is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_value(text, kind):
    """Return whether `text` is of the kind that a flag's type `kind` reads; a number out of range is."""
    return text.lower() in _BOOLEANS if kind is boolean else is_number(text)


_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False, "1": True, "0": False}


def _is_meant_for_boolean(text):
    """Return whether what follows a flag of True or False is a misspelt one, or a number, rather than a path."""
    if not text or text.startswith("-") or set(text) & set("./\\"):
        return False
    return is_number(text) or bool(difflib.get_close_matches(text.lower(), ("true", "false"), cutoff=0.7))


def boolean(text):
    """Return the truth value of a flag's value, as the original scripts spell it: True or False."""
    if text.lower() not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f"'{text}' is neither True nor False")
    return _BOOLEANS[text.lower()]


LARGEST_NUMBER = 1e38
"""Nearly the largest of float32."""


@dataclass(frozen=True)
class NumberFrom:
    """The parser of a number of type `kind` from `least` to `most`."""

    least: float
    kind: type = float
    most: float = LARGEST_NUMBER

    def __call__(self, text):
        try:
            value = self.kind(text)
        except (ValueError, OverflowError):
            hint = f": {_COMMAS[self.kind]}" if re.fullmatch(r"[\d.]+(,[\d.]+)+", text) else ""
            raise argparse.ArgumentTypeError(f"'{text}' is not a {_KINDS[self.kind]}{hint}") from None
        if not self.least <= value <= self.most:
            limits = f"between {self.least} and {self.most:g}"
            limits = limits if value > self.least or self.most < LARGEST_NUMBER else f"at least {self.least}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: it must be {limits}")
        return value


_KINDS = {int: "whole number", float: "number"}

_COMMAS = {
    int: "several are separated by spaces",
    float: "decimals follow a point, and several are separated by spaces",
}
"""What is said of numbers with commas."""


def picture_size(text):
    """Return the function from a (height, width) to the one that a size asks for, and whether to cut.

    It is written 1920x1080 (width, height; what sticks out is cut off), 1920x, x1080, 1920 (the longer side) or 50%.
    """
    number = r"\d{1,6}"
    if match := re.fullmatch(rf"({number}(?:\.\d{{1,6}})?)%", text):
        wanted = lambda height, width: (height * float(match[1]) / 100, width * float(match[1]) / 100)
    elif match := re.fullmatch(f"({number})", text):
        wanted = lambda height, width: tuple(side * int(match[1]) / max(height, width) for side in (height, width))
    elif match := re.fullmatch(f"({number})[xX×]({number})", text):
        return lambda height, width: (int(match[2]), int(match[1])), True
    elif match := re.fullmatch(f"({number})[xX×]", text):
        wanted = lambda height, width: (height * int(match[1]) / width, int(match[1]))
    elif match := re.fullmatch(f"[xX×]({number})", text):
        wanted = lambda height, width: (int(match[1]), width * int(match[1]) / height)
    else:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write 1920x1080, 1920x, x1080, 1920 or 50%")
    # A long thin picture keeps a pixel of its shorter side.
    return lambda height, width: tuple(max(round(side), min(1, side)) for side in wanted(height, width)), False


def painting_size(text):
    """Return the value of --image_size: a number of rows, or one of the texts that `rows_of` takes."""
    if text.isdecimal():
        return NumberFrom(1, int)(text)
    if text == str(OWN_ROWS):
        return OWN_ROWS
    if re.fullmatch(_PAINTING_SIZE, text) is None:
        kinds = "800 or x800 (rows), 1200x (columns), max1200 (the longer side), 1920x1080, 50% or original"
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write {kinds}")
    return text


OWN_ROWS = -1
"""As a number of rows, those of the picture itself, as the original neural_doodle.py has it."""

_PAINTING_SIZE = (
    r"(?P<all>original)|(?P<columns>[1-9]\d{0,5})[xX×]|[xX×](?P<rows>[1-9]\d{0,5})|max(?P<most>[1-9]\d{0,5})"
    r"|(?P<part>\d{1,4}(\.\d{1,6})?)%|(?P<width>[1-9]\d{0,5})[xX×](?P<height>[1-9]\d{0,5})"
)


def rows_of(size, picture_size):
    """Return the rows that a `painting_size` means for a picture of (height, width) `picture_size`."""
    height, width = picture_size
    if isinstance(size, int):
        return height if size == OWN_ROWS else size
    asked = re.fullmatch(_PAINTING_SIZE, size).groupdict("0")
    if asked["all"] != "0":
        return height
    rows = {
        "rows": int(asked["rows"]) or int(asked["height"]),
        "columns": int(asked["columns"]) * height / width,
        "most": int(asked["most"]) * height / max(height, width),
        "part": float(asked["part"]) * height / 100,
    }
    return max(1, round(max(rows.values())))


def shape_of(size):
    """Return the (height, width) of a `painting_size` that says both, so that the picture is cut; else None."""
    sides = None if isinstance(size, int) else re.fullmatch(_PAINTING_SIZE, size).group("height", "width")
    return sides and sides[0] and tuple(map(int, sides))


BOOLEAN = {"type": boolean, "nargs": "?", "const": True, "metavar": "True|False"}
