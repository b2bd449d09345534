"""What is filled into the page's forms, which the browser keeps until its window is closed or the user signs out.

A page that is loaded anew is given it back: by its user, or by itself as soon as a restarted server answers (see
`easel.js`).
"""

import json
from pathlib import Path

import gradio as gr

from neural_style.web.chooser import own

SCRIPT = Path(__file__).with_name("draft.js")


def component(**settings):
    """Return a gr.HTML that keeps the form of a tab that it gets for its value, (form, whether nothing is filled in).

    `input` comes when the page is opened and there are any; its value is then for Python (forms by the ids of their
    tabs, the id of the tab that was filled in last). They come from a browser, so that anything may be in them.
    """
    script = SCRIPT.read_text(encoding="utf-8")
    made = gr.HTML(None, html_template="<span hidden></span>", js_on_load=script, padding=False, **settings)
    return own(made, _kept, _value)


def _kept(text):
    """Return (forms, last) of the text that a browser has kept; without what is no form."""
    try:
        kept = json.loads(text)
        forms = {id: form for id, form in kept["forms"].items() if isinstance(form, dict)}
        return forms, str(kept["last"])
    except (ValueError, TypeError, LookupError, AttributeError):
        return {}, None


def _value(given):
    return given and dict(zip(("form", "empty"), given, strict=True))
