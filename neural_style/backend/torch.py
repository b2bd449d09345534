"""PyTorch's part of `neural_style.backend`, which says what each function is for. Functions run as they are."""

import keras
import numpy as np
import torch
from keras import ops

from neural_style.backend import gpu

BFLOAT16_PAYS_ON_CPUS = None
"""Not measured."""

COMPILES_FOR_ANY_SIZE = False

_TELLING = ("cuda", "xpu")
"""Kinds of GPUs with a memory of their own, of which PyTorch tells; "mps" works in the machine's."""


def start():
    # The default on recent GPUs rounds products to ten bits, which the line search would see as noise.
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.set_grad_enabled(False)  # Only what is differentiated need be recorded.
    kind = _kind()
    if kind == "cpu":
        return "CPU"
    return getattr(torch, kind).get_device_name() if kind in _TELLING else f"GPU ({kind})"


def advice(device):
    """Return None: PyTorch is installed for one kind of device, and uses it."""


def _kind():
    """Return the kind of device that Keras has chosen for PyTorch's arrays, like "cpu", "cuda" or "mps"."""
    return ops.zeros(()).device.type


def on_cpu():
    return _kind() == "cpu"


def free_memory():
    kind = _kind()
    if kind not in _TELLING:
        return None
    try:
        return getattr(torch, kind).mem_get_info()[0]
    except RuntimeError:
        return gpu.UNTOLD


def peak_memory():
    kind = _kind()
    return getattr(torch, kind).max_memory_allocated() if kind in _TELLING else None


def compiled(function, consumes_first, any_size):
    return lambda *arguments: function(*_tensors(arguments))


def _tensors(arguments):
    """Return arguments with numpy's arrays in torch's place, but integers, which are positions, as Python's."""

    def converted(value):
        if not isinstance(value, np.ndarray | np.generic):
            return value
        return value.tolist() if value.dtype.kind == "i" else ops.convert_to_tensor(value)

    return keras.tree.map_structure(converted, arguments)


def compiled_to_look(function, any_size):
    return function


def constant(array):
    return ops.convert_to_tensor(array)


def differentiate(function, x, *others):
    with torch.enable_grad():
        leaves = [ops.convert_to_tensor(leaf).detach().requires_grad_() for leaf in keras.tree.flatten(x)]
        value, aux = function(keras.tree.pack_sequence_as(x, leaves), *others)
        gradients = torch.autograd.grad(value, leaves)
    value, aux = keras.tree.map_structure(torch.Tensor.detach, (value, aux))
    return value, aux, keras.tree.pack_sequence_as(x, list(gradients))


def with_gradient(name, function, gradient, x, *constants):
    def by_x(x, upstream):
        return gradient(upstream, *constants)

    return ops.custom_gradient(lambda x: (function(x, *constants), by_x))(x)


def product(a, b, transpose_a, transpose_b):
    return torch.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)


def from_host(array):
    return ops.convert_to_tensor(array)


def with_row(matrix, index, row):
    matrix[index] = row
    return matrix
