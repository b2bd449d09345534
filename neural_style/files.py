"""Files that are written all or nothing, whatever happens meanwhile."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from neural_style import lock
from neural_style.errors import InputError


def write_whole(path, content):
    """Write the bytes `content` to the file `path`, all or nothing, creating its folder.

    Raises InputError if it cannot be written.
    """
    with replaced(path) as file:
        file.write(content)


@contextlib.contextmanager
def replaced(path):
    """Open a file beside `path`, for bytes, that takes its place once all is written, and is on the disk by then.

    The folder is made if need be, and what processes that were killed while they wrote have left in it is deleted.
    Raises InputError if it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _delete_leftovers(path.parent)
        partial, file = _partial(path.parent)
        try:
            with file:
                yield file
                file.flush()
                _synchronise(file)  # After a power cut there would otherwise be an empty file in its place.
                if os.name == "nt":
                    file.close()  # There an open file cannot be renamed.
                os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def _partial(folder):
    """Make a file in `folder` and return its path and the file, open for bytes and locked while it is."""
    while True:
        path = folder / f".{uuid.uuid4().hex}.partial"
        file = path.open("xb")
        if lock.hold(file) is not False and path.exists():
            return path, file
        file.close()  # Another process took it for a leftover before it was locked.


def _delete_leftovers(folder):
    """Delete the files of `_partial` in `folder` that no process has locked: theirs were killed."""
    if os.name == "nt":
        return  # There a file that is looked at could not be renamed by the process that writes it.
    for path in folder.glob(f".{'[0-9a-f]' * 32}.partial"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if lock.hold(file):
                path.unlink()


def _synchronise(file):
    """Wait until what was written to an open file is on the disk, on file systems that tell."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise
