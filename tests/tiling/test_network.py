"""A network looks at pictures in smaller tiles when the memory does not suffice."""

import weakref
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from neural_style.backend import allocator, gpu
from neural_style.tiling.network import TiledNetwork, View


def reporter_to(said):
    """A reporter whose lines are appended to the list `said`."""
    return SimpleNamespace(say=said.append, tile=lambda done, total: None)


@pytest.mark.parametrize(
    ("side", "keeps_up_to", "given_back"), [(32, None, 1), (32, 2**60, 0), (32, 2**20, 4), (None, None, 0)]
)
def test_memory_is_given_back_after_a_picture_or_where_it_is_kept_after_a_tile_that_leaves_too_much(
    side, keeps_up_to, given_back, extractor, random_image, monkeypatch
):
    calls = []
    monkeypatch.setattr(allocator, "give_back_memory", lambda: calls.append(1))
    network = TiledNetwork(View(extractor(["conv1_1"]), ["conv1_1"]), "vgg16", side, keeps_up_to=keeps_up_to)
    network.layer("conv1_1", random_image(64, 64))
    assert len(calls) == given_back


def test_tiles_that_do_not_fit_the_memory_are_made_smaller(extractor, random_image, uncompiled):
    said, model = [], extractor(["conv2_1"])

    def small_memory(seen):
        if seen.shape[1] > 150:
            raise MemoryError
        return model(seen)

    tiled = TiledNetwork(View(small_memory, ["conv2_1"]), "vgg16", None, reporter_to(said))
    image = random_image(300, 100)

    features = tiled.layer("conv2_1", image)

    assert said == [f"the memory does not suffice: going on in tiles of {rows} rows" for rows in (128, 64)]
    assert np.abs(features - np.asarray(model(image[None])["conv2_1"])).max() < 1e-3


def test_what_did_not_fit_is_gone_before_smaller_tiles_are_tried(uncompiled):
    arrays, alive = [], []

    class Greedy(keras.layers.Layer):
        def call(self, x):
            alive.append(sum(array() is not None for array in arrays))
            held = np.zeros(10)
            arrays.append(weakref.ref(held))
            raise MemoryError

    with pytest.raises(MemoryError):
        TiledNetwork(View(Greedy(), ["conv1_1"]), "vgg16").layer("conv1_1", np.zeros((300, 300, 3), "float32"))
    assert alive == [0, 0, 0]


@pytest.mark.parametrize(
    ("message", "certain"),
    [
        ("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 549755813888 bytes.", True),
        ("CUDA error: out of memory", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("Failed copying input tensor to GPU in order to run _EagerConst: Dst tensor is not initialized.", True),
        ("No algorithm worked! Error messages: engine 0: UNKNOWN: CUDNN_STATUS_ALLOC_FAILED", True),
        ("No algorithm worked!", False),
        ("UNKNOWN: Failed to determine best cudnn convolution algorithm", False),
        ("GET was unable to find an engine to execute this computation", False),
        ("Unable to find a valid cuDNN algorithm to run convolution", False),
    ],
)
def test_smaller_tiles_are_tried_after_any_error_of_a_gpu_that_want_of_memory_makes(message, certain):
    tf_errors = pytest.importorskip("tensorflow").errors
    errors = [RuntimeError(message), tf_errors.InternalError(None, None, message)]
    assert all(gpu.may_be_out_of_memory(error) for error in errors)
    assert [gpu.is_out_of_memory(error) for error in errors] == [certain, certain]


@pytest.mark.parametrize(
    "error", [ValueError("out of memory"), RuntimeError("DNN library initialization failed"), KeyError("conv1_1")]
)
def test_other_errors_are_not_taken_for_want_of_memory(error):
    def fails(seen):
        raise error

    said = []
    with pytest.raises(type(error)):
        TiledNetwork(View(fails, ["conv1_1"]), "vgg16", None, reporter_to(said)).layer(
            "conv1_1", np.zeros((300, 300, 3))
        )
    assert not said


def test_no_tile_is_smaller_than_the_memory_of_nothing():
    def no_memory(seen):
        raise MemoryError

    with pytest.raises(MemoryError):
        TiledNetwork(View(no_memory, ["conv1_1"]), "vgg16").layer("conv1_1", np.zeros((200, 200, 3), "float32"))
