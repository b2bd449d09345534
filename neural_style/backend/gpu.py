"""A GPU's memory: how it is taken, how much of it is free, and what backends say when it does not suffice."""

import ctypes
import os
import re

UNTOLD = 4 * 2**30
"""Bytes that a GPU is taken to have free where nothing tells."""

_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"
"""The environment variable that says whether JAX takes three quarters of a GPU's memory when it begins."""

_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")
"""Names of the exceptions of TensorFlow and PyTorch; others say it in the message."""

_OUT_OF_MEMORY_WORDS = re.compile(
    "RESOURCE_EXHAUSTED|out of memory|can't allocate memory|ALLOC_FAILED|Dst tensor is not initialized"
)
"""What the message then has: of JAX, of allocators on the CPU, of cuDNN and cuBLAS in want of room to work in, and of
TensorFlow for an array that did not get to the GPU (its issue 7025)."""

_NO_CONVOLUTION_WORDS = re.compile(
    "No algorithm worked|Failed to determine best cudnn convolution algorithm|unable to find an engine|"
    "valid cuDNN algorithm"
)
"""What TensorFlow, JAX and PyTorch say when none of cuDNN's algorithms ran; mostly, but not always, for want of memory
(TensorFlow's issue 45068, JAX's 8506, PyTorch's 108645)."""


def prepare():
    """Have a backend that is loaded afterwards leave to other processes what it does not need of a GPU yet."""
    os.environ.setdefault(_PREALLOCATE, "false")


def takes_as_needed():
    """Return whether JAX takes of a GPU what it needs, rather than its part at once."""
    return os.environ.get(_PREALLOCATE) in ("0", "false", "False")


def free_of_cuda():
    """Return the bytes that are free on the first GPU, as CUDA's driver counts them; None without one."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
        device, context, free, total = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
        begin = (
            (driver.cuInit, 0),
            (driver.cuDeviceGet, ctypes.byref(device), 0),
            (driver.cuDevicePrimaryCtxRetain, ctypes.byref(context), device),
        )
        ask = (
            (driver.cuCtxPushCurrent_v2, context),
            (driver.cuMemGetInfo_v2, ctypes.byref(free), ctypes.byref(total)),
            (driver.cuCtxPopCurrent_v2, ctypes.byref(context)),
            (driver.cuDevicePrimaryCtxRelease_v2, device),
        )
    except (OSError, AttributeError):
        return None
    if any(call(*arguments) for call, *arguments in begin):
        return None
    failures = [call(*arguments) for call, *arguments in ask]  # All of them: what is pushed is popped.
    return None if any(failures) else free.value


def is_out_of_memory(error):
    """Return whether an exception says, in Python's words or a backend's, that the memory does not suffice."""
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
        return True
    return _is_backend_saying(error, _OUT_OF_MEMORY_WORDS)


def may_be_out_of_memory(error):
    """Return whether an exception is one that less work at once may well avoid."""
    return is_out_of_memory(error) or _is_backend_saying(error, _NO_CONVOLUTION_WORDS)


def _is_backend_saying(error, words):
    """Return whether an exception is of a kind that backends raise, with `words` in its message."""
    raised = isinstance(error, RuntimeError) or type(error).__module__.partition(".")[0] == "tensorflow"
    return raised and words.search(str(error)) is not None
