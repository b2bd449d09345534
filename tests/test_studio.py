"""The page's forms are the scripts' flags, and its runs outlive it."""

import argparse
import contextlib
import os
import shlex
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import CASTLE, STARRY_NIGHT
from PIL import Image

import studio
from neural_style import files
from neural_style.errors import InputError
from neural_style.lock import Lock
from neural_style.web import chart, check, forms, recipes
from neural_style.web.runner import Runs, with_result
from neural_style.web.uploads import Uploads

SECONDS = 60
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


def form_of(script):
    return forms.fields(recipes.SCRIPTS[script].parser())


def transfer_form(**changes):
    form = {
        "script": "network.py",
        "content": "c.jpg",
        "styles": [{"path": "s.jpg", "weight": 1.0, "mask": None, "source": None}],
        "start": None,
        "content_mask": None,
        "color_mask": None,
        "weights": None,
        "fields": {},
    }
    return form | changes


def style(path, **changes):
    return {"path": path, "weight": 1.0, "mask": None, "source": None} | changes


@pytest.mark.parametrize("script", recipes.SCRIPTS)
def test_every_flag_is_a_field_with_its_help(script):
    form = form_of(script)
    actions = {a.dest for a in recipes.SCRIPTS[script].parser()._actions if a.help is not argparse.SUPPRESS}
    assert set(form) == actions - {"help", "quiet", "resume", "no_overwrite"}
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


def test_every_file_that_a_script_would_read_is_known():
    argv = ["c", "s1", "s2", "--style_masks", "m1", "m2", "--init_image", "i", "--color_mask", "k", "--preserve_color"]
    assert sorted(recipes.files("network.py", argv)) == ["c", "i", "k", "m1", "m2", "s1", "s2"]
    assert recipes.files("network.py", ["c", "s", "--init_image", "noise"]) == ["c", "s"]
    doodle = ["--style_image", "s", "--style_mask", "m", "--target_mask", "t", "--content_image", "c"]
    assert sorted(recipes.files("neural_doodle.py", doodle)) == ["c", "m", "s", "t"]
    assert recipes.files("enhance.py", ["p", "--sharpen", "1"]) == ["p"]
    assert sorted(recipes.files("mask_transfer.py", ["c", "g", "m"])) == ["c", "g", "m"]


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


def test_what_is_wrong_with_the_pictures_is_known_before_the_run_waits_its_turn(tmp_path):
    """One that would fail hours later, behind others."""
    Image.new("L", (64, 64)).save(tmp_path / "black.png")
    for name, colours in (("map", ("red", "blue")), ("doodle", ("red", "lime"))):
        picture = Image.new("RGB", (64, 64), colours[0])
        picture.paste(colours[1], (0, 0, 64, 32))
        picture.save(tmp_path / f"{name}.png")
    pictures = [str(CASTLE), str(STARRY_NIGHT)]
    masked = [*pictures, "--style_masks", str(tmp_path / "black.png")]
    maps = ["--style_mask", str(tmp_path / "map.png"), "--target_mask", str(tmp_path / "doodle.png")]
    assert check.problem("network.py", [*pictures, "--image_size", "48"]) is None
    assert "choose a larger --image_size" in check.problem("network.py", [*pictures, "--image_size", "8"])
    assert "black.png is white nowhere" in check.problem("inetwork.py", masked)
    assert "paint it there too" in check.problem("neural_doodle.py", ["--style_image", str(STARRY_NIGHT), *maps])


def test_kept_pictures_are_called_by_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uploads = Uploads("my runs/uploads")
    kept = uploads.keep(CASTLE)
    for path in (kept, kept.resolve()):
        assert (
            uploads.by_name(f"{path} is too small, as {kept} is") == f"{CASTLE.name} is too small, as {CASTLE.name} is"
        )
    assert uploads.by_name("/etc/passwd is no picture") == "/etc/passwd is no picture"


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


def test_a_field_has_its_limits_and_its_help_as_it_is_read():
    form = form_of("network.py")
    assert (form["mask_feather"].least, form["mask_feather"].most) == (0, 10000)
    assert form["content_weight"].most is None
    assert "80% of what is free" in form["max_memory"].help


def test_enhancements_keep_the_order_of_their_steps():
    form = {"picture": "p.png", "steps": [("sharpen", "1"), ("upscale", "2")], "fields": {"upscale_model": "lanczos"}}
    script, argv = recipes.enhancement(form)
    flags = recipes.SCRIPTS[script].parse(with_result(script, argv, "out"))
    assert flags.steps == [("sharpen", 1.0), ("upscale", 2)]
    assert (flags.picture, flags.upscale_model, flags.output) == ("p.png", "lanczos", "out.png")


def test_an_upload_is_kept_once_under_a_name_that_no_shell_minds(tmp_path):
    uploads = Uploads(tmp_path / "uploads")
    odd = tmp_path / "my $HOME; photo.JPG"
    odd.write_bytes(CASTLE.read_bytes())
    first, second = uploads.keep(odd), uploads.keep(odd)
    assert first == second
    assert first.name == "my-HOME-photo.jpg"
    assert first.read_bytes() == CASTLE.read_bytes()
    assert first.is_relative_to(tmp_path / "uploads")


def test_what_is_no_picture_is_not_kept(tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(InputError, match="is not a picture"):
        Uploads(tmp_path / "uploads").keep(tmp_path / "words.png")
    assert not (tmp_path / "uploads").exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "uploads/../secret.png", "uploads/gone.png", "uploads"])
def test_no_path_outside_the_uploads_is_taken(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "secret.png").write_bytes(CASTLE.read_bytes())
    with pytest.raises(InputError, match="none of the pictures given to this page"):
        Uploads("uploads").check(path)


@pytest.fixture
def pictures(tmp_path):
    """Two small pictures of one size."""
    for number in (1, 2):
        image = np.random.default_rng(number).integers(0, 255, (40, 50, 3), dtype="uint8")
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    return [str(tmp_path / "1.png"), str(tmp_path / "2.png")]


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path / "runs")
    runs.start()
    yield runs
    runs.close()


def until(runs, id, *states):
    """Wait until a run is in one of the states, and return it."""
    end = time.monotonic() + SECONDS
    while runs.get(id).state not in states:
        assert time.monotonic() < end, (runs.get(id), runs.log(runs.get(id)))
        time.sleep(0.05)
    return runs.get(id)


def until_log(runs, run, count):
    end = time.monotonic() + SECONDS
    while len(runs.losses(run)) < count:
        assert time.monotonic() < end, runs.log(run)
        time.sleep(0.05)


LONG = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "48", "--num_iter", "1000"]


def test_a_run_has_a_folder_with_its_picture_and_its_settings(runs, pictures):
    run = until(runs, runs.submit("color_transfer.py", pictures, {"tab": "color"}).id, "done", "failed")
    assert run.state == "done", runs.log(run)
    assert Image.open(runs.picture(run)).size == (50, 40)
    again = Runs(runs.folder).get(run.id)
    assert again == run
    assert (again.values, again.script) == ({"tab": "color"}, "color_transfer.py")


def test_runs_are_done_one_after_the_other(runs, pictures):
    ids = [runs.submit("color_transfer.py", pictures, {}).id for _ in range(3)]
    assert len(set(ids)) == 3
    most = 0
    while not all(runs.get(id).is_over for id in ids):
        most = max(most, sum(run.state == "running" for run in runs.all()))
    assert most == 1
    assert [runs.get(id).state for id in ids] == ["done"] * 3


def test_a_run_that_fails_says_why_in_the_scripts_own_line(runs, pictures):
    run = until(runs, runs.submit("color_transfer.py", [pictures[0], "gone.png"], {}).id, "done", "failed")
    assert (run.state, run.problem) == ("failed", "there is no picture gone.png: check the path")


def test_a_stopped_run_keeps_what_it_reached(runs):
    run = runs.submit("network.py", LONG, {})
    until_log(runs, run, 3)
    runs.stop(run.id)
    run = until(runs, run.id, "stopped", "failed", "done")
    assert (run.state, run.problem) == ("stopped", "")
    assert Image.open(runs.picture(run)).height == 48


def test_to_stop_again_is_not_to_stop_at_once(runs):
    """Nor does the page's end, which stops the run in hand, take from it what it reached."""
    slow = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "200", "--tile", "64", "--num_iter", "10"]
    run = runs.submit("network.py", slow, {})
    until_log(runs, run, 1)
    for _ in range(2):
        runs.stop(run.id)
        time.sleep(0.3)
    runs.close()
    run = runs.get(run.id)
    assert (run.state, run.problem) == ("stopped", "")
    assert Image.open(runs.picture(run)).height == 200
    assert runs.can_go_on(run)


def test_a_run_can_be_stopped_at_once(runs):
    slow = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "200", "--tile", "64", "--num_iter", "10"]
    run = runs.submit("network.py", slow, {})
    until_log(runs, run, 1)
    runs.stop(run.id)
    time.sleep(0.3)
    runs.stop(run.id, at_once=True)
    run = until(runs, run.id, "stopped")
    assert not runs.has_result(run)


def test_a_full_disk_stops_no_queue_and_leaves_no_process_behind(runs, pictures, monkeypatch):
    write, full = files.write_whole, []

    def written(path, content):
        if full and path.name == "run.json":
            raise InputError(f"{path} cannot be written: No space left on device")
        write(path, content)

    monkeypatch.setattr(files, "write_whole", written)
    going = runs.submit("network.py", LONG, {})
    until_log(runs, going, 1)
    waiting = runs.submit("color_transfer.py", pictures, {})
    full.append(True)
    with pytest.raises(InputError, match="No space left"):
        runs.submit("color_transfer.py", pictures, {})
    assert [run.id for run in runs.all()] == [going.id, waiting.id]
    with contextlib.suppress(InputError):
        runs.stop(going.id)
    assert until(runs, waiting.id, "failed", "done").problem.endswith("No space left on device")
    assert until(runs, going.id, "stopped", "failed").is_over
    full.clear()
    last = runs.submit("color_transfer.py", pictures, {})
    assert until(runs, last.id, "done", "failed").state == "done"


def test_a_process_whose_number_cannot_be_written_down_is_followed_all_the_same(runs, pictures, monkeypatch):
    set_all = runs._set

    def set_but_the_process(id, **changes):
        set_all(id, **changes)
        if "process" in changes:
            raise InputError("run.json cannot be written: No space left on device")

    monkeypatch.setattr(runs, "_set", set_but_the_process)
    run = runs.submit("color_transfer.py", pictures, {})
    assert until(runs, run.id, "done", "failed").state == "done"


def test_a_stopped_run_goes_on_where_it_was(runs):
    short = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "48", "--num_iter", "3"]
    run = runs.submit("network.py", short, {})
    until_log(runs, run, 10)
    runs.stop(run.id)
    run = until(runs, run.id, "stopped", "done")
    before = runs.losses(run)
    assert runs.can_go_on(run)
    runs.go_on(run.id)
    run = until(runs, run.id, "done", "failed")
    after = runs.losses(run)
    assert after[: len(before)] == before
    assert [row["evaluation"] for row in after] == list(range(61))
    assert not runs.can_go_on(run)
    with pytest.raises(InputError, match="no checkpoint"):
        runs.go_on(run.id)


def test_a_queued_run_can_be_taken_out_of_the_queue(runs, pictures):
    first = runs.submit("network.py", LONG, {})
    second = runs.submit("color_transfer.py", pictures, {})
    runs.stop(second.id)
    assert runs.get(second.id).state == "stopped"
    runs.stop(first.id)
    until(runs, first.id, "stopped")
    assert runs.picture(second) is None


def test_a_run_goes_on_when_the_page_is_gone_and_is_found_again(tmp_path):
    """The first page ends without a word, as if it were killed."""
    first = Runs(tmp_path / "runs")
    first.start()
    run = first.submit("network.py", LONG, {})
    until_log(first, run, 2)
    second = Runs(tmp_path / "runs")
    second.start()
    assert second.get(run.id).state == "running"
    second.stop(run.id)
    assert until(second, run.id, "stopped", "failed", "done").state == "stopped"
    assert second.has_result(run)
    second.close()
    first.close()


def test_a_run_whose_process_is_gone_is_not_taken_for_one_that_goes_on(tmp_path, pictures):
    runs = Runs(tmp_path / "runs")
    run = runs.submit("color_transfer.py", pictures, {})
    runs._set(run.id, state="running", process=[2**22 + 1, 0.0])
    assert Runs(tmp_path / "runs").get(run.id).state == "lost"


def test_a_run_is_deleted_with_its_folder_but_not_while_it_goes_on(runs, pictures):
    going = runs.submit("network.py", LONG, {})
    until(runs, going.id, "running")
    with pytest.raises(InputError, match="stop it first"):
        runs.delete(going.id)
    runs.stop(going.id)
    until(runs, going.id, "stopped")
    runs.delete(going.id)
    assert not (runs.folder / going.id).exists()
    with pytest.raises(InputError, match="no longer there"):
        runs.get(going.id)


def test_a_broken_file_in_the_folder_of_runs_is_passed_over(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text("{")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.json").write_text('{"id": 1}')
    assert Runs(tmp_path).all() == []


def test_the_chart_shows_every_term_that_is_there():
    rows = [
        {"evaluation": n, "total": 1e5 / (n + 1), "style": 9e4 / (n + 1), "content": 10.0 * n, "tv": 0.0}
        for n in range(9)
    ]
    drawn = chart.losses(rows)
    assert all(f'<polyline class="{name}"' in drawn for name in ("total", "style", "content"))
    assert '"tv"' not in drawn
    assert "the total from 1e+05 to 1.11e+04" in drawn
    assert chart.losses(rows[:1]) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_others_see_the_page_only_with_a_password(host):
    with pytest.raises(InputError, match="give a --password too"):
        studio.parse(["--host", host])
    assert studio.parse(["--host", host, "--password", "x"]).host == host


def test_two_pages_over_one_folder_are_refused(tmp_path, run_script):
    lock = Lock(tmp_path / "lock")
    assert lock.take()
    done = run_script("studio.py", "--runs", tmp_path, "--open", "False")
    assert done.returncode == 1
    assert f"studio.py: error: the process {os.getpid()} has a page over {tmp_path}" in done.stderr
    lock.release()


def test_a_port_that_is_taken_is_refused_in_a_line(run_script):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_script("studio.py", "--port", taken.getsockname()[1])
    assert done.returncode == 1
    assert "studio.py: error: cannot listen at 127.0.0.1:" in done.stderr
