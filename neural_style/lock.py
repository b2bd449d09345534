"""A folder that one process at a time may work in."""

import contextlib
import os
from pathlib import Path

if os.name == "nt":
    import msvcrt
else:
    import fcntl


class Lock:
    """A file that the operating system keeps locked for this process, until it is released or the process has ended.

    The file has the process's id in it, for others to read.
    """

    def __init__(self, path):
        self._path = Path(path)
        self._file = None

    def take(self):
        """Lock the file, which is made if need be; return whether no other process has it.

        Raises OSError if it cannot be made. On a file system without locks, nothing is locked.
        """
        while True:
            file = self._path.open("a+b", buffering=0)
            try:
                _lock(file)
            except (BlockingIOError, PermissionError):
                file.close()
                return False
            except OSError:
                pass
            if self._is_there(file):
                break
            file.close()  # Who had it has just removed it, and the next may have made another.
        self._file = file
        with contextlib.suppress(OSError):  # There may be no room for it.
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        return True

    def _is_there(self, file):
        """Return whether an open file is the one that has the lock's path."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        return False

    def holder(self):
        """Return who has the lock, in words."""
        with contextlib.suppress(OSError, ValueError):
            return f"the process {int(self._path.read_bytes())}"
        return "another process"

    def release(self):
        """Remove the file, if `take` locked it."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()  # While it is locked, so that nobody else's is removed.
        self._file.close()
        self._file = None
        if os.name == "nt":  # There an open file cannot be removed, nor one that somebody else has opened.
            with contextlib.suppress(OSError):
                self._path.unlink()


def _lock(file):
    """Lock an open file. Raises BlockingIOError or PermissionError if another process has it locked."""
    if os.name == "nt":
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
