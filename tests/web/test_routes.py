"""The addresses at which the page asks for its runs."""

import io
import zipfile

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from neural_style.web.routes import VERSION, routes
from neural_style.web.runner import Runs


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs")


@pytest.fixture
def client(runs):
    app = Starlette(routes=routes(runs, lambda id: {"run": id}, lambda words, page: f"<p>{words} {page}</p>"))
    return TestClient(app)


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
    assert client.post(f"/runs/{run.id}/name", content="mine").status_code == 200
    assert runs.get(run.id).name == "mine"
    assert client.get(VERSION).text != before
    assert client.post(f"/runs/{run.id}/delete").status_code == 200
    assert runs.all() == []


def test_what_cannot_be_done_is_said(client, run):
    answer = client.post(f"/runs/{run.id}/go_on")
    assert (answer.status_code, answer.text) == (409, "this run has no checkpoint to go on from")
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
