"""What stands before the page: it lets in what the page itself asks, and tells browsers what they may do with answers.

A page on this machine is within reach of every other page that its visitor has open, and what it serves was given to it
by others. So nothing is done for a page from elsewhere, nothing is fetched from another address, and only pictures are
shown: all other files are saved.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from neural_style.web.routes import FILES, UPLOADS
from neural_style.web.samples import SAMPLES

API = (
    "app_id",
    "cancel",
    "file=.+",
    "heartbeat/[^/]+",
    "queue/data",
    "queue/join",
    "reset",
    "run/predict",
    "startup-events",
    "theme.css",
    "upload",
    "upload_progress",
)
"""What the page asks of Gradio; there is more, which fetches from elsewhere, runs code or tells what is inside."""

ADDRESSES = re.compile(
    r"/|/(config|favicon\.ico|login|logout|manifest\.json|robots\.txt|theme\.css)/?"
    r"|/(assets|static|svelte)/.+"
    rf"|/gradio_api/({'|'.join(API)})/?|/runs/.+|{FILES}.+|{UPLOADS}(/.+)?|{SAMPLES}.+"
)
"""All addresses that are answered."""

EVENT = re.compile(r"/gradio_api/(queue/join|run/predict)/?")
"""Where the page sends what was clicked or filled in."""

SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:|//", re.IGNORECASE)
"""How an address of another machine begins; a drive of Windows has one letter."""

SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""Files that a browser may show; none of them can hold a script."""

POLICY = (
    # Gradio's own page has scripts and styles within it, and compiles those that its events are given.
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox; frame-ancestors 'none'"


class Guard:
    """ASGI middleware that goes around all else."""

    def __init__(self, app, incoming):
        """`incoming` is the folder of what is uploaded; no event can name a file that is anywhere else."""
        self.app = app
        self._incoming = Path(incoming).resolve()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        reason = _refused(scope)
        if reason is None and EVENT.fullmatch(scope["path"]):
            body = await _whole(receive)
            reason = None if all(map(self._was_uploaded, _paths(body))) else "this file was not uploaded"
            receive = _again(body, receive)
        sealed = _sealed(send, scope["path"].startswith(("/gradio_api/file=", FILES, f"{UPLOADS}/")))
        if reason:
            await PlainTextResponse(f"refused: {reason}", status_code=403)(scope, receive, sealed)
        else:
            await self.app(scope, receive, sealed)

    def _was_uploaded(self, path):
        """Return whether a path of an event, which Gradio would read or fetch, is that of a file that was uploaded."""
        try:
            return path is None or Path(path).resolve().is_relative_to(self._incoming)
        except (TypeError, ValueError, OSError):
            return False


def _refused(scope):
    """Return why a request is not answered, None if it is."""
    headers, path = Headers(scope=scope), scope["path"]
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    opens = (
        scope["method"] in ("GET", "HEAD")
        and path == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return "it comes from another page"
    if site not in ("same-origin", "none") and not opens:
        return "it comes from another page"
    if not ADDRESSES.fullmatch(path):
        return "there is nothing at this address"
    if SCHEME.match(path.partition("/gradio_api/file=")[2]):
        return "no file is fetched from another address"
    return None


def _sealed(send, is_file):
    """Return `send` with the headers that answers get; `is_file` for one of the visitors' files."""

    async def sealed(message):
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            if is_file and headers.get("content-type", "").partition(";")[0] not in SHOWN:
                headers["content-type"] = "application/octet-stream"
                headers["content-disposition"] = "attachment"
            headers["content-security-policy"] = FILE_POLICY if is_file else POLICY
            headers["x-content-type-options"] = "nosniff"
            headers["x-frame-options"] = "DENY"
            headers["referrer-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers["cross-origin-opener-policy"] = "same-origin"
        await send(message)

    return sealed


async def _whole(receive):
    """Return the body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _again(body, receive):
    """Return a `receive` that gives this body first, and then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again():
        return messages.pop() if messages else await receive()

    return again


def _paths(body):
    """Yield all that is called a path in the JSON of an event."""
    try:
        waiting = [json.loads(body)]
    except ValueError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value:
                yield value["path"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
