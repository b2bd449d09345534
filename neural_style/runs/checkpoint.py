"""Checkpoints: all that a run needs to go on as if it had never been interrupted, in one file without pickles.

A checkpoint is a .npz file of the arrays that `synthesis.Progress.state` gives, of the animation's frames, and of a
JSON text, "run", with numbers and the run's identity: what must be the same for a run to be the same.
"""

import contextlib
import dataclasses
import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np

from neural_style.errors import InputError
from neural_style.files import replaced

NAME = "checkpoint.npz"

FORMAT = 3
"""What the arrays mean; a run of another one cannot go on."""

WITHOUT_EFFECT = {"resume", "no_overwrite", "quiet", "json", "save_every", "max_memory", "tile", "prefix", "weights"}
WITHOUT_EFFECT |= {"preset", "save_preset", "result", "size_flag", "keep_checkpoint", "cluster"}
"""Flags that do not change a run's result, or whose effect is looked at by itself."""

LENGTHS = {"num_iter", "evaluations"}
"""Flags that say how long a run is: it may go on for longer than it was meant to."""

PICTURES = {"content", "styles", "style_masks", "content_mask", "content_masks", "color_mask", "init_image"}
PICTURES |= {"style_image", "style_mask", "target_mask", "content_image"}
"""Flags that name pictures: what is in those counts, not where they are."""


def identity(flags, scales, weights, versions):
    """Return what must be the same for a run to be the same, a JSON-able dict.

    `scales` are the `photograph.Pictures` of all scales, `weights` the `models.weights.Weights`, `versions` those of
    Keras and the backend.
    """
    names = vars(flags).keys() - WITHOUT_EFFECT - PICTURES
    return {
        "format": FORMAT,
        "flags": {name: getattr(flags, name) for name in sorted(names)},
        "pictures": {
            field.name: _digest([getattr(pictures, field.name) for pictures in scales])
            for field in dataclasses.fields(scales[0])
        },
        "weights": weights.sha256,
        "backend": {name: version for name, version in versions.items() if name != "keras"},
    }


def difference(before, now, position=None):
    """Return how the identity `now` differs from that of a checkpoint, in words; None if it does not.

    With the `position` of a run that goes on from there, it may be longer than before, or shorter, as far as all that
    is done would have been the same.
    """
    if before.get("format") != now["format"]:
        return "it was painted by another version of these scripts"
    if before["flags"].keys() != now["flags"].keys():
        return "it was painted by another script, or another version of this one"
    # Of flags that follow from others, those first that a user has typed; last those that alone would be no hindrance.
    by_size = all(
        "quality" in flags or flags.get("scales") == [flags.get("image_size")]
        for flags in (before["flags"], now["flags"])
    )
    typed = ("style_loss", "image_size" if by_size else "scales")
    names = sorted(
        now["flags"].keys() - (LENGTHS if position else set()),
        key=lambda name: (name in LENGTHS, name not in typed, name),
    )
    for name in names:
        values = [_text(which["flags"].get(name)) for which in (before, now)]
        if values[0] != values[1]:
            if name == "scales" and _follow_from_picture(before["flags"], now["flags"]):
                if before["pictures"]["content_size"] == now["pictures"]["content_size"]:
                    return "it was painted by another version of these scripts"
                return f"{_PICTURE_NAMES['content_size']} is another"
            return f"--{name} was {values[0]} and is {values[1]}"
    if position and (change := _change_of_what_is_done(before["flags"], now["flags"], position)):
        return change
    for name, digest in before["pictures"].items():
        if digest != now["pictures"].get(name):
            return f"{_PICTURE_NAMES[name]} is another"
    if before["weights"] != now["weights"]:
        return "the weights of the network are others"
    if before["backend"].keys() != now["backend"].keys():
        return f"it ran on {', '.join(before['backend'])} and this runs on {', '.join(now['backend'])}"
    return None


def _follow_from_picture(before, now):
    """Return whether two runs' flags ask for the same size, in words that mean another for another picture."""
    asked = before.get("image_size")
    return asked == now.get("image_size") and (isinstance(asked, str) or asked == -1)


def _change_of_what_is_done(before, now, position):
    """Return how the flags `now` would have changed what a run with those `before` has done at `position`, or None."""
    done_scales, each = position["scale"] - 1, before["evaluations"]
    iterations = [flags["num_iter"] for flags in (before, now)]
    was_and_is = f"--num_iter was {_text(iterations[0])} and is {_text(iterations[1])}"
    if each != now["evaluations"] and (done_scales or now["min_improvement"]):
        return f"--evaluations was {each} and is {now['evaluations']}"
    if iterations[0][:done_scales] != iterations[1][:done_scales]:
        return f"{was_and_is}, but {done_scales} of the scales are done"
    done = position["evaluation"] - sum(iterations[0][:done_scales]) * each - done_scales
    if iterations[1][done_scales] * now["evaluations"] < done:
        return f"{was_and_is}, less than is done"
    return None


_PICTURE_NAMES = {
    "content": "the content picture",
    "styles": "a style picture",
    "style_weights": "a style's weight",
    "start": "the picture to start from",
    "content_size": "the size of the content picture",
    "masks": "a mask",
    "finish": "a mask or the content picture",
    "margin": "the size",
}
"""What `photograph.Pictures` has, as users know it."""


def _text(value):
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _digest(value):
    """Return the SHA-256 of any structure of dataclasses, dicts, lists, arrays and plain values."""
    sha = hashlib.sha256()

    def add(value):
        if dataclasses.is_dataclass(value):
            value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        if isinstance(value, dict):
            value = sorted(value.items())
        if isinstance(value, list | tuple):
            sha.update(f"[{len(value)}".encode())
            for part in value:
                add(part)
        elif isinstance(value, np.ndarray):
            sha.update(f"{value.dtype}{value.shape}".encode())
            sha.update(np.ascontiguousarray(value).data)
        else:
            sha.update(repr(value).encode())

    add(value)
    return sha.hexdigest()


def write(path, run, arrays):
    """Write the JSON-able dict `run` and the (name, array) pairs `arrays`, one at a time, to a file, all or nothing.

    Raises InputError if it cannot be written.
    """
    with replaced(path) as whole, zipfile.ZipFile(whole, "w") as file:
        _add(file, "run", np.frombuffer(json.dumps(run).encode(), "uint8"))
        for name, array in arrays:
            _add(file, name, array)


def _add(file, name, array):
    with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
        np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)


class Arrays(Mapping):
    """The arrays of a checkpoint by name, each read when it is asked for: together they may be most of the memory."""

    def __init__(self, path):
        self._path = path
        with zipfile.ZipFile(path) as file:
            if file.testzip() is not None:
                raise zipfile.BadZipFile
            self._names = [name.removesuffix(".npy") for name in file.namelist()]

    def __getitem__(self, name):
        if name not in self._names:
            raise KeyError(name)
        with np.load(self._path, allow_pickle=False) as file:
            return file[name]

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)


def read(path):
    """Return (run, arrays) as `write` took them, the arrays as `Arrays`; (None, None) if there is no checkpoint.

    Raises InputError if the file is damaged.
    """
    try:
        arrays = Arrays(path)
        return json.loads(arrays["run"].tobytes()), arrays
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is damaged: delete it, or leave out --resume, to begin anew") from error


def delete(path):
    """Delete a checkpoint that is there no more need for."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
