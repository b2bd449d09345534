"""What of a batch is finished: a file in the folder of results."""

import contextlib
import json
import os
from pathlib import Path

from neural_style import files
from neural_style.batch.pictures import LEDGER
from neural_style.errors import InputError
from neural_style.lock import Lock

CONTACT_SHEET = "contact sheet"
"""What a ledger has in place of the script of a contact sheet."""


def made_by(folder, script):
    """Return the real paths of what a `script` has made in a `folder`, as its ledger says; none without one."""
    try:
        results = json.loads(Path(folder, LEDGER).read_text("utf-8"))["results"]
        names = [name for name, entry in results.items() if entry.get("script") in (script, CONTACT_SHEET)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {os.path.realpath(os.path.join(folder, name)) for name in names}


class Ledger:
    """For each result what it was made of, so that the same command leaves it as it is and another makes it anew.

    While it is entered, no other batch works in its folder.
    """

    def __init__(self, folder, script, settings):
        """`folder` is that of the results, which a `script` makes with `settings`: {flag: value} of all that counts."""
        self._path = Path(folder, LEDGER)
        self._lock = Lock(Path(folder, ".batch.lock"))
        # As it will be when it is read again, where a tuple is a list.
        self._made_by = json.loads(json.dumps({"script": script, "flags": settings}, default=str))
        self._made_by["files"] = {path: _state_of(path) for path in sorted(_files_in(settings.values()))}
        self._results = {}
        self._before = {}

    def __enter__(self):
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._lock.take():
                raise InputError(f"{self._lock.holder()} is making pictures in {self._path.parent}: wait for it")
        except OSError as error:
            raise InputError(f"nothing can be written into {self._path.parent}: {error.strerror or error}") from error
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            results = json.loads(self._path.read_text("utf-8"))["results"]
            self._results = {name: entry for name, entry in results.items() if isinstance(entry, dict)}
        return self

    def __exit__(self, *exception):
        self._lock.release()

    def is_done(self, job):
        """Return whether a `jobs.Job` is finished: by the same script, of the same pictures and flags, and there."""
        return self._results.get(job.name) == self._entry(job, "done") and os.path.exists(job.result)

    def is_begun(self, job):
        """Return whether a job has been begun, by the same script with the same pictures and flags."""
        return self._results.get(job.name) == self._entry(job, "begun")

    def is_of_others(self, job):
        """Return whether a job's result is there and finished, but made with other flags or of other pictures."""
        entry = self._results.get(job.name) or {}
        return entry.get("state") == "done" and not self.is_done(job) and os.path.exists(job.result)

    def problem(self, job):
        """Return why a job must not be done, None if it may: a picture that no batch has made would be lost."""
        if job.name in self._results or not os.path.lexists(job.result):
            return None
        return f"{job.result} is there already, and was not made by batch.py: choose another --to, or delete it"

    def keep_sheet(self, name):
        """Note a contact sheet of that name; return False if there is a picture that is none."""
        entry = self._results.get(name)
        if os.path.lexists(self._path.with_name(name)) and (entry is None or entry.get("script") != CONTACT_SHEET):
            return False
        self._results[name] = {"script": CONTACT_SHEET}
        self._save()
        return True

    def begin(self, job):
        """Note that the result of a job may be there from now on, and is not finished."""
        self._before.setdefault(job.name, (self._results.get(job.name), _state_of(job.result)))
        self._write(job, "begun")

    def fail(self, job):
        """Note that a job has failed: what was there before it, and is as it was, is what it was."""
        entry, state = self._before[job.name]
        if entry is not None and state is not None and _state_of(job.result) == state:
            self._results[job.name] = entry
            self._save()

    def finish(self, job):
        """Note that a job is finished."""
        self._write(job, "done")

    def _write(self, job, state):
        self._results[job.name] = self._entry(job, state)
        self._save()

    def _save(self):
        content = json.dumps({"results": self._results}, ensure_ascii=False, indent=1)
        files.write_whole(self._path, content.encode("utf-8", "surrogateescape"))

    def _entry(self, job, state):
        inputs = [_state_of(path) for path in job.inputs]
        return {"state": state, **self._made_by, "inputs": inputs}


def _files_in(values):
    """Return the paths among the values of flags, or in lists of them, at which there are files."""
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    return {text for text in texts if isinstance(text, str) and os.path.isfile(text)}


def _state_of(path):
    """Return what changes when a file does: its bytes and the time of its last change; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
