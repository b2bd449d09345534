"""The list of all runs, a page of it at a time, as HTML; see `shelf.js`."""

import html
from pathlib import Path

import gradio as gr

from neural_style.web import words
from neural_style.web.results import THUMBNAIL
from neural_style.web.routes import address

SCRIPT = Path(__file__).with_name("shelf.js")

TEMPLATE = """
<div class="shelf">
  <input type="search" placeholder="Find a run by its name" aria-label="find a run by its name">
  <div class="found"></div>
</div>
"""

ON_A_PAGE = 30


def component():
    """Return the gr.HTML of the list, which needs an `easel.component` beside it."""
    return gr.HTML(
        None, html_template=TEMPLATE, js_on_load=SCRIPT.read_text(encoding="utf-8"), elem_id="shelf", padding=False
    )


def listed(runs, asked, page):
    """Return the HTML of a page, from 0, of the runs of a `runner.Runs` that have all words `asked`, the last first."""
    found = [run for run in reversed(runs.all()) if _has(run, asked)]
    pages = max(1, -(-len(found) // ON_A_PAGE))
    page = min(max(page, 0), pages - 1)
    entries = "".join(_entry(runs, run) for run in found[page * ON_A_PAGE : (page + 1) * ON_A_PAGE])
    none = f'<p class="hint">{"No run has these words." if asked else "Runs appear here."}</p>'
    return ((entries and f'<div class="entries">{entries}</div>') or none) + _leaves(page, pages) + _no_runs(runs)


def _has(run, asked):
    text = f"{words.title(run)} {words.NAMES[run.script]} {run.created} {words.STATES[run.state]}".lower()
    return all(word in text for word in asked.lower().split())


def _entry(runs, run):
    path, name = runs.results(run).picture(), html.escape(words.name(run))
    stamp = path.stat().st_mtime_ns if path else 0
    image = f'<img src="{address(run, THUMBNAIL, stamp)}" alt="" loading="lazy">' if path else "<span></span>"
    about = [words.NAMES[run.script], words.minute(run)] + [words.STATES[run.state]] * (run.state != "done")
    lines = "".join(f"<small>{html.escape(line)}</small>" for line in about)
    return f'<button type="button" data-run="{html.escape(run.id)}">{image}<b>{name}</b>{lines}</button>'


def _leaves(page, pages):
    """Return the buttons to turn the pages."""
    if pages == 1:
        return ""
    newer = f'<button type="button" data-page="{page - 1}"{" disabled" * (page == 0)}>Newer</button>'
    older = f'<button type="button" data-page="{page + 1}"{" disabled" * (page == pages - 1)}>Older</button>'
    return f'<p class="leaves">{newer}<span>{page + 1} of {pages}</span>{older}</p>'


def _no_runs(runs):
    """Return the list of folders that are no runs, by their names, with what is wrong with each."""
    if not runs.unreadable:
        return ""
    lines = "".join(
        f"<li>{html.escape(name)}: {html.escape(problem)}</li>" for name, problem in sorted(runs.unreadable.items())
    )
    return f'<div class="unreadable"><h4>Folders that are no runs</h4><ul>{lines}</ul></div>'
