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
from neural_style.command.flags import add_transfer_flags
from neural_style.command.parser import Parser
from neural_style.errors import InputError
from neural_style.web import forms

DOODLE = [f"--{name}=x" for name in ("style_image", "style_mask", "target_mask", "target_image_prefix")]

SCRIPTS = {
    "network.py": (network.METHOD, ["c", "s", "out"]),
    "inetwork.py": (inetwork.METHOD, ["c", "s", "out"]),
    "neural_doodle.py": (neural_doodle.METHOD, DOODLE),
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


@pytest.mark.parametrize("flag", ["--scales", "--num_iter", "--evaluations", "--save_every", "--seed"])
def test_a_fraction_is_no_whole_number(flag, capsys):
    with pytest.raises(SystemExit):
        network.METHOD.parse(["c", "s", "out", f"{flag}=2.5"])
    assert f"argument {flag}: '2.5' is not a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [["--content_weight=0", "--style_weight=0"], ["--content_weight=0", "--style_scale=0"]]
)
def test_weights_that_are_all_zero_leave_nothing_to_paint(flags):
    with pytest.raises(InputError, match="there is nothing to paint"):
        network.METHOD.parse(["c", "s", "out", *flags])


def test_a_thousand_million_rows_are_refused_before_the_network_is_loaded(run_here, tmp_path):
    from tests.conftest import CASTLE, STARRY_NIGHT

    done = run_here("network.py", CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", 10**9)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "1000000000 rows make a picture of" in line
    assert not (tmp_path / "out_run").exists()


@pytest.fixture
def parse():
    parser = Parser(prog="network.py")
    add_transfer_flags(parser)
    return lambda text: parser.parse(text.split())


def test_the_defaults_are_those_of_the_original_script(parse):
    flags = parse("content.jpg style.jpg out")
    assert (flags.image_size, flags.content_weight, flags.style_weight, flags.style_scale) == (400, 0.025, [1.0], 1.0)
    assert (flags.total_variation_weight, flags.num_iter, flags.model) == (8.5e-5, [10], "vgg16")
    assert (flags.content_loss_type, flags.rescale_image, flags.rescale_method) == (0, False, "bilinear")
    assert (flags.maintain_aspect_ratio, flags.content_layer, flags.init_image) == (True, "conv5_2", "content")
    assert (flags.pool_type, flags.min_improvement) == ("max", 0.0)


def test_tiles_need_only_be_multiples_of_what_the_poolings_need(parse):
    assert (parse("c s out --tile 48").tile, parse("c s out --tile 0").tile, parse("c s out").tile) == (48, 0, None)
