"""Convolutions of 3×3 in a quarter of the multiplications (Lavin & Gray 2015, arXiv 1509.09308, F(4×4, 3×3)).

An output of 4×4 positions is made from 6×6 inputs d and the 3×3 kernel g by Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. Over all
such windows the product ⊙, summed over channels, is 36 matrix products.

All of it is linear in d. So a gradient y by the output becomes that by the input by the same steps, transposed and in
reverse, with the same transformed kernels: B [(G g Gᵀ) ⊙ (A y Aᵀ)] Bᵀ, summed where windows overlap.
"""

import keras
import numpy as np
from keras import ops

from neural_style import backend

INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
"""Bᵀ."""

KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
"""G."""

OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
"""Aᵀ."""


class WinogradConvolution(keras.layers.Layer):
    """A convolution of 3×3 with zeros around, its bias and ReLU: float32 (1, h, w, channels).

    Its weights are constants; only the gradient by its input is there.
    """

    def __init__(self, kernel, bias, name):
        """`kernel` is float32 (3, 3, C, K) as Keras has it, `bias` (K,)."""
        super().__init__(name=name, trainable=False)
        self._kernels = self._constant(backend.from_host(transformed(kernel)))  # They are not copied.
        self._bias = self._constant(bias)

    def _constant(self, values):
        return self.add_weight(shape=values.shape, initializer=lambda *_, **__: values, trainable=False)

    def compute_output_shape(self, shape):
        return (*shape[:3], self._bias.shape[0])

    def call(self, x):
        product = backend.with_gradient("WinogradConvolution", convolved, pulled_back)
        kernels = ops.convert_to_tensor(self._kernels)  # JAX and PyTorch transpose no variables.
        return ops.relu(product(x, kernels) + self._bias)


def transformed(kernel):
    """Return G g Gᵀ of all kernels (3, 3, C, K) as float32 (36, C, K), columns before rows, of `backend.host_zeros`."""
    both = np.einsum("ia,jb->jiab", KERNEL, KERNEL).reshape(36, 9).astype("float32")
    result = backend.host_zeros(36 * kernel[0, 0].size).reshape(36, -1)
    return np.matmul(both, kernel.reshape(9, -1), out=result).reshape(36, *kernel.shape[2:])


def convolved(x, kernels):
    """Return the convolution (1, h, w, K) of x (1, h, w, C) with the `transformed` kernels (36, C, K)."""
    _, height, width, _ = ops.shape(x)  # Of an image of any size they are known only when it is there.
    channels, results = kernels.shape[1:]
    rows, columns = _in_fours(height), _in_fours(width)
    x = ops.pad(x, ((0, 0), (1, 4 * rows + 3 - height), (1, 4 * columns + 3 - width), (0, 0)))
    x = _windows(ops.reshape(x, (1, rows + 1, 4, -1)))
    x = ops.matmul(np.array(INPUT, "float32"), ops.reshape(x, (6, -1)))
    x = _windows(ops.reshape(x, (-1, columns + 1, 4, channels)))
    x = ops.matmul(np.array(INPUT, "float32"), ops.reshape(x, (6, -1)))
    x = ops.matmul(ops.reshape(x, (36, -1, channels)), kernels)
    to_positions = np.array(OUTPUT, "float32")
    x = ops.matmul(to_positions, ops.reshape(x, (6, -1)))
    x = ops.matmul(to_positions[None], ops.reshape(x, (4, 6, -1)))
    x = ops.transpose(ops.reshape(x, (4, 4, rows, -1, results)), (2, 1, 3, 0, 4))
    return ops.slice(ops.reshape(x, (1, 4 * rows, -1, results)), (0, 0, 0, 0), (1, height, width, results))


def pulled_back(upstream, kernels):
    """Return the gradient (1, h, w, C) of ⟨upstream, `convolved`(x, kernels)⟩ by x, for an upstream (1, h, w, K)."""
    _, height, width, _ = ops.shape(upstream)
    channels, results = kernels.shape[1:]
    rows, columns = _in_fours(height), _in_fours(width)
    x = ops.pad(upstream, ((0, 0), (0, 4 * rows - height), (0, 4 * columns - width), (0, 0)))
    x = ops.transpose(ops.reshape(x, (rows, 4, -1, 4, results)), (3, 1, 0, 2, 4))
    from_positions = np.array(OUTPUT, "float32").T
    x = ops.matmul(from_positions[None], ops.reshape(x, (4, 4, -1)))
    x = ops.matmul(from_positions, ops.reshape(x, (4, -1)))
    x = backend.product(ops.reshape(x, (36, -1, results)), kernels, transpose_b=True)
    x = ops.matmul(np.array(INPUT, "float32").T, ops.reshape(x, (6, -1)))
    x = _overlapped(ops.reshape(x, (6, -1, columns, channels)))
    x = ops.matmul(np.array(INPUT, "float32").T, ops.reshape(x, (6, -1)))
    x = ops.reshape(_overlapped(ops.reshape(x, (6, 1, rows, -1))), (1, 4 * (rows + 1), -1, channels))
    return ops.slice(x, (0, 1, 1, 0), (1, height, width, channels))


def _in_fours(length):
    """Return how many blocks of four cover a length."""
    return (length + 3) // 4


def _windows(blocks):
    """Return the six positions of all windows (6, n, m, C), overlapping by two, of blocks of four (n, m + 1, 4, C)."""
    own, following = (blocks[:, :-1, at] for at in range(4)), (blocks[:, 1:, at] for at in range(2))
    return ops.stack([*own, *following])


def _overlapped(windows):
    """Return the sums where windows (6, n, m, C) overlap by two, in blocks of four (n, m + 1, 4, C)."""
    *own, fifth, sixth = ops.unstack(windows, axis=0)
    own = [ops.pad(values, ((0, 0), (0, 1), (0, 0))) for values in own]
    before = [ops.pad(values, ((0, 0), (1, 0), (0, 0))) for values in (fifth, sixth)]
    return ops.stack([own[0] + before[0], own[1] + before[1], own[2], own[3]], axis=2)
