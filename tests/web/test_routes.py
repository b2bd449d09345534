"""The addresses at which the page asks for its runs."""

import errno
import io
import zipfile

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from neural_style.web import routes as addresses
from neural_style.web import samples
from neural_style.web.routes import VERSION, routes
from neural_style.web.runner import Runs
from neural_style.web.uploads import Uploads
from tests.conftest import CASTLE, opened


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs")


@pytest.fixture
def uploads(runs):
    return Uploads(runs.folder / "uploads")


@pytest.fixture
def client(runs, uploads):
    shown = routes(runs, uploads, lambda id: {"run": id}, lambda words, page: f"<p>{words} {page}</p>")
    return TestClient(Starlette(routes=shown))


@pytest.fixture
def run(runs):
    """One that is over and has a picture."""
    run = runs.submit("network.py", ["photo.png", "style.png"], {})
    runs._set(run.id, state="done")
    Image.new("RGB", (6, 4)).save(runs.folder / run.id / "picture.png")
    return runs.get(run.id)


def test_what_is_shown_is_asked_for(client):
    assert client.get("/runs/easel?run=a").json() == {"run": "a"}
    assert client.get("/runs/shelf?words=b&page=2").text == "<p>b 2</p>"
    assert client.get("/runs/shelf?page=x").text == "<p> 0</p>"


def test_a_deed_is_done_and_changes_the_version(client, runs, run):
    before = client.get(VERSION).text
    assert client.post(f"/runs/{run.id}/name?to=mine").status_code == 200
    assert runs.get(run.id).name == "mine"
    assert client.get(VERSION).text != before
    assert client.post(f"/runs/{run.id}/delete").status_code == 200
    assert runs.all() == []


def test_what_cannot_be_done_is_said(client, run):
    answer = client.post(f"/runs/{run.id}/go_on")
    assert (answer.status_code, answer.text) == (409, "this run is finished, or going on already")
    answer = client.post("/runs/gone/stop")
    assert (answer.status_code, answer.text) == (409, "this run is no longer there")
    assert client.post(f"/runs/{run.id}/paint").status_code == 404
    assert client.get(f"/runs/{run.id}/delete").status_code == 405


def test_a_runs_pictures_are_served_and_kept_until_they_change(client, runs, run):
    answer = client.get(f"/files/{run.id}/picture.png?1")
    assert answer.content == (runs.folder / run.id / "picture.png").read_bytes()
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["{id}/run.json", "{id}/log.txt", "gone/picture.png", "..%2f{id}/picture.png", "{id}/x"]
)
def test_nothing_else_is_served(client, run, path):
    assert client.get(f"/files/{path.format(id=run.id)}").status_code == 404


def test_all_of_a_run_comes_as_one_file(client, runs, run):
    answer = client.get(f"/files/{run.id}/all.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == [f"{run.id}/picture.png", f"{run.id}/run.json"]
        assert archive.testzip() is None


def test_a_picture_that_is_sent_is_kept_and_shown(client, uploads):
    answer = client.post("/uploads?name=my castle.PNG", content=CASTLE.read_bytes()).json()
    (kept,) = answer["kept"]
    assert uploads.check(kept).read_bytes() == CASTLE.read_bytes()
    assert answer["name"] == "my-castle.jpg"
    shown = client.get(f"/{answer['shown']}")
    assert shown.headers["Content-Type"] == "image/webp"
    assert opened(io.BytesIO(shown.content)).size == opened(CASTLE).size
    assert list(uploads.incoming.iterdir()) == []


def test_what_is_sent_and_is_no_picture_is_refused_and_leaves_nothing(client, uploads):
    answer = client.post("/uploads?name=../words.png", content=b"words")
    assert (answer.status_code, answer.text.startswith("words.png is not a picture")) == (422, True)
    assert list(uploads.incoming.iterdir()) == []


def test_what_is_too_large_is_refused_before_all_of_it_has_come(client, uploads, monkeypatch):
    monkeypatch.setattr(addresses, "LARGEST_UPLOAD", 1000)
    answer = client.post("/uploads?name=a.png", content=bytes(1001))
    assert (answer.status_code, answer.text) == (413, "a.png has more than 300 MB")
    assert list(uploads.incoming.iterdir()) == []


def test_a_full_disk_is_said_where_a_picture_is_sent(client, uploads, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads, "keep", full)
    answer = client.post("/uploads?name=a.png", content=b"")
    assert answer.status_code == 507
    assert answer.text == "a.png cannot be kept on the page's machine: No space left on device"


@pytest.mark.parametrize("path", ["a/b.png", "..%2f..%2fetc/passwd", "../run.json"])
def test_no_other_picture_is_shown(client, path):
    assert client.get(f"/uploads/{path}").status_code == 404


def test_a_sample_is_shown_small_and_kept_when_it_is_chosen(client, uploads):
    (name,) = [name for name in samples.names("styles") if "great-wave" in name]
    shown = client.get(f"/samples/{name}")
    assert max(opened(io.BytesIO(shown.content)).size) == 200
    answer = client.post(f"/samples/{name}").json()
    assert uploads.check(answer["kept"][0]).read_bytes() == samples.path(name).read_bytes()
    assert client.get("/samples/inputs/SOURCES.md").status_code == 404
    assert client.post("/samples/../README.md").status_code == 404
