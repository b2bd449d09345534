"""The page: tabs with forms, and beside them the run that is looked at."""

import contextlib
import itertools
import re
import threading
from functools import partial
from pathlib import Path

import gradio as gr

from neural_style.errors import InputError
from neural_style.web import check, controls, draft, easel, forms, painter, recipes, shelf, words
from neural_style.web.chooser import UNCHANGED, WAITING, unchanged
from neural_style.web.doodle_tab import DoodleTab
from neural_style.web.film_tab import FilmTab
from neural_style.web.record import with_result
from neural_style.web.routes import routes
from neural_style.web.tool_tabs import EnhanceTab, ToolTab
from neural_style.web.transfer_tab import TransferTab

RESULT = "results/picture"
"""Where the command that is shown puts its picture, but for the ending."""

NUMBERS = Path(__file__).with_name("numbers.js")

FORGETTING = (3600, 24 * 3600)
"""Every so many seconds, what was uploaded before so many is deleted where it came in; what is used was kept."""

HINTS = {
    "load": '<p class="hint">The settings of this run are in the form.</p>',
    "continue": (
        '<p class="hint">The settings of this run are in the form. The next one starts from its picture, which is in '
        "“Start, masks and weights”: press “Paint”.</p>"
    ),
    "again": '<p class="hint">The page was loaded anew; what you had filled in is there again.</p>',
}
"""What the page says of what it has put into the forms."""


class Page:
    """The Gradio app over `runner.Runs` and `uploads.Uploads`."""

    def __init__(self, runs, uploads, signs_out=False):
        """`signs_out`: the page asks for a password, and is left again."""
        self.runs = runs
        self.uploads = uploads
        self._tabs = {}
        self._checking = threading.Lock()  # What argparse prints is caught in a way that one thread at a time may use.
        with gr.Blocks(
            title="Studio", analytics_enabled=False, fill_width=True, delete_cache=FORGETTING
        ) as self.blocks:
            self.loaded = self.blocks.load
            leave = '<a href="logout">Sign out</a>' if signs_out else ""
            heading = f"<header><h1>Studio</h1><p>Photographs in the style of pictures</p>{leave}</header>"
            gr.HTML(heading, js_on_load=NUMBERS.read_text(encoding="utf-8"))
            self._said = gr.HTML(elem_id="told")
            self.easel = easel.component(render=False)
            self._draft = draft.component(render=False, elem_id="draft")
            with gr.Row(equal_height=False, elem_id="columns"):
                with gr.Column(scale=1, min_width=340), gr.Tabs() as self._tabs_component:
                    self._add_tab("transfer", "Painting", lambda: TransferTab(self))
                    self._add_tab("doodle", "Neural doodle", lambda: DoodleTab(self))
                    self._add_tab("film", "Film", lambda: FilmTab(self))
                    self._add_tab("color", "Colour transfer", lambda: ToolTab(self, "color_transfer.py"))
                    self._add_tab("mask", "Mask transfer", lambda: ToolTab(self, "mask_transfer.py"))
                    self._add_tab("enhance", "Enhance", lambda: EnhanceTab(self))
                    with gr.Tab("Runs", id="runs"):
                        shelf.component()
                with gr.Column(scale=1, min_width=340, elem_id="beside"):
                    self.easel.render()
                    self._draft.render()
            self._connect()
        for number, event in self.blocks.fns.items():
            # In Gradio's queue, an event that is sent while the browser is told that the queue is empty waits for ever;
            # but only there the change of a state is an event of its own.
            event.queue = any(isinstance(part, gr.State) for part in event.outputs)
            # Their names are nobody's business.
            event.api_name, event.api_visibility = f"event-{number}", "private"

    def _add_tab(self, id, title, build):
        with gr.Tab(title, id=id):
            self._tabs[id] = build()

    def submission(self, tab, verb):
        """Make a tab's button that queues a run, its command to copy, and the place for what is wrong, here.

        `tab` has `inputs`, `form` (a `controls.Form`), `collect(*values)` and `recipe(form)`.
        """
        with gr.Column(elem_classes="begin"):
            problem = gr.HTML(elem_classes="problems")  # Beside the button, which is always in sight.
            paint = gr.Button(verb, variant="primary", elem_classes="paint")
        with gr.Accordion("Command", open=False) as fold:
            shell = gr.Radio(["bash", "Windows"], value="bash", label="For the shell", elem_classes="shell")
            command = gr.Code(
                show_label=False,
                language="shell",
                interactive=False,
                wrap_lines=True,
                buttons=["copy"],
                elem_classes="command",
                lines=2,
                show_line_numbers=False,
            )
            gr.HTML('<p class="hint">To be run in the folder of the scripts; it gives the same picture.</p>')

        def checked(values):
            """Return (form, script, arguments, line): the line says what is wrong, with None for the rest."""
            try:
                form = tab.collect(*values)
                script, arguments = tab.recipe(form)
            except InputError as error:
                return None, None, None, str(error)
            with self._checking:
                line = recipes.problem(script, arguments)
                return form, script, arguments, line or self._foreign(script, arguments)

        drawings = getattr(tab, "drawings", [])

        def submit(*values):
            values, drawn = values[: len(tab.inputs)], values[len(tab.inputs) :]
            form, script, arguments, line = checked(values)
            if any(map(painter.is_unused, drawn)):
                line = "what is drawn of the mask is not used yet: press “Use the drawing” below it, or “Clear”"
            line = line or check.problem(script, arguments)
            if not line:
                try:
                    run = self._queue(tab, form)
                    return [easel.showing(run.id), "", None, *tab.form.marked(None, "")]
                except InputError as error:
                    line = str(error)
            line = self.uploads.by_name(line)
            place = forms.field_of(tab.form.fields, line)
            line = _for_a_painter(line, tab.form.fields)
            return [gr.skip(), controls.warning(line), list(values), *tab.form.marked(place, line)]

        def tell(shell, *values):
            _, script, arguments, line = checked(values)
            if line:
                return f"# {line}"
            whole = ["python", script, *with_result(script, arguments, RESULT)]
            return (forms.for_bash if shell == "bash" else forms.for_windows)(whole)

        # It takes a second or two until the pictures are checked.
        paint.click(lambda: '<p class="hint">Looking at the pictures …</p>', None, problem)
        # What is still being read counts too.
        refused = gr.State(None)  # The values that the message is about.
        waited = paint.click(None, None, None, js=WAITING)
        waited.then(
            submit,
            [*tab.inputs, *drawings],
            [self.easel, problem, refused, *tab.form.components.values()],
            show_progress="hidden",
        )

        def changed(opened, shell, refused, *values):
            # The change of what was refused may be told of after that.
            message = gr.skip() if refused == list(values) else ""
            return message, tell(shell, *values) if opened else gr.skip(), self._drafted(tab, values)

        opened = gr.State(False)
        quietly = {"show_progress": "hidden", "trigger_mode": "always_last"}
        fold.expand(lambda *values: (True, tell(*values)), [shell, *tab.inputs], [opened, command], **quietly)
        fold.collapse(lambda: False, None, opened)
        shell.change(tell, [shell, *tab.inputs], command, **quietly)
        # One event for both, as the browser takes its time over each part that one listens to. A command that nobody
        # sees is not told: pictures that are painted would be kept for it at every stroke.
        gr.on(
            [part.change for part in tab.inputs],
            changed,
            [opened, shell, refused, *tab.inputs],
            [problem, command, self._draft],
            **quietly,
        )

    def _drafted(self, tab, values):
        """Return the value of the draft with a tab's form as it is; one that is not complete leaves the last."""
        try:
            form = tab.collect(*values)
        except InputError:
            return UNCHANGED
        return form, form == tab.empty()

    def _queue(self, tab, form):
        """Queue a run of a tab's form, and one more for each of its "others", photographs to be treated alike.

        Returns the first. Raises InputError if one cannot be queued.
        """
        photographs = [form.get("content"), *form.pop("others", [])]
        runs = []
        for photograph in photographs:
            own = form | ({"content": photograph} if photograph else {})
            runs.append(self.runs.submit(*tab.recipe(own), own))
        return runs[0]

    def _foreign(self, script, arguments):
        """Return what is wrong, in a line, if a run would read a file that was not given to the page; else None."""
        try:
            for path in recipes.files(script, arguments):
                self.uploads.check(path)
        except InputError as problem:
            return str(problem)
        return None

    def _connect(self):
        restored = [self._tabs_component, self._said]
        for tab in self._tabs.values():
            restored += tab.restored_outputs
        self.easel.input(self._act, self.easel, restored, show_progress="hidden")
        self._draft.input(self._again, self._draft, restored, show_progress="hidden")

    def routes(self):
        """Return the Starlette routes of what the page asks for besides Gradio."""
        shown = partial(easel.parts, self.runs, self.uploads)
        return routes(self.runs, self.uploads, shown, partial(shelf.listed, self.runs))

    def _act(self, value):
        """Return values for the tabs: what is asked of the run that is looked at (see `easel.DEEDS`)."""
        outputs = {id: unchanged(tab.restored_outputs) for id, tab in self._tabs.items()}
        try:
            run, deed = self.runs.get(easel.shown(value)), value.get("deed")
            if deed == "use":
                id = "transfer"
                outputs[id] = self._tabs[id].with_photograph(self.picture_of(value)[0])
            else:
                start = {"start": self.picture_of(value)[0]} if deed == "continue" else {}
                id, restored = self._restored(run.values | start)
                outputs[id] = restored
        except InputError as problem:
            return [gr.skip(), controls.warning(problem), *itertools.chain(*outputs.values())]
        return [gr.update(selected=id), HINTS.get(deed, ""), *itertools.chain(*outputs.values())]

    def _again(self, kept):
        """Return values for the tabs: what a browser has kept of them. What cannot be read of it is left out."""
        forms, last = kept
        outputs = {id: unchanged(tab.restored_outputs) for id, tab in self._tabs.items()}
        found = {}
        for form in forms.values():
            with contextlib.suppress(InputError):
                found.update([self._restored(form)])
        if not found:
            return [gr.skip(), gr.skip(), *itertools.chain(*outputs.values())]
        selected = gr.update(selected=last) if last in found else gr.skip()
        return [selected, HINTS["again"], *itertools.chain(*(outputs | found).values())]

    def _restored(self, form):
        """Return (id, values) of the tab that has a form, with the values that it has then.

        Raises InputError for a form that no tab of this page has, which may come from anybody.
        """
        id = str(form.get("tab"))
        if id not in self._tabs:
            raise InputError("this run was not made with a form, so that there is nothing to load")
        try:
            return id, self._tabs[id].restored(self._tabs[id].empty() | form)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("the settings of this run cannot be read") from error

    def picture_of(self, value):
        """Return (picture, content): the paths kept of the picture on the easel and of its photograph, or None.

        `value` is that of the easel. Raises InputError if there is no picture.
        """
        id = easel.shown(value)
        run = self.runs.get(id) if id else None
        picture = run and self.runs.results(run).picture()
        if picture is None:
            raise InputError("there is no picture beside this yet")
        return str(self.uploads.keep(picture)), run.values.get("content")


def _for_a_painter(line, fields):
    """Return what a parser says of a flag's value, with the field's name in place of the flag; all else as it is."""
    found = re.match(r"argument --(\w+): ", line)
    if found is None:
        return line
    name = found[1]
    called = words.field(fields[name]) if name in fields else name.capitalize()
    return f"{called}: {line[found.end() :]}"
