"""Files are written all or nothing, and what killed processes leave does not stay."""

import os
import signal
import subprocess
import sys

import pytest

from neural_style.errors import InputError
from neural_style.files import DAY, delete_leftovers, replaced, write_whole
from tests.conftest import ROOT

WRITER = """
import sys
from neural_style.files import replaced
with replaced(sys.argv[1]) as file:
    file.write(b"half of it")
    file.flush()
    print("writing", flush=True)
    sys.stdin.readline()
"""
LEFTOVER = f".{'0' * 32}.partial"
BUSY_WRITER = """
import sys
from neural_style.files import write_whole
for number in range(300):
    write_whole(sys.argv[1], bytes([number % 256]) * 5000)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that has written half of tmp_path/out."""
    command = [sys.executable, "-c", WRITER, tmp_path / "out"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def age(path, seconds):
    """Let a file be that much older."""
    time = path.stat().st_mtime - seconds
    os.utime(path, (time, time))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_as_it_was_until_all_is_written(tmp_path):
    write_whole(tmp_path / "a folder" / "out", b"before")
    with replaced(tmp_path / "a folder" / "out") as file:
        file.write(b"after")
        file.flush()
        assert (tmp_path / "a folder" / "out").read_bytes() == b"before"
    assert (tmp_path / "a folder" / "out").read_bytes() == b"after"
    assert names(tmp_path / "a folder") == ["out"]


@pytest.mark.parametrize("stops_with", [KeyboardInterrupt, ValueError])
def test_what_stops_the_writing_leaves_the_file_as_it_was_and_nothing_else(stops_with, tmp_path):
    write_whole(tmp_path / "out", b"before")

    def write():
        with replaced(tmp_path / "out") as file:
            file.write(b"half of it")
            raise stops_with

    with pytest.raises(stops_with):
        write()
    assert (tmp_path / "out").read_bytes() == b"before"
    assert names(tmp_path) == ["out"]


def test_an_error_of_the_file_system_is_one_line_that_names_the_file(tmp_path):
    with (
        pytest.raises(InputError, match=r"out cannot be written: No space left on device$"),
        replaced(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_what_a_killed_process_has_left_is_deleted_a_day_later_with_the_next_file_in_its_folder(writer, tmp_path):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (leftover,) = tmp_path.iterdir()
    assert leftover.read_bytes() == b"half of it"
    write_whole(tmp_path / "another", b"")
    assert names(tmp_path) == sorted([leftover.name, "another"])
    age(leftover, DAY + 60)
    write_whole(tmp_path / "another", b"")
    assert names(tmp_path) == ["another"]


def test_a_file_that_another_process_is_writing_is_left_alone(writer, tmp_path):
    write_whole(tmp_path / "out", b"mine")
    assert len(names(tmp_path)) == 2
    writer.communicate("go on\n")
    assert writer.returncode == 0
    assert (tmp_path / "out").read_bytes() == b"half of it"
    assert names(tmp_path) == ["out"]


def test_processes_that_write_the_same_file_at_once_do_not_disturb_each_other(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", BUSY_WRITER, tmp_path / "same"], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 3
    assert len(set((tmp_path / "same").read_bytes())) == 1
    assert names(tmp_path) == ["same"]


@pytest.mark.parametrize("name", [".partial", ".notes.partial", f"{'0' * 32}.partial", f".{'g' * 32}.partial"])
def test_files_of_others_with_names_like_that_stay_however_old_they_are(name, tmp_path):
    (tmp_path / name).touch()
    age(tmp_path / name, 10 * DAY)
    write_whole(tmp_path / "out", b"")
    delete_leftovers(tmp_path)
    assert names(tmp_path) == sorted([name, "out"])


def test_a_leftover_that_cannot_be_deleted_hinders_nothing(tmp_path):
    (tmp_path / LEFTOVER).mkdir()
    age(tmp_path / LEFTOVER, 10 * DAY)
    write_whole(tmp_path / "out", b"whole")
    assert names(tmp_path) == sorted([LEFTOVER, "out"])
