"""Differentiation, compilation and devices: the only file that names a Keras backend.

Keras itself has no gradients; what differs between its backends is kept in this file, behind functions of plain
arrays. TensorFlow is the default; KERAS_BACKEND=jax and KERAS_BACKEND=torch use what the user has installed of those.
Nothing is imported before `start`, because a backend takes seconds and talks while it loads.
"""

import contextlib
import ctypes
import functools
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from neural_style.errors import InputError

PACKAGES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""The packages of the backends, and what people call them."""

_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")
"""Names of the exceptions of TensorFlow and PyTorch; others say it in the message."""

_OUT_OF_MEMORY_WORDS = (
    "RESOURCE_EXHAUSTED",
    "out of memory",
    "can't allocate memory",
    "ALLOC_FAILED",
    "Dst tensor is not initialized",
)
"""What the message then has: of JAX, of allocators on the CPU, of cuDNN and cuBLAS in want of room to work in, and of
TensorFlow for an array that did not get to the GPU (its issue 7025)."""

_NO_CONVOLUTION_WORDS = (
    "No algorithm worked",
    "Failed to determine best cudnn convolution algorithm",
    "unable to find an engine",
    "valid cuDNN algorithm",
)
"""What TensorFlow, JAX and PyTorch say when none of cuDNN's algorithms ran; mostly, but not always, for want of memory
(TensorFlow's issue 45068, JAX's 8506, PyTorch's 108645)."""


ALIGNMENT = 64
"""Bytes at whose multiples TensorFlow's arrays begin."""

_ONE_HEAP = ((-8, 1),)
"""glibc's M_ARENA_MAX, such that threads that begin later have no heaps of their own, which give back what is freed."""

_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"
"""The environment variable that says whether JAX takes three quarters of a GPU's memory when it begins."""

_KEEP_FREED = ((-1, -1), (-4, 0))
"""glibc's M_TRIM_THRESHOLD and M_MMAP_MAX, such that memory which is freed is kept in the heap."""


def start(large=False, keeps=False):
    """Load Keras and its backend, silently, and set them up for one image at a time; return the device's name.

    Call it before importing any module that imports Keras. With `large`, arrays come from the C library's allocator, so
    that what is freed is given back at once, or with `keeps` is kept after `keep_memory`. Raises InputError for an
    unknown backend and when it cannot be loaded.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if large:
        os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
    if keeps:
        # In C, protobuf gives all free memory back to the system whenever one of its own large pieces is freed, and
        # with it what `keep_memory` is to keep. In Python it does not, though it may take more itself.
        os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
        _set_allocator(_ONE_HEAP)
    # As TensorFlow here, JAX leaves to others what it does not need of a GPU yet.
    os.environ.setdefault(_PREALLOCATE, "false")
    backend = os.environ["KERAS_BACKEND"] = backend_asked_for()
    try:
        with _standard_error_held_back():
            import keras

            importlib.import_module(backend)
    except ImportError as error:
        install = "-r requirements.txt" if backend == "tensorflow" else backend
        raise InputError(
            f"Keras or {PACKAGES[backend]} cannot be loaded ({error}): python -m pip install {install}"
        ) from error
    # A user's keras.json may say otherwise, for other programs.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    return {"tensorflow": _start_tensorflow, "jax": _start_jax, "torch": _start_torch}[backend]()


def backend_asked_for():
    """Return the name of the backend that `start` loads. Raises InputError if it is unknown."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in PACKAGES:
        raise InputError(f"the backend {backend} is not supported: set KERAS_BACKEND to {', '.join(PACKAGES)}")
    return backend


def keep_memory():
    """Keep memory that is freed for the next arrays, after `start` with `large`.

    Otherwise each of them gets fresh pages from the system, and clearing those takes as long as the work on them; but
    what is kept lies in pieces, so that a run takes more. Only glibc can be told so.
    """
    _set_allocator(_KEEP_FREED)


def _set_allocator(settings):
    """Give glibc's allocator (setting, value) pairs, if it is there."""
    library = _glibc()
    if library is not None:
        for setting, value in settings:
            library.mallopt(setting, value)


def give_back_memory():
    """Give back to the system what is free of the memory that the C library has; it takes a moment."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc():
    """Return the C library if it is glibc, whose allocator can be told what to keep, else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None


def _start_tensorflow():
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    # It would join additions into one of many terms, which `_differentiated_by_tensorflow` avoids. What else it is good
    # for, `product` says itself.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        # A convolution fills all cores by itself; two at once only take the caches from each other.
        tf.config.threading.set_inter_op_parallelism_threads(1)
        return "CPU"
    # The default on recent GPUs rounds products to ten bits, which the line search would see as noise.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def _start_jax():
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")  # As with TensorFlow.
    with _standard_error_held_back():
        (device, *_) = jax.devices()
    return "CPU" if device.platform == "cpu" else device.device_kind


def _start_torch():
    import torch

    torch.backends.cudnn.allow_tf32 = False  # As with TensorFlow.
    torch.set_float32_matmul_precision("highest")
    torch.set_grad_enabled(False)  # Only what is differentiated need be recorded.
    kind = _torch_kind()
    if kind == "cpu":
        return "CPU"
    return getattr(torch, kind).get_device_name() if kind in _TOLD_BY_TORCH else f"GPU ({kind})"


def _torch_kind():
    """Return the kind of device that Keras has chosen for PyTorch's arrays, like "cpu", "cuda" or "mps"."""
    import keras

    return keras.ops.zeros(()).device.type


_TOLD_BY_TORCH = ("cuda", "xpu")
"""Kinds of GPUs with a memory of their own, of which PyTorch tells; "mps" works in the machine's."""


def versions():
    """Return the versions of Keras and its backend, by name."""
    import keras

    backend = keras.backend.backend()
    return {"keras": keras.__version__, backend: importlib.import_module(backend).__version__}


def advice(device):
    """Return a warning if this machine has an NVIDIA GPU that TensorFlow does not use, else None.

    `device` is what `start` returned.
    """
    import keras

    if keras.backend.backend() != "tensorflow" or not _unused_gpu(device):
        return None
    return (
        "warning: this machine has an NVIDIA GPU that TensorFlow cannot use, so the CPU does the work; "
        "python -m pip install 'tensorflow[and-cuda]' installs what it needs (Linux or WSL2)"
    )


def _unused_gpu(device):
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    present = os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None
    return device == "CPU" and present and not hidden


def on_cpu():
    """Return whether arrays are on the CPU."""
    import keras

    return {"tensorflow": _tensorflow_on_cpu, "jax": _jax_on_cpu, "torch": _torch_on_cpu}[keras.backend.backend()]()


def _tensorflow_on_cpu():
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


def _jax_on_cpu():
    import jax

    return jax.default_backend() == "cpu"


def _torch_on_cpu():
    return _torch_kind() == "cpu"


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

    They do on CPUs that do not have it, as far as Linux tells, and with JAX on CPUs (measured on one that has it).
    """
    import keras

    if not on_cpu():
        return False
    if keras.backend.backend() == "jax":
        return True
    try:
        words = Path(root, "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return _BFLOAT16.isdisjoint(words)


_BFLOAT16 = frozenset(("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"))
"""What Linux calls the instructions for bfloat16, of Intel's and AMD's CPUs and of ARM's."""


def is_out_of_memory(error):
    """Return whether an exception says, in Python's words or the backend's, that the memory does not suffice."""
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
        return True
    return _is_backend_saying(error, _OUT_OF_MEMORY_WORDS)


def may_be_out_of_memory(error):
    """Return whether an exception is one that less work at once may well avoid."""
    return is_out_of_memory(error) or _is_backend_saying(error, _NO_CONVOLUTION_WORDS)


def _is_backend_saying(error, words):
    """Return whether an exception is of a kind that backends raise, with any of the `words` in its message."""
    raised = isinstance(error, RuntimeError) or type(error).__module__.partition(".")[0] == "tensorflow"
    return raised and any(text in str(error) for text in words)


def free_device_memory():
    """Return the bytes that are free on the GPU in use, UNTOLD where nothing tells; None on a CPU or in its memory."""
    import keras

    if on_cpu():
        return None
    return {"tensorflow": _free_tensorflow, "jax": _free_jax, "torch": _free_torch}[keras.backend.backend()]()


UNTOLD = 4 * 2**30
"""Bytes that a GPU is taken to have free where nothing tells."""


def _free_tensorflow():
    free = _free_of_cuda()  # TensorFlow knows what it uses itself, but not what there is.
    return UNTOLD if free is None else free


def _free_of_cuda():
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


def _free_jax():
    import jax

    statistics = jax.devices()[0].memory_stats() or {}
    # What others have of the GPU is not counted there, unless JAX has taken its own part of it already.
    takes_as_needed = os.environ.get(_PREALLOCATE) in ("0", "false", "False")
    free = [_free_of_cuda()] if takes_as_needed else []
    if "bytes_limit" in statistics:
        free.append(statistics["bytes_limit"] - statistics.get("bytes_in_use", 0))
    return min((count for count in free if count is not None), default=UNTOLD)


def _free_torch():
    import torch

    kind = _torch_kind()
    if kind not in _TOLD_BY_TORCH:
        return None
    try:
        return getattr(torch, kind).mem_get_info()[0]
    except RuntimeError:
        return UNTOLD


def peak_device_memory():
    """Return the most bytes of a GPU that arrays of this process had so far; None on a CPU, or where nothing tells."""
    import keras

    if on_cpu():
        return None
    return {"tensorflow": _peak_tensorflow, "jax": _peak_jax, "torch": _peak_torch}[keras.backend.backend()]()


def _peak_tensorflow():
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def _peak_jax():
    import jax

    return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")


def _peak_torch():
    import torch

    kind = _torch_kind()
    return getattr(torch, kind).max_memory_allocated() if kind in _TOLD_BY_TORCH else None


def compiled(function, consumes_first=False):
    """Return `function` of arrays compiled for their shapes, as far as the backend compiles.

    Its arguments may be numpy's arrays and numbers. With `consumes_first` it may use the memory of its first argument,
    which `with_row` wants.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, reduce_retracing=False)
    if backend == "jax":
        import jax

        return jax.jit(function, donate_argnums=(0,) if consumes_first else ())
    return lambda *arguments: function(*_tensors_of_torch(arguments))


def _tensors_of_torch(arguments):
    """Return arguments with numpy's arrays in torch's place, but integers, which are positions, as Python's."""
    import keras

    def converted(value):
        if not isinstance(value, np.ndarray | np.generic):
            return value
        return value.tolist() if value.dtype.kind == "i" else keras.ops.convert_to_tensor(value)

    return keras.tree.map_structure(converted, arguments)


def constant(array):
    """Return a numpy array as functions should hold it that use it many times."""
    import keras

    # PyTorch would bring it to the device at each use. The others do that once, when they compile the function.
    return keras.ops.convert_to_tensor(array) if keras.backend.backend() == "torch" else array


def value_and_grad(function):
    """Return the compiled function that gives (value, aux, gradient) where `function` gives (value, aux).

    `function(x, *others)` returns a scalar and any structure of arrays; the gradient is of the scalar, by `x` alone,
    which may be a structure of arrays too.
    """
    return compiled(differentiated(function))


def differentiated(function):
    """Return what `value_and_grad` does, not compiled, for functions that are."""
    import keras

    return functools.partial(_DIFFERENTIATED[keras.backend.backend()], function)


def _differentiated_by_tensorflow(function, x, *others):
    import tensorflow as tf

    if not tf.executing_eagerly():
        # A tape would not see the gradients that `with_gradient` gives. Sums of three and more are made in pairs: AddN
        # begins with the one whose memory it can use, which differs from run to run, and with it the last digit.
        value, aux = function(x, *others)
        pairs = tf.AggregationMethod.EXPERIMENTAL_TREE
        gradients = tf.gradients(value, tf.nest.flatten(x), aggregation_method=pairs)
        return value, aux, tf.nest.pack_sequence_as(x, gradients)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        value, aux = function(x, *others)
    return value, aux, tape.gradient(value, x)


def _differentiated_by_jax(function, x, *others):
    import jax

    (value, aux), gradient = jax.value_and_grad(function, has_aux=True)(x, *others)
    return value, aux, gradient


def _differentiated_by_torch(function, x, *others):
    import keras
    import torch

    with torch.enable_grad():
        leaves = [keras.ops.convert_to_tensor(leaf).detach().requires_grad_() for leaf in keras.tree.flatten(x)]
        value, aux = function(keras.tree.pack_sequence_as(x, leaves), *others)
        gradients = torch.autograd.grad(value, leaves)
    value, aux = keras.tree.map_structure(torch.Tensor.detach, (value, aux))
    return value, aux, keras.tree.pack_sequence_as(x, list(gradients))


_DIFFERENTIATED = {
    "tensorflow": _differentiated_by_tensorflow,
    "jax": _differentiated_by_jax,
    "torch": _differentiated_by_torch,
}


def with_gradient(name, function, gradient):
    """Return `function` of arrays (x, *constants), its gradient by x being gradient(upstream, *constants).

    Both are pure functions of a module; `name` tells this pair of them from others.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        return functools.partial(_with_gradient_in_tensorflow, name, function, gradient)

    def differentiable(x, *constants):
        def by_x(*args, upstream=None):
            return gradient(args[0] if upstream is None else upstream, *constants)

        return keras.ops.custom_gradient(lambda x: (function(x, *constants), by_x))(x)

    return differentiable


def _with_gradient_in_tensorflow(name, function, gradient, x, *constants):
    import tensorflow as tf

    if tf.executing_eagerly():
        return tf.custom_gradient(lambda x: (function(x, *constants), lambda up: gradient(up, *constants)))(x)
    # In a graph, tf.custom_gradient registers each of its calls for as long as the process lives, and so keeps graphs
    # and the weights in them. This registers the gradient once, which finds the constants in the operation itself.
    _register_in_tensorflow(name, gradient)
    constants = [tf.convert_to_tensor(constant) for constant in constants]
    result = function(x, *constants)
    with result.graph.gradient_override_map({"IdentityN": name}):
        result, *_ = tf.identity_n([result, x, *constants])
    return result


@functools.cache
def _register_in_tensorflow(name, gradient):
    """Let TensorFlow know `gradient` as that of operations of the kind `name`."""
    import tensorflow as tf

    @tf.RegisterGradient(name)
    def by_inputs(operation, upstream, *others):
        _, _, *constants = operation.inputs
        return [None, gradient(upstream, *constants), *(None for _ in constants)]


def product(a, b, transpose_a=False, transpose_b=False):
    """Return the product of two matrices, of which either may be transposed without a copy of it being made."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    # JAX and PyTorch see to that themselves.
    a, b = (keras.ops.transpose(m) if turned else m for m, turned in ((a, transpose_a), (b, transpose_b)))
    return keras.ops.matmul(a, b)


def host_zeros(count):
    """Return `count` float32 zeros on the host, so aligned that `from_host` need not copy them."""
    room = np.zeros(4 * count + ALIGNMENT, "uint8")
    begin = -room.ctypes.data % ALIGNMENT
    return room[begin : begin + 4 * count].view("float32")


def from_host(array):
    """Return an array of `host_zeros` on the device. It is used up by this: on the CPU the memory is the same."""
    import keras

    if keras.backend.backend() == "tensorflow" and on_cpu():
        import tensorflow as tf

        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return keras.ops.convert_to_tensor(array)


def with_row(matrix, index, row):
    """Return the array `matrix` (rows, n) with `row` in place of row `index`, in the memory of `matrix` itself.

    The array passed in is used up by this.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        # A variable would do it safely, but TensorFlow copies all of one that was ever written by rows at each read.
        return tf.raw_ops.InplaceUpdate(x=matrix, i=tf.reshape(index, (1,)), v=row[None])
    if backend == "jax":
        return _jax_row_setter()(matrix, index, row)
    matrix[index] = row
    return matrix


@functools.cache
def _jax_row_setter():
    """Return the compiled function that sets a row in place."""
    import jax

    return jax.jit(lambda matrix, index, row: matrix.at[index].set(row), donate_argnums=0)


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
