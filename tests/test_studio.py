"""The page is opened once over a folder, at a port that is free, to those who may see it."""

import os
import shutil
import subprocess

import httpx
import pytest

import studio
from neural_style.errors import InputError
from neural_style.lock import Lock
from tests.web.conftest import Server


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_others_see_the_page_only_with_a_password(host):
    with pytest.raises(InputError, match="give a --password too, or set the variable STUDIO_PASSWORD"):
        studio.parse(["--host", host])
    assert studio.parse(["--host", host, "--password", "x"]).host == host


def test_the_password_is_that_of_a_flag_or_a_file_or_the_environment(tmp_path, monkeypatch):
    (tmp_path / "password").write_text("from a file\nand more\n", encoding="utf-8")
    monkeypatch.setenv("STUDIO_PASSWORD", "from the environment")
    assert studio.parse([]).password == "from the environment"
    assert studio.parse(["--password_file", str(tmp_path / "password")]).password == "from a file"
    assert studio.parse(["--password", "from a flag"]).password == "from a flag"
    monkeypatch.delenv("STUDIO_PASSWORD")
    assert studio.parse([]).password is None


def test_passwords_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "empty").write_text("\nsecret\n", encoding="utf-8")
    for arguments, problem in (
        (["--password", ""], "the password is empty"),
        (["--password_file", str(tmp_path / "empty")], "the password is empty"),
        (["--password_file", str(tmp_path / "none")], "cannot be read: No such file"),
        (["--password", "x", "--password_file", "y"], "leave one out"),
    ):
        with pytest.raises(InputError, match=problem):
            studio.parse(arguments)


def test_a_certificate_is_looked_at_before_anything_is_loaded(tmp_path):
    (tmp_path / "words.pem").write_text("no certificate")
    words = str(tmp_path / "words.pem")
    with pytest.raises(InputError, match="belong together"):
        studio.parse(["--certificate", words])
    with pytest.raises(InputError, match=r"words\.pem are not a certificate in PEM and its key"):
        studio.parse(["--certificate", words, "--key", words])
    with pytest.raises(InputError, match="No such file"):
        studio.parse(["--certificate", str(tmp_path / "none"), "--key", words])


def test_the_port_is_the_first_free_one():
    with studio.listen("127.0.0.1", None) as first, studio.listen("127.0.0.1", None) as second:
        ports = [listener.getsockname()[1] for listener in (first, second)]
    assert ports[0] in studio.PORTS
    assert ports[1] in studio.PORTS
    assert ports[0] < ports[1]


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


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_with_a_certificate_the_page_is_served_over_https(tmp_path):
    certificate, key = (str(tmp_path / name) for name in ("certificate.pem", "key.pem"))
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    server = Server(tmp_path / "runs", "--certificate", certificate, "--key", key, "--password", "secret")
    try:
        assert server.address.startswith("https://127.0.0.1:")
        with httpx.Client(base_url=server.address, verify=False) as visitor:
            assert visitor.get("/config").status_code == 401
            answer = visitor.post("/login", data={"user": "studio", "password": "secret"})
            assert "secure" in answer.headers["Set-Cookie"].lower()
            assert visitor.get("/config").status_code == 200
    finally:
        server.close()
