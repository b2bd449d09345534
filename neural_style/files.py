"""Files that are written all or nothing, whatever happens meanwhile."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from neural_style.errors import InputError

DAY = 86400.0
"""Seconds after which a file that is not finished is taken for what a killed process has left.

Locks would tell at once, but some file systems have none, and some have them for each machine by itself.
"""


def write_whole(path, content):
    """Write the bytes `content` to the file `path`, all or nothing, creating its folder.

    Raises InputError if it cannot be written.
    """
    with replaced(path) as file:
        file.write(content)


@contextlib.contextmanager
def replaced(path):
    """Open a file beside `path`, for bytes, that takes its place once all is written, and is on the disk by then.

    The folder is made if need be, and such files in it that are a DAY older are deleted. Raises InputError if it cannot
    be written.
    """
    path = Path(path)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                delete_leftovers(path.parent, os.fstat(file.fileno()).st_mtime - DAY)
                yield file
                file.flush()
                _synchronise(file)  # After a power cut there would otherwise be an empty file in its place.
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def delete_leftovers(folder, before=float("inf")):
    """Delete what killed processes have left in `folder` of the files of `replaced`, if last written `before` a time.

    Without one, no other process may be writing into the folder. What cannot be deleted stays.
    """
    with contextlib.suppress(OSError):
        for path in Path(folder).glob(f".{'[0-9a-f]' * 32}.partial"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()


def _synchronise(file):
    """Wait until what was written to an open file is on the disk, on file systems that tell."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
