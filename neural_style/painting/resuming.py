"""Going on with a run that was interrupted."""

import os

from neural_style.errors import InputError
from neural_style.painting.checking import results
from neural_style.pictures.images import STANDARD
from neural_style.runs import checkpoint


def is_finished(run, identity):
    """Return whether the `recipe.Run` of this `checkpoint.identity` is finished, by its folder, and its results there.

    The user is told so, and if another run has been finished there, but for one that may go on for longer.
    """
    flags, say = run.task.flags, run.reporter.say
    before = run.folder.finished()
    if before is None or not all(map(os.path.exists, results(flags))):
        return False
    try:
        change = checkpoint.difference(before, identity)
    except (AttributeError, KeyError, TypeError):
        return False  # Somebody has changed settings.json.
    position = _position(run, identity) if change else None
    if position and not _is_over(position, flags):
        return False
    if change and not position:
        say(f"the finished run in {run.folder.path} is another: {change}")
        return False
    say("the run is finished already: leave out --resume to paint it anew")
    return True


LONG = 60
"""Seconds of a run from which on it is not lost by a forgotten flag."""


def goes_on_unasked(run, identity):
    """Return whether the folder of a `recipe.Run` has a longer run of the very same `checkpoint.identity`, interrupted.

    To begin it anew would give the same picture, only later. The user is told.
    """
    flags = run.task.flags
    if flags.prefix == STANDARD or run.folder.finished() is not None:
        return False
    try:
        before, _ = run.folder.checkpoint()
    except InputError:
        return False  # It is damaged.
    if before is None or checkpoint.difference(before["identity"], identity):
        return False
    if before["position"]["seconds"] < LONG or _is_over(before["position"], flags):
        return False
    run.reporter.say(
        f"this run was interrupted before and goes on, as with --resume: delete {run.folder.path} to begin it anew"
    )
    return True


def _position(run, identity):
    """Return the position of the checkpoint that the `recipe.Run` of this `identity` can go on from, None without."""
    before, _ = run.folder.checkpoint()
    if before is None or checkpoint.difference(before["identity"], identity, before["position"]):
        return None
    return before["position"]


def _is_over(position, flags):
    """Return whether there is nothing left to do of a run at this position."""
    total = sum(flags.num_iter) * flags.evaluations + len(flags.num_iter) - 1
    return position["scale"] == len(flags.num_iter) and (position["ends"] or position["evaluation"] >= total)


def checkpoint_of(run, identity):
    """Return (numbers, arrays) of the checkpoint in the folder of a `recipe.Run`, (None, {}) without one.

    The user is told of it. Raises InputError if it is damaged, and if it is of another run than that of this
    `checkpoint.identity` which is not finished; one that is over and cannot go on counts for none.
    """
    flags, folder, say = run.task.flags, run.folder, run.reporter.say
    before, arrays = folder.checkpoint()
    if before is None:
        say(f"there is no checkpoint in {folder.path}: beginning at the beginning")
        return None, {}
    change = checkpoint.difference(before["identity"], identity, before["position"])
    if change and folder.finished() is not None:
        return None, {}
    if not change and _is_over(before["position"], flags):
        say(f"the run in {folder.path} is over: beginning at the beginning")
        return None, {}
    if change:
        raise InputError(
            f"the checkpoint in {folder.path} is of another run: {change}; give the same flags and pictures, or leave "
            "out --resume to begin anew"
        )
    versions = [", ".join(f"{k} {v}" for k, v in which["backend"].items()) for which in (before["identity"], identity)]
    if versions[0] != versions[1]:
        say(f"warning: the run began with {versions[0]}; with {versions[1]} it may end a little differently")
    folder.go_on(before["position"]["evaluation"])
    say(f"going on after evaluation {before['position']['evaluation']}")
    return before, arrays
