"""A filled form is a script and its arguments."""

import pytest

from neural_style.errors import InputError
from neural_style.web import recipes
from neural_style.web.record import with_result
from tests.web.filled import style, transfer_form


def test_every_file_that_a_script_would_read_is_known():
    argv = ["c", "s1", "s2", "--style_masks", "m1", "m2", "--init_image", "i", "--color_mask", "k", "--preserve_color"]
    assert sorted(recipes.files("network.py", argv)) == ["c", "i", "k", "m1", "m2", "s1", "s2"]
    assert recipes.files("network.py", ["c", "s", "--init_image", "noise"]) == ["c", "s"]
    doodle = ["--style_image", "s", "--style_mask", "m", "--target_mask", "t", "--content_image", "c"]
    assert sorted(recipes.files("neural_doodle.py", doodle)) == ["c", "m", "s", "t"]
    assert recipes.files("enhance.py", ["p", "--sharpen", "1"]) == ["p"]
    assert sorted(recipes.files("mask_transfer.py", ["c", "g", "m"])) == ["c", "g", "m"]


def test_styles_become_paths_weights_and_masks():
    styles = [style("a.jpg", weight=2.0, mask="m.png"), style("b.jpg", weight=0.5)]
    script, argv = recipes.transfer(transfer_form(styles=styles), lambda: "white.png")
    flags = recipes.SCRIPTS[script].parser().parse(with_result(script, argv, "out"))
    assert (flags.content, flags.styles, flags.prefix) == ("c.jpg", ["a.jpg", "b.jpg"], "out")
    assert flags.style_weight == [2.0, 0.5]
    assert flags.style_masks == ["m.png", "white.png"]
    assert (flags.style_mask_space, flags.content_masks) == ("content", [])


def test_a_mask_on_the_styles_picture_brings_masks_for_both():
    styles = [style("a.jpg", source="taken.png"), style("b.jpg", mask="painted.png")]
    script, argv = recipes.transfer(transfer_form(styles=styles, script="inetwork.py"), lambda: "white.png")
    flags = recipes.SCRIPTS[script].parser().parse(with_result(script, argv, "out"))
    assert flags.style_mask_space == "style"
    assert flags.style_masks == ["taken.png", "white.png"]
    assert flags.content_masks == ["white.png", "painted.png"]


@pytest.mark.parametrize(
    ("changes", "line"), [({"content": None}, "there is no photograph yet"), ({"styles": []}, "there is no style yet")]
)
def test_a_form_without_its_pictures_is_refused(changes, line):
    with pytest.raises(InputError, match=line):
        recipes.transfer(transfer_form(**changes), lambda: "white.png")


def test_a_film_has_its_styles_and_what_is_filled_in():
    form = {"content": "f.mp4", "styles": ["a.jpg", "b.jpg"], "fields": {"flicker": 2.0, "image_size": "240"}}
    script, arguments = recipes.film(form)
    assert script == "video.py"
    assert arguments == ["f.mp4", "a.jpg", "b.jpg", "--image_size", "240", "--flicker", "2"]
    assert recipes.problem(script, arguments) is None
    for missing, line in (("content", "there is no film yet"), ("styles", "there is no style yet")):
        with pytest.raises(InputError, match=line):
            recipes.film(form | {missing: None})


def test_a_doodle_has_its_four_pictures():
    pictures = {"style_image": "s.jpg", "style_mask": "m.png", "target_mask": "t.png", "content_image": "c.jpg"}
    script, argv = recipes.doodle({**pictures, "start": None, "weights": None, "fields": {"num_iter": "3"}})
    flags = recipes.SCRIPTS[script].parse(with_result(script, argv, "out"))
    assert {name: getattr(flags, name) for name in pictures} == pictures
    assert (flags.num_iter, flags.prefix) == ([3], "out")


def test_all_pictures_of_a_form_reach_the_script():
    given = {"start": "start.png", "content_mask": "where.png", "color_mask": "colours.png", "weights": "w.h5"}
    form = transfer_form(styles=[style("a.jpg")], **given)
    script, argv = recipes.transfer(form | {"fields": {"preserve_color": True}}, lambda: "white.png")
    flags = recipes.SCRIPTS[script].parser().parse(with_result(script, argv, "out"))
    assert (flags.init_image, flags.content_mask, flags.color_mask, flags.weights) == tuple(given.values())

    pictures = dict.fromkeys(("style_image", "style_mask", "target_mask", "content_image"), "p.png")
    script, argv = recipes.doodle({**pictures, "start": "start.png", "weights": "w.h5", "fields": {}})
    flags = recipes.SCRIPTS[script].parser().parse(with_result(script, argv, "out"))
    assert (flags.init_image, flags.weights) == ("start.png", "w.h5")


@pytest.mark.parametrize("mask", ["m.png", None])
def test_a_finishing_tool_takes_a_mask_if_there_is_one(mask):
    form = {"content": "c.png", "generated": "g.png", "mask": mask, "fields": {}}
    script, argv = recipes.tool("color_transfer.py", form)
    flags = recipes.SCRIPTS[script].parse(with_result(script, argv, "out"))
    assert (flags.content, flags.generated, flags.mask) == ("c.png", "g.png", mask)


def test_enhancements_keep_the_order_of_their_steps():
    form = {"picture": "p.png", "steps": [("sharpen", "1"), ("upscale", "2")], "fields": {"upscale_model": "lanczos"}}
    script, argv = recipes.enhancement(form)
    flags = recipes.SCRIPTS[script].parse(with_result(script, argv, "out"))
    assert flags.steps == [("sharpen", 1.0), ("upscale", 2)]
    assert (flags.picture, flags.upscale_model, flags.output) == ("p.png", "lanczos", "out.png")


@pytest.mark.parametrize("name", ["upscale", "sharpen", "denoise"])
def test_a_step_of_an_enhancement_that_is_no_number_is_named(name):
    with pytest.raises(InputError, match=f"{name.capitalize()}: '1,5' is not a number"):
        recipes.enhancement({"picture": "p.png", "steps": [(name, "1,5")], "fields": {}})
