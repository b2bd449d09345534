"""The question for the password, before anything of the page is told."""

import asyncio
import hmac
import html
import secrets
from collections import defaultdict
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

LONGEST_DELAY = 60
"""Seconds that the answer to a wrong password takes at most; the first takes one, and each doubles it."""

LONGEST_FORM = 10_000
"""Bytes of a form that is sent to sign in, at most."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Studio</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ display: grid; min-height: 90vh; place-items: center; margin: 1rem; }}
form {{ display: grid; gap: 0.8rem; width: min(20rem, 100%); }}
label {{ display: grid; gap: 0.2rem; }}
input, button {{ font: inherit; padding: 0.6rem; border: 1px solid #8b8b96; border-radius: 6px; }}
button {{ background: #4f46e5; color: #fff; border: 0; }}
[role="alert"] {{ color: light-dark(#b91c1c, #fca5a5); margin: 0; }}
</style>
</head>
<body>
<form method="post" action="login">
<h1>Studio</h1>
<label>User <input name="user" value="{user}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required autofocus></label>
<p role="alert">{problem}</p>
<button>Sign in</button>
</form>
</body>
</html>
"""


class Login:
    """ASGI middleware that lets nobody pass who has not signed in; whoever did is known by a cookie until the end."""

    def __init__(self, app, user, password, over_https):
        self.app = app
        self._user = user
        self._password = password
        self._over_https = over_https
        self._cookie = f"studio_{secrets.token_hex(4)}"  # Cookies of a machine are for all its ports.
        self._tokens = set()
        self._gates = defaultdict(asyncio.Lock)
        self._wrong = defaultdict(int)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        token = request.cookies.get(self._cookie)
        path = scope["path"].rstrip("/")
        if path == "/login" and scope["method"] == "POST":
            answer = await self._sign_in(request)
        elif path == "/logout":
            self._tokens.discard(token)
            answer = RedirectResponse(".", status_code=303)
            answer.delete_cookie(self._cookie)
        elif token in self._tokens:
            answer = self.app
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            answer = self._question(401)
        else:
            answer = PlainTextResponse("sign in first", status_code=401)
        await answer(scope, receive, send)

    def _question(self, status, problem=""):
        return HTMLResponse(PAGE.format(user=html.escape(self._user), problem=problem), status_code=status)

    async def _sign_in(self, request):
        """Return the answer to a password: one at a time from each address, and those who try many wait."""
        fields = parse_qs(await _form(request))
        given = [fields.get(name, [""])[0] for name in ("user", "password")]
        address = request.client.host if request.client else ""
        async with self._gates[address]:
            # Both are compared, in a time that tells nothing.
            same = [hmac.compare_digest(*map(str.encode, pair)) for pair in zip(given, self._expected, strict=True)]
            if not all(same):
                delay = min(2 ** self._wrong[address], LONGEST_DELAY)
                self._wrong[address] += 1
                await asyncio.sleep(delay)
                return self._question(403, f"This is not the password of the user {html.escape(self._user)}.")
            self._wrong.pop(address, None)
        token = secrets.token_urlsafe(32)
        self._tokens.add(token)
        answer = RedirectResponse(".", status_code=303)
        answer.set_cookie(self._cookie, token, httponly=True, samesite="lax", secure=self._over_https)
        return answer

    @property
    def _expected(self):
        return self._user, self._password


async def _form(request):
    """Return the text of a form, as far as anybody would fill it in."""
    text = b""
    async for part in request.stream():
        text += part
        if len(text) > LONGEST_FORM:
            break
    return text[:LONGEST_FORM].decode("utf-8", errors="replace")
