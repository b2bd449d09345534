"""Convolutions in bfloat16 paint the same picture, and say so where they cannot."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

import inetwork
import network
import neural_doodle
import paint
from neural_style import backend
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.painting.objective import objective as objective_of
from neural_style.painting.synthesis import optimiser_of
from neural_style.tiling.memory import ONE_PIECE
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT, opened

BFLOAT16 = ["--precision", "bfloat16"]
LAYERS = ["conv1_1", "conv2_1", "conv3_2", "conv5_2"]


def read(*flags, script=network):
    """Return the task of a script with small pictures, and its only scale."""
    task = script.METHOD.task([str(CASTLE), str(STARRY_NIGHT), "unused", "--image_size", "72", *flags])
    (pictures,) = task.read(Reporter(quiet=True))
    return task, pictures


def objective(weights, *flags, script=network, side=None):
    return objective_of(*read(*flags, script=script), weights, replace(ONE_PIECE, side=side))


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
    point = random_image(96, 143).ravel()
    size = ["--image_size", "96"]
    loss, _, gradient = objective(weights, *size, *BFLOAT16).evaluate(point)
    tiled, _, tiled_gradient = objective(weights, *size, *BFLOAT16, side=64).evaluate(point)
    # XLA rounds at other places in convolutions of other sizes.
    loss_differs, gradient_differs = (2**-8, 0.1) if keras.backend.backend() == "jax" else (1e-4, 0.01)
    assert tiled == pytest.approx(loss, rel=loss_differs)
    assert np.linalg.norm(tiled_gradient - gradient) < gradient_differs * np.linalg.norm(gradient)


@pytest.mark.slow
def test_the_loss_of_what_it_paints_is_as_low_as_with_float32(weights):
    size = ["--image_size", "32"]
    _, pictures = read(*size)
    single = objective(weights, *size)

    def painted(objective):
        optimiser = optimiser_of(pictures.start.astype("float32"))
        for _ in range(20):
            loss, _, gradient = objective.evaluate(*optimiser.line())
            optimiser.tell(loss, gradient)
        assert not optimiser.converged
        return single.evaluate(optimiser.best())[0]

    assert painted(objective(weights, *size, *BFLOAT16)) < 1.15 * painted(single)


def test_a_run_says_in_its_settings_what_it_was_painted_in(tmp_path):
    settings = ["--image_size", "48", "--num_iter", "1", "--evaluations", "2", *BFLOAT16]
    assert network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), *settings]) == 0
    assert '"precision": "bfloat16"' in (tmp_path / "out_run" / "settings.json").read_text()
    assert "--precision bfloat16" in opened(tmp_path / "out.png").text["Command"]


def test_a_doodle_has_it_too():
    doodle = ROOT / "images" / "inputs" / "doodle" / "starry-night-style.png"
    files = [f"--style_image={STARRY_NIGHT}", f"--style_mask={doodle}", f"--target_mask={doodle}"]
    assert neural_doodle.METHOD.parse([*files, "--target_image_prefix=out", *BFLOAT16]).precision == "bfloat16"


def test_where_it_is_not_possible_one_line_says_so(tmp_path, monkeypatch):
    def impossible(*_, **__):
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(ops, "conv", impossible)
    with pytest.raises(InputError, match="this machine cannot do --precision bfloat16: leave it out"):
        network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48", *BFLOAT16])


def test_a_run_warns_where_it_is_slow(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(backend, "is_slow_in_bfloat16", lambda: True)
    settings = ["--image_size", "48", "--num_iter", "0"]
    for flags in (BFLOAT16, []):
        assert network.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), *settings, *flags]) == 0
        assert ("bfloat16 takes more time" in capsys.readouterr().err) == bool(flags)


def test_auto_is_bfloat16_where_that_is_faster_and_a_run_says_which_it_was(tmp_path, monkeypatch):
    settings = [str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48", "--num_iter", "0"]
    for fast, name in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(backend, "is_fast_in_bfloat16", lambda fast=fast: fast)
        assert paint.main(settings) == 0
        assert f'"precision": "{name}"' in (tmp_path / "out_run" / "settings.json").read_text()
    assert paint.METHOD.parse(settings).precision == "auto"
    assert network.METHOD.parse(settings).precision == "float32"


def test_a_run_goes_on_only_in_the_precision_it_began_with(tmp_path, monkeypatch, capsys):
    settings = [str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48", "--evaluations", "1"]
    assert paint.main([*settings, "--num_iter", "1"]) == 0
    monkeypatch.setattr(backend, "is_fast_in_bfloat16", lambda: True)
    capsys.readouterr()
    assert paint.main([*settings, "--num_iter", "2", "--resume", "--precision", "float32"]) == 0
    assert "going on after evaluation 1" in capsys.readouterr().err
    assert paint.main([*settings, "--num_iter", "3", "--resume"]) == 0
    assert "is another: --precision was float32 and is bfloat16" in capsys.readouterr().err
