"""How the machine's memory is allocated: given back when it is freed, or kept in the heap for the next arrays.

Only glibc can be told; elsewhere these functions do nothing.
"""

import ctypes
import os
import sys

_ONE_HEAP = ((-8, 1),)
"""glibc's M_ARENA_MAX, such that threads that begin later have no heaps of their own, which give back what is freed."""

_KEEP_FREED = ((-1, -1), (-4, 0))
"""glibc's M_TRIM_THRESHOLD and M_MMAP_MAX, such that memory which is freed is kept in the heap."""


def prepare(large, keeps):
    """Have a backend that is loaded afterwards allocate its memory as `backend.start` says of `large` and `keeps`."""
    if large:
        os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
    if keeps:
        # In C, protobuf gives all free memory back to the system whenever one of its own large pieces is freed, and
        # with it what `keep_memory` is to keep. In Python it does not, though it may take more itself.
        os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
        _set_allocator(_ONE_HEAP)


def keep_memory():
    """Keep memory that is freed for the next arrays, after `backend.start` with `large`.

    Otherwise each of them gets fresh pages from the system, and clearing those takes as long as the work on them; but
    what is kept lies in pieces, so that a run takes more.
    """
    _set_allocator(_KEEP_FREED)


def give_back_memory():
    """Give back to the system what is free of the memory that the C library has; it takes a moment."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _set_allocator(settings):
    """Give glibc's allocator (setting, value) pairs, if it is there."""
    library = _glibc()
    if library is not None:
        for setting, value in settings:
            library.mallopt(setting, value)


def _glibc():
    """Return the C library if it is glibc, whose allocator can be told what to keep, else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None
