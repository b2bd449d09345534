"""What is checked of every run before a picture is read: its scales, and where its results go."""

import glob
import os
from pathlib import Path

from PIL import Image

from models.weights import check_path
from neural_style.errors import InputError
from neural_style.pictures import images


def check_run_flags(flags, files):
    """Check the flags of `flags.add_run_flags` and a run's prefix for every painting script.

    The prefix loses the ending of a picture, `result` becomes the path of the finished one, `size_flag` the name of the
    flag that says the size, and `scales` and `num_iter` become lists with a number for each scale. `files` are all
    inputs. The prefix -, the standard output, has neither pictures of iterations nor a run folder; it is None where the
    picture stays in memory.
    """
    if flags.weights is not None:
        check_path(flags.weights)
    flags.size_flag = "--scales" if flags.scales else "--image_size"
    if "quality" not in flags:  # Else the photograph decides.
        flags.scales = flags.scales or [flags.image_size]
        flags.num_iter = one_per_scale(flags.num_iter, flags.scales)
    if flags.prefix is None:
        flags.result = images.STANDARD
        return
    if flags.prefix == images.STANDARD:
        flags.result = images.STANDARD
        images.check_writable(images.STANDARD)
        if flags.animate:
            raise InputError("--animate writes PREFIX.gif: give a PREFIX instead of -")
        if flags.resume:
            raise InputError("--resume goes on from PREFIX_run: give a PREFIX instead of -")
        return
    _check_is_no_picture(flags.prefix)
    given = flags.prefix
    flags.prefix, flags.result = _prefix_and_result(given)
    is_folder = os.path.isdir(flags.prefix) and flags.result != given
    if os.path.basename(flags.prefix) in ("", ".", "..") or is_folder:
        raise InputError(f"PREFIX '{flags.prefix}' is a folder: add the name the pictures should begin with")
    if os.path.isdir(flags.result):
        raise InputError(f"{flags.result} is a folder: choose another PREFIX")
    if flags.animate and flags.result.lower().endswith(".webp"):
        raise InputError("--animate writes PREFIX.webp, the moving one: end PREFIX in another way")
    if not flags.resume:
        check_overwriting(flags)
    for path in files:
        if path and _would_be_overwritten(path, flags):
            raise InputError(f"the result would overwrite {path}: choose another PREFIX")


def one_per_scale(iterations, scales):
    """Return the numbers of --num_iter, one for each of the scales. Raises InputError for another number of them."""
    if len(iterations) == 1:
        return iterations * len(scales)
    if len(iterations) != len(scales):
        raise InputError(f"--num_iter has {len(iterations)} numbers for {len(scales)} scales")
    return iterations


def _prefix_and_result(text):
    """Return the prefix and the path of the finished picture that PREFIX asks for: a PNG unless it ends otherwise.

    Raises InputError for the ending of a kind of picture that is not written.
    """
    ending = Path(text).suffix
    if ending.lower() in images.ENDINGS:
        return text.removesuffix(ending), text
    if ending.lower() in Image.registered_extensions():
        raise InputError(
            f"PREFIX {text} cannot be written: end it in one of {', '.join(images.ENDINGS)}, or in nothing"
        )
    return text, f"{text}.png"


def _check_is_no_picture(prefix):
    """Raise InputError if the PREFIX, as it was typed, is a picture of the user's: then it was most likely left out."""
    if not os.path.isfile(prefix) or Path(prefix).suffix.lower() not in Image.registered_extensions():
        return
    if images.is_painted(prefix):
        return
    raise InputError(
        f"PREFIX {prefix} is a picture that is there already: choose another, or add it if you left it out"
    )


def check_overwriting(flags):
    """Raise InputError if the flags forbid to replace the picture that a run which begins anew would replace."""
    if flags.no_overwrite and os.path.lexists(flags.result):
        raise InputError(f"{flags.result} is there already: choose another PREFIX, or leave out --no_overwrite")


def results(flags):
    """Return the paths of what a run leaves beside its folder at the end."""
    return [flags.result, *(f"{flags.prefix}.{ending}" for ending in (("gif", "webp") if flags.animate else ()))]


def _would_be_overwritten(path, flags):
    """Return whether `path` is a file that a run writes or deletes."""
    begins, outputs = glob.escape(flags.prefix), results(flags)
    outputs += [found for ours in ("_at_iteration_*.png", "_run/*") for found in glob.glob(begins + ours)]
    return os.path.exists(path) and any(os.path.exists(o) and os.path.samefile(path, o) for o in outputs)
