"""What there is to make: a result for each combination of pictures."""

import itertools
import os
from collections import Counter
from dataclasses import dataclass

from neural_style.errors import InputError


@dataclass(frozen=True)
class Job:
    """One result to make: its `name`, a path within the folder of results, where it is written, what goes in, and the
    command line of the script.
    """

    name: str
    result: str
    inputs: tuple
    argv: tuple


def jobs(kind, lists, folder, flags, ending, pair=False):
    """Return the `Job`s of a script of this `scripts.Kind`, in order: each photograph with each style.

    `lists` has the `pictures.Found` of each of the kind's lists. Paintings go with the photographs that they are called
    after. With `pair` the first of each list go together, and the second; a list of one is there for all. Results are
    in `folder`, in the first list's own folders, with this `ending`; `flags` are for the script. Raises InputError for
    lists that do not go together.
    """
    pictures = [lists[name] for name in kind.lists]
    if pair:
        combinations = _one_by_one(kind, pictures)
    else:
        combinations = _by_name(kind, pictures) if kind.by_name else itertools.product(*pictures)
    made = [_job(kind, combination, folder, flags, ending) for combination in combinations]
    twice = [name for name, count in Counter(job.name.casefold() for job in made).items() if count > 1]
    if twice:
        raise InputError(f"several results would be called {twice[0]}: give pictures that are called differently")
    return made


def _one_by_one(kind, pictures):
    """Return the combinations of lists of pictures side by side."""
    most = max(map(len, pictures))
    for name, own in zip(kind.lists, pictures, strict=True):
        if len(own) not in (1, most):
            counts = ", ".join(f"{len(p)} of --{n}" for n, p in zip(kind.lists, pictures, strict=True))
            raise InputError(f"--{name} does not go one by one with the others: there are {counts}")
    return list(zip(*(own * most if len(own) == 1 else own for own in pictures), strict=True))


def _by_name(kind, pictures):
    """Return the combinations of photographs, paintings and what else a finishing tool takes, as they are called."""
    photos, paintings, *others = pictures
    combinations = []
    for painting in paintings:
        photo = _only(photos) or _longest([p for p in photos if _is_called_after(painting, p)], painting)
        if photo is None:
            raise InputError(f"{painting.path} is called after none of the photographs: rename it, or give --pair")
        own = [_only(more) or _longest([p for p in more if _is_called_after(p, photo)], photo) for more in others]
        if None in own:
            name = kind.lists[2 + own.index(None)]
            raise InputError(f"none of --{name} is called after {photo.path}: rename one, or give --pair")
        combinations.append((photo, painting, *own))
    return combinations


def _only(pictures):
    """Return the picture of a list of one, which is there for all; None of a longer list."""
    return pictures[0] if len(pictures) == 1 else None


def _is_called_after(picture, other):
    """Return whether a picture is called after the other, as castle_starry-night is after castle."""
    return picture.label == other.label or picture.label.startswith(f"{other.label}_")


def _longest(pictures, beside):
    """Return the picture of the longest name, best in the folder of the one it stands `beside`; None of none."""
    return max(pictures, key=lambda picture: (picture.folder == beside.folder, len(picture.label)), default=None)


def _job(kind, combination, folder, flags, ending):
    by_list = dict(zip(kind.lists, combination, strict=True))
    labels = "_".join(_label(by_list[name], is_first=name == kind.named[0]) for name in kind.named)
    name = os.path.join(by_list[kind.named[0]].folder, f"{labels}.{ending}")
    result = os.path.join(folder, name)
    inputs = [_path(picture.path) for picture in combination]
    return Job(name, result, tuple(inputs), (*kind.arguments(inputs, _path(result)), *kind.defaults, *flags))


def _label(picture, is_first):
    """Return what a picture is called in the name of a result: one of another list than the first has its folder too,
    in which there may be another of its name.
    """
    return picture.label if is_first or not picture.folder else f"{picture.folder.replace(os.sep, '-')}-{picture.label}"


def _path(path):
    """Return a path that no script takes for a flag, or for the standard input."""
    return os.path.join(".", path) if path.startswith("-") else path
