"""What the scripts take that batch.py runs on many pictures."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neural_style.errors import InputError


@dataclass(frozen=True)
class Kind:
    """A kind of script.

    `lists` are the names of the flags of batch.py with its pictures, of which each result takes one of each;
    `arguments(inputs, result)` is how they stand on its command line. Results are named after the inputs of the lists
    `named`. With `by_name` the lists are photographs, what was painted of them, and more that goes with either, found
    by what they are called. A script that `paints` can go on with a result. `defaults` are flags that are meant before
    the user's; `taken` are those that batch.py gives itself.
    """

    lists: tuple
    arguments: Callable
    named: tuple
    by_name: bool = False
    paints: bool = False
    defaults: tuple = ()
    taken: tuple = ()


OF_A_RUN = ("--save_every", "0", "--keep_checkpoint", "False")
"""Of many paintings, only the finished pictures are kept, unless the user says otherwise."""

_PAINTING = Kind(
    lists=("photos", "styles"),
    arguments=lambda inputs, result: [*inputs, result],
    named=("photos", "styles"),
    paints=True,
    defaults=OF_A_RUN,
    taken=("resume",),
)


def _finishing(*lists, named="photos"):
    """Return the kind of a finishing tool that takes a picture of each of the `lists`."""
    arguments = lambda inputs, result: [*inputs, "-o", result]
    return Kind(lists, arguments, (named,), by_name="paintings" in lists, taken=("o", "output"))


KINDS = {
    "paint.py": _PAINTING,
    "network.py": _PAINTING,
    "inetwork.py": _PAINTING,
    "neural_doodle.py": Kind(
        lists=("doodles",),
        arguments=lambda inputs, result: ["--target_mask", *inputs, "--target_image_prefix", result],
        named=("doodles",),
        paints=True,
        defaults=OF_A_RUN,
        taken=("target_mask", "target_image_prefix", "resume"),
    ),
    "enhance.py": _finishing("photos"),
    "make_mask.py": _finishing("photos"),
    "color_transfer.py": _finishing("photos", "paintings", named="paintings"),
    "mask_transfer.py": _finishing("photos", "paintings", "masks", named="paintings"),
}
"""By the name of the script."""

LISTS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.lists))
"""The names of all lists."""


def kind_of(script):
    """Return the `Kind` of a script, by its name or path. Raises InputError for one that makes no pictures."""
    kind = KINDS.get(Path(script).name)
    if kind is None:
        raise InputError(f"'{script}' is no script that makes pictures: give one of {', '.join(KINDS)}")
    return kind


WITHOUT_EFFECT = {"quiet", "json", "resume", "max_memory", "tile", "save_every", "keep_checkpoint", "no_overwrite"}
WITHOUT_EFFECT |= {"cluster", "preset", "save_preset", "size_flag", "result"}
"""What may differ between two command lines of a script that make the same picture; of a preset, its flags count."""


def settings_of(script, argv):
    """Return {flag: value} of all in a script's command line that decides what its result looks like, but for the
    pictures that a batch gives. Exits as the script does if something is wrong with it.
    """
    parser = module_of(script).parser()
    given = {action.dest for action in parser._actions if not action.option_strings} | {"output"}
    given |= set(kind_of(script).taken)
    return {name: value for name, value in vars(parser.parse(list(argv))).items() if name not in given | WITHOUT_EFFECT}


def module_of(script):
    """Return the module of a script, by its name or path."""
    return importlib.import_module(Path(script).stem)
