"""A run that is interrupted goes on as if it had not been, and nothing that was reached is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import inetwork
import network
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from neural_style.painting import objective, resuming
from neural_style.pictures import images
from neural_style.runs import animation, checkpoint
from neural_style.runs import folder as run_folder
from tests.conftest import CASTLE, LIGHT, ROOT, STARRY_NIGHT, opened
from tests.short_runs import losses, paint

pytestmark = pytest.mark.usefixtures("shallow")

SETTINGS = ["--scales", "48", "64", "--num_iter", "6", "6", "--evaluations", "4", "--animate", "True"]
SETTINGS += LIGHT
KITTEN = ROOT / "images" / "inputs" / "content" / "playing-kitten.jpg"


def command(prefix, *flags):
    return [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, prefix, *SETTINGS, *flags]


def wait_for_rows(prefix, count, process):
    """Wait until a run has logged so many evaluations, or is over."""
    while process.poll() is None:
        try:
            if len(losses(prefix)) >= count:
                return
        except OSError:
            pass
        time.sleep(0.02)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The prefix of a run in two scales that nothing interrupted."""
    prefix = tmp_path_factory.mktemp("whole") / "out"
    assert network.main([str(part) for part in command(prefix)[2:]]) == 0
    return prefix


def same_result(prefix, whole):
    for ending in (".png", ".gif"):
        with Image.open(f"{prefix}{ending}") as mine, Image.open(f"{whole}{ending}") as theirs:
            assert getattr(mine, "n_frames", 1) == getattr(theirs, "n_frames", 1)
            assert np.array_equal(np.asarray(mine), np.asarray(theirs))
    assert losses(prefix) == losses(whole)
    assert sorted(os.listdir(f"{prefix}_run")) == ["checkpoint.npz", "losses.csv", "losses.png", "settings.json"]


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been(uninterrupted, tmp_path):
    prefix, moments = tmp_path / "out", random.Random(8)
    reached, kills = 0, 0
    while kills < 4:
        process = subprocess.Popen(command(prefix, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        reached += moments.randrange(3, 16)
        wait_for_rows(prefix, reached, process)
        time.sleep(moments.random() * 0.1)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
        reached = len(losses(prefix)) if os.path.exists(f"{prefix}_run/losses.csv") else 0
    assert kills >= 2
    subprocess.run(command(prefix, "--resume"), check=True, capture_output=True)
    same_result(prefix, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_how_to_go_on_and_does(number, status, uninterrupted, run_here, tmp_path):
    prefix = tmp_path / "out"
    process = subprocess.Popen(command(prefix), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_rows(prefix, 31, process)
    process.send_signal(number)
    output, errors = process.communicate()
    assert (process.returncode, output) == (status, f"{prefix}.png\n")
    assert "interrupted: the evaluation in hand is the last" in errors
    assert errors.splitlines()[-1].endswith(
        f"what was reached is in {prefix}.png; the same command with --resume goes on"
    )
    done = run_here("network.py", *command(prefix, "--resume")[2:])
    assert done.returncode == 0
    assert "going on after evaluation " in done.stderr
    same_result(prefix, uninterrupted)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """The prefix of a run that was interrupted after its fifth evaluation."""
    prefix, log = tmp_path / "out", run_folder.RunFolder.log

    def interrupt(folder, progress):
        log(folder, progress)
        if progress.evaluation == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder.RunFolder, "log", interrupt)
        assert paint(prefix) == 130
    return prefix


def test_an_interruption_before_a_scale_does_not_wait_for_it(tmp_path, monkeypatch):
    prefix, enlarged, whole = tmp_path / "out", objective._enlarged, tmp_path / "whole"
    scales = ["--scales", "32", "48", "--num_iter", "2", "1"]

    def interrupt(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return enlarged(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(objective, "_enlarged", interrupt)
        assert paint(prefix, *scales) == 130
    assert {row["scale"] for row in losses(prefix)} == {"1"}
    assert paint(prefix, *scales, "--resume") == 0
    assert paint(whole, *scales) == 0
    assert losses(prefix) == losses(whole)
    assert np.array_equal(*(np.asarray(opened(f"{path}.png")) for path in (prefix, whole)))


def test_an_interruption_in_the_last_evaluation_is_no_loss(tmp_path, monkeypatch, capsys):
    prefix, log = tmp_path / "out", run_folder.RunFolder.log

    def interrupt(folder, progress):
        log(folder, progress)
        if progress.ends_run:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder.RunFolder, "log", interrupt)
        assert paint(prefix) == 130
    assert "interrupted in the last evaluation: the run is finished" in capsys.readouterr().err
    assert paint(prefix, "--resume") == 0
    assert "the run is finished already" in capsys.readouterr().err


def test_a_run_with_styles_goes_on_as_if_it_had_not_been_interrupted(interrupted, tmp_path):
    assert paint(interrupted, "--resume") == 0
    assert paint(tmp_path / "whole") == 0
    assert losses(interrupted) == losses(tmp_path / "whole")
    assert np.array_equal(*(np.asarray(opened(f"{prefix}.png")) for prefix in (interrupted, tmp_path / "whole")))


def test_what_does_not_change_the_result_may_be_another_when_a_run_goes_on(interrupted, tmp_path, capsys):
    copy = tmp_path / "another name.jpg"
    shutil.copy(CASTLE, copy)
    assert paint(interrupted, "--resume", "--save_every", 0, "--max_memory", "4G", content=copy) == 0
    assert "going on after evaluation 5" in capsys.readouterr().err
    assert [int(row["evaluation"]) for row in losses(interrupted)] == list(range(10))


@pytest.mark.parametrize(
    ("flags", "content", "change"),
    [
        (["--content_weight", 3], CASTLE, "--content_weight was 0.025 and is 3.0"),
        (["--num_iter", 1], CASTLE, "--num_iter was 3 and is 1, less than is done"),
        (["--pool_type", "ave"], CASTLE, "--pool_type was max and is ave"),
        (["--init_image", "noise"], CASTLE, "the picture to start from is another"),
        ([], KITTEN, "the content picture is another"),
    ],
)
def test_another_run_does_not_go_on_from_a_checkpoint(interrupted, flags, content, change):
    before = (interrupted.parent / "out.png").read_bytes()
    with pytest.raises(InputError, match=f"is of another run: {change}"):
        paint(interrupted, "--resume", *flags, content=content)
    assert (interrupted.parent / "out.png").read_bytes() == before
    assert (interrupted.parent / "out_run" / "checkpoint.npz").exists()


def test_a_checkpoint_of_another_version_is_refused(interrupted, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    with pytest.raises(InputError, match="is of another run: it was painted by another version of these scripts"):
        paint(interrupted, "--resume")


def test_a_checkpoint_of_another_script_is_refused(interrupted):
    arguments = [CASTLE, STARRY_NIGHT, interrupted, "--image_size", "48", "--num_iter", "3", "--evaluations", "3"]
    with pytest.raises(InputError, match="it was painted by another script, or another version of this one"):
        inetwork.main([*map(str, arguments), "--resume"])


def test_without_a_checkpoint_a_run_begins_at_the_beginning(tmp_path, capsys):
    assert paint(tmp_path / "out", "--resume") == 0
    assert "there is no checkpoint in" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--no_overwrite"]])
def test_a_finished_run_is_left_as_it_is(tmp_path, capsys, flags):
    assert paint(tmp_path / "out") == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    capsys.readouterr()
    assert paint(tmp_path / "out", "--resume", *flags) == 0
    said = capsys.readouterr()
    assert "the run is finished already" in said.err
    assert said.out == f"{tmp_path / 'out'}.png\n"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_another_run_than_the_finished_one_is_painted_if_it_may_replace_that(tmp_path, capsys):
    assert paint(tmp_path / "out") == 0
    before = (tmp_path / "out.png").read_bytes()
    with pytest.raises(InputError, match="is there already"):
        paint(tmp_path / "out", "--resume", "--no_overwrite", "--content_weight", 3)
    assert "is another: --content_weight was 0.025 and is 3.0" in capsys.readouterr().err
    assert (tmp_path / "out.png").read_bytes() == before
    assert paint(tmp_path / "out", "--resume", "--content_weight", 3) == 0
    assert (tmp_path / "out.png").read_bytes() != before


@pytest.mark.parametrize("gone", ["out.png", "out.gif"])
def test_a_finished_run_of_which_something_is_gone_is_painted_anew(tmp_path, gone):
    assert paint(tmp_path / "out", "--animate") == 0
    before = images.read(tmp_path / "out.png").tobytes()
    (tmp_path / gone).unlink()
    assert paint(tmp_path / "out", "--resume", "--animate") == 0
    assert (tmp_path / gone).exists()
    assert images.read(tmp_path / "out.png").tobytes() == before


def test_a_run_whose_animation_could_not_be_written_is_not_finished(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(animation, "write_whole", refuse_animations(animation.write_whole))
        with pytest.raises(InputError, match="the disk is full"):
            paint(tmp_path / "out", "--animate")
    assert paint(tmp_path / "out", "--resume", "--animate") == 0
    assert (tmp_path / "out.gif").exists()


def refuse_animations(write):
    def written(path, content):
        if str(path).endswith(".gif"):
            raise InputError("the disk is full")
        write(path, content)

    return written


@pytest.mark.parametrize("finished", [True, {"format": 3}, {"format": 3, "flags": []}, "yes"])
def test_a_note_of_a_finished_run_that_makes_no_sense_is_none(tmp_path, finished):
    assert paint(tmp_path / "out", "--num_iter", 0) == 0
    path = tmp_path / "out_run" / "settings.json"
    path.write_text(json.dumps({"finished": finished}))
    assert paint(tmp_path / "out", "--num_iter", 0, "--resume") == 0
    assert json.loads(path.read_text())["finished"] != finished


def test_a_run_that_begins_anew_forgets_the_one_before(interrupted):
    assert paint(interrupted, "--keep_checkpoint", "False") == 0
    assert not (interrupted.parent / "out_run" / "checkpoint.npz").exists()
    assert len(losses(interrupted)) == 10


def same(prefix, whole):
    """Whether two runs have the same picture and losses, whatever iteration an evaluation counts to."""
    rows = [[{n: v for n, v in row.items() if n != "iteration"} for row in losses(p)] for p in (prefix, whole)]
    pictures = [np.asarray(opened(f"{p}.png")) for p in (prefix, whole)]
    return rows[0] == rows[1] and np.array_equal(*pictures)


@pytest.mark.parametrize("flags", [["--num_iter", 5], ["--evaluations", 4], ["--num_iter", 2, "--evaluations", 7]])
def test_a_finished_run_goes_on_for_longer_as_if_it_had_been_meant_to(tmp_path, flags, capsys):
    assert paint(tmp_path / "out") == 0
    assert paint(tmp_path / "out", "--resume", *flags) == 0
    assert "going on after evaluation 9" in capsys.readouterr().err
    assert paint(tmp_path / "whole", *flags) == 0
    assert same(tmp_path / "out", tmp_path / "whole")
    assert paint(tmp_path / "out", "--resume", *flags) == 0
    assert "the run is finished already" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_for_longer_or_less_long_than_it_was_meant_to(interrupted, tmp_path):
    assert paint(interrupted, "--resume", "--num_iter", 2) == 0
    assert paint(tmp_path / "whole", "--num_iter", 2) == 0
    assert same(interrupted, tmp_path / "whole")


def test_a_run_that_ended_early_does_not_go_on_for_longer(tmp_path, capsys):
    flags = ["--min_improvement", 99, "--num_iter"]
    assert paint(tmp_path / "out", *flags, 3) == 0
    assert len(losses(tmp_path / "out")) < 10
    assert paint(tmp_path / "out", "--resume", *flags, 5) == 0
    assert "the run is finished already" in capsys.readouterr().err


def test_of_several_scales_the_last_may_go_on_for_longer(tmp_path, capsys):
    scales = ["--scales", 32, 48, "--num_iter"]
    assert paint(tmp_path / "out", *scales, 2, 1) == 0
    assert paint(tmp_path / "out", "--resume", *scales, 2, 3) == 0
    assert paint(tmp_path / "whole", *scales, 2, 3) == 0
    assert same(tmp_path / "out", tmp_path / "whole")
    capsys.readouterr()
    assert paint(tmp_path / "out", "--resume", *scales, 3, 3) == 0
    assert "is another: --num_iter was 2 3 and is 3 3" in capsys.readouterr().err


def test_a_run_that_kept_nothing_to_go_on_from_is_painted_anew_for_longer(tmp_path, capsys):
    assert paint(tmp_path / "out", "--keep_checkpoint", "False") == 0
    assert paint(tmp_path / "out", "--resume", "--num_iter", 4) == 0
    assert "there is no checkpoint in" in capsys.readouterr().err
    assert len(losses(tmp_path / "out")) == 13


def test_a_finished_run_whose_checkpoint_does_not_fit_is_finished_all_the_same(tmp_path, capsys, monkeypatch):
    def full(*arguments):
        raise InputError("the disk is full")

    monkeypatch.setattr(checkpoint, "write", full)
    assert paint(tmp_path / "out", "--num_iter", 0) == 0
    said = capsys.readouterr()
    assert "the run cannot go on for longer: the disk is full" in said.err
    assert said.out == f"{tmp_path / 'out'}.png\n"


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "words"])
def test_a_damaged_checkpoint_is_one_line(interrupted, damage):
    path = interrupted.parent / "out_run" / "checkpoint.npz"
    content = bytearray(path.read_bytes())
    if damage == "empty":
        content = b""
    elif damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 255
    else:
        content = b"no checkpoint"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"checkpoint\.npz is damaged: delete it, or leave out --resume"):
        paint(interrupted, "--resume")


def test_a_checkpoint_has_no_pickles(interrupted):
    with np.load(interrupted.parent / "out_run" / "checkpoint.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_two_runs_do_not_share_a_prefix(tmp_path):
    with run_folder.RunFolder(tmp_path / "out", ["style"]):
        done = subprocess.run(command(tmp_path / "out"), capture_output=True, text=True)
    assert done.returncode == 1
    assert f"network.py: error: the process {os.getpid()} has a run in {tmp_path / 'out_run'}" in done.stderr


def test_losses_that_were_cut_short_by_a_crash_are_no_hindrance(interrupted):
    path = interrupted.parent / "out_run" / "losses.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:5]]))
    assert paint(interrupted, "--resume") == 0
    assert opened(f"{interrupted}.png").height == 48


def test_an_iteration_that_ends_as_the_run_is_interrupted_is_complete(tmp_path, monkeypatch):
    report = Reporter.progress

    def interrupt(reporter, progress, left):
        report(reporter, progress, left)
        if progress.evaluation == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "progress", interrupt)
        assert paint(tmp_path / "out", "--animate", "--evaluations", "3") == 130
    assert (tmp_path / "out_at_iteration_1.png").exists()
    with Image.open(tmp_path / "out.webp") as animation:
        assert animation.n_frames == 2
    assert paint(tmp_path / "out", "--animate", "--evaluations", "3", "--resume") == 0
    with Image.open(tmp_path / "out.webp") as animation:
        assert animation.n_frames == 4


def test_no_overwrite_refuses_too_where_there_is_nothing_to_go_on_from(tmp_path):
    paint(tmp_path / "out", "--num_iter", 0)
    with pytest.raises(InputError, match="is there already: choose another PREFIX, or leave out --no_overwrite"):
        paint(tmp_path / "out", "--no_overwrite", "--resume", "--content_weight", 3)


def test_no_overwrite_does_not_hinder_a_run_from_going_on(interrupted):
    assert paint(interrupted, "--no_overwrite", "--resume") == 0


def test_a_run_goes_on_in_other_tiles_if_they_are_asked_for(interrupted, tmp_path, capsys):
    paint(tmp_path / "whole")
    capsys.readouterr()
    assert paint(interrupted, "--resume", "--tile", 32) == 0
    said = capsys.readouterr().err
    assert "48×71 in 4 tiles of 32 rows" in said
    assert "warning: the run began in other tiles" in said
    ours, theirs = losses(interrupted), losses(tmp_path / "whole")
    assert [float(row["total"]) for row in ours] == pytest.approx([float(row["total"]) for row in theirs], rel=1e-3)


def test_a_longer_run_goes_on_by_the_same_command_without_a_flag(interrupted, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(resuming, "LONG", 0)
    assert paint(interrupted) == 0
    said = capsys.readouterr().err
    assert f"this run was interrupted before and goes on, as with --resume: delete {interrupted}_run" in said
    assert "going on after evaluation 5" in said
    assert paint(tmp_path / "whole") == 0
    assert losses(interrupted) == losses(tmp_path / "whole")


@pytest.mark.parametrize("flags", [["--content_weight", 3], ["--num_iter", 4]])
def test_another_command_begins_anew_where_a_longer_run_was_interrupted(interrupted, flags, capsys, monkeypatch):
    monkeypatch.setattr(resuming, "LONG", 0)
    assert paint(interrupted, *flags) == 0
    assert "going on" not in capsys.readouterr().err


def test_a_short_run_and_a_finished_one_begin_anew_by_the_same_command(interrupted, capsys, monkeypatch):
    assert paint(interrupted) == 0
    monkeypatch.setattr(resuming, "LONG", 0)
    assert paint(interrupted) == 0
    assert "going on" not in capsys.readouterr().err
