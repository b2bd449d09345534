"""What the page says and offers of a run in each of its states."""

import json
import re

import pytest
from PIL import Image

from neural_style.web import easel, shelf
from neural_style.web.runner import Runs
from neural_style.web.uploads import Uploads

HEADER = "scale,iteration,evaluation,total,content,style,tv,gradient_norm,seconds\n"


@pytest.fixture
def runs(tmp_path):
    """Runs that nothing works off."""
    return Runs(tmp_path / "runs")


def run_of(runs, state="done", script="network.py", values=None, **changes):
    run = runs.submit(script, ["photo.png", "style.png"], values or {})
    runs._set(run.id, state=state, **changes)
    return runs.get(run.id)


def shown(runs, id=""):
    return easel.parts(runs, Uploads(runs.folder / "uploads"), id)


def parts(runs, run):
    answer = shown(runs, run.id)
    assert answer["run"] == run.id
    return answer["parts"]


def deeds(runs, run):
    return re.findall(r'data-do="([\w-]+)"', "".join(parts(runs, run)[name] for name in ("actions", "more")))


def painted(runs, run, rows=1, iterations=1):
    """As if the run's script had evaluated so many times, a second each."""
    folder = runs.folder / run.id / "picture_run"
    folder.mkdir()
    settings = {"flags": {"num_iter": [iterations], "evaluations": 20}, "sizes": {"painting": [[40, 60]]}}
    (folder / "settings.json").write_text(json.dumps(settings))
    lines = [f"1,1,{number},5,1,1,1,1,{10 + number}\n" for number in range(rows)]
    (folder / "losses.csv").write_text(HEADER + "".join(lines))


def test_without_a_run_there_is_nothing_to_look_at(runs):
    assert shown(runs) == {"run": "", "parts": {}}


def test_the_running_one_is_looked_at_and_then_the_last_unless_one_is_chosen(runs):
    first, second, third = (run_of(runs) for _ in range(3))
    assert shown(runs, "gone")["run"] == third.id
    runs._set(second.id, state="running")
    assert shown(runs)["run"] == second.id
    assert shown(runs, first.id)["run"] == first.id


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("queued", ["stop"]),
        ("running", ["stop"]),
        ("held", ["go_on", "delete"]),
        ("done", ["delete"]),
        ("failed", ["go_on", "delete"]),
        ("stopped", ["go_on", "delete"]),
    ],
)
def test_each_state_offers_what_can_be_done(runs, state, offered):
    assert deeds(runs, run_of(runs, state)) == offered


def test_a_finished_run_with_its_form_and_picture_offers_all(runs):
    run = run_of(runs, values={"tab": "transfer"})
    Image.new("RGB", (6, 4)).save(runs.folder / run.id / "picture.png")
    made = parts(runs, run)
    assert deeds(runs, run) == ["load", "continue", "use", "compare", "delete"]
    assert f'download="{run.id}.png"' in made["actions"]
    assert f'download="{run.id}.zip"' in made["more"]
    assert f'src="files/{run.id}/picture.png?' in made["picture"]
    assert "data-do" not in made["picture"]


def test_a_run_that_is_stopping_can_be_stopped_at_once(runs):
    run = run_of(runs, "running")
    runs._stopping.add(run.id)
    assert deeds(runs, run) == ["stop_at_once"]
    assert "stopping after this evaluation" in parts(runs, run)["progress"]


@pytest.mark.parametrize(
    ("rows", "said"), [(0, "starting"), (1, "starting"), (2, "left"), (9, "left"), (21, "nearly done")]
)
def test_the_time_left_is_told_from_the_second_evaluation_on(runs, rows, said):
    run = run_of(runs, "running")
    painted(runs, run, rows)
    progress = parts(runs, run)["progress"]
    assert said in progress
    assert "0:00" not in progress


def test_what_a_run_is_called_and_says_cannot_become_part_of_the_page(runs):
    evil = '<img src=x onerror="alert(1)">'
    run = run_of(
        runs, "failed", values={"content": f"{evil}.png", "styles": [{"path": evil}, 5]}, problem=evil, name=evil
    )
    (runs.folder / run.id / "log.txt").write_text(evil)
    Image.new("RGB", (6, 4)).save(runs.folder / run.id / "picture.png")
    waiting = run_of(runs, "queued", values={"content": f"{evil}.png"})
    made = parts(runs, run)
    for name in ("progress", "actions", "more", "picture", "settings", "queue"):
        assert "<img src=x" not in made[name]
    runs.unreadable = {evil: evil}
    assert "<img src=x" not in shelf.listed(runs, "", 0)
    assert waiting.id in made["queue"]


def test_a_run_is_told_by_its_name_or_else_by_its_pictures(runs):
    values = {"content": "uploads/1/kingfisher.jpg", "styles": [{"path": "uploads/2/wave.jpg"}, {"path": "a/star.png"}]}
    run = run_of(runs, values=values)
    assert parts(runs, run)["title"] == "Style transfer: kingfisher × wave × star"
    runs.rename(run.id, "  the one \n for  the wall ")
    assert parts(runs, run)["title"] == parts(runs, run)["name"] == "the one for the wall"


def test_the_list_has_pages_of_thirty_the_last_run_first(runs):
    made = [run_of(runs) for _ in range(65)]
    first = shelf.listed(runs, "", 0)
    shown = re.findall(r'data-run="([^"]+)"', first)
    assert shown == [run.id for run in made[::-1][:30]]
    assert "1 of 3" in first
    last = shelf.listed(runs, "", 99)
    assert len(re.findall("data-run", last)) == 5
    assert "3 of 3" in last


def test_the_list_is_searched_by_all_words(runs):
    runs.rename(run_of(runs).id, "Red bird")
    runs.rename(run_of(runs).id, "red house")
    assert len(re.findall("data-run", shelf.listed(runs, "RED", 0))) == 2
    assert len(re.findall("data-run", shelf.listed(runs, "bird red", 0))) == 1
    assert "No run has these words" in shelf.listed(runs, "green", 0)


def test_what_is_shown_costs_no_more_with_many_runs(runs, monkeypatch):
    for _ in range(200):
        run_of(runs)
    looked_at = []
    results = Runs.results
    monkeypatch.setattr(Runs, "results", lambda runs, run: looked_at.append(run.id) or results(runs, run))
    shown(runs)
    assert len(set(looked_at)) == 1
    looked_at.clear()
    shelf.listed(runs, "", 0)
    assert len(set(looked_at)) == shelf.ON_A_PAGE
    looked_at.clear()
    runs.version()
    assert looked_at == []


def test_an_animation_and_iterations_are_looked_at_once_a_run_is_over(runs):
    run = run_of(runs, "running")
    for name in ("picture.png", "picture.gif", "picture_at_iteration_1.png", "picture_at_iteration_2.png"):
        Image.new("RGB", (6, 4)).save(runs.folder / run.id / name)
    assert "data-do" not in parts(runs, run)["picture"]
    runs._set(run.id, state="done")
    tools = parts(runs, run)["picture"]
    assert f'data-moving="files/{run.id}/picture.gif?' in tools
    assert "picture_at_iteration_2.png" in tools
