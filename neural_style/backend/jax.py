"""JAX's part of `neural_style.backend`, which says what each function is for."""

import functools

import jax

from neural_style.backend import gpu

BFLOAT16_PAYS_ON_CPUS = False
"""Measured on one that has it."""

COMPILES_FOR_ANY_SIZE = False


def start():
    # The default on recent GPUs rounds products to ten bits, which the line search would see as noise.
    jax.config.update("jax_default_matmul_precision", "highest")
    (device, *_) = jax.devices()
    return "CPU" if device.platform == "cpu" else device.device_kind


def advice(device):
    """Return None: JAX says itself what it does not use."""


def on_cpu():
    return jax.default_backend() == "cpu"


def free_memory():
    statistics = jax.devices()[0].memory_stats() or {}
    # What others have of the GPU is not counted there, unless JAX has taken its own part of it already.
    free = [gpu.free_of_cuda()] if gpu.takes_as_needed() else []
    if "bytes_limit" in statistics:
        free.append(statistics["bytes_limit"] - statistics.get("bytes_in_use", 0))
    return min((count for count in free if count is not None), default=gpu.UNTOLD)


def peak_memory():
    return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")


def compiled(function, consumes_first, any_size):
    return jax.jit(function, donate_argnums=(0,) if consumes_first else ())


def compiled_to_look(function, any_size):
    return function


def constant(array):
    return array


def differentiate(function, x, *others):
    (value, aux), gradient = jax.value_and_grad(function, has_aux=True)(x, *others)
    return value, aux, gradient


def with_gradient(name, function, gradient, x, *constants):
    return jax.custom_gradient(lambda x: (function(x, *constants), lambda up: gradient(up, *constants)))(x)


def product(a, b, transpose_a, transpose_b):
    return jax.numpy.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)


def from_host(array):
    return jax.numpy.asarray(array)


def with_row(matrix, index, row):
    return _row_setter()(matrix, index, row)


@functools.cache
def _row_setter():
    """Return the compiled function that sets a row in place."""
    return jax.jit(lambda matrix, index, row: matrix.at[index].set(row), donate_argnums=0)
