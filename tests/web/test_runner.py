"""Runs of the page are processes that outlive it."""

import contextlib
import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

from neural_style import files
from neural_style.errors import InputError
from neural_style.web.runner import Runs
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE, LIGHT, STARRY_NIGHT, opened

SECONDS = 60


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
        assert time.monotonic() < end, (runs.get(id), runs.results(runs.get(id)).log())
        time.sleep(0.05)
    return runs.get(id)


def until_said(runs, run, words):
    end = time.monotonic() + SECONDS
    while not any(words in line for line in runs.results(run).log()):
        assert time.monotonic() < end, runs.results(run).log()
        time.sleep(0.01)


def until_log(runs, run, count):
    end = time.monotonic() + SECONDS
    while len(runs.results(run).losses()) < count:
        assert time.monotonic() < end, runs.results(run).log()
        time.sleep(0.05)


SLOW = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "400", "--tile", "64", "--num_iter", "10", *LIGHT]
"""Evaluations of a second or more, in tiles, between which a script hears that it is to stop."""

LONG = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "48", "--num_iter", "1000", *LIGHT]


def test_a_run_has_a_folder_with_its_picture_and_its_settings(runs, pictures):
    run = until(runs, runs.submit("color_transfer.py", pictures, {"tab": "color"}).id, "done", "failed")
    assert run.state == "done", runs.results(run).log()
    assert opened(runs.results(run).picture()).size == (50, 40)
    again = Runs(runs.folder).get(run.id)
    assert again == run
    assert (again.values, again.script) == ({"tab": "color"}, "color_transfer.py")


def test_the_version_changes_with_what_is_shown_of_the_runs_and_only_then(runs, pictures):
    empty = runs.version()
    assert runs.version() == empty
    run = runs.submit("color_transfer.py", pictures, {})
    until(runs, run.id, "done", "failed")
    done = runs.version()
    assert done != empty
    assert runs.version() == done
    with (runs.folder / run.id / "log.txt").open("a") as log:
        log.write("another line\n")
    assert runs.version() != done


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
    assert opened(runs.results(run).picture()).height == 48


def test_to_stop_again_is_not_to_stop_at_once(runs):
    """Nor does the page's end, which stops the run in hand, take from it what it reached."""
    run = runs.submit("network.py", SLOW, {})
    until_log(runs, run, 1)
    for _ in range(2):
        runs.stop(run.id)
        time.sleep(0.3)
    runs.close()
    run = runs.get(run.id)
    assert (run.state, run.problem) == ("stopped", "")
    assert opened(runs.results(run).picture()).height == 400
    assert runs.can_go_on(run)


def test_a_run_can_be_stopped_at_once(runs):
    run = runs.submit("network.py", [*SLOW, "--image_size", "800"], {})  # An evaluation must outlast two signals.
    until_log(runs, run, 1)
    runs.stop(run.id)
    until_said(runs, run, "a second time ends at once")
    runs.stop(run.id, at_once=True)
    run = until(runs, run.id, "stopped")
    assert not runs.results(run).is_finished


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


def test_a_run_that_was_killed_says_that_memory_was_the_likely_cause(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(Runs, "_execute", lambda runs, run: -signal.SIGKILL)
    runs = Runs(tmp_path / "runs")
    runs.start()
    run = until(runs, runs.submit("network.py", pictures, {}).id, "failed")
    assert "killed, most likely because memory ran out" in run.problem
    runs.close()


def test_a_picture_that_a_script_put_elsewhere_is_shown(tmp_path, pictures, monkeypatch):
    rescued = tmp_path / "elsewhere" / "picture.png"
    rescued.parent.mkdir()
    rescued.write_bytes(b"a picture")

    def fail(runs, run):
        line = f"network.py: error: the disk is full; what was reached is in {rescued}\n"
        (runs.folder / run.id / "log.txt").write_text(line)
        return 1

    monkeypatch.setattr(Runs, "_execute", fail)
    runs = Runs(tmp_path / "runs")
    runs.start()
    run = until(runs, runs.submit("network.py", pictures, {}).id, "failed")
    assert runs.results(run).picture() == rescued
    assert runs.results(run).file("picture.png") == rescued
    # A record that was found says it too, but who knows what it would have shown.
    assert Runs(tmp_path / "runs").results(run).picture() is None
    runs.close()


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
    short = [str(CASTLE), str(STARRY_NIGHT), "--image_size", "100", "--num_iter", "3", *LIGHT]
    run = runs.submit("network.py", short, {})
    until_log(runs, run, 10)
    runs.stop(run.id)
    run = until(runs, run.id, "stopped", "done")
    before = runs.results(run).losses()
    assert runs.can_go_on(run)
    runs.go_on(run.id)
    run = until(runs, run.id, "done", "failed")
    after = runs.results(run).losses()
    assert after[: len(before)] == before
    assert [row["evaluation"] for row in after] == list(range(61))
    assert not runs.can_go_on(run)
    with pytest.raises(InputError, match="this run is finished"):
        runs.go_on(run.id)


def test_a_queued_run_can_be_taken_out_of_the_queue(runs, pictures):
    first = runs.submit("network.py", LONG, {})
    second = runs.submit("color_transfer.py", pictures, {})
    runs.stop(second.id)
    assert runs.get(second.id).state == "stopped"
    runs.stop(first.id)
    until(runs, first.id, "stopped")
    assert runs.results(second).picture() is None
    runs.go_on(second.id)
    assert until(runs, second.id, "done").resumes is False
    assert runs.results(second).picture() is not None


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
    assert second.results(run).is_finished
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


def test_what_waits_in_a_folder_of_runs_starts_when_it_is_asked_for(tmp_path, pictures):
    kept = [str(Uploads(tmp_path / "runs" / "uploads").keep(path)) for path in pictures]
    before = Runs(tmp_path / "runs")
    run = before.submit("color_transfer.py", kept, {})
    runs = Runs(tmp_path / "runs")
    runs.start()
    assert runs.get(run.id).state == "held"
    assert runs.can_go_on(runs.get(run.id))
    runs.go_on(run.id)
    assert until(runs, run.id, "done", "failed").state == "done"
    runs.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["{photo}", "/etc/passwd"], "passwd is none of the pictures given to this page"),
        (["{photo}", "{photo}", "--save_preset", "/tmp/x.toml"], "--save_preset is for the command line alone"),
        (["{photo}", "{photo}", "--save-preset=/tmp/x.toml"], "--save_preset is for the command line alone"),
        (["{photo}", "{photo}", "--weights", "/etc/passwd"], "passwd is none of the pictures given to this page"),
        (["{photo}", "{photo}", "--nonsense", "1"], "--nonsense"),
        (["{photo}", "--exec"], "this run cannot be started"),
    ],
)
def test_what_was_put_into_the_folder_of_runs_is_looked_at_like_a_form(tmp_path, pictures, arguments, problem):
    photo = str(Uploads(tmp_path / "runs" / "uploads").keep(pictures[0]))
    Runs(tmp_path / "runs").submit("paint.py", [text.format(photo=photo) for text in arguments], {})
    runs = Runs(tmp_path / "runs")
    (run,) = runs.all()
    with pytest.raises(InputError, match=problem):
        runs.go_on(run.id)
    assert runs.get(run.id).state == "held"


@pytest.mark.parametrize("name", ["log.txt", "picture.png", "picture_run"])
def test_what_was_put_into_the_folder_of_runs_cannot_write_elsewhere(tmp_path, pictures, name):
    kept = [str(Uploads(tmp_path / "runs" / "uploads").keep(path)) for path in pictures]
    run = Runs(tmp_path / "runs").submit("color_transfer.py", kept, {})
    precious = tmp_path / "precious"
    precious.write_text("words")
    (tmp_path / "runs" / run.id / name).symlink_to(precious)
    runs = Runs(tmp_path / "runs")
    with pytest.raises(InputError, match="its folder has links"):
        runs.go_on(run.id)
    assert precious.read_text() == "words"


def test_folders_that_are_no_runs_are_listed_and_all_else_goes_on(tmp_path, pictures):
    good = Runs(tmp_path).submit("color_transfer.py", pictures, {})
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    runs = Runs(tmp_path)
    assert [run.id for run in runs.all()] == [good.id]
    assert runs.unreadable == {"bad": "it is not written as JSON"}


def test_uploads_of_runs_stay_as_long_as_the_runs(tmp_path):
    before = Runs(tmp_path / "runs")
    uploads = Uploads(tmp_path / "runs" / "uploads")
    paths = [uploads.keep_bytes(f"{name}.png", name.encode()) for name in "abc"]
    for path in paths:
        os.utime(path.parent, (0, 0))
    before.submit("paint.py", [str(paths[0]), "s.png"], {"styles": [{"path": "s.png", "mask": str(paths[1])}]})
    runs = Runs(tmp_path / "runs")
    runs.start()
    runs.close()
    assert [path.exists() for path in paths] == [True, True, False]
