"""Differentiation, compilation and devices: the only file that names a Keras backend.

Keras itself has no gradients; what differs between its backends is kept in this file, behind functions of plain
arrays. Nothing is imported before `start`, because TensorFlow takes seconds and talks while it loads.
"""

import contextlib
import os
import shutil
import sys
import tempfile

from neural_style.errors import InputError


def start():
    """Load Keras and TensorFlow, silently, and set them up for one image at a time; return the device's name.

    Call it before importing any module that imports Keras. Raises InputError for a backend that is not supported
    and when TensorFlow cannot be loaded.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise InputError(f"the backend {backend} is not supported: set KERAS_BACKEND=tensorflow")
    try:
        with _standard_error_held_back():
            import keras
            import tensorflow as tf
    except ImportError as error:
        raise InputError(
            f"TensorFlow or Keras cannot be loaded ({error}): python -m pip install -r requirements.txt"
        ) from error
    # A user's keras.json may say otherwise, for other programs.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    tf.get_logger().setLevel("ERROR")
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


def versions():
    """Return the versions of Keras and its backend, by name."""
    import keras
    import tensorflow as tf

    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def unused_gpu(device):
    """Return whether this machine has an NVIDIA GPU though `device`, from `start`, is the CPU."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    present = os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None
    return device == "CPU" and present and not hidden


def is_out_of_memory(error):
    """Return whether an exception says, in Python's words or the backend's, that the memory does not suffice."""
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def compiled(function):
    """Return `function` of arrays compiled for their shapes."""
    import tensorflow as tf

    return tf.function(function, autograph=False, reduce_retracing=False)


def value_and_grad(function):
    """Return the compiled function that gives (value, aux, gradient) where `function` gives (value, aux).

    `function(x, *others)` returns a scalar and any structure of arrays; the gradient is of the scalar, by `x` alone.
    """
    import tensorflow as tf

    def differentiated(x, *others):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, aux = function(x, *others)
        return value, aux, tape.gradient(value, x)

    return compiled(differentiated)


def with_row(matrix, index, row):
    """Return the array `matrix` (rows, n) with `row` in place of row `index`, in the memory of `matrix` itself.

    The array passed in is used up by this. A variable would do it safely, but TensorFlow copies the whole of one that
    was ever written by rows each time it is read.
    """
    import tensorflow as tf

    return tf.raw_ops.InplaceUpdate(x=matrix, i=[index], v=row[None])


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
