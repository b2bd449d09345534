"""The run that is looked at, in parts of HTML that the page puts in place by itself.

Gradio's own events would take half a second of a browser for each news of a run; see `easel.js`.
"""

import html
import uuid
from pathlib import Path

import gradio as gr

from neural_style.web import chart, controls, forms, words
from neural_style.web.record import FILM, PAINTERS
from neural_style.web.results import PHOTOGRAPH
from neural_style.web.routes import address
from neural_style.web.uploads import safe

SCRIPT = Path(__file__).with_name("easel.js")

TEMPLATE = """
<div class="easel">
  <input id="run-name" aria-label="name of this run" maxlength="120" hidden>
  <div id="bar">
    <div id="progress" role="status"></div>
    <div id="actions"></div>
    <div id="said" role="alert"></div>
  </div>
  <div id="other" hidden></div>
  <div id="picture"><div class="empty">What is painted appears here.</div></div>
  <div id="more"></div>
  <div id="losses"></div>
  <details id="settings" hidden><summary>Settings of this run</summary><div></div></details>
  <div id="queue"></div>
</div>
"""

LINES = 12
"""Lines that a script said last, which the settings show."""


def component(**settings):
    """Return the gr.HTML of the easel.

    Its value is {"run": the id of the run that it shows, "deed": what is asked of it}; `input` comes with a deed of
    `DEEDS`. It shows another run when it gets the value of `showing`.
    """
    script = SCRIPT.read_text(encoding="utf-8")
    return gr.HTML(None, html_template=TEMPLATE, js_on_load=script, elem_id="easel", padding=False, **settings)


def showing(id):
    """Return the value that makes the easel show the run of an id."""
    return {"show": id, "serial": uuid.uuid4().hex}


DEEDS = ("load", "continue", "use")
"""What only the forms of the page can do with a run; `routes` does the rest."""


def shown(value):
    """Return the id of the run that the easel shows, of its value; empty if there is none."""
    run = (value or {}).get("run", "")
    return run if isinstance(run, str) else ""


def parts(runs, uploads, id):
    """Return {"run": id, "parts": {name: HTML}} of the run of that id of a `runner.Runs`, or of the one to look at.

    That is the running one, or else the last. "name" is the run's own name, as it is.
    """
    run = _chosen(runs, id)
    if run is None:
        return {"run": "", "parts": {}}
    made = {
        "progress": _progress(runs, uploads, run),
        "actions": _actions(runs, run),
        "more": _more(runs, run),
        "picture": _picture(runs, run),
        "losses": chart.losses(runs.results(run).losses()),
        "settings": _settings(runs, run),
        "queue": _queue(runs, run),
        "name": run.name,
        "title": words.title(run),
    }
    return {"run": run.id, "parts": made}


def _chosen(runs, id):
    known = runs.all()
    chosen = next((run for run in known if run.id == id), None)
    running = next((run for run in known if run.state == "running"), None)
    return chosen or running or (known[-1] if known else None)


def _progress(runs, uploads, run):
    said, state = [words.NAMES[run.script]], words.state(run, runs.is_stopping(run.id))
    if state != said[0].lower():
        said.append(state)
    results = runs.results(run)
    rows, pace, bar = results.losses(), results.pace(), ""
    if pace and len(rows) > 1 and run.script in PAINTERS:
        done, seconds = int(rows[-1]["evaluation"]), rows[-1]["seconds"]
        left = pace.left(int(rows[-1]["scale"]), done, seconds)
        if run.state == "running":
            said.append(words.left(left))
            bar = f'<progress value="{seconds:.3g}" max="{seconds + left:.3g}"></progress>'
        elif run.is_over:
            said.append(words.duration(seconds))
        said.append(f"evaluation {done} of {pace.total}")
    elif run.state == "running":
        said += results.log()[-1:] or ["starting"]
        bar = "<progress></progress>"
    line = html.escape(" · ".join(said))
    problem = controls.warning(uploads.by_name(run.problem))
    return f'<p class="state {run.state}" data-run="{html.escape(run.id)}">{line}</p>{bar}{problem}'


def _actions(runs, run):
    """Return what is always in sight: how to stop a run, take it up again, and save its picture."""
    if not run.is_over:
        stopping = runs.is_stopping(run.id)
        return _button("stop_at_once", "Stop at once") if stopping else _button("stop", "Stop")
    made, film, picture = "", runs.results(run).film(), runs.results(run).picture()
    if runs.can_go_on(run):
        begins = "Start" if run.state == "held" else "Start again"
        made += _button("go_on", "Go on" if runs.results(run).goes_on else begins)
    if film:
        return made + _saving("Save the film", run, film)
    return made + (_saving("Save the picture", run, picture) if picture else "")


def _more(runs, run):
    """Return what else can be done with a run that is over."""
    if not run.is_over:
        return ""
    results = runs.results(run)
    picture, animation = results.picture(), results.animation()
    made = _button("load", "Load these settings") if run.values else ""
    if picture:
        made += _button("continue", "Continue from here") if run.script in PAINTERS else ""
        made += _button("use", "Use as content")
    made += _saving("Save the animation", run, animation) if animation else ""
    made += _button("compare", "Compare with another") if picture else ""
    made += f'<a class="save" href="{address(run, "all.zip")}" download="{_called(run, ".zip")}">Save all</a>'
    return made + _button("delete", "Delete")


def _button(deed, text):
    return f'<button type="button" data-do="{deed}">{text}</button>'


def _saving(text, run, path):
    """Return the link to save a file of a run, which gets the run's name."""
    return f'<a class="save" href="{address(run, path)}" download="{_called(run, path.suffix)}">{text}</a>'


def _called(run, ending):
    """Return what a file of a run is called when it is saved."""
    return html.escape(safe(f"{run.name}{ending}") if run.name else f"{run.id}{ending}")


def _picture(runs, run):
    results = runs.results(run)
    path = results.picture()
    if path is None:
        nothing = "nothing was painted" if run.is_over else "nothing to see yet"
        return f'<div class="empty">{html.escape(words.title(run))}: {nothing}.</div>'
    place, name = address(run, path), html.escape(f"{words.title(run)}, {words.minute(run)}")
    if run.script == FILM:
        return f'<div class="frame">{_film(run, results.film(), place, name)}</div><div class="tools"></div>'
    iterations = results.iterations() if run.is_over else []
    frames = [address(run, frame) for frame in iterations]
    numbers = [frame.stem.rpartition("_")[2] for frame in iterations]
    photograph = _photograph(runs, run) if run.is_over else ""
    before = f'<img class="before" src="{photograph}" alt="the photograph">' if photograph else ""
    tools = ""
    if photograph:
        tools += '<label>Before and after <input type="range" data-do="compare" min="0" max="100" value="0"></label>'
    animation = results.animation() if run.is_over else None
    if animation:
        addresses = f'data-still="{place}" data-moving="{address(run, animation)}"'
        tools += f'<label><input type="checkbox" data-do="animation" {addresses}>Animation</label>'
    if len(frames) > 1:
        tools += (
            f"<label>Iteration <span>{numbers[-1]}</span> "
            f"<input type='range' data-do='frame' min='1' max='{len(frames)}' value='{len(frames)}' "
            f"data-frames='{html.escape(' '.join(frames))}' data-numbers='{' '.join(numbers)}'></label>"
        )
    return (
        f'<div class="frame"><a href="{place}" target="_blank" rel="noopener">'
        f'<img class="after" src="{place}" alt="{name}"></a>{before}</div><div class="tools">{tools}</div>'
    )


def _film(run, film, place, name):
    """Return the film of a run, of which the picture at the address `place` is a frame, or that while it is painted."""
    if film is None:
        return f'<a href="{place}" target="_blank" rel="noopener"><img class="after" src="{place}" alt="{name}"></a>'
    shown = f'poster="{place}" src="{address(run, film)}" aria-label="{name}"'
    return f'<video class="after" controls loop playsinline preload="metadata" {shown}></video>'


def _photograph(runs, run):
    """Return the address of a run's photograph, empty if there is none."""
    path = runs.results(run).photograph()
    return address(run, PHOTOGRAPH, path.stat().st_mtime_ns) if path else ""


def _settings(runs, run):
    command = html.escape(forms.for_bash(runs.command(run)))
    log = html.escape("\n".join(runs.results(run).log()[-LINES:]))
    return f"<p>{html.escape(words.minute(run))} · {html.escape(run.id)}</p><pre>{command}</pre><pre>{log}</pre>"


def _queue(runs, shown):
    """Return the list of the runs that are not over, but for the one that is shown, each with how to take it out."""
    waiting = [run for run in runs.all() if not run.is_over and run.id != shown.id]
    if not waiting:
        return ""
    lines = []
    for place, run in enumerate(waiting, 1):
        name = html.escape(words.title(run))
        remove = (
            f'<button type="button" data-do="stop" data-of="{html.escape(run.id)}" aria-label="remove {name}">Remove'
            "</button>"
            if run.state == "queued"
            else ""
        )
        photograph = _photograph(runs, run)
        image = f'<img src="{photograph}" alt="">' if photograph else ""
        lines.append(f"<li>{image}<span>{place}. {name}: {words.state(run, False)}</span>{remove}</li>")
    return f"<h4>Also in the queue</h4><ul>{''.join(lines)}</ul>"
