"""A run that is interrupted goes on as if it had not been, and nothing that was reached is lost."""

import csv
import json
import math
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import CASTLE, ROOT, STARRY_NIGHT
from keras import ops
from PIL import Image
from test_lbfgs import bowl
from test_synthesis import Bowl, stages

import inetwork
import network
from neural_style import checkpoint, cli, images, runs
from neural_style.errors import InputError
from neural_style.lbfgs import LBFGS
from neural_style.synthesis import synthesise

SETTINGS = ["--scales", "48", "64", "--num_iter", "6", "6", "--evaluations", "4", "--animate", "True"]
KITTEN = ROOT / "images" / "inputs" / "content" / "playing-kitten.jpg"


def command(prefix, *flags):
    return [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, prefix, *SETTINGS, *flags]


def paint(prefix, *flags, content=CASTLE):
    """Run network.py in this process on small pictures, one scale, three iterations."""
    settings = ["--image_size", "48", "--num_iter", "3", "--evaluations", "3"]
    return network.main([str(content), str(STARRY_NIGHT), str(prefix), *settings, *map(str, flags)])


def losses(prefix):
    """Return the rows of a run's losses.csv, without the time."""
    with open(f"{prefix}_run/losses.csv", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


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
    subprocess.run(command(prefix), check=True, capture_output=True)
    return prefix


def same_result(prefix, whole):
    for ending in (".png", ".gif"):
        with Image.open(f"{prefix}{ending}") as mine, Image.open(f"{whole}{ending}") as theirs:
            assert getattr(mine, "n_frames", 1) == getattr(theirs, "n_frames", 1)
            assert np.array_equal(np.asarray(mine), np.asarray(theirs))
    assert losses(prefix) == losses(whole)
    assert sorted(os.listdir(f"{prefix}_run")) == ["losses.csv", "losses.png", "settings.json"]


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
def test_an_interrupted_run_says_how_to_go_on_and_does(number, status, uninterrupted, tmp_path):
    prefix = tmp_path / "out"
    process = subprocess.Popen(command(prefix), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_rows(prefix, 31, process)
    process.send_signal(number)
    output, errors = process.communicate()
    assert (process.returncode, output) == (status, f"{prefix}.png\n")
    assert errors.splitlines()[-1].endswith(
        f"what was reached is in {prefix}.png; the same command with --resume goes on"
    )
    done = subprocess.run(command(prefix, "--resume"), capture_output=True, text=True, check=True)
    assert "going on after evaluation " in done.stderr
    same_result(prefix, uninterrupted)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """The prefix of a run that was interrupted after its fifth evaluation."""
    prefix, log = tmp_path / "out", runs.RunFolder.log

    def interrupt(folder, progress):
        log(folder, progress)
        if progress.evaluation == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(runs.RunFolder, "log", interrupt)
        assert paint(prefix) == 130
    return prefix


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
        (["--num_iter", 4], CASTLE, "--num_iter was 3 and is 4"),
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
        patch.setattr(runs, "write_whole", refuse_animations(runs.write_whole))
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


@pytest.mark.parametrize("finished", [True, {"format": 2}, {"format": 2, "flags": []}, "yes"])
def test_a_note_of_a_finished_run_that_makes_no_sense_is_none(tmp_path, finished):
    assert paint(tmp_path / "out", "--num_iter", 0) == 0
    path = tmp_path / "out_run" / "settings.json"
    path.write_text(json.dumps({"finished": finished}))
    assert paint(tmp_path / "out", "--num_iter", 0, "--resume") == 0
    assert json.loads(path.read_text())["finished"] != finished


def test_a_run_that_begins_anew_forgets_the_one_before(interrupted):
    assert paint(interrupted) == 0
    assert not (interrupted.parent / "out_run" / "checkpoint.npz").exists()
    assert len(losses(interrupted)) == 10


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
    with runs.RunFolder(tmp_path / "out", ["style"]):
        done = subprocess.run(command(tmp_path / "out"), capture_output=True, text=True)
    assert done.returncode == 1
    assert f"network.py: error: the process {os.getpid()} has a run in {tmp_path / 'out_run'}" in done.stderr


@pytest.mark.parametrize("content", ["4194305", "", "words"])
def test_the_lock_of_a_process_that_is_gone_counts_for_nothing(tmp_path, content):
    (tmp_path / "out_run").mkdir()
    (tmp_path / "out_run" / "lock").write_text(content)
    with runs.RunFolder(tmp_path / "out", ["style"]) as folder:
        assert (folder.path / "lock").read_text() == str(os.getpid())
    assert not (tmp_path / "out_run").exists()


def test_of_many_who_want_a_lock_at_once_one_has_it(tmp_path):
    """Over and over: each who gets it writes a line and gives it back after a moment, in which nobody else may."""
    source = """
import os, sys, time
from neural_style.lock import Lock
end = time.monotonic() + 3
while time.monotonic() < end:
    lock = Lock(sys.argv[1])
    if lock.take():
        with open(sys.argv[2], "x"):
            time.sleep(0.0005)
        os.remove(sys.argv[2])
        lock.release()
"""
    command = [sys.executable, "-c", source, tmp_path / "lock", tmp_path / "inside"]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert list(tmp_path.iterdir()) == []


def test_losses_that_were_cut_short_by_a_crash_are_no_hindrance(interrupted):
    path = interrupted.parent / "out_run" / "losses.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:5]]))
    assert paint(interrupted, "--resume") == 0
    assert Image.open(f"{interrupted}.png").height == 48


def test_an_iteration_that_ends_as_the_run_is_interrupted_is_complete(tmp_path, monkeypatch):
    report = cli.Reporter.progress

    def interrupt(reporter, progress):
        report(reporter, progress)
        if progress.evaluation == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(cli.Reporter, "progress", interrupt)
    assert paint(tmp_path / "out", "--animate", "--evaluations", "3") == 130
    assert (tmp_path / "out_at_iteration_1.png").exists()
    assert Image.open(tmp_path / "out.webp").n_frames == 2
    monkeypatch.undo()
    assert paint(tmp_path / "out", "--animate", "--evaluations", "3", "--resume") == 0
    assert Image.open(tmp_path / "out.webp").n_frames == 4


@pytest.mark.parametrize(
    ("name", "flags"),
    [("out.webp", ["--animate"]), ("out.gif", ["--animate"]), ("out_run/preview.jpg", [])],
)
def test_no_input_is_overwritten_or_deleted(tmp_path, name, flags):
    (tmp_path / "out_run").mkdir()
    Image.open(CASTLE).resize((60, 40)).save(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    for content, init_image in ((tmp_path / name, "content"), (CASTLE, tmp_path / name)):
        arguments = [content, STARRY_NIGHT, tmp_path / "out", "--init_image", init_image, *flags]
        with pytest.raises(InputError, match="the result would overwrite"):
            network.parse([str(argument) for argument in arguments])
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("reader", ["| true", "> /dev/full"])
def test_a_picture_that_the_standard_output_does_not_take_is_saved_elsewhere(tmp_path, reader):
    command = [sys.executable, ROOT / "network.py", CASTLE, STARRY_NIGHT, "-", "--image_size", "48", "--num_iter", "0"]
    line = f"{shlex.join(map(str, command))} {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=os.environ | {"TMPDIR": tmp_path})
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("network.py: error: the output could not be written: ")
    assert Image.open(last.partition("; what was reached is in ")[2]).height == 48


def test_a_run_goes_on_when_nobody_reads_its_messages_any_more(tmp_path):
    arguments = [CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", "48", "--num_iter", "3", "--evaluations", "1"]
    line = f"{shlex.join([sys.executable, str(ROOT / 'network.py'), *map(str, arguments)])} 2>&1 > out.txt | head -1"
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, (tmp_path / "out.txt").read_text()) == (0, f"{tmp_path / 'out.png'}\n")
    assert (tmp_path / "out.png").exists()


def test_no_overwrite_refuses_too_where_there_is_nothing_to_go_on_from(tmp_path):
    paint(tmp_path / "out", "--num_iter", 0)
    with pytest.raises(InputError, match="is there already: choose another PREFIX, or leave out --no_overwrite"):
        paint(tmp_path / "out", "--no_overwrite", "--resume")


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


def test_no_overwrite_refuses_a_picture_that_is_there(tmp_path):
    (tmp_path / "out.png").write_bytes(b"precious")
    with pytest.raises(InputError, match="is there already: choose another PREFIX, or leave out --no_overwrite"):
        paint(tmp_path / "out", "--no_overwrite")
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    assert paint(tmp_path / "new", "--no_overwrite") == 0


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path, monkeypatch):
    log = runs.RunFolder.log

    def remove(folder, progress):
        if progress.evaluation == 5:
            shutil.rmtree(tmp_path / "deep")
        log(folder, progress)

    monkeypatch.setattr(runs.RunFolder, "log", remove)
    assert paint(tmp_path / "deep" / "out") == 0
    assert Image.open(tmp_path / "deep" / "out.png").height == 48
    assert len(losses(tmp_path / "deep" / "out")) == 10


def test_what_cannot_be_saved_in_its_place_is_saved_in_another(tmp_path, monkeypatch):
    write = images.write_whole

    def full(path, content):
        if str(path).startswith(str(tmp_path)) and str(path).endswith(".png"):
            raise InputError(f"{path} cannot be written: No space left on device")
        write(path, content)

    monkeypatch.setattr(images, "write_whole", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path.parent))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(InputError, match=r"No space left on device; what was reached is in (\S+)") as error:
        paint(tmp_path / "out")
    path = str(error.value).rpartition(" ")[2]
    assert not path.startswith(str(tmp_path) + os.sep)
    assert Image.open(path).height == 48


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_one_line_and_the_picture_is_there(tmp_path):
    """As on a full disk: no file may have more than 30 kB, which a picture of this size has not."""
    arguments = [CASTLE, STARRY_NIGHT, tmp_path / "out", "--image_size", "48", "--num_iter", "3", "--evaluations", "3"]
    limited = ["bash", "-c", 'ulimit -f 30 && exec "$@"', "bash", sys.executable, ROOT / "network.py", *arguments]
    done = subprocess.run(limited, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"network.py: error: {tmp_path / 'out_run' / 'checkpoint.npz'} cannot"
    )
    assert f"what was reached is in {tmp_path / 'out'}.png" in done.stderr
    assert "Traceback" not in done.stderr
    assert Image.open(tmp_path / "out.png").height == 48
    left = os.listdir(tmp_path) + os.listdir(tmp_path / "out_run")
    assert not [name for name in left if name.endswith(".partial")]


class Slow:
    """A `synthesis.Progress` whose state takes a second to write, on a clock of its own."""

    def __init__(self, clock):
        self.clock = clock

    def position(self):
        return {"evaluation": round(self.clock[0])}

    def state(self):
        self.clock[0] += 1.0
        yield "numbers", np.zeros(3)


def test_checkpoints_take_a_small_part_of_the_time_except_for_the_last(tmp_path, monkeypatch):
    clock, written = [0.0], []
    monkeypatch.setattr(runs.time, "monotonic", lambda: clock[0])
    with runs.RunFolder(tmp_path / "out", ["style"]) as folder:
        while clock[0] < 100:
            before = clock[0]
            folder.save(Slow(clock), {}, [])
            if clock[0] > before:
                written.append(before)
            clock[0] += 0.5
        assert written == [0.0, 21.0, 42.0, 63.0, 84.0]
        assert folder.checkpoint()[0] == {"position": {"evaluation": 84}}
        folder.save(Slow(clock), {}, [], anyway=True)
        assert folder.checkpoint()[0] == {"position": {"evaluation": 100}}


@pytest.mark.parametrize("preconditioned", [False, True])
@pytest.mark.parametrize("count", [1, 2, 9, 30])
def test_an_optimiser_goes_on_from_its_state_to_the_last_bit(count, preconditioned):
    function = bowl(60)
    start = np.random.default_rng(0).normal(size=60).astype("float32")
    factors = np.geomspace(1, 3, 60).astype("float32")
    kind = {"history": 5, "precondition": (lambda vector: vector * factors) if preconditioned else None}

    def steps(optimiser, count):
        points = []
        for _ in range(count):
            points.append(np.asarray(optimiser.point()).copy())
            value, gradient = function(points[-1].astype("float64"))
            optimiser.tell(float(value), ops.convert_to_tensor(gradient, "float32"))
        return points

    optimiser = LBFGS(start, **kind)
    steps(optimiser, count)
    copy = LBFGS(np.zeros(60, "float32"), **kind)
    copy.restore({name: np.array(array) for name, array in optimiser.state()})
    assert np.array_equal(copy.best(), optimiser.best())
    for mine, theirs in zip(steps(copy, 12), steps(optimiser, 12), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("evaluation", range(13))
def test_a_run_goes_on_after_any_evaluation_of_any_scale(evaluation):
    def run(resumed=None):
        return synthesise(stages(Bowl(), Bowl(condition=10.0)), [2, 1], 4, 1.0, resumed)

    whole = [(step.evaluation, step.scale, step.total, step.ends_run) for step in run()]
    step = next(step for step in run() if step.evaluation == evaluation)
    resumed = step.position(), {name: np.array(array) for name, array in step.state()}
    assert [(s.evaluation, s.scale, s.total, s.ends_run) for s in run(resumed)] == whole[evaluation + 1 :]


class BrokenLater(Bowl):
    """Its style loss is not a number from the `first` of its evaluations to the `last`."""

    def __init__(self, first, last):
        super().__init__()
        self._numbers, self._broken = iter(range(10**6)), range(first, last)

    def evaluate(self, vector, step=0.0, direction=None):
        loss, terms, gradient = super().evaluate(vector, step, direction)
        if next(self._numbers) in self._broken:
            return math.nan, {**terms, "style": math.nan}, gradient * math.nan
        return loss, terms, gradient


def test_a_loss_that_is_no_number_for_a_while_costs_only_its_evaluations():
    steps = list(synthesise(stages(BrokenLater(5, 9)), [4], evaluations=10))
    assert len(steps) == 41
    assert steps[-1].best < 1e-3 * steps[4].best
    assert np.isfinite(steps[-1].image()).all()


def test_a_loss_that_stays_no_number_ends_the_run_with_the_name_of_its_term():
    with pytest.raises(InputError, match="the style loss does not come back to a finite number: lower its weight"):
        list(synthesise(stages(BrokenLater(5, 10**6)), [100], evaluations=10))


def test_every_flag_that_a_checkpoint_passes_over_is_one(tmp_path):
    flags = vars(network.parse([str(CASTLE), str(STARRY_NIGHT), str(tmp_path / "out"), "--image_size", "48"]))
    assert flags.keys() >= checkpoint.WITHOUT_EFFECT


def test_a_run_does_not_go_on_with_other_weights_or_another_backend():
    before = {"format": 2, "flags": {}, "pictures": {}, "weights": "a", "backend": {"tensorflow": "2.21"}}
    assert checkpoint.difference(before, dict(before)) is None
    assert checkpoint.difference(before, before | {"backend": {"tensorflow": "2.22"}}) is None
    assert checkpoint.difference(before, before | {"weights": "b"}) == "the weights of the network are others"
    said = checkpoint.difference(before, before | {"backend": {"jax": "0.9"}})
    assert said == "it ran on tensorflow and this runs on jax"
