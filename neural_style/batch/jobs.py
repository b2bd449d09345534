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

    `lists` has the `pictures.Found` of each of the kind's lists. With `pair`, or if the kind says so, the first of each
    go together, and the second; a list of one picture is there for all. Results are in `folder`, in the first list's
    own folders, with this `ending`; `flags` are for the script. Raises InputError for lists that do not go together.
    """
    pictures = [lists[name] for name in kind.lists]
    combinations = _pairs(kind, pictures) if pair or kind.pairs else itertools.product(*pictures)
    made = [_job(kind, combination, folder, flags, ending) for combination in combinations]
    twice = [name for name, count in Counter(job.name.casefold() for job in made).items() if count > 1]
    if twice:
        raise InputError(f"several results would be called {twice[0]}: give pictures that are called differently")
    return made


def _pairs(kind, pictures):
    """Return the combinations of lists of pictures side by side, paintings beside the photographs they are of."""
    if "paintings" in kind.lists:
        photos, paintings, *others = pictures
        of = [_named_after(painting, photos) for painting in paintings]
        if all(of):
            masks = [[_named_after(photo, own, reverse=True) or own[0] for photo in of] for own in others]
            if all(len(own) == 1 or all(_named_after(p, own, reverse=True) for p in of) for own in others):
                return list(zip(of, paintings, *masks, strict=True))
    most = max(map(len, pictures))
    for name, own in zip(kind.lists, pictures, strict=True):
        if len(own) not in (1, most):
            counts = ", ".join(f"{len(p)} of --{n}" for n, p in zip(kind.lists, pictures, strict=True))
            raise InputError(f"--{name} does not go one by one with the others: there are {counts}")
    return list(zip(*(own * most if len(own) == 1 else own for own in pictures), strict=True))


def _named_after(picture, others, reverse=False):
    """Return that of the `others` after which a picture is called, as castle_starry-night is after castle, or None.

    In `reverse`, that which is called after the picture. Of several it is the one with the longest name, or in the same
    folder.
    """

    def fits(other):
        long, short = (other.label, picture.label) if reverse else (picture.label, other.label)
        return long == short or long.startswith(f"{short}_")

    found = [other for other in others if fits(other)]
    return max(found, key=lambda other: (other.folder == picture.folder, len(other.label)), default=None)


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
