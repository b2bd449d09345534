"""What the toolkit needs of a Keras backend that Keras itself has not: the only place that knows which one is at work.

Keras has tensor maths for all its backends alike, but no gradients, no compiled functions of plain arrays, and nothing
of devices and their memory. Each function here says why it is there. The backend's own part of it is in tensorflow.py,
jax.py and torch.py, which have the same functions each. TensorFlow is the default; KERAS_BACKEND=jax and
KERAS_BACKEND=torch use what the user has installed of those.

Nothing of them is imported before `start`, because a backend takes seconds and talks while it loads.
"""

import contextlib
import functools
import importlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from neural_style import installation
from neural_style.backend import allocator, gpu
from neural_style.errors import InputError

PACKAGES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""The packages of the backends, and what people call them."""

UNNEEDED = ("jax", "pandas", "matplotlib")
"""What TensorFlow and Keras load as soon as it is installed, and not for a run: a fourth of their loading time."""

UNNEEDED_BY_SCRIPTS = ("scipy", "IPython", "cv2")
"""The same, which a program of others may well import meanwhile in another thread, or have Keras use later."""

NEEDED = {"jax": {"jax", "scipy"}}
"""What of all that a backend cannot be without."""

ALIGNMENT = 64
"""Bytes at whose multiples TensorFlow's arrays begin."""


def start(large=False, keeps=False):
    """Load Keras and its backend, silently, and set them up for one image at a time; return the device's name.

    Here, because only before a backend is loaded can it be told how to allocate memory and to keep quiet: call it
    before importing any module that imports Keras. With `large`, arrays come from the C library's allocator, so that
    what is freed is given back at once, or with `keeps` is kept after `allocator.keep_memory`. Raises InputError for an
    unknown backend and when it cannot be loaded.
    """
    name = os.environ["KERAS_BACKEND"] = asked_for()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    allocator.prepare(large, keeps)
    gpu.prepare()
    try:
        with _standard_error_held_back(), _without(*_unneeded(name)):
            import keras

            importlib.import_module(name)
    except ImportError as error:
        install = "-r requirements.txt" if name == "tensorflow" else name
        problem = f"Keras or {PACKAGES[name]} cannot be loaded ({error})"
        raise InputError(f"{problem}: python -m pip install {install}") from error
    # A user's keras.json may say otherwise, for other programs.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    with _standard_error_held_back():
        return _chosen().start()


def asked_for():
    """Return the name of the backend that `start` loads. Raises InputError if it is unknown.

    Here, so that a run can be refused before anything is fetched for it.
    """
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in PACKAGES:
        raise InputError(f"the backend {name} is not supported: set KERAS_BACKEND to {' or '.join(PACKAGES)}")
    return name


@contextlib.contextmanager
def _standard_error_held_back():
    """Hold back what is written to the standard error's descriptor, by C++ code too; let it through on an exception."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held, contextlib.ExitStack() as restore:
        saved = os.dup(2)
        restore.callback(os.close, saved)
        restore.callback(os.dup2, saved, 2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise


def _unneeded(name):
    """Return the packages that need not be loaded with the backend of this `name`, in a process like this."""
    packages = {*UNNEEDED, *UNNEEDED_BY_SCRIPTS} if installation.runs_a_script() else set(UNNEEDED)
    return packages - NEEDED.get(name, set())


@contextlib.contextmanager
def _without(*packages):
    """Let imports find that `packages` are not installed; those that are loaded already stay."""
    absent = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for package in absent:
            del sys.modules[package]


def _chosen():
    """Return the module of the backend that Keras has loaded."""
    import keras

    return importlib.import_module(f"{__name__}.{keras.backend.backend()}")


def versions():
    """Return the versions of Keras and its backend, by name, for the user and the run's settings."""
    import keras

    name = keras.backend.backend()
    return {"keras": keras.__version__, name: importlib.import_module(name).__version__}


def advice(device):
    """Return what the user should do for this backend to use all of the machine, else None.

    `device` is what `start` returned. Here, because a GPU that is not used goes unnoticed otherwise.
    """
    return _chosen().advice(device)


def on_cpu():
    """Return whether arrays are on the CPU, which has its own best ways to convolve and to keep memory."""
    return _chosen().on_cpu()


def free_device_memory():
    """Return the bytes that are free on the GPU in use, `gpu.UNTOLD` where nothing tells; None if it has none itself.

    Here, because each backend tells it in another way, and TensorFlow not at all.
    """
    return None if on_cpu() else _chosen().free_memory()


def peak_device_memory():
    """Return the most bytes of a GPU that arrays of this process had so far; None on a CPU, or where nothing tells.

    Here for the benchmarks: a process's own memory says nothing of a GPU's.
    """
    return None if on_cpu() else _chosen().peak_memory()


def check_bfloat16():
    """Raise InputError if convolutions in bfloat16, or their gradients, are not possible here."""
    from keras import ops

    kernel = ops.ones((3, 3, 64, 64), "bfloat16")

    def convolved(x):
        result = ops.conv(ops.cast(x, "bfloat16"), kernel, padding="same")
        return ops.sum(ops.cast(result, "float32")), ()

    try:
        value_and_grad(convolved)(ops.ones((1, 16, 16, 64)))
    except Exception as error:
        raise InputError("this machine cannot do --precision bfloat16: leave it out") from error


def is_slow_in_bfloat16(root="/"):
    """Return whether convolutions in bfloat16 are known to take longer than in float32.

    They do on CPUs that do not have it, as far as Linux tells, and with some backends on all CPUs.
    """
    if not on_cpu():
        return False
    if _chosen().BFLOAT16_PAYS_ON_CPUS is False:
        return True
    words = _words_of_cpu(root)
    return bool(words) and _BFLOAT16.isdisjoint(words)


def precision(asked):
    """Return what convolutions are done in: what is `asked` for, "auto" being bfloat16 where that is faster."""
    return asked if asked != "auto" else "bfloat16" if is_fast_in_bfloat16() else "float32"


def is_fast_in_bfloat16(root="/"):
    """Return whether an evaluation in bfloat16 is known, by measurements, to take less time than in float32.

    They were made on CPUs alone, of two kinds.
    """
    return on_cpu() and bool(_chosen().BFLOAT16_PAYS_ON_CPUS) and not _MEASURED.isdisjoint(_words_of_cpu(root))


_MEASURED = frozenset(("avx512_bf16", "amx_bf16"))
"""What Linux calls the instructions of the CPUs that were measured (docs/speed.md)."""

_BFLOAT16 = frozenset(("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"))
"""What Linux calls the instructions for bfloat16, of Intel's and AMD's CPUs and of ARM's."""


def has_long_vectors(root="/"):
    """Return whether the CPU has vectors of 512 bits (AVX-512), as far as Linux tells."""
    return "avx512f" in _words_of_cpu(root)


def _words_of_cpu(root):
    """Return all words that Linux has for the machine's CPUs, none where it has none."""
    try:
        return set(Path(root, "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return set()


def compiled(function, consumes_first=False, any_size=False):
    """Return `function` of arrays compiled for their shapes, as far as the backend compiles.

    With `any_size` it is compiled once for all sizes of images and of what is over their positions, (1, h, w, …), if
    the backend can: for those that follow, what takes a second or two is done already.

    Its arguments may be numpy's arrays and numbers. With `consumes_first` it may use the memory of its first argument,
    which `with_row` wants. Here, because Keras compiles models and no functions.
    """
    return _chosen().compiled(function, consumes_first, any_size)


def compiles_for_any_size():
    """Return whether `compiled` can make one function for all sizes."""
    return _chosen().COMPILES_FOR_ANY_SIZE


def compiled_to_look(function, any_size):
    """Return `function` of an image (1, height, width, 3), and of what lies on it, to look at a picture or two with.

    It is compiled, once for all sizes or without `any_size` for each, or as it is if the backend takes longer to
    compile than that saves. Here, because backends differ so much in it.
    """
    return _chosen().compiled_to_look(function, any_size)


def constant(array):
    """Return a numpy array as functions should hold it that use it many times.

    Here, because a backend that does not compile would bring it to the device at each use.
    """
    return _chosen().constant(array)


def value_and_grad(function):
    """Return the compiled function that gives (value, aux, gradient) where `function` gives (value, aux).

    `function(x, *others)` returns a scalar and any structure of arrays; the gradient is of the scalar, by `x` alone,
    which may be a structure of arrays too. Here, because Keras has no gradients.
    """
    return compiled(differentiated(function))


def differentiated(function):
    """Return what `value_and_grad` does, not compiled, for functions that are."""
    return functools.partial(_chosen().differentiate, function)


def with_gradient(name, function, gradient):
    """Return `function` of arrays (x, *constants), its gradient by x being gradient(upstream, *constants).

    Both are pure functions of a module; `name` tells this pair of them from others. Here, because what Keras has for it
    makes TensorFlow keep every graph.
    """
    return functools.partial(_chosen().with_gradient, name, function, gradient)


def product(a, b, transpose_a=False, transpose_b=False):
    """Return the product of two matrices, or stacks of them, of which either may be transposed without a copy of it.

    Here, because TensorFlow copies what Keras transposes.
    """
    return _chosen().product(a, b, transpose_a, transpose_b)


def host_zeros(count):
    """Return `count` float32 zeros on the host, so aligned that `from_host` need not copy them."""
    room = np.zeros(4 * count + ALIGNMENT, "uint8")
    begin = -room.ctypes.data % ALIGNMENT
    return room[begin : begin + 4 * count].view("float32")


def from_host(array):
    """Return an array of `host_zeros` on the device. It is used up by this: on the CPU the memory may be the same.

    Here, because of large pictures and kernels one copy more would count.
    """
    return _chosen().from_host(array)


def with_row(matrix, index, row):
    """Return the array `matrix` (rows, n) with `row` in place of row `index`, in the memory of `matrix` itself.

    The array passed in is used up by this. Here, because Keras only has copies, and the optimiser's memory is the
    largest array of all.
    """
    return _chosen().with_row(matrix, index, row)
