"""The running page under attack from other pages, and from what it was given."""

import asyncio
import json

import httpx
import pytest
from PIL import Image

from neural_style.web import guard
from neural_style.web.guard import Guard

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
        visitor.get(guard.VERSION),
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
    for path in ("/", "/config", guard.VERSION, api("file=/etc/passwd")):
        assert visitor.get(path, headers=image).status_code == 403


@pytest.mark.parametrize(
    "path", ["file=https://example.com/a.png", "file=HTTP://example.com/", "file=//example.com/a.png", "file=%68ttp:x"]
)
def test_no_file_is_fetched_from_another_address(visitor, path):
    answer = visitor.get(api(path))
    assert answer.status_code == 403
    assert answer.text == "refused: no file is fetched from another address"


def test_no_event_makes_the_page_fetch_a_file(visitor):
    file = {"path": "https://example.com/a.png", "meta": {"_type": "gradio.FileData"}}
    for data in (file, {"list": [{"deep": file}]}):
        for place in ("queue/join", "run/predict"):
            answer = visitor.post(api(place), json=event(**data))
            assert answer.text == "refused: no file is fetched from another address"


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


@pytest.mark.parametrize("name", ["painting.html", "painting.svg", "run.json", "log.txt", "painting"])
def test_what_is_not_a_picture_by_its_name_is_saved_and_not_shown(visitor, folder, name):
    run = folder / "attacked"
    run.mkdir(exist_ok=True)
    Image.new("RGB", (4, 3)).save(run / name, "GIF")
    answer = visitor.get(api(f"file={run / name}"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_picture_is_shown_and_can_run_nothing(visitor, folder):
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (4, 3)).save(folder / "shown.png")
    headers = visitor.get(api(f"file={folder / 'shown.png'}")).headers
    assert headers["Content-Type"] == "image/png"
    assert {"sandbox", "default-src 'none'"} <= set(headers["Content-Security-Policy"].split("; "))


def test_who_tries_many_passwords_waits_longer_with_each(monkeypatch):
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    monkeypatch.setattr(guard.asyncio, "sleep", wait)
    statuses = []

    async def gradio(scope, receive, send):
        await send({"type": "http.response.start", "status": scope["wrong"], "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def keep(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def attack(before, address, *results):
        for status in results:
            scope = {"type": "http", "method": "POST", "path": "/login", "headers": [], "client": (address, 1)}
            await before(scope | {"wrong": status}, None, keep)

    before = Guard(gradio)
    asyncio.run(attack(before, "10.0.0.1", *[400] * 8))
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]
    asyncio.run(attack(before, "10.0.0.2", 400))
    assert waited[8:] == [1]
    asyncio.run(attack(before, "10.0.0.1", 200, 400))
    assert waited[9:] == [1]
    assert statuses == [400] * 9 + [200, 400]


def test_passwords_from_one_address_are_looked_at_one_at_a_time():
    at_once = []

    async def gradio(scope, receive, send):
        at_once.append("in")
        await asyncio.sleep(0)
        at_once.append("out")
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message):
        pass

    async def attack():
        scope = {"type": "http", "method": "POST", "path": "/login", "headers": [], "client": ("10.0.0.1", 1)}
        before = Guard(gradio)
        await asyncio.gather(*(before(dict(scope), None, keep) for _ in range(3)))

    asyncio.run(attack())
    assert at_once == ["in", "out"] * 3


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
    asyncio.run(Guard(gradio)(scope, receive, None))
    assert seen == [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
