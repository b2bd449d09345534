"""TensorFlow's part of `neural_style.backend`, which says what each function is for."""

import functools
import os
import shutil

import tensorflow as tf

from neural_style.backend import gpu

BFLOAT16_PAYS_ON_CPUS = True

COMPILES_FOR_ANY_SIZE = True


def start():
    tf.get_logger().setLevel("ERROR")
    # It would join additions into one of many terms, which `differentiate` avoids. What else it is good for, `product`
    # says itself. The other optimisations stay: without any, a CPU starts half a second sooner, but needs up to a tenth
    # more memory.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        # A convolution fills all cores by itself; two at once only take the caches from each other.
        tf.config.threading.set_inter_op_parallelism_threads(1)
        return "CPU"
    # The default on recent GPUs rounds products to ten bits, which the line search would see as noise.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for device in gpus:
        tf.config.experimental.set_memory_growth(device, True)
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def advice(device):
    """Return a warning if the machine has an NVIDIA GPU but the `device` is the CPU, else None."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    present = os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None
    if device != "CPU" or not present or hidden:
        return None
    return (
        "warning: this machine has an NVIDIA GPU that TensorFlow cannot use, so the CPU does the work; "
        "python -m pip install 'tensorflow[and-cuda]' installs what it needs (Linux or WSL2)"
    )


def on_cpu():
    return not tf.config.list_logical_devices("GPU")


def free_memory():
    """Return the bytes that are free on the GPU: TensorFlow knows what it uses itself, but not what there is."""
    free = gpu.free_of_cuda()
    return gpu.UNTOLD if free is None else free


def peak_memory():
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def compiled(function, consumes_first, any_size):
    graph = tf.function(function, autograph=False, reduce_retracing=False)
    return _AnySize(graph) if any_size else graph


def compiled_to_look(function, any_size):
    return compiled(function, consumes_first=False, any_size=any_size)


class _AnySize:
    """A compiled function with one graph for images of any size, of each number of channels and masks."""

    def __init__(self, graph):
        self._graph = graph
        self._made = {}

    def __call__(self, *arrays):
        arrays = tf.nest.map_structure(tf.convert_to_tensor, arrays)
        told = tf.nest.map_structure(_of_any_size, arrays)
        key = str(tf.nest.map_structure(lambda spec: (spec.shape.as_list(), spec.dtype.name), told))
        if key not in self._made:
            self._made[key] = self._graph.get_concrete_function(*told)
        return self._made[key](*arrays)


def _of_any_size(array):
    """Return what TensorFlow is told of an array: of (1, h, w, …) neither h nor w."""
    shape = array.shape
    return tf.TensorSpec((1, None, None, *shape[3:]) if len(shape) == 4 and shape[0] == 1 else shape, array.dtype)


def constant(array):
    return array


def differentiate(function, x, *others):
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


def with_gradient(name, function, gradient, x, *constants):
    if tf.executing_eagerly():
        return tf.custom_gradient(lambda x: (function(x, *constants), lambda up: gradient(up, *constants)))(x)
    # In a graph, tf.custom_gradient registers each of its calls for as long as the process lives, and so keeps graphs
    # and the weights in them. This registers the gradient once, which finds the constants in the operation itself.
    _register(name, gradient)
    constants = [tf.convert_to_tensor(constant) for constant in constants]
    result = function(x, *constants)
    with result.graph.gradient_override_map({"IdentityN": name}):
        result, *_ = tf.identity_n([result, x, *constants])
    return result


@functools.cache
def _register(name, gradient):
    """Let TensorFlow know `gradient` as that of operations of the kind `name`."""

    @tf.RegisterGradient(name)
    def by_inputs(operation, upstream, *others):
        _, _, *constants = operation.inputs
        return [None, gradient(upstream, *constants), *(None for _ in constants)]


def product(a, b, transpose_a, transpose_b):
    return tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


def from_host(array):
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__()) if on_cpu() else tf.convert_to_tensor(array)


def with_row(matrix, index, row):
    """Return `matrix` with `row` in place of row `index`.

    A variable would do it safely, but TensorFlow copies all of one that was ever written by rows at each read.
    """
    return tf.raw_ops.InplaceUpdate(x=matrix, i=tf.reshape(index, (1,)), v=row[None])
