"""Convolutions in bfloat16 paint the same picture, and say so where they cannot."""

import numpy as np
import pytest
from conftest import CASTLE, ROOT, STARRY_NIGHT
from keras import backend, ops
from PIL import Image

import inetwork
import network
import neural_doodle
from neural_style import autodiff, cli, transfer
from neural_style.errors import InputError
from neural_style.synthesis import optimiser_of

BFLOAT16 = ["--precision", "bfloat16"]
LAYERS = ["conv1_1", "conv2_1", "conv3_2", "conv5_2"]


def read(*flags, script=network):
    """Return the task of a script with small pictures, and its only scale."""
    task = script.task(script.parse([str(CASTLE), str(STARRY_NIGHT), "unused", "--image_size", "72", *flags]))
    (pictures,) = task.read(cli.Reporter(quiet=True))
    return task, pictures


def objective(weights, *flags, script=network, side=None):
    return transfer.objective(*read(*flags, script=script), weights, side)


def test_features_are_float32_and_those_of_float32_to_two_digits(extractor, random_image):
    image = random_image(48, 64)[None]
    features, expected = extractor(LAYERS, precision="bfloat16")(image), extractor(LAYERS)(image)
    for layer in LAYERS:
        assert ops.dtype(features[layer]) == "float32"
        difference = np.asarray(features[layer]) - np.asarray(expected[layer])
        assert np.linalg.norm(difference) < 0.01 * np.linalg.norm(expected[layer]), layer


def test_the_first_layer_sees_single_pixels_as_in_float32(extractor, random_image):
    image = random_image(32, 32)[None]
    features, expected = (extractor(["conv1_1"], precision=p)(image)["conv1_1"] for p in ("bfloat16", "float32"))
    assert np.allclose(features, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("script", [network, inetwork])
def test_loss_and_gradient_are_near_those_of_float32(script, weights, random_image):
    point = random_image(72, 107).ravel()
    loss, terms, gradient = objective(weights, *BFLOAT16, script=script).evaluate(point)
    expected, expected_terms, expected_gradient = objective(weights, script=script).evaluate(point)
    assert loss != expected
    assert loss == pytest.approx(expected, rel=0.01)
    assert terms == pytest.approx(expected_terms, rel=0.02)
    assert np.linalg.norm(gradient - expected_gradient) < 0.1 * np.linalg.norm(expected_gradient)


def test_tiles_give_the_loss_and_gradient_of_the_whole(weights, random_image):
    point = random_image(160, 239).ravel()
    size = ["--image_size", "160"]
    loss, _, gradient = objective(weights, *size, *BFLOAT16).evaluate(point)
    tiled, _, tiled_gradient = objective(weights, *size, *BFLOAT16, side=96).evaluate(point)
    # XLA rounds at other places in convolutions of other sizes.
    loss_differs, gradient_differs = (2**-8, 0.1) if backend.backend() == "jax" else (1e-4, 0.01)
    assert tiled == pytest.approx(loss, rel=loss_differs)
    assert np.linalg.norm(tiled_gradient - gradient) < gradient_differs * np.linalg.norm(gradient)


@pytest.mark.slow
def test_the_loss_of_what_it_paints_is_as_low_as_with_float32(weights):
    _, pictures = read()
    single = objective(weights)

    def painted(objective):
        optimiser = optimiser_of(pictures.start.astype("float32"))
        for _ in range(80):
            loss, _, gradient = objective.evaluate(*optimiser.line())
            optimiser.tell(loss, gradient)
        assert not optimiser.converged
        return single.evaluate(optimiser.best())[0]

    assert painted(objective(weights, *BFLOAT16)) < 1.15 * painted(single)


def test_a_run_says_in_its_settings_what_it_was_painted_in(tmp_path):
    settings = ["--image_size", "48", "--num_iter", "1", "--evaluations", "2", *BFLOAT16]
    assert network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), *settings]) == 0
    assert '"precision": "bfloat16"' in (tmp_path / "out_run" / "settings.json").read_text()
    assert "--precision bfloat16" in Image.open(tmp_path / "out.png").text["Command"]


def test_a_doodle_has_it_too():
    doodle = ROOT / "images" / "inputs" / "doodle" / "starry-night-style.png"
    files = [f"--style_image={STARRY_NIGHT}", f"--style_mask={doodle}", f"--target_mask={doodle}"]
    assert neural_doodle.parse([*files, "--target_image_prefix=out", *BFLOAT16]).precision == "bfloat16"


def test_where_it_is_not_possible_one_line_says_so(tmp_path, monkeypatch):
    def impossible(*_, **__):
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(ops, "conv", impossible)
    with pytest.raises(InputError, match="this machine cannot do --precision bfloat16: leave it out"):
        network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48", *BFLOAT16])


@pytest.mark.parametrize(
    ("flags", "slow"), [("fpu avx2 avx512f", True), ("fpu avx512_bf16", False), ("asimd bf16 i8mm", False)]
)
def test_a_processor_that_has_it_not_is_known_by_its_flags(flags, slow, tmp_path, monkeypatch):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(autodiff, "on_cpu", lambda: True)
    assert autodiff.is_slow_in_bfloat16(tmp_path) == (slow or backend.backend() == "jax")
    monkeypatch.setattr(autodiff, "on_cpu", lambda: False)
    assert not autodiff.is_slow_in_bfloat16(tmp_path)


def test_a_run_warns_where_it_is_slow(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(autodiff, "is_slow_in_bfloat16", lambda: True)
    settings = ["--image_size", "48", "--num_iter", "0"]
    for flags in (BFLOAT16, []):
        assert network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), *settings, *flags]) == 0
        assert ("bfloat16 takes more time" in capsys.readouterr().err) == bool(flags)
