"""What goes wrong is one line on the standard error, and an exit status."""

import gc
import subprocess
import sys

import pytest

from neural_style import backend
from neural_style.command import script
from neural_style.command.reporter import Reporter
from neural_style.errors import InputError
from tests.conftest import ROOT


def test_a_problem_is_one_line_and_exit_1(capsys):
    def main():
        raise InputError("the sky\nis missing")

    with pytest.raises(SystemExit) as exit:
        script.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith("error: the sky is missing\n")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (MemoryError(), "the memory does not suffice"),
        (
            RuntimeError("unable to find an engine\nto execute this"),
            "the GPU cannot do a convolution, mostly for want of memory (unable to find an engine)",
        ),
    ],
)
def test_memory_that_does_not_suffice_is_one_line_and_exit_1(capsys, error, problem):
    def main():
        raise error

    with pytest.raises(SystemExit) as exit:
        script.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith(f" error: {problem}: choose a smaller picture or size\n")


def test_a_full_disk_under_the_standard_output_is_one_line_and_exit_1(capsys):
    def main():
        raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit) as exit:
        script.run(main)
    assert exit.value.code == 1
    assert capsys.readouterr().err.endswith("the output could not be written: No space left on device\n")


def test_a_defect_of_the_program_itself_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        script.run(lambda: 1 / 0)


SCRIPT = """
import atexit, sys
from neural_style.command import script

class Slow:
    def __del__(self):
        print("taken apart")

def main():
    atexit.register(print, "what was registered is called")
    print("done")
    print("said", file=sys.stderr)
    {ends}

kept = Slow()
kept.itself = kept
script.run(main)
"""


@pytest.mark.parametrize(
    ("ends", "status", "told"),
    [
        ("return 0", 0, "said\n"),
        ("return 130", 130, "said\n"),
        ("raise script.InputError('no')", 1, "said\n-c: error: no\n"),
        ("raise SystemExit(2)", 2, "said\n"),
    ],
)
def test_a_script_ends_with_its_status_and_all_it_has_said_without_being_taken_apart(ends, status, told):
    command = [sys.executable, "-c", SCRIPT.format(ends=ends)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (status, told)
    assert done.stdout.startswith("done\nwhat was registered is called\n")
    assert ("taken apart" in done.stdout) == (status == 2)


def test_a_defect_ends_a_script_as_ever():
    command = [sys.executable, "-c", SCRIPT.format(ends="1 / 0")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("program", [ROOT / "paint.py", "elsewhere/paint.py", None])
def test_what_a_backend_consists_of_is_no_garbage_to_look_for(monkeypatch, program):
    states, frozen = [], []
    monkeypatch.delitem(sys.modules, backend.asked_for(), raising=False)
    monkeypatch.setattr(backend, "start", lambda: states.append(gc.isenabled()))
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", program and str(program), raising=False)
    script.load_backend(Reporter(quiet=True))
    assert (states, gc.isenabled()) == ([False], True)
    assert bool(frozen) == (program == ROOT / "paint.py")


def test_what_has_come_since_a_backend_was_loaded_may_be_garbage(monkeypatch):
    monkeypatch.setitem(sys.modules, backend.asked_for(), sys)
    states = []
    monkeypatch.setattr(backend, "start", lambda: states.append(gc.isenabled()))
    monkeypatch.setattr(gc, "freeze", pytest.fail)
    script.load_backend(Reporter(quiet=True))
    assert states == [True]
