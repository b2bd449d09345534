"""A place of the page to choose a picture: by a click, dropped or pasted.

Gradio's own has room for one upload at a time: what is chosen while another is read never appears, and an answer that
comes late puts the picture before back in its place.
"""

import html
from functools import partial
from pathlib import Path

import gradio as gr

from neural_style.errors import InputError
from neural_style.web import routes, samples

SCRIPT = Path(__file__).with_name("chooser.js")

TEMPLATE = """
<div class="chooser" data-state="empty" data-kind="{what}" style="--height: {height}px">
  <p class="label">{label}</p>
  <button type="button" class="choose" aria-label="choose: {label}">
    <img alt="" hidden><span class="empty">{invitation}</span>
    <span class="reading">reading it …</span>
  </button>
  <div class="about"><span class="name"></span>
  <button type="button" class="another">Another</button>
  <button type="button" class="remove" aria-label="take away: {label}">Remove</button></div>
  <p class="problem" role="alert"></p>
  {samples}
  <input type="file" accept="{accept}" aria-label="{label}" {several} hidden>
</div>
"""

ACCEPTED = {
    "picture": ("image/*,.heic,.heif,.tif,.tiff", "Drop a picture here, paste it, or click to choose one"),
    "film": ("video/*,image/gif", "Drop a film here, or click to choose one"),
}
"""What a browser lets one choose, and how one is asked to, by what it is."""

WAITING = "async () => { await Promise.allSettled([...(window.reading ?? [])]) }"
"""What an event does in the browser that is to wait for all pictures that are being read."""


def chooser(label, uploads, height=200, several=False, kind=None, what="picture", **settings):
    """Return a gr.HTML to choose a picture with, whose value is for Python the path that is kept of it, or None.

    With `several` the value is the list of all that were chosen at once. `kind` is that of the samples which are there
    to be clicked (see `samples.KINDS`). With `what` "film" it is a film. What is none is refused in the place itself.
    `change` comes with every other value, `input` with what a user chose.
    """
    accept, invitation = ACCEPTED[what]
    template = TEMPLATE.format(
        what=what,
        accept=accept,
        invitation=invitation,
        label=html.escape(label),
        height=height,
        several="multiple" if several else "",
        samples=samples.strip(kind) if kind else "",
    )
    script = SCRIPT.read_text(encoding="utf-8")
    component = gr.HTML(None, html_template=template, js_on_load=script, padding=False, **settings)
    return own(component, partial(_paths if several else _path, uploads), partial(_value, uploads))


class _Unchanged:
    """The value that leaves a component of `own` as it is."""


UNCHANGED = _Unchanged()


def own(component, preprocess, postprocess):
    """Return a gr.HTML whose values for Python are made and taken by these functions.

    Gradio makes another component, without them, in place of one that it is to update or skip: such a one has no
    properties that change, and is skipped by the value UNCHANGED.
    """
    component.preprocess = preprocess
    component.postprocess = lambda value: gr.skip() if value is UNCHANGED else postprocess(value)
    component.is_own = True
    return component


def unchanged(components):
    """Return the values that leave components as they are."""
    return [UNCHANGED if hasattr(component, "is_own") else gr.skip() for component in components]


def _paths(uploads, value):
    """Return the paths of what a browser says that it has uploaded, those that it has not left out."""
    kept = value.get("kept") if isinstance(value, dict) else None
    found = []
    for path in kept if isinstance(kept, list) else []:
        try:
            found.append(str(uploads.check(path)))
        except (InputError, TypeError, ValueError, OSError):
            continue
    return found


def _path(uploads, value):
    return next(iter(_paths(uploads, value)), None)


def _value(uploads, chosen):
    """Return what the browser gets to show the picture of a path that was kept, or the first of several; or None."""
    paths = chosen if isinstance(chosen, list) else [chosen]
    kept = [uploads.check(path) for path in paths if path]
    return routes.chosen(kept) if kept else None
