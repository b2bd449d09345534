"""Every number on every command line is checked before anything is read or loaded."""

import pytest

import color_transfer
import enhance
import inetwork
import make_mask
import mask_transfer
import network
import neural_doodle
import studio
from neural_style.errors import InputError
from neural_style.web import forms

DOODLE = [f"--{name}=x" for name in ("style_image", "style_mask", "target_mask", "target_image_prefix")]

SCRIPTS = {
    "network.py": (network, ["c", "s", "out"]),
    "inetwork.py": (inetwork, ["c", "s", "out"]),
    "neural_doodle.py": (neural_doodle, DOODLE),
    "color_transfer.py": (color_transfer, ["c", "g", "--mask=m"]),
    "mask_transfer.py": (mask_transfer, ["c", "g", "m"]),
    "enhance.py": (enhance, ["p"]),
    "make_mask.py": (make_mask, ["p"]),
    "studio.py": (studio, []),
}

BAD = ["-1", "-0.5", "nan", "inf", "-inf", "1e999", "ten", "", "1,5", "0x10"]


def numeric_flags():
    for name, (script, given) in SCRIPTS.items():
        for field in forms.fields(script.parser()).values():
            if field.kind in ("number", "whole", "numbers") and field.flag:
                yield pytest.param(script, given, field.flag, id=f"{name} {field.flag}")


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(("script", "given", "flag"), list(numeric_flags()))
def test_what_is_no_number_or_out_of_range_is_refused(script, given, flag, value, capsys):
    with pytest.raises(SystemExit) as exit:
        script.parse([*given, f"{flag}={value}"])
    assert exit.value.code == 2
    assert flag in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("flag", ["--image_size", "--scales", "--num_iter", "--evaluations", "--save_every", "--seed"])
def test_a_fraction_is_no_whole_number(flag, capsys):
    with pytest.raises(SystemExit):
        network.parse(["c", "s", "out", f"{flag}=2.5"])
    assert f"argument {flag}: '2.5' is not a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [["--content_weight=0", "--style_weight=0"], ["--content_weight=0", "--style_scale=0"]]
)
def test_weights_that_are_all_zero_leave_nothing_to_paint(flags):
    with pytest.raises(InputError, match="there is nothing to paint"):
        network.parse(["c", "s", "out", *flags])


def test_a_thousand_million_rows_are_refused_before_the_network_is_loaded(run_script, tmp_path):
    from conftest import CASTLE, STARRY_NIGHT

    done = run_script("network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", 10**9)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "1000000000 rows make a picture of" in line
    assert not (tmp_path / "out_run").exists()
