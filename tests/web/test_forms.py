"""The page's forms are the scripts' flags, and its runs outlive it."""

import argparse
import shlex
import subprocess
import sys

import pytest

from neural_style.errors import InputError
from neural_style.web import forms, recipes, record, words
from tests.web.filled import form_of

ODD = [
    "plain",
    "two words",
    "it's",
    'a "quote"',
    "$HOME `x`",
    "back\\slash",
    "a&b|c;d",
    "*",
    "",
    "ä ß 漢",
    "%PATH%",
    "!x",
]


@pytest.mark.parametrize("script", recipes.SCRIPTS)
def test_every_flag_is_a_field_with_its_help(script):
    form = form_of(script)
    actions = {a.dest for a in recipes.SCRIPTS[script].parser()._actions if a.help is not argparse.SUPPRESS}
    assert set(form) == actions - {
        "help",
        "quiet",
        "json",
        "resume",
        "keep_checkpoint",
        "no_overwrite",
        "preset",
        "save_preset",
        "jobs",
        "cluster",
        "keep_frames",
    }
    assert all(field.help for field in form.values())


@pytest.mark.parametrize("script", recipes.SCRIPTS)
def test_a_form_as_it_comes_gives_no_flags(script):
    form = form_of(script)
    assert forms.arguments(form, {name: field.default for name, field in form.items()}) == []


@pytest.mark.parametrize("script", ["network.py", "inetwork.py", "neural_doodle.py"])
def test_the_arguments_of_a_filled_form_mean_its_values(script):
    """Every field gets another value than its default; the script must read the same."""
    form = form_of(script)
    values = {}
    for name, field in form.items():
        if field.kind == "boolean":
            values[name] = not field.default
        elif field.kind == "choice":
            values[name] = next(choice for choice in field.choices if choice != field.default)
        elif field.kind in ("number", "whole"):
            values[name] = max(field.least or 0, 3) if field.kind == "whole" else 0.75
        elif field.kind == "numbers":
            values[name] = "3, 4 5"
    values |= {"tile": "96", "max_memory": "6G", "init_image": "noise", "content_layer": "conv4_2"}
    values = {name: value for name, value in values.items() if name in form}
    argv = forms.arguments(form, values)
    required = [a for action in recipes.SCRIPTS[script].parser()._actions if action.required for a in _given(action)]
    flags = recipes.SCRIPTS[script].parser().parse(required + argv)
    for name, value in values.items():
        expected = [3, 4, 5] if form[name].kind == "numbers" else value
        expected = {"tile": 96, "max_memory": 6 * 2**30}.get(name, expected)
        assert getattr(flags, name) == expected, name


def _given(action):
    return [*action.option_strings[:1], "x"]


def test_whole_numbers_are_written_without_a_point():
    form = form_of("network.py")
    assert forms.arguments(form, {"content_weight": 2.0, "style_weight": [1.0, 0.25]}) == [
        "--content_weight",
        "2",
        "--style_weight",
        "1",
        "0.25",
    ]


@pytest.mark.parametrize("text", ["2 --init_image /etc/passwd", "two", "--weights=x", "1;2"])
def test_what_is_to_be_numbers_brings_no_other_flags(text):
    with pytest.raises(InputError, match=r"--num_iter: '.*' is not a number"):
        forms.arguments(form_of("network.py"), {"num_iter": text})


def test_a_field_that_no_script_has_is_an_error():
    with pytest.raises(KeyError, match="nonsense"):
        forms.arguments(form_of("network.py"), {"nonsense": 1})


@pytest.mark.parametrize(
    ("argv", "line", "field"),
    [
        (["c", "s", "p", "--image_size", "0"], "argument --image_size: 0 is out of range", "image_size"),
        (["c", "s", "p", "--content_layer", "conv9_1"], "conv9_1", None),
        (["c", "s", "p", "--num_iter", "1", "2"], "--num_iter has 2 numbers for 1 scales", "num_iter"),
        (["c", "s", "p", "--color_mask", "m"], "--color_mask says where", "color_mask"),
        (["c", "s", "p"], None, None),
    ],
)
def test_what_a_script_refuses_is_known_before_the_run_with_its_field(argv, line, field):
    said = forms.problem(recipes.SCRIPTS["network.py"].parse, argv)
    assert (said is None) if line is None else (line in said and "\n" not in said)
    if said:
        assert forms.field_of(form_of("network.py"), said) == field


@pytest.mark.parametrize("argument", ODD)
def test_a_command_for_bash_is_what_bash_reads(argument):
    line = forms.for_bash([sys.executable, "-c", "import sys; print(repr(sys.argv[1:]))", argument, "last"])
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[argument, 'last']!r}\n"
    assert shlex.split(line)[-2:] == [argument, "last"]


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        (r"runs\a.png", r"runs\a.png"),
        ("two words", '"two words"'),
        ("a&b", '"a&b"'),
        ("", '""'),
        ("50%", "'50%'"),
        ("$x it's", "'$x it''s'"),
        ("C:\\my dir\\", "'C:\\my dir\\'"),
    ],
)
def test_a_command_for_windows_quotes_what_its_shells_take_for_more(argument, line):
    assert forms.for_windows([argument]) == line


def test_a_field_has_its_limits_and_its_help_as_it_is_read():
    form = form_of("network.py")
    assert (form["mask_feather"].least, form["mask_feather"].most) == (0, 10000)
    assert form["content_weight"].most is None
    assert "80% of what is free" in form["max_memory"].help


def test_what_fields_are_called_belongs_to_flags_that_there_are():
    known = {name for script in recipes.SCRIPTS for name in form_of(script)}
    assert set(words.FIELDS) <= known


def test_all_lists_of_the_scripts_are_the_same():
    assert set(recipes.SCRIPTS) == set(record.SCRIPTS) == set(words.NAMES)
