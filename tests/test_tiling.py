"""A picture in tiles has the loss and the gradient of the picture in one piece."""

import weakref

import keras
import numpy as np
import pytest
from conftest import CASTLE, REFERENCE, ROOT, STARRY_NIGHT
from keras import ops

import inetwork
import network
import neural_doodle
from models.layers import layer_names, size_at
from neural_style import autodiff, cli, transfer
from neural_style.tiles import ALIGNMENT, intervals, margin
from neural_style.tiling import TiledNetwork

MASKS = [REFERENCE / "mask1.png", REFERENCE / "mask2.png"]
SIDE = 112


@pytest.fixture
def uncompiled(monkeypatch):
    """Run what would be compiled as it stands: the shapes of so many tiles take longer to compile than to run."""
    monkeypatch.setattr(autodiff, "compiled", lambda function: function)


def transfer_task(script, size, *flags, styles=(STARRY_NIGHT,)):
    """The task for a square picture of `size` rows."""
    square = ["--image_size", size, "--maintain_aspect_ratio", "False"]
    return script.task(script.parse([*map(str, [CASTLE, *styles, "out", *square, *flags])]))


def two_styles(script, size, *flags):
    styles = [REFERENCE / "style1.png", REFERENCE / "style2.png"]
    return transfer_task(script, size, "--style_weight", 1, 0.4, *flags, styles=styles)


def two_masks(script, size, *flags):
    return two_styles(script, size, *flags, "--style_masks", *MASKS)


def doodle_task(rows, *flags):
    style, maps = ROOT / "images/inputs/style/starry-night.jpg", ROOT / "images/inputs/doodle"
    files = ["--style-image", style, "--style-mask", maps / "starry-night-style.png"]
    files += ["--target-mask", maps / "starry-night-target.png", "--content-image", CASTLE, "--img-size", rows]
    return neural_doodle.task(neural_doodle.parse([*map(str, [*files, "--target-image-prefix", "out", *flags])]))


CASES = {
    "one style": lambda: transfer_task(network, 208),
    "average pooling and no multiple of 16": lambda: transfer_task(network, 215, "--pool_type", "ave"),
    "odd sizes and a content loss of means": lambda: transfer_task(network, 213, "--content_loss_type", 2),
    "two styles in their own sizes": lambda: two_styles(network, 205, "--style_fit", "keep"),
    "two masked styles": lambda: two_masks(network, 209),
    "two masked styles by area": lambda: two_masks(
        network, 200, "--style_mask_space", "style", "--content_masks", *MASKS
    ),
    "correlated layers": lambda: transfer_task(inetwork, 215),
    "correlated layers under masks": lambda: two_masks(inetwork, 203),
    "differences of layers": lambda: transfer_task(inetwork, 200, "--chain", "difference"),
    "differences of layers under masks": lambda: two_masks(inetwork, 205, "--chain", "difference"),
    "a doodle": lambda: doodle_task(161),
    "an improved doodle": lambda: doodle_task(160, "--improved"),
    "only smoothness and content": lambda: transfer_task(network, 222, "--style_weight", 0, "--content_weight", 1),
    "tiles with others all around and a rest of few rows": lambda: transfer_task(network, 3 * SIDE + 7),
}


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_in_tiles_are_those_of_the_whole(case, weights, random_image, uncompiled):
    task = CASES[case]()
    (pictures,) = task.read(cli.Reporter(quiet=True))
    image = ops.convert_to_tensor(random_image(*pictures.size).ravel())

    whole, terms, gradient = transfer.objective(task, pictures, weights).evaluate(image)
    tiled, tiled_terms, tiled_gradient = transfer.objective(task, pictures, weights, SIDE).evaluate(image)

    assert tiled == pytest.approx(whole, rel=1e-5)
    assert tiled_terms == pytest.approx(terms, rel=1e-5)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)


def test_compiled_tiles_give_the_same(weights, random_image):
    task = transfer_task(network, SIDE + 32)
    (pictures,) = task.read(cli.Reporter(quiet=True))
    image = ops.convert_to_tensor(random_image(*pictures.size).ravel())
    whole, _, gradient = transfer.objective(task, pictures, weights).evaluate(image)
    tiled, _, tiled_gradient = transfer.objective(task, pictures, weights, SIDE).evaluate(image)
    assert tiled == pytest.approx(whole, rel=1e-5)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)


@pytest.mark.parametrize("side", [None, SIDE])
def test_a_point_on_a_line_is_evaluated_as_if_it_were_made_whole(side, weights, random_image, uncompiled):
    task = transfer_task(network, SIDE + 32)
    (pictures,) = task.read(cli.Reporter(quiet=True))
    objective = transfer.objective(task, pictures, weights, side)
    vector, direction = (ops.convert_to_tensor(random_image(*pictures.size, seed).ravel()) for seed in (0, 1))
    whole, _, gradient = objective.evaluate(vector + 0.25 * direction)
    loss, _, its_gradient = objective.evaluate(vector, 0.25, direction)
    assert loss == pytest.approx(whole, rel=1e-6)
    assert np.allclose(its_gradient, gradient, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize("length", [16, 95, 96, 97, 111, 112, 200, 290, 384, 387, 400, 1000])
def test_every_position_belongs_to_one_tile_which_sees_its_margin(length):
    around = 80
    parts = intervals(length, 96, around)
    for layer in ("image", *layer_names("vgg16")):
        owned = np.zeros(size_at(layer, (length, 0))[0], int)
        for part in parts:
            own = part.own(layer)
            assert own.stop > own.start
            owned[own] += 1
        shared = len(parts) - 1 if layer == "image" else 0  # Neighbouring pixels across each border.
        assert owned.min() == 1
        assert owned.sum() == len(owned) + shared
    for part in parts:
        assert part.first <= max(0, part.begin - around)
        assert part.last >= min(length, part.end + around)
        assert part.first % 16 == 0
        assert part.last % 16 == 0 or part.last == length


@pytest.mark.parametrize("layer", ["conv1_1", "conv2_2", "conv3_3", "conv5_2"])
def test_the_margin_is_what_a_position_sees(layer, extractor, random_image):
    """Pixels beyond the margin do not change a position's features, some of those before it do."""
    model, around = extractor([layer]), margin("vgg16", [layer])
    image = random_image(128, 256)
    row, column = 64, 128

    def change(first):
        changed = image.copy()
        changed[:, :first] = 255 - changed[:, :first]
        at = (0, *size_at(layer, (row, column)))
        return np.abs(np.asarray(model(changed[None])[layer])[at] - np.asarray(model(image[None])[layer])[at]).max()

    assert change(column - around) == 0
    assert change(column - around + ALIGNMENT) > 0


@pytest.mark.parametrize(
    ("side", "keeps_up_to", "given_back"), [(32, None, 1), (32, 2**60, 0), (32, 2**20, 4), (None, None, 0)]
)
def test_memory_is_given_back_after_a_picture_or_where_it_is_kept_after_a_tile_that_leaves_too_much(
    side, keeps_up_to, given_back, extractor, random_image, monkeypatch
):
    calls = []
    monkeypatch.setattr(autodiff, "give_back_memory", lambda: calls.append(1))
    network = TiledNetwork(extractor(["conv1_1"]), "vgg16", ["conv1_1"], side, keeps_up_to=keeps_up_to)
    network.layer("conv1_1", random_image(64, 64))
    assert len(calls) == given_back


def test_tiles_that_do_not_fit_the_memory_are_made_smaller(extractor, random_image):
    said, model = [], extractor(["conv2_1"])

    def small_memory(seen):
        if seen.shape[1] > 150:
            raise MemoryError
        return model(seen)

    tiled = TiledNetwork(small_memory, "vgg16", ["conv2_1"], None, said.append)
    image = random_image(300, 100)

    features = tiled.layer("conv2_1", image)

    assert said == [f"the memory does not suffice: going on in tiles of {rows} rows" for rows in (128, 64)]
    assert np.abs(features - np.asarray(model(image[None])["conv2_1"])).max() < 1e-3


def test_what_did_not_fit_is_gone_before_smaller_tiles_are_tried():
    arrays, alive = [], []

    class Greedy(keras.layers.Layer):
        def call(self, x):
            alive.append(sum(array() is not None for array in arrays))
            held = np.zeros(10)
            arrays.append(weakref.ref(held))
            raise MemoryError

    with pytest.raises(MemoryError):
        TiledNetwork(Greedy(), "vgg16", ["conv1_1"]).layer("conv1_1", np.zeros((300, 300, 3), "float32"))
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
    assert all(autodiff.may_be_out_of_memory(error) for error in errors)
    assert [autodiff.is_out_of_memory(error) for error in errors] == [certain, certain]


@pytest.mark.parametrize(
    "error", [ValueError("out of memory"), RuntimeError("DNN library initialization failed"), KeyError("conv1_1")]
)
def test_other_errors_are_not_taken_for_want_of_memory(error):
    def fails(seen):
        raise error

    said = []
    with pytest.raises(type(error)):
        TiledNetwork(fails, "vgg16", ["conv1_1"], None, said.append).layer("conv1_1", np.zeros((300, 300, 3)))
    assert not said


def test_no_tile_is_smaller_than_the_memory_of_nothing():
    def no_memory(seen):
        raise MemoryError

    with pytest.raises(MemoryError):
        TiledNetwork(no_memory, "vgg16", ["conv1_1"]).layer("conv1_1", np.zeros((200, 200, 3), "float32"))


def test_a_run_that_does_not_fit_goes_on_in_tiles(weights, random_image, uncompiled, monkeypatch):
    task = transfer_task(network, 160)
    (pictures,) = task.read(cli.Reporter(quiet=True))
    said = []
    objective = transfer.objective(task, pictures, weights, say=said.append)
    image = ops.convert_to_tensor(random_image(*pictures.size).ravel())
    whole, _, gradient = objective.evaluate(image)

    def does_not_fit(*arguments):
        return ops.ones((2**20, 2**20, 2**10))  # More than there are addresses, so the backend's own error.

    monkeypatch.setattr(objective, "_whole", does_not_fit)
    tiled, _, tiled_gradient = objective.evaluate(image)

    assert said == ["the memory does not suffice: going on in tiles of 64 rows"]
    assert tiled == pytest.approx(whole, rel=1e-5)
    assert np.linalg.norm(tiled_gradient - gradient) < 1e-5 * np.linalg.norm(gradient)
