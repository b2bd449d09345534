"""The running page under attack from other pages, and from what it was given."""

import asyncio
import io
import json

import httpx
import pytest
from PIL import Image

from neural_style.web.guard import Guard
from neural_style.web.routes import VERSION

pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(server):
    """What asks the page, like a browser that has it open."""
    with httpx.Client(base_url=server.address, headers={"Origin": server.address}, timeout=60) as client:
        yield client


def api(path):
    return f"/gradio_api/{path}"


def event(**data):
    """An event of the page as its script sends it."""
    return {"data": [data], "fn_index": 0, "session_hash": "attack", "event_data": None, "trigger_id": None}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_other_pages_can_ask_and_change_nothing(visitor, origin):
    visitor.headers["Origin"] = origin
    for answer in (
        visitor.get("/config"),
        visitor.get(VERSION),
        visitor.post(api("queue/join"), json=event()),
        visitor.post(api("upload"), files={"files": ("a.png", b"")}),
        visitor.options(api("queue/join"), headers={"Access-Control-Request-Method": "POST"}),
    ):
        assert answer.status_code == 403
        assert answer.text == "refused: it comes from another page"
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_can_link_to_the_page_and_no_more(visitor, site):
    del visitor.headers["Origin"]
    opening = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert visitor.get("/", headers=opening).status_code == 200
    assert visitor.get("/", headers=opening | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert visitor.get("/logout", headers=opening).status_code == 403
    image = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for path in ("/", "/config", VERSION, api("file=/etc/passwd")):
        assert visitor.get(path, headers=image).status_code == 403


@pytest.mark.parametrize(
    "path", ["file=https://example.com/a.png", "file=HTTP://example.com/", "file=//example.com/a.png", "file=%68ttp:x"]
)
def test_no_file_is_fetched_from_another_address(visitor, path):
    answer = visitor.get(api(path))
    assert answer.status_code == 403
    assert answer.text == "refused: no file is fetched from another address"


@pytest.mark.parametrize("path", ["https://example.com/a.png", "/etc/passwd", "../../etc/passwd", 5, "\0"])
def test_no_event_makes_the_page_read_or_fetch_what_was_not_uploaded(visitor, path):
    for data in ({"path": path, "meta": {"_type": "gradio.FileData"}}, {"list": [{"deep": {"path": path}}]}):
        for place in ("queue/join", "run/predict"):
            answer = visitor.post(api(place), json=event(**data))
            assert answer.status_code == 403
            assert answer.text == "refused: this file was not uploaded"


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/openapi.json",
        "/monitoring",
        *map(
            api,
            (
                "info",
                "openapi.json",
                "runs",
                "run-history/records",
                "proxy=https://example.com",
                "file/etc/passwd",
                "dev/reload",
                "vibe-code",
                "api/event-0",
                "call/event-0",
                "token",
            ),
        ),
    ],
)
def test_nothing_is_answered_that_the_page_does_not_ask(visitor, path):
    for answer in (visitor.get(path), visitor.post(path, json={})):
        assert answer.status_code == 403
        assert answer.text == "refused: there is nothing at this address"


def test_the_names_of_functions_are_not_told(visitor):
    events = visitor.get("/config").json()["dependencies"]
    assert len(events) > 20
    assert {each["api_visibility"] for each in events} == {"private"}
    assert all(each["api_name"].startswith("event-") for each in events)


def test_the_errors_of_python_are_not_told(visitor):
    answer = visitor.post(api("run/predict"), json={"data": [1], "fn_index": 10**6, "session_hash": "attack"})
    assert answer.status_code >= 400
    assert "Error" not in answer.text.replace("Internal Server Error", "")
    assert "Traceback" not in answer.text


def test_every_answer_says_that_it_is_not_to_be_framed_or_guessed_at(visitor):
    for path in ("/", "/config", "/theme.css", api("file=/etc/passwd"), "/nowhere"):
        headers = visitor.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in headers if name.startswith("access-control")]


def uploaded(visitor, name, kind):
    """Upload a picture under a name, and return the answer with which the page serves it."""
    content = io.BytesIO()
    Image.new("RGB", (4, 3)).save(content, kind)
    (path,) = visitor.post(api("upload"), files={"files": (name, content.getvalue())}).json()
    answer = visitor.get(api(f"file={path}"))
    assert answer.status_code == 200
    assert answer.content == content.getvalue()
    return answer.headers


@pytest.mark.parametrize("name", ["painting.html", "painting.svg", "painting.js", "painting.xml", "painting"])
def test_what_is_not_a_picture_by_its_name_is_saved_and_not_shown(visitor, name):
    headers = uploaded(visitor, name, "GIF")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


def test_a_picture_is_shown_and_can_run_nothing(visitor):
    headers = uploaded(visitor, "shown.png", "PNG")
    assert headers["Content-Type"] == "image/png"
    assert {"sandbox", "default-src 'none'"} <= set(headers["Content-Security-Policy"].split("; "))


def test_the_folder_of_runs_is_not_served_but_for_its_pictures(visitor, folder):
    (folder / "attacked").mkdir(parents=True, exist_ok=True)
    (folder / "attacked" / "log.txt").write_text("words")
    assert visitor.get(api(f"file={folder / 'attacked' / 'log.txt'}")).status_code == 403
    assert visitor.get("/files/attacked/log.txt").status_code == 404
    assert visitor.get("/files/portrait/run.json").status_code == 404
    assert visitor.get("/files/portrait/picture.png").headers["Content-Type"] == "image/png"


def test_an_event_reaches_the_page_whole_though_it_is_looked_at_first():
    body = json.dumps(event(path="a.png")).encode()
    parts = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:], "more_body": False},
        {"type": "http.disconnect"},
    ]
    seen = []

    async def receive():
        return parts.pop(0)

    async def gradio(scope, receive, send):
        seen.extend([await receive(), await receive()])

    scope = {"type": "http", "method": "POST", "path": api("queue/join"), "headers": []}
    asyncio.run(Guard(gradio, "/")(scope, receive, None))
    assert seen == [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
