"""What a batch says: how many pictures are done, which one is in hand, and how long all of it takes."""

import sys
from collections import defaultdict

from tqdm import tqdm

from neural_style.command.reporter import JsonReporter, Reporter, complaint

FEW = 3
"""Pictures that are named of those that failed for the same reason."""


class Overview:
    """The messages and the progress of a batch of jobs.

    Away from a terminal there is a line for each picture; with --json, an object for each change, whose field "event"
    is "batch": `name`, `state` (running, done, failed), `evaluation` and `evaluations` of the picture, `seconds` it
    took and its `problem`; `total`, `done`, `failed` and `running` of all, and `left`, the seconds that are left.
    """

    def __init__(self, flags):
        """`flags` have --quiet and --json; `workers` are at work at once."""
        self.reporter = _JsonMessages() if flags.json and not flags.quiet else _Messages(flags.quiet)
        self.done, self.failures = 0, []
        self.workers = 1
        self._json = flags.json
        self._total = 0
        self._running = {}
        self._took = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.reporter.close()

    def starts(self, total, done, what="picture", others=0):
        """Say how many of `what` there are to make; `done` of the `total` are finished already, `others` too, but with
        other flags or of other pictures.
        """
        self._total, self.done = total, done
        left = total - done
        already = f"; {done} of {total} are finished already" if done else ""
        anew = (
            f", {others} of which {'are' if others > 1 else 'is'} there with other flags or pictures" if others else ""
        )
        self.reporter.say(f"{left} {what}{'s' * (left != 1)} to make{anew}{already}")

    def heard(self, line):
        """Pass on what a script says while it begins."""
        self.reporter.say(line)

    def download(self, done, total):
        """Show that `done` of `total` bytes have come."""
        self.reporter.download(done, total)

    def begin(self, job):
        """Show that a job is in hand."""
        self._running[job.name] = 0.0
        self._show(job.name, "running")

    def at(self, name, evaluation, evaluations, seconds=None):
        """Show how far the picture `name` is, or that it is done if it is told how many `seconds` it took."""
        if seconds is not None:
            self._ends(name, seconds)
            return
        self._running[name] = evaluation / max(1, evaluations)
        self._show(name, "running", evaluation=evaluation, evaluations=evaluations)

    def end(self, job, outcome):
        """Show what came of a job."""
        for warning in outcome.warnings:
            self.reporter.say(f"{job.name}: {warning}")
        if outcome.problem:
            self._running.pop(job.name, None)
            self.failures.append((job.name, outcome.problem))
            self._show(job.name, "failed", problem=outcome.problem)
            return
        self._ends(job.name, outcome.seconds)

    def _ends(self, name, seconds):
        self._running.pop(name, None)
        self._took.append(seconds)
        self.done += 1
        self._show(name, "done", seconds=seconds)

    def closes(self, status, remedy="the same command goes on"):
        """Say how it ended, by a signal if `status` is that of one, which the `remedy` makes good, and once more what
        failed, be it quiet or not.
        """
        self.reporter.close()
        for problem, names in self._by_problem():
            print(complaint("batch.py", f"{_few(names)}: {problem}", self._json), file=sys.stderr)
        if status:
            self.reporter.say(f"interrupted: {self.done} of {self._total} are done; {remedy}")
        elif self.failures:
            self.reporter.say(f"{self.done} of {self._total} are done, {len(self.failures)} failed")

    def _by_problem(self):
        """Return the failures as (problem, names of the pictures), those that are the same for several once."""
        by_problem = defaultdict(list)
        for name, problem in self.failures:
            by_problem[problem].append(name)
        return by_problem.items()

    def left(self):
        """Return the seconds that are left, None before a picture is done.

        The first takes longer than those that follow, which find the network at work.
        """
        if not self._took:
            return None
        took = self._took[1:] or self._took
        pictures = self._total - self.done - len(self.failures) - sum(self._running.values())
        return max(0.0, pictures * sum(took) / len(took) / self.workers)

    def _show(self, name, state, **details):
        counts = {"total": self._total, "done": self.done, "failed": len(self.failures)}
        self.reporter.batch(name=name, state=state, **details, **counts, running=list(self._running), left=self.left())


def _few(names):
    """Return some names in words, not more than a line has room for."""
    if len(names) <= FEW + 1:
        return ", ".join(names)
    return f"{', '.join(names[:FEW])} and {len(names) - FEW} more"


class _Messages(Reporter):
    """A bar of pictures on a terminal, a line for each elsewhere."""

    def batch(self, name, state, total, done, failed, running, left, **details):
        """Show a change of the picture `name`."""
        time_left = "" if left is None else f", {tqdm.format_interval(left)} left"
        if self._live:
            bar = self._shown("pictures", total=total, bar_format="{n_fmt}/{total_fmt} {bar:10}{postfix}")
            others = f" and {len(running) - 1} more" if len(running) > 1 else ""
            where = f" {details['evaluation']}/{details['evaluations']}" if "evaluation" in details else ""
            bar.set_postfix_str(f"{name}{where}{others}{time_left}", refresh=False)
            bar.update(done + failed - bar.n)
            bar.refresh()
        if state == "failed":
            self.say(f"{name} failed: {details['problem']}")
        elif state == "done" and not self._live:
            self.say(f"{done + failed} of {total}: {name}, {details['seconds']:.1f} s{time_left}")


class _JsonMessages(JsonReporter):
    """The same for programs."""

    def batch(self, **fields):
        self._write("batch", **fields)
