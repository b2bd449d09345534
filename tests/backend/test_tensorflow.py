"""The graphs that TensorFlow is given make the same sums in the same order."""

import keras
import pytest

from neural_style import backend


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="AddN is TensorFlow's")
def test_no_gradient_is_a_sum_whose_order_depends_on_what_is_ready_first():
    import tensorflow as tf

    def function(x):
        y = keras.ops.relu(x)
        return keras.ops.sum(y) + keras.ops.sum(y * y) + keras.ops.sum(keras.ops.sin(y)) + keras.ops.sum(y**3), ()

    graph = backend.value_and_grad(function).get_concrete_function(tf.ones((4, 4))).graph
    sums = [len(operation.inputs) for operation in graph.get_operations() if operation.type == "AddN"]
    assert set(sums) == {2}
    assert tf.config.optimizer.get_experimental_options()["arithmetic_optimization"] is False
