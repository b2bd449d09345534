"""Nobody passes without the password, and trying many takes long."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from neural_style.web import login
from neural_style.web.login import Login

RIGHT = {"user": "studio", "password": "geheim ✓ & 100%"}


def page(over_https=False):
    """A page behind the password."""
    return Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("the page"))],
        middleware=[Middleware(Login, *RIGHT.values(), over_https=over_https)],
    )


@pytest.fixture
def client():
    return TestClient(page(), follow_redirects=False)


@pytest.fixture
def waited(monkeypatch):
    """The seconds that are waited for, without waiting."""
    seconds = []

    async def wait(delay):
        seconds.append(delay)

    monkeypatch.setattr(login.asyncio, "sleep", wait)
    return seconds


def test_the_page_is_seen_between_signing_in_and_signing_out(client):
    assert client.get("/").status_code == 401
    question = client.get("/", headers={"Accept": "text/html"})
    assert question.status_code == 401
    assert 'value="studio"' in question.text
    answer = client.post("/login", data=RIGHT)
    assert answer.status_code == 303
    assert client.get("/").text == "the page"
    assert client.get("/logout").status_code == 303
    assert client.get("/").status_code == 401


def test_a_cookie_is_of_no_use_once_its_user_has_left(client):
    client.post("/login", data=RIGHT)
    kept = dict(client.cookies)
    client.get("/logout")
    client.cookies.update(kept)
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("over_https", [False, True])
def test_the_cookie_is_for_this_page_alone(over_https):
    client = TestClient(page(over_https), follow_redirects=False)
    cookie = client.post("/login", data=RIGHT).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert ("secure" in cookie) == over_https


@pytest.mark.parametrize(
    "form",
    [{}, {"user": "studio"}, RIGHT | {"user": "admin"}, RIGHT | {"password": "geheim"}, {"password": "x" * 10**6}],
)
def test_what_is_wrong_is_refused(client, waited, form):
    answer = client.post("/login", data=form)
    assert answer.status_code == 403
    assert "not the password of the user studio" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert client.get("/").status_code == 401
    assert waited == [1]


def test_who_tries_many_passwords_waits_longer_with_each(client, waited):
    for _ in range(8):
        client.post("/login", data=RIGHT | {"password": "x"})
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]
    client.post("/login", data=RIGHT)
    client.post("/login", data=RIGHT | {"password": "x"})
    assert waited[8:] == [1]


def test_every_address_has_its_own_wait(waited):
    app = page()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        TestClient(app, client=(address, 1)).post("/login", data={})
    assert waited == [1, 2, 1]


def test_passwords_from_one_address_are_looked_at_one_at_a_time(monkeypatch):
    now = []

    async def wait(delay):
        now.append("in")
        await ticks(3)
        now.append("out")

    ticks_of = asyncio.sleep

    async def ticks(count):
        for _ in range(count):
            await ticks_of(0)

    monkeypatch.setattr(login.asyncio, "sleep", wait)

    async def attack():
        before = Login(None, "studio", "secret", False)

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            pass

        scope = {"type": "http", "method": "POST", "path": "/login", "headers": [], "client": ("10.0.0.1", 1)}
        await asyncio.gather(*(before(dict(scope), receive, send) for _ in range(3)))

    asyncio.run(attack())
    assert now == ["in", "out"] * 3
