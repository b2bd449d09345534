"""Presets: flags in a file, for looks that are worth keeping.

A preset is a TOML file. What stands at its top holds for every painting script, a table like [paint] for one of them.
"""

import difflib
import importlib
import json
import os
import sys
from pathlib import Path

from neural_style.errors import InputError
from neural_style.files import write_whole
from neural_style.installation import ROOT

FOLDER = ROOT / "presets"
"""Where presets are that have a name."""

OF_ONE_RUN = {
    "preset",
    "save_preset",
    "resume",
    "no_overwrite",
    "quiet",
    "json",
    "max_memory",
    "tile",
    "cluster",
    "seed",
    "animate",
}
"""Flags that are about a run, not about the look of its picture."""

PAINTS_AS = {"video": "paint"}
"""Scripts that paint as another does, whose table holds for them too."""

PATHS = ("FILE", "MASK", "PREFIX")
"""What the values are called of flags that name files."""


def arguments(name, parser):
    """Return what `values` does as arguments for the parser."""
    texts = []
    for key, value in values(name, parser).items():
        texts += [f"--{key}", *map(str, value if isinstance(value, list) else [value])]
    return texts


def values(name, parser):
    """Return {flag: value} for a `parser.Parser` that are in the preset `name`: a file, or one in FOLDER.

    Raises InputError if there is none, it is no TOML, or has a flag that the script has not, or nothing for it.
    """
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = _path(name, parser)
    try:
        content = toml.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the preset {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the preset {path} is no TOML file: {error}") from error
    script = Path(parser.prog).stem
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    flags = {key: value for key, value in content.items() if key not in tables}
    flags |= tables.get(PAINTS_AS.get(script), {}) | tables.get(script, {})
    if tables and not flags:
        raise InputError(f"the preset {name} has nothing for {parser.prog}, only for {', '.join(tables)}.py")
    known = {string.lstrip("-"): action for action in parser._actions for string in action.option_strings}
    for key in flags:
        action = known.get(key.replace("-", "_"))
        if key in ("preset", "save_preset"):
            raise InputError(f"the preset {path} has '{key}', which belongs on the command line")
        if action is None or action.dest == "help":
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"the preset {path} has '{key}', but {parser.prog} has no flag --{key}{hint}")
    return flags


def _path(name, parser):
    """Return the path of the preset `name`. Raises InputError if there is none of that name for the parser's script."""
    if os.path.dirname(name) or name.endswith(".toml"):
        return Path(name)
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name not in names:
        fitting = [other for other in names if _fits(other, parser)]
        are = f"there are {', '.join(fitting)}, or " if fitting else ""
        raise InputError(f"there is no preset {name} for {parser.prog}: {are}give a FILE.toml")
    return FOLDER / f"{name}.toml"


def _fits(name, parser):
    """Return whether a preset that is there is one for the parser's script."""
    try:
        arguments(name, parser)
    except InputError:
        return False
    return True


def save(path, parser, argv):
    """Write the flags in `argv` that a `parser.Parser` does not have by default to a preset for its script.

    Those that name files or are OF_ONE_RUN are left out. Raises InputError if the file cannot be written.
    """
    flags = vars(parser.parse(argv))
    lines = [f"[{Path(parser.prog).stem}]"]
    for action in parser._actions:
        name = action.dest
        if not action.option_strings or name in OF_ONE_RUN or action.metavar in PATHS or name not in flags:
            continue
        is_picture = action.metavar == "START" and os.path.exists(str(flags[name]))
        if flags[name] != action.default and not is_picture:
            lines.append(f"{max(action.option_strings, key=len).lstrip('-')} = {json.dumps(flags[name])}")
    try:
        write_whole(Path(path), "\n".join([*lines, ""]).encode())
    except OSError as error:
        raise InputError(f"the preset {path} cannot be written: {error.strerror}") from error
