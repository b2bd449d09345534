"""The addresses at which the page asks for its runs, and tells what is to be done with them."""

import os
import tempfile
import uuid
import zipfile
from pathlib import Path
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from neural_style.errors import InputError
from neural_style.web import samples
from neural_style.web.uploads import safe

VERSION = "/runs/version"
"""The address that tells whether there is anything new: "server version", the first new in each process."""

FILES = "/files/"
"""Where the addresses of the runs' files begin."""

KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
"""What is said with a file, whose address is another when it changes."""

UPLOADS = "/uploads"
"""Where pictures are sent to, and where they are shown."""

LARGEST_UPLOAD = 300 * 2**20
"""Bytes of a file that is uploaded, at most."""


def address(run, file, stamp=None):
    """Return the address of a run's file, relative to the page, anew when the file changes.

    `file` is its path, or the name of one that is made when it is asked for, which changes with the `stamp`.
    """
    if isinstance(file, Path):
        stamp, file = file.stat().st_mtime_ns, file.name
    return f"{FILES[1:]}{quote(run.id)}/{quote(file)}" + (f"?{stamp}" if stamp else "")


def picture_address(path):
    """Return the address, relative to the page, at which a file of `uploads.Uploads` is shown."""
    return f"{UPLOADS[1:]}/{quote(path.parent.name)}/{quote(path.name)}"


def chosen(paths):
    """Return what a browser is told of pictures that are kept, which is what a `chooser` has for its value.

    The first of them is shown.
    """
    return {"kept": [str(path) for path in paths], "shown": picture_address(paths[0]), "name": paths[0].name}


def routes(runs, uploads, easel, shelf):
    """Return the Starlette routes over a `runner.Runs` and `uploads.Uploads`.

    `easel(id)` returns what is shown of a run, to be sent as JSON, and `shelf(words, page)` the list, as HTML.
    """

    server = uuid.uuid4().hex

    def version(request):
        return PlainTextResponse(f"{server} {runs.version()}")

    def look(request):
        return JSONResponse(easel(request.query_params.get("run", "")))

    def find(request):
        page = request.query_params.get("page", "0")
        return HTMLResponse(shelf(request.query_params.get("words", ""), int(page) if page.isdecimal() else 0))

    def act(request):
        id = request.path_params["id"]
        deeds = {
            "stop": lambda: runs.stop(id),
            "stop_at_once": lambda: runs.stop(id, at_once=True),
            "go_on": lambda: runs.go_on(id),
            "delete": lambda: runs.delete(id),
            "name": lambda: runs.rename(id, request.query_params.get("to", "")),
        }
        try:
            deeds[request.path_params["deed"]]()
        except KeyError:
            return PlainTextResponse("there is no such deed", status_code=404)
        except InputError as problem:
            return PlainTextResponse(str(problem), status_code=409)
        return PlainTextResponse("")

    def file(request):
        try:
            run = runs.get(request.path_params["id"])
            if request.path_params["name"] == "all.zip":
                return _zipped(runs.results(run))
            path = runs.results(run).file(request.path_params["name"])
        except (InputError, OSError):
            path = None
        return FileResponse(path, headers=KEPT) if path else PlainTextResponse("there is no such file", status_code=404)

    async def upload(request):
        uploads.incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=uploads.incoming) as folder:
            path = Path(folder) / safe(request.query_params.get("name", ""))
            try:
                with path.open("wb") as file:
                    async for part in request.stream():
                        file.write(part)
                        if file.tell() > LARGEST_UPLOAD:
                            return PlainTextResponse(f"{path.name} has more than 300 MB", status_code=413)
                keep = uploads.keep_film if request.query_params.get("kind") == "film" else uploads.keep
                kept = await run_in_threadpool(keep, path)
            except InputError as problem:
                return PlainTextResponse(str(problem), status_code=422)
            except OSError as error:
                problem = f"{path.name} cannot be kept on the page's machine: {error.strerror}"
                return PlainTextResponse(problem, status_code=507)
        return JSONResponse(chosen([kept]))

    def sample(request):
        try:
            path = samples.path(request.path_params["name"])
            if request.method == "POST":
                return JSONResponse(chosen([uploads.keep(path)]))
            return FileResponse(uploads.small(path))
        except (InputError, OSError) as problem:
            return PlainTextResponse(str(problem), status_code=404)

    def picture(request):
        try:
            path = uploads.folder / request.path_params["digest"] / request.path_params["name"]
            return FileResponse(uploads.rendition(path), headers=KEPT)
        except (InputError, OSError, ValueError):
            return PlainTextResponse("there is no such picture", status_code=404)

    return [
        Route(UPLOADS, upload, methods=["POST"]),
        Route(f"{UPLOADS}/{{digest}}/{{name}}", picture),
        Route(f"{samples.SAMPLES}{{name:path}}", sample, methods=["GET", "POST"]),
        Route(VERSION, version),
        Route("/runs/easel", look),
        Route("/runs/shelf", find),
        Route("/runs/{id}/{deed}", act, methods=["POST"]),
        Route(f"{FILES}{{id}}/{{name}}", file),
    ]


def _zipped(results):
    """Return the answer with all files of `results.Results`, which are compressed already, in a ZIP file."""
    handle, path = tempfile.mkstemp(suffix=".zip")
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for each in results.all():
            archive.write(each, f"{results.run.id}/{each.relative_to(results.folder)}")
    return FileResponse(path, media_type="application/zip", background=BackgroundTask(os.unlink, path))
