"""Progress is a live bar on a terminal, plain lines elsewhere, and nothing if it is to be quiet."""

import io
import json
import os
import select
import time
from types import SimpleNamespace

import pytest

from neural_style.command import reporter as reporter_module
from neural_style.command.reporter import JsonReporter, Reporter


def wait_until(is_so):
    """Wait for at most ten seconds."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def progress(evaluation, iterations, ends_iteration=False, ends_run=False):
    return SimpleNamespace(
        iteration=(evaluation + 19) // 20,
        iterations=iterations,
        evaluation=evaluation,
        evaluations=20 * iterations,
        total=123456.0,
        best=120000.0,
        terms={"content": 100000.0, "style": 23456.0},
        seconds=0.5 * (evaluation + 1),
        ends_iteration=ends_iteration,
        ends_run=ends_run,
    )


def test_progress_away_from_a_terminal_is_a_line_per_iteration():
    stream = io.StringIO()
    with Reporter(stream=stream) as reporter:
        for evaluation in range(41):
            left = 0.75 * (40 - evaluation)
            reporter.progress(progress(evaluation, 2, evaluation in (20, 40), evaluation == 40), left)
    first, second = stream.getvalue().splitlines()
    assert first == (
        "iteration 1/2: best loss 1.2e+05, now content 1e+05 style 2.35e+04, 0.50 s per evaluation, 00:15 left"
    )
    assert second.startswith("iteration 2/2")


def test_progress_on_a_terminal_is_a_live_bar():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Reporter(stream=stream) as reporter:
        for evaluation in range(21):
            reporter.progress(progress(evaluation, 1, evaluation == 20, evaluation == 20), 4000.0 - evaluation)
    last = stream.getvalue().split("\r")[-1]
    assert "1/1 20/20" in last
    assert " 1:06:20 " in last
    assert "content 1.0e+05 style 2.3e+04" in last
    assert "s/ev" in last
    assert len(last.rstrip()) <= 80


def test_tiles_away_from_a_terminal_are_a_line_per_quarter():
    stream = io.StringIO()
    reporter = Reporter(stream=stream)
    for done in range(1, 9):
        reporter.tiles(done, 8)
    assert stream.getvalue().splitlines() == [f"{part} of 8 tiles done" for part in (2, 4, 6, 8)]


def test_a_download_away_from_a_terminal_is_a_line_per_quarter():
    stream = io.StringIO()
    reporter = Reporter(stream=stream)
    for done in range(0, 101, 10):
        reporter.download(done * 10**6, 10**8)
    assert stream.getvalue().splitlines() == [f"fetched {part} of 100 MB" for part in (30, 50, 80, 100)]


def test_quiet_says_nothing():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Reporter(quiet=True, stream=stream) as reporter:
        reporter.say("hello")
        reporter.download(1, 2)
        reporter.progress(progress(0, 0, ends_run=True), 0.0)
    assert stream.getvalue() == ""


def test_a_wait_is_named_when_it_gets_long_and_only_then(monkeypatch):
    monkeypatch.setattr(reporter_module, "PATIENCE", 0.05)
    stream = io.StringIO()
    with Reporter(stream=stream) as reporter:
        reporter.awaits("the first")
        reporter.say("it came")
        reporter.awaits("the second")
        wait_until(lambda: "second" in stream.getvalue())
        reporter.say("it came too")
        reporter.awaits("the third")
    time.sleep(0.1)
    assert stream.getvalue().splitlines() == ["it came", "the second …", "it came too"]


def test_away_from_a_terminal_a_long_silence_ends_in_how_far_it_is(monkeypatch):
    stream = io.StringIO()
    with Reporter(stream=stream) as reporter:
        reporter.progress(progress(3, 2), 0.0)
        reporter.tile(3, 20)
        assert stream.getvalue() == ""
        monkeypatch.setattr(reporter_module, "HEARTBEAT", -1.0)
        reporter.progress(progress(4, 2), 9.0)
        reporter.tile(4, 20)
    first, second = stream.getvalue().splitlines()
    assert first.startswith("iteration 1/2, evaluation 4: best loss")
    assert second == "tile 4 of 20 of this look at the picture"


def test_on_a_terminal_the_tiles_of_an_evaluation_count_in_its_bar():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Reporter(stream=stream) as reporter:
        reporter.tile(1, 8)
        assert "1/8" in stream.getvalue()
        reporter.progress(progress(1, 1), 9.0)
        reporter.tile(5, 8)
        assert "tile 5/8" in stream.getvalue().split("\r")[-1]
        time.sleep(0.2)  # A bar is drawn ten times a second at most.
        reporter.progress(progress(2, 1), 8.0)
        assert "1/1 2/20" in stream.getvalue().split("\r")[-1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_a_terminal_that_says_it_has_no_columns_shows_progress_all_the_same():
    ours, theirs = os.openpty()  # Nobody has told it a size.
    with open(ours, "rb", buffering=0) as shown, open(theirs, "w") as stream:
        assert os.get_terminal_size(stream.fileno()).columns == 0
        with Reporter(stream=stream) as reporter:
            reporter.progress(progress(20, 1, True, True), 0.0)
            stream.flush()
        said = b""
        while b"1/1 20/20" not in said:  # A terminal gives what it has, which need not be all.
            assert select.select([shown], [], [], 30)[0], said
            said += shown.read(4096)


def test_for_programs_each_line_is_an_object_of_json():
    stream = io.StringIO()
    with JsonReporter(stream=stream) as reporter:
        reporter.say("a warning")
        reporter.awaits("a network")
        for done in range(0, 3_000_001, 1000):
            reporter.download(done, 3_000_000)
        reporter.tile(1, 4)
        now = progress(1, 2)
        now.gradient_norm, now.scale, now.total = 5.0, 1, float("inf")
        reporter.progress(now, 19.5)
    events = [json.loads(line, parse_constant=pytest.fail) for line in stream.getvalue().splitlines()]
    assert events[:2] == [{"event": "message", "text": "a warning"}, {"event": "waiting", "text": "a network"}]
    assert [event["done"] for event in events if event["event"] == "download"] == list(range(0, 3_000_001, 30_000))
    assert events[-2] == {"event": "tiles", "done": 1, "total": 4}
    assert events[-1] == {
        "event": "progress",
        "scale": 1,
        "iteration": 1,
        "iterations": 2,
        "evaluation": 1,
        "evaluations": 40,
        "total": None,
        "best": 120000.0,
        "terms": {"content": 100000.0, "style": 23456.0},
        "gradient_norm": 5.0,
        "seconds": 1.0,
        "left": 19.5,
    }


@pytest.mark.parametrize("flags", [["no.jpg", "no.png", "out"], ["no.jpg", "--num_itter"]])
def test_for_programs_what_is_wrong_is_json_too(flags, run_script):
    done = run_script("network.py", *flags, "--json")
    *_, event = map(json.loads, done.stderr.splitlines())
    assert done.returncode in (1, 2)
    assert (event["event"], event["script"]) == ("error", "network.py")
    assert "no" in event["text"]


def test_what_comes_too_late_for_a_stream_is_lost_without_a_word():
    stream = io.StringIO()
    reporter = Reporter(stream=stream)
    stream.close()
    reporter.say("nobody reads this")
