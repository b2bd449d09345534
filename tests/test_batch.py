"""A script is run on many pictures, each result as the script alone would make it."""

import json
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import batch
import enhance
import network
from neural_style.batch import sheet, working
from neural_style.batch.pictures import SHEET
from neural_style.errors import InputError
from neural_style.pictures import images
from neural_style.tiling.objective import Functions
from tests.conftest import LIGHT, ROOT, SHALLOW, STARRY_NIGHT, opened

GREAT_WAVE = ROOT / "images" / "inputs" / "style" / "great-wave.jpg"
SHORT = ["--image_size", "32", "--num_iter", "2", "--evaluations", "2"]


@pytest.fixture
def photos(tmp_path, random_image):
    """A folder of three photographs of one shape, one of them in a folder of its own."""
    folder = tmp_path / "the photographs"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "sub/c.png")):
        images.to_picture(random_image(48, 64, seed=number)).save(folder / name)
    return folder


@pytest.fixture
def to(tmp_path):
    return tmp_path / "results"


def run(capsys, *arguments):
    """Run batch.py in this process; return its exit status, the lines of its output and those of its messages."""
    status = batch.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def painted(capsys, photos, to, *flags, styles=(STARRY_NIGHT,)):
    """Have network.py paint photographs, shortly, by little of the network."""
    given = photos if isinstance(photos, tuple) else (photos,)
    return run(capsys, "network.py", "--photos", *given, "--styles", *styles, "--to", to, *SHORT, *LIGHT, *flags)


def written(folder):
    """Return {path: the time of its last change} of the pictures in a folder."""
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*_starry-night.png")}


def pixels(path):
    return np.asarray(opened(path).convert("RGB"), float)


def test_every_photograph_is_painted_with_every_style_into_its_own_folder(capsys, photos, to):
    status, out, err = painted(capsys, photos, to, styles=(STARRY_NIGHT, GREAT_WAVE))
    names = [f"{photo}_{style}.png" for photo in ("a", "b", "sub/c") for style in ("starry-night", "great-wave")]
    assert status == 0
    assert out == [f"{to}/{name}" for name in names]
    assert all(opened(to / name).height == 32 for name in names)
    assert err[0] == "6 pictures to make"
    assert err[-1].startswith("6 of 6: sub/c_great-wave.png, ")


@pytest.mark.slow
def test_results_are_those_of_the_script_by_itself_to_the_last_bit(capsys, photos, to, tmp_path, shallow):
    styles = (STARRY_NIGHT, GREAT_WAVE)
    run(capsys, "network.py", "--photos", photos, "--styles", *styles, "--to", to, *SHORT, *SHALLOW)
    for photo, style in ((photos / "a.png", STARRY_NIGHT), (photos / "sub" / "c.png", GREAT_WAVE)):
        assert network.main([str(photo), str(style), str(tmp_path / "alone"), *SHORT, *SHALLOW]) == 0
        name = (photo.relative_to(photos).parent / f"{photo.stem}_{style.stem}.png").as_posix()
        assert np.array_equal(pixels(to / name), pixels(tmp_path / "alone.png"))


def test_one_network_and_one_compilation_serve_all_photographs_of_a_size(
    capsys, photos, to, random_image, monkeypatch, own_networks
):
    from models import vgg

    images.to_picture(random_image(64, 48, seed=9)).save(photos / "upright.png")
    compiled, made, make, begin = [], [], vgg.feature_extractor, Functions.__init__
    monkeypatch.setattr(Functions, "__init__", lambda self, *given: compiled.append(1) or begin(self, *given))
    monkeypatch.setattr(vgg, "feature_extractor", lambda *given, **by_name: made.append(1) or make(*given, **by_name))
    status, out, _ = painted(capsys, photos, to, styles=(STARRY_NIGHT, GREAT_WAVE))
    assert (status, len(out)) == (0, 8)
    assert (len(made), len(compiled)) == (1, 2)


def test_only_finished_pictures_are_kept_and_the_folders_of_their_runs(capsys, photos, to):
    painted(capsys, photos / "a.png", to)
    assert sorted(path.name for path in to.iterdir()) == ["a_starry-night.png", "a_starry-night_run", "batch.json"]
    assert not list(to.glob("*_run/checkpoint*"))
    settings = json.loads((to / "a_starry-night_run" / "settings.json").read_text())
    assert settings["command"].startswith("python network.py ")


def test_what_is_finished_is_left_as_it_is(capsys, photos, to):
    first = painted(capsys, photos, to)
    before = written(to)
    status, out, err = painted(capsys, photos, to)
    assert (status, out, err) == (0, first[1], ["0 pictures to make; 3 of 3 are finished already"])
    assert written(to) == before


def test_another_photograph_style_or_flag_is_painted_and_a_lost_result_again(capsys, photos, to, random_image):
    painted(capsys, photos, to)
    images.to_picture(random_image(48, 64, seed=5)).save(photos / "a.png")
    (to / "b_starry-night.png").unlink()
    before = written(to)
    status, _, err = painted(capsys, photos, to)
    assert (status, err[0]) == (
        0,
        "2 pictures to make, 1 of which is there with other flags or pictures; 1 of 3 are finished already",
    )
    after = written(to)
    assert after["sub/c_starry-night.png"] == before["sub/c_starry-night.png"]
    assert after["a_starry-night.png"] != before["a_starry-night.png"]
    _, _, err = painted(capsys, photos, to, "--seed", "1")
    assert err[0] == "3 pictures to make, 3 of which are there with other flags or pictures"


def test_a_picture_that_fails_is_told_at_the_end_and_stops_no_other(capsys, photos, to):
    (photos / "b.png").write_bytes(b"no picture")
    status, out, err = painted(capsys, photos, to)
    assert status == 1
    assert out == [f"{to}/a_starry-night.png", f"{to}/sub/c_starry-night.png"]
    problem = f"{photos}/b.png is not a picture"
    assert any(line.startswith(f"b_starry-night.png failed: {problem}") for line in err)
    assert err[-2].startswith(f"batch.py: error: b_starry-night.png: {problem}")
    assert err[-1] == "2 of 3 are done, 1 failed"
    status, out, err = painted(capsys, photos, to, "--quiet")
    assert status == 1
    assert len(out) == 2
    assert len(err) == 1
    assert err[0].startswith(f"batch.py: error: b_starry-night.png: {problem}")


def test_a_defect_of_ours_stops_no_other_picture_either(capsys, photos, to, monkeypatch):
    main = network.METHOD.main

    def breaks(argv, workshop):
        if argv[0].endswith("b.png"):
            raise ZeroDivisionError("oh")
        return main(argv, workshop)

    monkeypatch.setattr(network, "main", breaks)
    status, out, err = painted(capsys, photos, to)
    assert (status, len(out)) == (1, 2)
    assert "batch.py: error: b_starry-night.png: ZeroDivisionError: oh" in err


def test_a_picture_that_no_batch_has_made_is_not_replaced(capsys, photos, to):
    to.mkdir()
    images.to_picture(np.zeros((8, 8, 3))).save(to / "a_starry-night.png")
    status, out, err = painted(capsys, photos, to)
    assert (status, len(out)) == (1, 2)
    assert any("a_starry-night.png is there already, and was not made by batch.py" in line for line in err)
    assert opened(to / "a_starry-night.png").size == (8, 8)


def signalled(monkeypatch, when):
    """Have the signal of Ctrl+C come at the `when`-th word of how far a picture is."""
    begin, words = working.Ear.progress, []

    def progress(self, *given):
        words.append(1)
        if len(words) == when:
            signal.raise_signal(signal.SIGINT)
        begin(self, *given)

    monkeypatch.setattr(working.Ear, "progress", progress)


def test_the_same_command_goes_on_after_an_interruption_to_the_same_pictures(capsys, photos, to, tmp_path):
    painted(capsys, photos, to)
    with pytest.MonkeyPatch.context() as monkeypatch:
        signalled(monkeypatch, 5 + 4)  # Five words are of the first picture.
        status, out, err = painted(capsys, photos, tmp_path / "again")
    assert (status, out) == (130, [f"{tmp_path}/again/a_starry-night.png"])
    assert err[-1] == "interrupted: 1 of 3 are done; the same command goes on"
    status, out, err = painted(capsys, photos, tmp_path / "again")
    assert (status, len(out)) == (0, 3)
    assert "going on after evaluation 3" in err
    for name in written(to):
        assert np.array_equal(pixels(tmp_path / "again" / name), pixels(to / name))


def test_a_signal_while_a_photograph_is_read_ends_at_once(capsys, photos, to, monkeypatch):
    read = network.METHOD.inputs.read

    def interrupted(*given):
        signal.raise_signal(signal.SIGINT)
        return read(*given)

    monkeypatch.setattr(network.METHOD.inputs, "read", interrupted)
    status, out, err = painted(capsys, photos, to)
    assert (status, out, err[-1]) == (130, [], "interrupted: 0 of 3 are done; the same command goes on")


def test_two_batches_do_not_work_in_one_folder(capsys, photos, to):
    to.mkdir()
    other = "import sys; from neural_style.lock import Lock; lock = Lock(sys.argv[1]); print(lock.take(), flush=True)"
    command = [sys.executable, "-c", f"{other}; input()", str(to / ".batch.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"True\n"
        with pytest.raises(InputError, match=f"the process {process.pid} is making pictures in .*: wait for it"):
            painted(capsys, photos, to)
        process.communicate(b"\n")


def test_side_by_side_the_first_photograph_has_the_first_style(capsys, photos, to):
    styles = (GREAT_WAVE, STARRY_NIGHT)
    status, out, _ = painted(capsys, (photos / "a.png", photos / "b.png"), to, "--pair", styles=styles)
    assert (status, out) == (0, [f"{to}/a_great-wave.png", f"{to}/b_starry-night.png"])
    with pytest.raises(
        InputError, match=r"--styles does not go one by one with the others: there are 3 of --photos, 2"
    ):
        painted(capsys, photos, to, "--pair", styles=styles)


def test_finishing_tools_have_their_pictures_one_by_one(capsys, photos, to, random_image, tmp_path):
    (tmp_path / "painted").mkdir()
    for name in "abc":
        images.to_picture(random_image(24, 32, seed=7)).save(tmp_path / "painted" / f"{name}_style.png")
    pictures = ["--photos", photos, "--paintings", tmp_path / "painted"]
    status, out, _ = run(capsys, "color_transfer.py", *pictures, "--to", to, "--method", "linear")
    assert (status, [Path(path).name for path in out]) == (0, ["a_style.png", "b_style.png", "c_style.png"])
    assert len({pixels(path).mean() for path in out}) == 3  # Each has the colours of its own photograph.
    images.to_picture(np.full((24, 32, 3), 255.0)).save(tmp_path / "white.png")
    masks = ["--masks", tmp_path / "white.png"]
    status, out, _ = run(capsys, "mask_transfer.py", *pictures, *masks, "--to", tmp_path / "masked")
    assert (status, len(out)) == (0, 3)
    assert np.array_equal(pixels(out[1]), pixels(tmp_path / "painted" / "b_style.png"))


def test_a_folder_is_enhanced_into_pictures_of_the_same_names(capsys, photos, to):
    flags = ["--size", "50%", "--ending", "jpg"]
    status, out, _ = run(capsys, "./enhance.py", "--photos", photos, "--to", to, *flags)
    assert (status, out) == (0, [f"{to}/a.jpg", f"{to}/b.jpg", f"{to}/sub/c.jpg"])
    assert opened(out[2]).size == (32, 24)


def test_doodles_of_one_style_are_painted(capsys, to, tmp_path, shallow):
    doodles = ROOT / "images" / "inputs" / "doodle"
    style = ["--style_image", STARRY_NIGHT, "--style_mask", doodles / "starry-night-style.png"]
    targets = ["--doodles", doodles / "starry-night-target.png", "--to", to]
    status, out, _ = run(capsys, "neural_doodle.py", *targets, *style, *SHORT)
    assert (status, out) == (0, [f"{to}/starry-night-target.png"])


def test_all_results_are_on_one_page_in_a_row_for_each_photograph(capsys, photos, to):
    flags = ["--size", "100%"]
    run(capsys, "enhance.py", "--photos", photos / "a.png", "--to", to, "--sheet", *flags)
    page = opened(to / SHEET)
    assert page.size == (sheet.SIDE + 2 * sheet.GAP, round(sheet.SIDE * 48 / 64) + sheet.TEXT + 3 * sheet.GAP)
    _, out, err = painted(capsys, photos, to, "--sheet", styles=(STARRY_NIGHT, GREAT_WAVE))
    assert err[-1] == f"all on one page: {to / SHEET}"
    page = opened(to / SHEET)
    assert page.width == 3 * (sheet.SIDE + sheet.GAP) + sheet.GAP
    # The last picture is at the lower right, above where its caption would be.
    last = opened(out[-1]).convert("RGB")
    last = last.resize((sheet.SIDE, round(sheet.SIDE * last.height / last.width)))
    left, bottom = page.width - sheet.GAP - sheet.SIDE, page.height - sheet.TEXT - 2 * sheet.GAP
    here = page.crop((left, bottom - last.height, left + last.width, bottom))
    assert np.abs(np.asarray(here, float) - np.asarray(last, float)).mean() < 12


def test_programs_read_what_is_done_and_how_long_it_takes(capsys, photos, to):
    (photos / "b.png").write_bytes(b"no picture")
    status, _, err = painted(capsys, photos, to, "--json")
    events = [json.loads(line) for line in err]
    batches = [event for event in events if event["event"] == "batch"]
    assert status == 1
    assert [(e["name"], e["state"]) for e in batches if "evaluation" not in e] == [
        ("a_starry-night.png", "running"),
        ("a_starry-night.png", "done"),
        ("b_starry-night.png", "running"),
        ("b_starry-night.png", "failed"),
        ("sub/c_starry-night.png", "running"),
        ("sub/c_starry-night.png", "done"),
    ]
    last = batches[-1]
    assert (last["total"], last["done"], last["failed"], last["running"], last["left"]) == (3, 2, 1, [], 0.0)
    assert [(e["evaluation"], e["evaluations"]) for e in batches if "evaluation" in e][:5] == [(n, 4) for n in range(5)]
    assert next(event["text"] for event in events if event["event"] == "error").startswith("b_starry-night.png: ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["paint.py", "--photos", "."], "paint.py needs --styles: give files, folders, or patterns in quotes"),
        (["enhance.py", "--photos", ".", "--styles", "."], "enhance.py takes no --styles: leave them out"),
        (["enhance.py", "--photo", "."], "there is no flag --photo, but there is --photos"),
        (["enhance.py", "--photos", ".", "-o", "x.png"], "-o is what batch.py gives enhance.py itself: leave it out"),
        (["enhance.py", "--photos", ".", "--output=x.png"], "--output is what batch.py gives"),
    ],
)
def test_a_wrong_command_is_told_in_a_line(capsys, to, arguments, problem):
    with pytest.raises(SystemExit) as exit:
        run(capsys, *arguments, "--to", to)
    assert exit.value.code == 2
    assert capsys.readouterr().err.startswith(f"batch.py: error: {problem}")
    assert not to.exists()


def test_what_is_no_script_is_told_in_a_line(capsys, to):
    with pytest.raises(InputError, match=r"'README.md' is no script that makes pictures: give one of paint.py, "):
        run(capsys, "README.md", "--photos", ".", "--to", to)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--sise", "50%"], "enhance.py: error: there is no flag --sise, but there is --size; "),
        (["--size", "large"], "enhance.py: error: argument --size: 'large' is no size"),
        (["--jobs", "0"], "batch.py: error: argument --jobs: 0 is out of range"),
    ],
)
def test_a_wrong_flag_is_told_by_whose_it_is_before_anything_is_done(capsys, photos, to, flags, problem):
    with pytest.raises(SystemExit) as ended:
        run(capsys, "enhance.py", "--photos", photos, "--to", to, *flags)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(problem)
    assert not to.exists()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
def test_several_processes_make_the_same_pictures(photos, to, tmp_path):
    (photos / "b.png").write_bytes(b"no picture")
    command = [sys.executable, "batch.py", "enhance.py", "--photos", str(photos), "--to", str(to), "--jobs", "2"]
    done = subprocess.run([*command, "--size", "50%"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"{to}/a.png", f"{to}/sub/c.png"]
    lines = done.stderr.splitlines()
    assert lines[:2] == ["3 pictures to make", "2 at once, each with 1 core; what they load is not shown"]
    assert lines[-2].startswith(f"batch.py: error: b.png: {photos}/b.png is not a picture")
    alone = tmp_path / "alone.png"
    assert enhance.main([str(photos / "sub" / "c.png"), "--size", "50%", "-o", str(alone)]) in (None, 0)
    assert np.array_equal(pixels(to / "sub" / "c.png"), pixels(alone))


def test_paintings_go_with_the_photographs_they_are_called_after(capsys, tmp_path, random_image):
    """Names that begin alike sort otherwise once something follows."""
    for number, name in enumerate(("castle", "castle2", "castle2_old")):
        for folder, ending in (("photos", ".png"), ("painted", "_starry-night.png")):
            (tmp_path / folder).mkdir(exist_ok=True)
            images.to_picture(random_image(24, 32, seed=number)).save(tmp_path / folder / f"{name}{ending}")
    pictures = ["--photos", tmp_path / "photos", "--paintings", tmp_path / "painted"]
    status, out, _ = run(capsys, "color_transfer.py", *pictures, "--to", tmp_path / "out", "--method", "linear")
    assert (status, len(out)) == (0, 3)
    for path in out:  # With its own colours, a painting that is the photograph stays what it is.
        assert np.abs(pixels(path) - pixels(tmp_path / "painted" / Path(path).name)).mean() < 3


def test_a_painting_that_is_called_after_no_photograph_is_refused_and_none_is_mixed_up(capsys, photos, to, tmp_path):
    (tmp_path / "painted").mkdir()
    for name in ("b_style", "a-png_style", "c_style"):
        images.to_picture(np.zeros((8, 8, 3))).save(tmp_path / "painted" / f"{name}.png")
    pictures = ["--photos", photos, "--paintings", tmp_path / "painted"]
    with pytest.raises(InputError, match=r"a-png_style.png is called after none of the photographs: rename it, or"):
        run(capsys, "color_transfer.py", *pictures, "--to", to)
    masks = ["--masks", photos / "a.png", photos / "b.png"]
    (tmp_path / "painted" / "a-png_style.png").unlink()
    with pytest.raises(InputError, match=r"none of --masks is called after .*c.png: rename one, or give --pair"):
        run(capsys, "mask_transfer.py", *pictures, *masks, "--to", to)
    status, out, _ = run(capsys, "color_transfer.py", "--photos", photos / "a.png", *pictures[2:], "--to", to)
    assert (status, len(out)) == (0, 2)  # One photograph is there for all.


def test_results_beside_the_photographs_are_no_photographs(capsys, photos):
    _, out, _ = painted(capsys, photos, photos, "--sheet")
    status, again, err = painted(capsys, photos, photos, "--sheet")
    assert (status, again) == (0, out)
    assert err[0] == "0 pictures to make; 3 of 3 are finished already"


def test_a_page_of_the_users_own_is_not_replaced_by_a_contact_sheet(capsys, photos, to):
    to.mkdir()
    images.to_picture(np.zeros((8, 8, 3))).save(to / SHEET)
    _, _, err = painted(capsys, photos, to, "--sheet")
    assert err[-1] == f"{to / SHEET} is there already, and is no contact sheet: there is none of this batch"
    assert opened(to / SHEET).size == (8, 8)


def test_a_command_that_fails_makes_no_finished_picture_forgotten(capsys, photos, to):
    painted(capsys, photos, to)
    status, _, _ = painted(capsys, photos, to, "--content_mask", "gone.png")
    assert status == 1
    _, _, err = painted(capsys, photos, to)
    assert err == ["0 pictures to make; 3 of 3 are finished already"]


def test_a_contact_sheet_is_no_painting(capsys, photos, to, tmp_path):
    painted(capsys, photos, to, "--sheet")
    pictures = ["--photos", photos, "--paintings", to]
    status, out, _ = run(capsys, "color_transfer.py", *pictures, "--to", tmp_path / "coloured")
    assert (status, len(out)) == (0, 3)


def test_flags_in_another_order_or_spelling_leave_what_is_finished(capsys, photos, to):
    painted(capsys, photos, to)
    before = written(to)
    flags = ["--evaluations=2", *LIGHT, "--num-iter", "2", "--image_size=32", "--max_memory", "4G", "--quiet", "False"]
    status, out, err = run(capsys, "network.py", *flags, "--photos", photos, "--styles", STARRY_NIGHT, "--to", to)
    assert (status, len(out), err) == (0, 3, ["0 pictures to make; 3 of 3 are finished already"])
    assert written(to) == before


def test_pictures_that_are_there_with_other_flags_are_told_of_and_made_anew(capsys, photos, to):
    painted(capsys, photos, to)
    (photos / "b.png").write_bytes((photos / "a.png").read_bytes())
    _, _, err = painted(capsys, photos, to)
    assert err[0].startswith("1 picture to make, 1 of which is there with other flags or pictures; 2 of 3 are")
    _, _, err = painted(capsys, photos, to, "--content_weight", "0.5")
    assert err[0] == "3 pictures to make, 3 of which are there with other flags or pictures"


def test_a_mask_that_has_changed_makes_pictures_anew(capsys, photos, to, tmp_path):
    for value in (255, 250):
        images.to_picture(np.full((8, 8, 3), value)).save(tmp_path / "mask.png")
        _, _, err = painted(capsys, photos, to, "--content_mask", tmp_path / "mask.png")
        assert err[0].startswith("3 pictures to make")


def test_the_same_mistake_of_several_pictures_is_told_once(capsys, photos, to):
    status, out, err = painted(capsys, photos, to, "--content_mask", "gone.png")
    assert (status, out) == (1, [])
    assert sum(line.startswith("batch.py: error: ") for line in err) == 1
    assert "batch.py: error: a_starry-night.png, b_starry-night.png, sub/c_starry-night.png: there is no" in err[-2]


def test_patterns_keep_the_folders_below_them(capsys, photos, to):
    _, out, _ = painted(capsys, f"{photos}/**/*.png", to)
    assert out == [f"{to}/{name}_starry-night.png" for name in ("a", "b", "sub/c")]


def test_a_page_of_pictures_one_by_one_has_what_each_is_made_of(capsys, photos, to):
    styles = (photos / "b.png", GREAT_WAVE)
    (photos / "sub" / "c.png").unlink()
    painted(capsys, photos, to, "--sheet", "--pair", styles=styles)
    page = opened(to / SHEET)
    assert page.width == 3 * (sheet.SIDE + sheet.GAP) + sheet.GAP
    first = page.crop((2 * sheet.GAP + sheet.SIDE, sheet.GAP, 2 * (sheet.GAP + sheet.SIDE), sheet.GAP + 210))
    style = opened(styles[0]).convert("RGB").resize(first.size)
    assert np.abs(np.asarray(first, float) - np.asarray(style, float)).mean() < 12


def test_a_page_has_no_picture_that_the_batch_has_not_made(capsys, photos, to):
    to.mkdir()
    images.to_picture(np.zeros((32, 43, 3))).save(to / "a_starry-night.png")
    status, _, _ = painted(capsys, photos / "a.png", to, "--sheet")
    page = np.asarray(opened(to / SHEET).convert("L"))
    photograph, result = np.split(page[-sheet.SIDE // 2 :], 2, axis=1)
    assert status == 1
    assert result.min() > 250
    assert photograph.min() < 100
