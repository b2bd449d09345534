#!/usr/bin/env python3
"""Open the toolkit as a web page on this machine."""

import errno
import os
import signal
import socket
import ssl
import sys
import threading
import webbrowser
from pathlib import Path

from neural_style.command import script
from neural_style.command.parser import BOOLEAN, NumberFrom, Parser
from neural_style.errors import InputError
from neural_style.lock import Lock

LOOPBACK = ("127.0.0.1", "localhost", "::1")

USER = "studio"
"""The name to sign in with where there is a password."""

PORTS = range(7860, 7960)
"""Where the page is looked for: at the first of these that is free, unless told otherwise."""

PASSWORD = "STUDIO_PASSWORD"
"""The variable of the environment that has the password, where no flag gives one."""


def parser():
    """Return the script's parser."""
    parser = Parser(prog="studio.py", description=__doc__)
    flag = parser.add_argument
    flag("--port", type=NumberFrom(1, int, 65535), help=f"of the page; default: the first free one from {PORTS[0]} on")
    flag("--host", default=LOOPBACK[0], help="address to listen at; others than this machine's own need a password")
    flag(
        "--password",
        help=f"asks for the user {USER} and this password, else whoever uses this machine sees the page; "
        f"other users of this machine see it in the list of processes, but not what the variable {PASSWORD} has",
    )
    flag("--password_file", metavar="FILE", help="the password is the first line of this file")
    flag("--certificate", metavar="FILE", help="serve over HTTPS with this certificate (PEM), with --key")
    flag("--key", metavar="FILE", help="the certificate's private key (PEM)")
    flag("--runs", default="runs", metavar="FOLDER", help="where pictures that are given and painted are kept")
    flag("--open", **BOOLEAN, default=True, help="open the page in the browser")
    return parser


def parse(argv):
    """Return the flags in the list of strings `argv`, the password among them wherever it was given.

    Raises InputError for those that do not go together.
    """
    flags = parser().parse(argv)
    if flags.password is not None and flags.password_file:
        raise InputError("--password and --password_file both give the password: leave one out")
    if flags.password_file:
        flags.password = _first_line(flags.password_file)
    elif flags.password is None:
        flags.password = os.environ.get(PASSWORD) or None
    if flags.password == "":
        raise InputError("the password is empty: give one of a letter or more")
    if flags.host not in LOOPBACK and not flags.password:
        raise InputError(
            f"--host {flags.host} shows the page to others: give a --password too, or set the variable {PASSWORD}"
        )
    if (flags.certificate is None) != (flags.key is None):
        raise InputError("--certificate and --key belong together: give both")
    if flags.certificate:
        _check_certificate(flags.certificate, flags.key)
    return flags


def _first_line(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"--password_file {path} cannot be read: {reason}") from error


def _check_certificate(certificate, key):
    """Raise InputError if HTTPS cannot be served with these files."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError.
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"--certificate {certificate} and --key {key} are not a certificate in PEM and its key without a "
            f"password: {reason}"
        ) from error


def listen(host, wanted):
    """Return a socket that listens at the port `wanted`, or at the first free one of PORTS if it is None.

    Raises InputError if there is none.
    """
    for port in PORTS if wanted is None else [wanted]:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if os.name != "nt":  # There it would share the port with another program.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
            return listener
        except OSError as error:
            listener.close()
            problem = error
            if error.errno != errno.EADDRINUSE:
                break
    where = f"{host}:{port}" if wanted else host
    raise InputError(f"cannot listen at {where}: {problem.strerror}; choose another --port or --host") from problem


def main(argv=None):
    flags = parse(sys.argv[1:] if argv is None else argv)
    listener = listen(flags.host, flags.port)
    folder = Path(flags.runs)
    lock = Lock(folder / "lock")
    folder.mkdir(parents=True, exist_ok=True)
    if not lock.take():
        raise InputError(f"{lock.holder()} has a page over {folder}: use that, or give another folder with --runs")
    # Gradio reads these when it is imported; what is uploaded lies here until it is kept or a day has passed.
    os.environ["GRADIO_TEMP_DIR"] = str((folder / ".incoming").resolve())
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    # The browser would write down every answer of the page, which makes it slower with each, and keep it for good.
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    print("loading the page …", file=sys.stderr, flush=True)
    try:
        from neural_style.web.page import Page
        from neural_style.web.serving import Access, Server
    except ImportError as error:
        remedy = "python -m pip install -r requirements-studio.txt"
        raise InputError(f"the page needs Gradio ({error}): {remedy}") from error
    from neural_style.web.runner import Runs
    from neural_style.web.uploads import Uploads

    runs = Runs(folder)
    page = Page(runs, Uploads(folder / "uploads"), signs_out=bool(flags.password))
    runs.start()
    name = f"[{flags.host}]" if ":" in flags.host else flags.host
    access = Access(["localhost", flags.host, name], USER, flags.password, flags.certificate, flags.key)
    server = Server(page, listener, access)
    address = f"{'https' if flags.certificate else 'http'}://{name}:{listener.getsockname()[1]}"
    print(address, flush=True)
    if flags.host not in LOOPBACK and not flags.certificate:
        remedy = "--certificate and --key serve it over HTTPS"
        print(f"over http the password can be read on its way from another machine: {remedy}", file=sys.stderr)
    print("Ctrl-C ends the page; a run in hand is stopped and saved", file=sys.stderr)
    if flags.open:
        webbrowser.open(address)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    server.close()
    runs.close()
    lock.release()
    return 0


if __name__ == "__main__":
    script.run(main)
