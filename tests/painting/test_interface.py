"""Python programs paint with pictures in memory, as paint.py does with files."""

import ast
import logging
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

import neural_style
import paint as script
from neural_style import InputError, Painter, paint, steps
from tests.conftest import CASTLE, ROOT, STARRY_NIGHT, opened

SMALL = {"image_size": 40, "num_iter": 1, "evaluations": 2}


def flags_of(settings):
    return [text for name, value in settings.items() for text in (f"--{name}", str(value))]


def test_a_painting_is_that_of_the_script_to_the_last_bit(tmp_path):
    script.main([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), *flags_of(SMALL)])
    painted = paint(CASTLE, STARRY_NIGHT, **SMALL)
    assert painted.mode == "RGB"
    np.testing.assert_array_equal(painted, opened(tmp_path / "out.png"))


def test_paths_images_and_arrays_are_the_same_picture():
    painter = Painter()
    castle, night = opened(CASTLE), opened(STARRY_NIGHT)
    by_path = painter.paint(str(CASTLE), [STARRY_NIGHT], **SMALL)
    for photo, styles in ((castle, [night]), (np.asarray(castle), np.asarray(night))):
        np.testing.assert_array_equal(painter.paint(photo, styles, **SMALL), by_path)


def test_masks_and_starts_may_be_in_memory_too():
    half = np.zeros((40, 59), bool)
    half[:, :30] = True
    start = Image.new("RGB", (59, 40), (200, 30, 30))
    painted = paint(
        CASTLE,
        [STARRY_NIGHT, CASTLE],
        style_masks=[half, ~half],
        init_image=start,
        content_weight=0,
        **{**SMALL, "num_iter": 0},
    )
    np.testing.assert_array_equal(painted, start)
    (kept,) = {
        np.asarray(paint(CASTLE, STARRY_NIGHT, content_mask=half, keep_unmasked=True, **SMALL))[:, 45:].tobytes()
    }
    assert kept == np.asarray(opened(CASTLE).resize((59, 40), Image.Resampling.BILINEAR))[:, 45:].tobytes()


def test_steps_tell_how_far_a_painting_is_and_the_last_one_is_the_painting():
    painter = Painter()
    told = list(painter.steps(CASTLE, STARRY_NIGHT, scales=[32, 40], num_iter=[1, 2], evaluations=2))
    assert [step.evaluation for step in told] == list(range(8))
    assert {step.evaluations for step in told} == {7}
    assert [step.scale for step in told] == [1, 1, 1, 2, 2, 2, 2, 2]
    assert told[-1].iteration == told[-1].iterations == 3
    assert told[-1].loss < told[3].loss
    assert told[-1].picture() == painter.paint(CASTLE, STARRY_NIGHT, scales=[32, 40], num_iter=[1, 2], evaluations=2)


def test_what_is_left_early_is_not_painted_to_its_end():
    first = next(steps(CASTLE, STARRY_NIGHT, **SMALL))
    assert first.evaluation == 0
    assert first.picture().size == (59, 40)


def test_a_transparent_photograph_stays_transparent():
    castle = opened(CASTLE).resize((59, 40)).convert("RGBA")
    castle.putalpha(Image.linear_gradient("L").resize((59, 40)))
    painted = paint(castle, STARRY_NIGHT, **SMALL)
    np.testing.assert_array_equal(painted.getchannel("A"), castle.getchannel("A"))
    assert castle.mode == "RGBA"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"image_size": "x"}, "'x' is no size"),
        ({"content_wait": 1}, "there is no flag --content_wait, but there is --content_weight"),
        ({"resume": True}, "resume is for paint.py as a script"),
        ({"style_masks": [str(CASTLE), str(CASTLE)]}, "--style_masks has 2 masks for 1 styles"),
        ({"content_mask": np.zeros((9, 9), "uint8")}, "the mask content_mask is white nowhere"),
        ({"init_image": np.zeros((9, 9, 2), "uint8")}, r"init_image is an array of uint8 of the shape \(9, 9, 2\)"),
        ({"init_image": np.zeros((9, 9, 3))}, "init_image is an array of float64"),
    ],
)
def test_what_the_script_refuses_is_an_exception_with_its_words(settings, problem, capsys):
    with pytest.raises(InputError, match=problem):
        paint(CASTLE, STARRY_NIGHT, **{**SMALL, **settings})
    assert capsys.readouterr().err == ""


def test_what_is_no_picture_is_told_by_its_place():
    with pytest.raises(TypeError, match="style 2 is a int"):
        paint(CASTLE, [STARRY_NIGHT, 3])
    with pytest.raises(InputError, match="there is no picture nowhere"):
        paint(CASTLE, "nowhere")


def test_nothing_is_written_and_what_is_told_goes_to_a_logger(tmp_path, monkeypatch, capsys, caplog):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.INFO, "neural_style"):
        paint(CASTLE, STARRY_NIGHT, mask_feather=3, **SMALL)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr() == ("", "")
    levels = {record.getMessage(): record.levelname for record in caplog.records}
    assert levels["--mask_feather does nothing without a mask"] == "WARNING"
    assert any(line.startswith("memory: ") and level == "INFO" for line, level in levels.items())


def test_a_thread_of_a_program_may_paint():
    painted = []
    thread = threading.Thread(target=lambda: painted.append(paint(CASTLE, STARRY_NIGHT, **SMALL)))
    thread.start()
    thread.join()
    assert painted[0].size == (59, 40)


def test_nothing_is_loaded_before_it_is_asked_for():
    code = "import sys, neural_style; print(sorted({'numpy', 'tensorflow', 'keras', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_type_checkers_read_is_what_there_is():
    stub = ast.parse((ROOT / "neural_style" / "__init__.pyi").read_text())
    told = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == set(neural_style.__all__)
    assert all(hasattr(neural_style, name) for name in told)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = neural_style.nothing


def test_the_backend_is_told_what_it_is_to_be_told_before_it_is_loaded():
    code = "import sys, neural_style; neural_style.Painter(); print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
