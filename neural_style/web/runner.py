"""Runs of the scripts as processes of their own, one at a time, each with a folder that outlives the page."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psutil

from neural_style import files
from neural_style.errors import InputError
from neural_style.installation import ROOT
from neural_style.runs import checkpoint
from neural_style.web import forms, recipes, record
from neural_style.web.record import Run, with_result
from neural_style.web.results import Results
from neural_style.web.uploads import Uploads

PATIENCE = 600.0
"""Seconds that a script has to save what it reached when the page ends; an evaluation may take minutes."""

FORGOTTEN = 24 * 3600
"""Seconds that what was uploaded is kept for a form that is not sent yet."""

KILLED = "the run was killed, most likely because memory ran out: choose a smaller size, or a smaller --max_memory"
"""What is said of a process that ended by the signal 9, which the system sends."""

RESCUED = re.compile(r"what was reached is in (\S.*\.png)$")
"""How a script says where it put a picture that it could not write where it should."""


class Runs:
    """The folder of all runs, and the thread that works off their queue.

    Everything about a run is in FOLDER/<id>/: run.json, what its script said, in log.txt, and its pictures. Methods may
    be called from any thread. `unreadable` says what is wrong, in a line, of each folder with a run.json that is none.
    """

    def __init__(self, folder):
        """Take up the runs that are in `folder`, which is made if need be.

        One that waited there is held until `go_on`, for the folder may come from somebody else.
        """
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ends = False
        self._stopping = set()
        self._thread = None
        self._runs = {}
        self._found = set()
        self._rescued = {}
        self._uploads = Uploads(self.folder / "uploads")
        self.unreadable = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.glob(f"*/{record.NAME}")):
            try:
                self._runs[path.parent.name] = record.read(path)
                self._found.add(path.parent.name)
            except InputError as problem:
                self.unreadable[path.parent.name] = str(problem)
        for run in self.all():
            if run.state == "queued":
                self._set(run.id, state="held")
            elif run.state == "running" and _process(run) is None:
                results = self.results(run)
                self._set(run.id, state="done" if results.is_finished and not results.errors() else "lost")

    def start(self):
        """Begin to work off the queue, and forget what was uploaded a day ago or longer and no run has used."""
        used = [text for run in self.all() for text in _texts([run.arguments, run.values])]
        self._uploads.forget(used, FORGOTTEN)
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)
        self._thread.start()

    def close(self):
        """End the run in hand, which saves what it reached, and leave the rest of the queue for the next time."""
        with self._lock:
            self._ends = True
            running = [run.id for run in self._runs.values() if run.state == "running"]
            self._changed.notify_all()
        for id in running:
            self.stop(id)  # Not at once, even if it is stopping already.
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def all(self):
        """Return all `Run`s, the oldest first."""
        with self._lock:
            return sorted(self._runs.values(), key=lambda run: (run.created, run.id))

    def get(self, id):
        """Return one `Run`. Raises InputError if there is none of that id."""
        with self._lock:
            if id not in self._runs:
                raise InputError("this run is no longer there")
            return self._runs[id]

    def submit(self, script, arguments, values):
        """Queue a run of `script` (a name in the folder of the scripts) and return it.

        `arguments` are those of its command line but for the place of the result, which this adds.
        """
        now = datetime.now()
        with self._lock:
            id = self._new_folder(f"{now:%Y-%m-%d_%H-%M-%S}_{script.removesuffix('.py')}")
            arguments = with_result(script, arguments, self.folder / id / "picture")
            self._runs[id] = Run(id, script, arguments, values, now.isoformat(" ", "microseconds"))
            try:
                self._save(id)
            except InputError:
                del self._runs[id]
                shutil.rmtree(self.folder / id, ignore_errors=True)
                raise
            self._changed.notify_all()
            return self._runs[id]

    def _new_folder(self, name):
        number = 1
        while True:
            id = name if number == 1 else f"{name}_{number}"
            try:
                (self.folder / id).mkdir()
                return id
            except FileExistsError:
                number += 1
            except OSError as error:
                raise InputError(f"{self.folder} cannot be written: {error.strerror}") from error

    def stop(self, id, at_once=False):
        """Ask a running script to end after the evaluation in hand, or take a queued one out of the queue.

        One that was asked already is asked again only with `at_once`, and then ends without saving.
        """
        with self._lock:
            run = self.get(id)
            if run.state == "queued":
                self._set(id, state="stopped")
            elif run.state == "running" and (at_once or id not in self._stopping):
                self._stopping.add(id)
                _interrupt(run)

    def can_go_on(self, run):
        """Return whether a run has not come to its end, or has not begun."""
        return run.state == "held" or (run.is_over and run.state != "done")

    def go_on(self, id):
        """Queue a run that was interrupted, or is held, to go on where it was, if anywhere.

        Raises InputError if it cannot.

        One that an earlier page left is looked at as a form is: its script must take its arguments, and it may read
        nothing but what was uploaded, nor write anywhere but in its folder.
        """
        with self._lock:
            run = self.get(id)
            if not self.can_go_on(run):
                raise InputError("this run is finished, or going on already")
            if id in self._found:
                self._check(run)
            self._set(id, state="queued", problem="", resumes=self.results(run).goes_on)

    def _check(self, run):
        """Raise InputError if a run is not one that the page's forms could have asked for."""
        arguments = record.without_result(run.script, run.arguments)
        problem = forms.not_of_a_page(arguments) or recipes.problem(run.script, arguments)
        folder = self.folder / run.id
        if not problem and any(path.is_symlink() for path in [folder, *folder.rglob("*")]):
            problem = "its folder has links, through which it would write elsewhere"
        if problem:
            raise InputError(f"this run cannot be started: {problem}")
        for path in recipes.files(run.script, arguments):
            self._uploads.check(path)

    def delete(self, id):
        """Delete a run that is over, with its folder. Raises InputError if it is not, or cannot be deleted."""
        with self._lock:
            if not self.get(id).is_over:
                raise InputError("this run is still going: stop it first")
            try:
                shutil.rmtree(self.folder / id)
            except OSError as error:
                raise InputError(f"the run's folder cannot be deleted: {error.strerror}") from error
            del self._runs[id]

    def command(self, run):
        """Return the command of a run as a list: python, the script, its arguments."""
        return ["python", run.script, *run.arguments]

    def is_stopping(self, id):
        return id in self._stopping

    def version(self):
        """Return a text that changes with all that a page shows of the runs; cheap enough to be asked for all day."""
        runs = self.all()
        watched = [run for run in runs if not run.is_over] + runs[-1:]
        names = ("log.txt", "picture.png", "picture.mp4", "picture_run/preview.jpg", "picture_run/losses.csv")
        stamps = [_stamp(self.folder / run.id / name) for run in watched for name in names]
        states = [(run.id, run.state, run.name, self.is_stopping(run.id)) for run in runs]
        return hashlib.sha256(repr((states, stamps)).encode()).hexdigest()

    def results(self, run):
        """Return the `Results` of a run."""
        return Results(run, self.folder / run.id, self._uploads, self._rescued.get(run.id))

    def rename(self, id, name):
        """Call a run by a name, an empty one for none. Raises InputError if it is gone or cannot be written down."""
        with self._lock:
            self.get(id)
            self._set(id, name=" ".join(name.split())[: record.LONGEST_NAME])

    def _set(self, id, **changes):
        with self._lock:
            self._runs[id] = replace(self._runs[id], **changes)
            self._save(id)
            self._changed.notify_all()

    def _save(self, id):
        files.write_whole(self.folder / id / record.NAME, self._runs[id].as_bytes())

    def _work(self):
        while True:
            with self._lock:
                while not self._ends and self._next() is None:
                    self._changed.wait()
                if self._ends:
                    return
                run = self._next()
                goes_on = run.state == "running"
            try:
                self._set(run.id, state="running")
                self._follow(run, goes_on)
            except (InputError, OSError) as error:
                with contextlib.suppress(InputError):  # It is set all the same, though not written.
                    self._set(run.id, state="failed", problem=str(error))

    def _next(self):
        """Return the run to work on: one that goes on from before, else the oldest in the queue, else None."""
        waiting = [run for run in self.all() if not run.is_over]
        return next((run for run in waiting if run.state == "running"), waiting[0] if waiting else None)

    def _follow(self, run, goes_on):
        """Start a run's process, or watch the one that `goes_on` from an earlier page, and wait for its end."""
        status = self._wait_for_stranger(run) if goes_on else self._execute(run)
        stopped = run.id in self._stopping
        results = self.results(run)
        errors = results.errors()
        problem = errors[-1] if errors else ""
        if status is None:
            status = 0 if results.is_finished and not errors else 1
        if status and not stopped and not problem:
            problem = KILLED if status == -9 else f"{run.script} ended with the status {status}: see its last words"
        if rescued := RESCUED.search(problem):
            self._rescued[run.id] = Path(rescued[1])
        state = "stopped" if stopped else "failed" if status else "done"
        if state == "done":  # The page goes on with nothing that is finished, so the room is better had than kept.
            checkpoint.delete(results.checkpoint)
        self._set(run.id, state=state, problem="" if stopped and not errors else problem)
        self._stopping.discard(run.id)

    def _execute(self, run):
        """Run the script of a run and return its exit status."""
        with (self.folder / run.id / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / run.script), *run.arguments, *(["--resume"] if run.resumes else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                # So that Ctrl-C in the terminal of the page is for the page, which then stops the run in its own way.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            with self._lock, contextlib.suppress(psutil.Error, InputError):
                self._set(run.id, process=[process.pid, psutil.Process(process.pid).create_time()])
                if run.id in self._stopping:
                    _interrupt(self.get(run.id))
            return process.wait()

    def _wait_for_stranger(self, run):
        """Wait for a process that an earlier page started, whose exit status nobody can have."""
        while _process(run) is not None:
            time.sleep(0.2)


def _texts(value):
    """Yield all texts in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _stamp(path):
    """Return (when, bytes): when a file was written last and how large it is; None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _interrupt(run):
    """Send a run's process, if there is one, what Ctrl-C would."""
    process = _process(run)
    if process is not None:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)


def _process(run):
    """Return the living process of a run, or None."""
    try:
        id, began = run.process
        process = psutil.Process(id)
        alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - began) < 1
        # The number may have been written down by somebody else.
        return process if alive and str(ROOT / run.script) in process.cmdline() else None
    except (psutil.Error, ValueError, OverflowError):
        return None
