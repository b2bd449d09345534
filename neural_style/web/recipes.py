"""What a filled form asks for: a script and its arguments, but for the place of the result.

Forms are plain dicts that can be kept as JSON: "fields" has the values of flags by name, as in `forms`; pictures are
paths; and what else a form has is said at its function.
"""

import color_transfer
import enhance
import inetwork
import mask_transfer
import network
import neural_doodle
import paint
import video
from neural_style.command.parser import is_number
from neural_style.errors import InputError
from neural_style.runs import checkpoint
from neural_style.web import forms
from neural_style.web.record import with_result

SCRIPTS = {
    "paint.py": paint.METHOD,
    "network.py": network.METHOD,
    "inetwork.py": inetwork.METHOD,
    "neural_doodle.py": neural_doodle.METHOD,
    "video.py": video,
    "color_transfer.py": color_transfer,
    "mask_transfer.py": mask_transfer,
    "enhance.py": enhance,
}
"""What has the `parser()` of each script, and its `parse(argv)`, by their files' names."""

RESULT = "picture"
"""Stands for the place of the result where arguments are checked."""


def transfer(form, everywhere):
    """Return (script, arguments) of a style transfer.

    `form` has "script", "content", "start" (a picture to start from, or None), "content_mask", "color_mask", "weights"
    (a file, or None), and "styles", a list of dicts with "path", "weight", "mask" (where it is painted) and "source"
    (where it is taken from), both None for everywhere. `everywhere()` returns the path of a mask that is all white.
    """
    styles = form["styles"]
    if not form["content"]:
        raise InputError("there is no photograph yet: choose the one to paint")
    if not styles:
        raise InputError("there is no style yet: choose a picture whose style to use")
    values = dict(form["fields"], content=form["content"], styles=[style["path"] for style in styles])
    values |= {name: form[name] for name in ("content_mask", "color_mask", "weights") if form[name]}
    if form["start"]:
        values["init_image"] = form["start"]
    values["style_weight"] = [float(style["weight"]) for style in styles]

    def masks(kind):
        return [style[kind] or everywhere() for style in styles]

    if any(style["source"] for style in styles):
        values |= {"style_mask_space": "style", "style_masks": masks("source"), "content_masks": masks("mask")}
    elif any(style["mask"] for style in styles):
        values["style_masks"] = masks("mask")
    return form["script"], _arguments(form["script"], values)


def film(form):
    """Return (script, arguments) of a film; `form` has "content", the film, and "styles", a list of pictures."""
    if not form["content"]:
        raise InputError("there is no film yet: choose the one to paint")
    if not form["styles"]:
        raise InputError("there is no style yet: choose a picture whose style to use")
    return "video.py", _arguments("video.py", form["fields"] | {name: form[name] for name in ("content", "styles")})


def doodle(form):
    """Return (script, arguments) of a doodle.

    `form` has the pictures "style_image", "style_mask", "target_mask", "content_image" (or None) and "start" (or None),
    and "weights" (a file, or None).
    """
    for name, missing in (
        ("style_image", "there is no style picture yet: choose one"),
        ("style_mask", "the style picture has no map yet: choose or paint one"),
        ("target_mask", "there is no doodle yet: paint one"),
    ):
        if not form[name]:
            raise InputError(missing)
    names = ("style_image", "style_mask", "target_mask", "content_image", "weights")
    values = dict(form["fields"], **{name: form[name] for name in names if form[name]})
    if form["start"]:
        values["init_image"] = form["start"]
    return "neural_doodle.py", _arguments("neural_doodle.py", values)


def tool(script, form):
    """Return (script, arguments) of a finishing tool; `form` has its pictures by the names of its arguments."""
    form_fields = forms.fields(SCRIPTS[script].parser())
    pictures = {name: form[name] for name in ("content", "generated", "mask") if form.get(name)}
    for name, what in (("content", "photograph"), ("generated", "painting"), ("mask", "mask")):
        if name in form_fields and not form_fields[name].flag and name not in pictures:
            raise InputError(f"there is no {what} yet: choose one")
    return script, _arguments(script, {**form["fields"], **pictures})


def enhancement(form):
    """Return (script, arguments) of an enhancement.

    `form` has "picture" and "steps", a list of (name, value) in the order they are done in.
    """
    if not form["picture"]:
        raise InputError("there is no picture yet: choose one")
    if not form["steps"]:
        raise InputError("there is nothing to do yet: fill in one or several steps")
    for name, value in form["steps"]:
        if name != "size" and not is_number(forms.text_of(value)):
            raise InputError(f"{name.capitalize()}: '{value}' is not a number")
    steps = [text for name, value in form["steps"] for text in (f"--{name}", forms.text_of(value))]
    return "enhance.py", [form["picture"], *steps, *_arguments("enhance.py", form["fields"])]


FILES = sorted(checkpoint.PICTURES | {"weights", "generated", "mask", "picture"})
"""Flags and arguments of the scripts that name files to be read."""

STARTS = ("content", "noise", "gray")
"""Values of --init_image that name none."""


def files(script, arguments):
    """Return the paths of all files that a script would read with these arguments, which it must take."""
    flags = vars(SCRIPTS[script].parse(with_result(script, arguments, RESULT)))
    if flags.get("init_image") in STARTS:
        del flags["init_image"]
    given = [flags[name] for name in FILES if flags.get(name)]
    return [path for value in given for path in (value if isinstance(value, list) else [value])]


def _arguments(script, values):
    return forms.arguments(forms.fields(SCRIPTS[script].parser()), values)


def problem(script, arguments):
    """Return what a script says of arguments without the place of its result, in a line; None if it takes them."""
    return forms.problem(SCRIPTS[script].parse, with_result(script, arguments, RESULT))
