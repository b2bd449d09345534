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

    The prefix loses an ending .png, and `scales` and `num_iter` become lists with a number for each scale. `files` are
    all inputs. The prefix -, the standard output, has neither pictures of iterations nor a run folder.
    """
    if flags.weights is not None:
        check_path(flags.weights)
    if "quality" not in flags:  # Else the photograph decides.
        flags.scales = flags.scales or [flags.image_size]
        flags.num_iter = one_per_scale(flags.num_iter, flags.scales)
    if flags.prefix == images.STANDARD:
        images.check_writable(images.STANDARD)
        if flags.animate:
            raise InputError("--animate writes PREFIX.gif: give a PREFIX instead of -")
        if flags.resume:
            raise InputError("--resume goes on from PREFIX_run: give a PREFIX instead of -")
        return
    _check_is_no_picture(flags.prefix)
    flags.prefix = flags.prefix.removesuffix(".png")
    if os.path.basename(flags.prefix) in ("", ".", "..") or os.path.isdir(flags.prefix):
        raise InputError(f"PREFIX '{flags.prefix}' is a folder: add the name the pictures should begin with")
    if os.path.isdir(f"{flags.prefix}.png"):
        raise InputError(f"{flags.prefix}.png is a folder: choose another PREFIX")
    if not flags.resume:
        check_overwriting(flags)
    for path in files:
        if path and _would_be_overwritten(path, flags.prefix, flags.animate):
            raise InputError(f"the result would overwrite {path}: choose another PREFIX")


def one_per_scale(iterations, scales):
    """Return the numbers of --num_iter, one for each of the scales. Raises InputError for another number of them."""
    if len(iterations) == 1:
        return iterations * len(scales)
    if len(iterations) != len(scales):
        raise InputError(f"--num_iter has {len(iterations)} numbers for {len(scales)} scales")
    return iterations


def _check_is_no_picture(prefix):
    """Raise InputError if the PREFIX, as it was typed, is a picture of the user's: then it was most likely left out."""
    if not os.path.isfile(prefix) or Path(prefix).suffix.lower() not in Image.registered_extensions():
        return
    if prefix.endswith(".png") and images.is_painted(prefix):
        return
    raise InputError(
        f"PREFIX {prefix} is a picture that is there already: choose another, or add it if you left it out"
    )


def check_overwriting(flags):
    """Raise InputError if the flags forbid to replace the picture that a run which begins anew would replace."""
    if flags.no_overwrite and os.path.lexists(f"{flags.prefix}.png"):
        raise InputError(f"{flags.prefix}.png is there already: choose another PREFIX, or leave out --no_overwrite")


def results(prefix, animates):
    """Return the paths of what a run with this prefix, which may be animated, leaves beside its folder at the end."""
    return [f"{prefix}.{ending}" for ending in ("png", *(("gif", "webp") if animates else ()))]


def _would_be_overwritten(path, prefix, animates):
    """Return whether `path` is a file that a run with this prefix, which may be animated, writes or deletes."""
    outputs = results(prefix, animates)
    outputs += [found for ours in ("_at_iteration_*.png", "_run/*") for found in glob.glob(glob.escape(prefix) + ours)]
    return os.path.exists(path) and any(os.path.exists(o) and os.path.samefile(path, o) for o in outputs)
