#!/usr/bin/env python3
"""Open the toolkit as a web page on this machine."""

import os
import signal
import socket
import sys
import threading
import webbrowser
from pathlib import Path

from neural_style.command import script
from neural_style.command.parser import BOOLEAN, NumberFrom, Parser
from neural_style.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")

USER = "studio"
"""The name to sign in with where there is a password."""


def parser():
    """Return the script's parser."""
    parser = Parser(prog="studio.py", description=__doc__)
    flag = parser.add_argument
    flag("--port", type=NumberFrom(1, int, 65535), help="of the page; default: a free one")
    flag("--host", default=LOOPBACK[0], help="address to listen at; others than this machine's own need --password")
    flag("--password", help=f"asks for the user {USER} and this password; else whoever uses this machine sees the page")
    flag("--runs", default="runs", metavar="FOLDER", help="where pictures that are given and painted are kept")
    flag("--open", **BOOLEAN, default=True, help="open the page in the browser")
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`. Raises InputError for those that do not go together."""
    flags = parser().parse(argv)
    if flags.host not in LOOPBACK and not flags.password:
        raise InputError(f"--host {flags.host} shows the page to others: give a --password too")
    return flags


def free_port(host, wanted):
    """Return the port `wanted`, or any that is free if it is None. Raises InputError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted or 0))
        except OSError as error:
            where = f"{host}:{wanted}" if wanted else host
            raise InputError(f"cannot listen at {where}: {error.strerror}; choose another --port or --host") from error
        return probe.getsockname()[1]


def main(argv=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    port = free_port(flags.host, flags.port)
    folder = Path(flags.runs)
    # Gradio reads these when it is imported; what is uploaded lies here until it is kept or a day has passed.
    os.environ["GRADIO_TEMP_DIR"] = str((folder / ".incoming").resolve())
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    # The browser would write down every answer of the page, which makes it slower with each, and keep it for good.
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    try:
        from neural_style.web.page import Page, launch
    except ImportError as error:
        remedy = "python -m pip install -r requirements-studio.txt"
        raise InputError(f"the page needs Gradio ({error}): {remedy}") from error
    from neural_style.lock import Lock
    from neural_style.web.runner import Runs
    from neural_style.web.uploads import Uploads

    lock = Lock(folder / "lock")
    folder.mkdir(parents=True, exist_ok=True)
    if not lock.take():
        raise InputError(f"{lock.holder()} has a page over {folder}: use that, or give another folder with --runs")
    runs = Runs(folder)
    page = Page(runs, Uploads(folder / "uploads"))
    runs.start()
    launch(page, flags.host, port, flags.password and (USER, flags.password))
    address = f"http://{flags.host if ':' not in flags.host else f'[{flags.host}]'}:{port}"
    print(address, flush=True)
    print("Ctrl-C ends the page; a run in hand is stopped and saved", file=sys.stderr)
    if flags.open:
        webbrowser.open(address)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    page.blocks.close(verbose=False)
    runs.close()
    lock.release()
    return 0


if __name__ == "__main__":
    script.run(main)
