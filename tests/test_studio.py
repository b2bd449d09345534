"""The page is opened once over a folder, at a port that is free, to those who may see it."""

import os

import pytest

import studio
from neural_style.errors import InputError
from neural_style.lock import Lock


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
