"""Flags are understood as the original scripts spell them, and more; progress and problems are said plainly."""

import importlib
import platform

import numpy
import pytest

import network
import neural_doodle
import neural_style
import paint
from neural_style.command import foreign
from neural_style.command.flags import add_transfer_flags
from neural_style.command.parser import Parser
from neural_style.command.reference import SCRIPTS


@pytest.fixture
def parse():
    parser = Parser(prog="network.py")
    add_transfer_flags(parser)
    return lambda text: parser.parse(text.split())


def test_the_last_position_is_the_prefix_and_those_between_are_styles(parse):
    flags = parse("c.jpg s1.jpg s2.jpg s3.jpg out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["s1.jpg", "s2.jpg", "s3.jpg"], "out")


def test_flags_may_stand_anywhere(parse):
    flags = parse("--num_iter 3 c.jpg s.jpg t.jpg --image_size 64 out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["s.jpg", "t.jpg"], "out")
    assert (flags.num_iter, flags.image_size) == ([3], 64)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("True", True), ("False", False), ("true", True), ("", True), ("=False", False), ("=True", True)],
        *[("yes", True), ("no", False), ("on", True), ("off", False), ("1", True), ("0", False)],
    ],
)
def test_a_boolean_flag_takes_a_value_or_stands_alone(parse, text, value):
    separator = "" if text.startswith("=") else " "
    assert parse(f"c s out --rescale_image{separator}{text}").rescale_image is value


def test_a_bare_boolean_flag_does_not_swallow_the_content(parse):
    flags = parse("--rescale_image c.jpg s.jpg out")
    assert flags.rescale_image is True
    assert flags.content == "c.jpg"


@pytest.mark.parametrize("path", ["false.png", "results/true", "painting", "castle", "t", "nose"])
def test_a_path_after_a_boolean_flag_is_a_path(parse, path):
    flags = parse(f"c.jpg s.jpg --rescale_image {path}")
    assert (flags.rescale_image, flags.prefix) == (True, path)


def test_every_name_that_is_told_is_a_flag_of_some_script():
    named = [
        {name[2:] for action in script.METHOD.parser()._actions for name in action.option_strings}
        for script in (network, paint, neural_doodle)
    ]
    assert set(foreign.FLAGS.values()) <= set.union(*named)
    assert named[0].isdisjoint(foreign.ARGUMENTS | foreign.HABITS)


def test_names_of_other_programs_are_answered_by_what_a_script_has():
    doodle = {name[2:] for action in neural_doodle.METHOD.parser()._actions for name in action.option_strings}
    assert foreign.remedy("output_image", doodle, False) == "it is called --target_image_prefix here"
    assert foreign.remedy("style", doodle, False) == "it is called --style_image here"
    assert "L-BFGS" in foreign.remedy("lr", doodle, False)
    assert foreign.remedy("gpu", {"upscale"}, False)
    assert foreign.remedy("lr", {"upscale"}, False) is None
    assert foreign.remedy("gpu", {"method"}, False) is None


def test_a_list_of_numbers_does_not_swallow_the_prefix(parse):
    flags = parse("c.jpg s.jpg t.jpg --style_weight 1 0.5 out")
    assert (flags.style_weight, flags.prefix, flags.styles) == ([1.0, 0.5], "out", ["s.jpg", "t.jpg"])


def test_names_that_begin_with_a_dash_follow_two_dashes(parse):
    flags = parse("c.jpg --style_weight 2 --style_masks m.png -- --my-style.png -s2.png --out")
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["./--my-style.png", "./-s2.png"], "./--out")
    assert (flags.style_weight, flags.style_masks) == ([2.0], ["m.png"])
    assert parse("-- - s.png -").prefix == "-"


def test_hyphens_and_underscores_are_the_same(parse):
    assert parse("c s out --image-size=64 --rescale-image").image_size == 64


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("c s out --image_size -3", "'-3' is no size: write 800 or x800 (rows)"),
        ("c s out --image_size 3.5", "'3.5' is no size"),
        ("c s out --image_size 0", "at least 1"),
        ("c s out --image_size 1920x0", "'1920x0' is no size"),
        ("c s out --content_weight nan", "out of range"),
        ("c s out --content_weight inf", "out of range"),
        ("c s out --content_weight 1e39", "it must be between 0 and 1e+38"),
        ("c s out -image_size 64", "-image_size has one hyphen: write --image_size"),
        ("c s out --max_size 512", "write --image_size max512 for 512 pixels of the longer side"),
        (
            "c s out --num_iterations 500",
            "it is called --num_iter here, and each is as many evaluations as",
        ),
        ("c s out --mask_feather 1e12", "between 0 and 10000"),
        (f"c s out --seed {'9' * 400}", "out of range"),
        ("c s out --rescale_image=perhaps", "neither True nor False"),
        ("c s out --scales 50,100", "'50,100' is not a whole number: several are separated by spaces"),
        ("c s out --content_weight 1,5", "'1,5' is not a number: decimals follow a point"),
        ("c s out --num_iter", "argument --num_iter: expected at least one argument"),
        ("c s out --pool_type median", "invalid choice"),
        ("c out", "required: PREFIX (there must be CONTENT, STYLE, PREFIX, in this order); --help"),
        ("--style_masks m.png c s out", "in this order), and --style_masks takes all paths behind it, so that it"),
        ("c s out --num_itter 3", "there is no flag --num_itter, but there is --num_iter; --help"),
        ("c s out --Content-Weight=3", "there is no flag --Content_Weight, but there is --content_weight; --help"),
        ("c s out --xyzzy", "there is no flag --xyzzy; --help"),
        ("c s --rescale_image Flase", "argument --rescale_image: 'Flase' is neither True nor False"),
        ("--rescale_image Ture c s out", "argument --rescale_image: 'Ture' is neither True nor False"),
        ("c s --rescale-image 2", "argument --rescale_image: '2' is neither True nor False"),
        ("c s --style_masks m.png out", "out stands behind --style_masks, which takes it for a mask: write the PREFIX"),
        ("c s --style-masks m.png n.png out", "out stands behind --style_masks"),
        ("c s --content_image x.jpg", "there is no flag --content_image: the photograph is the first of the paths"),
        ("c --style-image s.jpg", "there is no flag --style_image: the pictures of the style are the paths after"),
        ("c s --output_image x.png", "there is no flag --output_image: the result's path is the last one, PREFIX"),
        ("c s out --gpu 0", "there is no flag --gpu: a GPU is used where the backend finds one"),
        ("c s out --iterations 500", "there is no flag --iterations: it is called --num_iter here"),
        ("c s out --Learning_Rate 1", "there is no flag --Learning_Rate: L-BFGS, which paints here, finds its steps"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(parse, capsys, text, complaint):
    with pytest.raises(SystemExit) as exit:
        parse(text)
    assert exit.value.code == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_says_its_version_and_those_of_what_it_works_with(name, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(name.removesuffix(".py")).parser().parse(["--version"])
    assert ended.value.code == 0
    versions = dict(part.rsplit(" ", 1) for part in capsys.readouterr().out.strip().split(", "))
    assert versions[name] == neural_style.__version__
    assert versions["numpy"] == numpy.__version__
    assert versions["Python"] == platform.python_version()
