"""The page: tabs with forms, and beside them the run that is looked at."""

import html
import json
import threading
import time
from urllib.parse import quote

import gradio as gr
from PIL import Image

from neural_style.errors import InputError
from neural_style.web import chart, check, controls, forms, recipes
from neural_style.web.doodle_tab import DoodleTab
from neural_style.web.guard import VERSION
from neural_style.web.record import PAINTERS, with_result
from neural_style.web.tool_tabs import EnhanceTab, ToolTab
from neural_style.web.transfer_tab import TransferTab

GRAY = (128, 128, 128)
"""The colour that stands for a picture that is not there yet."""

RESULT = "results/picture"
"""Where the command that is shown puts its picture, but for the ending."""

FORGETTING = (3600, 24 * 3600)
"""Every so many seconds, what was uploaded before so many is deleted where it came in; what is used was kept."""

STATES = {
    "queued": "waiting",
    "held": "waits for your click",
    "running": "painting",
    "done": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "ended while nobody watched",
}
"""What the page calls the states of a run."""

SAVING = (
    "event.preventDefault();"
    "fetch(this.href).then(answer => answer.blob()).then(file => Object.assign(document.createElement('a'),"
    "{href: window.URL.createObjectURL(file), download: this.download}).click())"
)
"""What a link does to save its file under its own name, since browsers take the name that is sent with the file."""

WATCHING = (
    "() => { let known; setInterval(async () => {"
    f"const version = await fetch('.{VERSION}').then(answer => answer.ok ? answer.text() : known).catch(() => known);"
    "if (version !== known) { known = version; document.querySelector('#news').click() } }, 1000) }"
)
"""What the page does each second: to ask for all that it shows would keep a browser busy when nothing is new."""

AT_ONCE = "Stop at once"
"""What the button to stop a run says while the run is stopping."""

NAMES = {
    "paint.py": "Painting",
    "network.py": "Style transfer",
    "inetwork.py": "Improved style transfer",
    "neural_doodle.py": "Doodle",
    "color_transfer.py": "Colour transfer",
    "mask_transfer.py": "Mask transfer",
    "enhance.py": "Enhancement",
}


class Page:
    """The Gradio app over `runner.Runs` and `uploads.Uploads`."""

    def __init__(self, runs, uploads, signs_out=False):
        """`signs_out`: the page asks for a password, and is left again."""
        self.runs = runs
        self.uploads = uploads
        self._tabs = {}
        self._thumbnails = {}
        self._checking = threading.Lock()  # What argparse prints is caught in a way that one thread at a time may use.
        with gr.Blocks(
            title="Studio", analytics_enabled=False, fill_width=True, delete_cache=FORGETTING
        ) as self.blocks:
            self.loaded = self.blocks.load
            leave = '<a href="logout">Sign out</a>' if signs_out else ""
            gr.HTML(f"<header><h1>Studio</h1><p>Photographs in the style of pictures</p>{leave}</header>")
            self.shown = gr.State("")  # The run that is to be looked at, if one was chosen.
            self.visible = gr.State("")  # The run that the easel shows.
            self._seen = gr.State("")
            self._sent = gr.State([])  # What the easel shows, as it was sent.
            with gr.Row(equal_height=False, elem_id="columns"):
                with gr.Column(scale=1, min_width=340), gr.Tabs() as self._tabs_component:
                    self._add_tab("transfer", "Painting", lambda: TransferTab(self))
                    self._add_tab("doodle", "Neural doodle", lambda: DoodleTab(self))
                    self._add_tab("color", "Colour transfer", lambda: ToolTab(self, "color_transfer.py"))
                    self._add_tab("mask", "Mask transfer", lambda: ToolTab(self, "mask_transfer.py"))
                    self._add_tab("enhance", "Enhance", lambda: EnhanceTab(self))
                    with gr.Tab("Runs", id="runs"):
                        self._gallery = gr.Gallery(
                            show_label=False,
                            columns=3,
                            fit_columns=False,
                            allow_preview=False,
                            object_fit="cover",
                            height="auto",
                            elem_id="runs",
                            buttons=[],
                        )
                        self._listed = gr.State([])
                        gr.HTML(_unreadable_html(self.runs.unreadable))
                with gr.Column(scale=1, min_width=340, elem_id="easel"):
                    self._build_easel()
            self._connect()
        for number, event in self.blocks.fns.items():  # Their names are nobody's business.
            event.api_name, event.api_visibility = f"event-{number}", "private"

    def _add_tab(self, id, title, build):
        with gr.Tab(title, id=id):
            self._tabs[id] = build()

    def submission(self, tab, verb):
        """Make a tab's button that queues a run, its command to copy, and the place for what is wrong, here.

        `tab` has `inputs`, `form` (a `controls.Form`), `collect(*values)` and `recipe(form)`.
        """
        problem = gr.HTML(elem_classes="problems")
        with gr.Row():
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

        def submit(*values):
            form, script, arguments, line = checked(values)
            line = line or check.problem(script, arguments)
            if not line:
                try:
                    run = self.runs.submit(script, arguments, form)
                    return [run.id, "", *tab.form.marked(None, "")]
                except InputError as error:
                    line = str(error)
            line = self.uploads.by_name(line)
            place = forms.field_of(tab.form.fields, line)
            return [gr.skip(), controls.warning(line), *tab.form.marked(place, line)]

        def tell(shell, *values):
            _, script, arguments, line = checked(values)
            if line:
                return f"# {line}"
            whole = ["python", script, *with_result(script, arguments, RESULT)]
            return (forms.for_bash if shell == "bash" else forms.for_windows)(whole)

        # It takes a second or two until the pictures are checked.
        paint.click(lambda: '<p class="hint">Looking at the pictures …</p>', None, problem, queue=False)
        paint.click(submit, tab.inputs, [self.shown, problem, *tab.form.components.values()], show_progress="hidden")
        opened = gr.State(False)
        quietly = {"show_progress": "hidden", "trigger_mode": "always_last"}
        fold.expand(lambda *values: (True, tell(*values)), [shell, *tab.inputs], [opened, command], **quietly)
        fold.collapse(lambda: False, None, opened, queue=False)
        shell.change(tell, [shell, *tab.inputs], command, **quietly)
        # One event for both, as the browser takes its time over each part that one listens to. A command that nobody
        # sees is not told: pictures that are painted would be kept for it at every stroke.
        gr.on(
            [part.change for part in tab.inputs],
            lambda opened, *values: ("", tell(*values) if opened else gr.skip()),
            [opened, shell, *tab.inputs],
            [problem, command],
            **quietly,
        )

    def _foreign(self, script, arguments):
        """Return what is wrong, in a line, if a run would read a file that was not given to the page; else None."""
        try:
            for path in recipes.files(script, arguments):
                self.uploads.check(path)
        except InputError as problem:
            return str(problem)
        return None

    def _build_easel(self):
        """Make what shows the run that is looked at."""
        self._picture = gr.HTML(elem_id="picture")
        self._progress = gr.HTML(elem_id="progress")
        with gr.Row(elem_id="actions"):
            self._stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop")
            self._go_on = gr.Button("Go on", size="sm", visible=False, elem_id="go-on")
            self._load = gr.Button("Load these settings", size="sm", visible=False)
            self._continue = gr.Button("Continue from here", size="sm", visible=False)
            self._use = gr.Button("Use as content", size="sm", visible=False)
            self._delete = gr.Button("Delete", size="sm", visible=False, elem_id="delete")
        with gr.Row(visible=False) as self._sure:
            gr.HTML('<p class="hint">Delete this run and its pictures for good?</p>')
            self._yes = gr.Button("Delete it", size="sm", variant="stop", elem_id="delete-it")
            self._no = gr.Button("Keep it", size="sm")
        self._doomed = gr.State("")
        self._said = gr.HTML()
        self._losses = gr.HTML(elem_id="losses")
        with gr.Accordion("Settings of this run", open=False, elem_id="settings"):
            self._settings = gr.HTML()
        self._queue = gr.HTML(elem_id="queue")

    def _connect(self):
        easel = [
            self._picture,
            self._progress,
            self._losses,
            self._settings,
            self._queue,
            self._stop,
            self._go_on,
            self._load,
            self._continue,
            self._use,
            self._delete,
        ]
        watched = [self._seen, self._sent, self.visible, self._sure, *easel, self._gallery, self._listed]
        news = gr.Button(visible="hidden", elem_id="news")
        self.blocks.load(None, js=WATCHING)
        for event in (news.click, self.blocks.load, self.shown.change):
            state = [self.shown, self._seen, self._sent, self.visible]
            event(self._watch, state, watched, show_progress="hidden", queue=False)
        self._gallery.select(self._select, self._listed, [self.shown, self._sure], show_progress="hidden")
        self._stop.click(
            lambda id, label: _said(self.runs.stop, id, at_once=label == AT_ONCE),
            [self.visible, self._stop],
            self._said,
            show_progress="hidden",
        )
        self._go_on.click(lambda id: _said(self.runs.go_on, id), self.visible, self._said, show_progress="hidden")
        self._delete.click(
            lambda id: (id, gr.update(visible=True)), self.visible, [self._doomed, self._sure], queue=False
        )
        self._no.click(lambda: gr.update(visible=False), None, self._sure, queue=False)
        self._yes.click(self._delete_for_good, [self._doomed, self.shown], [self.shown, self._sure, self._said])
        restored = [self._tabs_component, self._said]
        for tab in self._tabs.values():
            restored += tab.restored_outputs
        self._load.click(lambda id: self._restore(id), self.visible, restored)
        self._continue.click(lambda id: self._restore(id, continues=True), self.visible, restored)
        transfer = self._tabs["transfer"]
        used = [self._tabs_component, self._said, transfer.content, transfer.content_path]
        self._use.click(self._use_as_content, self.visible, used)
        # Where the columns are one below the other, the picture would be out of sight.
        self.shown.change(None, js="() => innerWidth > 760 || document.querySelector('#easel').scrollIntoView()")

    def _run_to_show(self, shown):
        """Return the run for the easel: that of the id `shown`, else the running, else the last; None without any."""
        runs = self.runs.all()
        chosen = next((run for run in runs if run.id == shown), None)
        running = next((run for run in runs if run.state == "running"), None)
        return chosen or running or (runs[-1] if runs else None)

    def _watch(self, shown, seen, sent, visible):
        """Return the values of all that depends on the runs, but nothing for what was `sent` already."""
        runs = self.runs.all()
        run = self._run_to_show(shown)
        picture = run and self.runs.picture(run)
        changed = json.dumps(
            [
                shown,
                [(r.id, r.state, self.runs.is_stopping(r.id), self.runs.picture(r) is not None) for r in runs],
                len(self.runs.losses(run)) if run else 0,
                len(self.runs.log(run)) if run else 0,
                picture.stat().st_mtime if picture else 0,
            ]
        )
        if changed == seen:
            return [gr.skip() for _ in range(17)]
        over = run is not None and run.is_over
        painter = run is not None and run.script in PAINTERS
        if seen and json.loads(seen)[1] == json.loads(changed)[1]:
            listed = [gr.skip(), gr.skip()]
        else:
            newest_first = runs[::-1]
            entries = [
                (self._thumbnail(r), _minute(r)[5:] if r.state == "done" else STATES[r.state]) for r in newest_first
            ]
            listed = [entries, [r.id for r in newest_first]]
        easel = [
            self._picture_html(run, picture),
            self._progress_html(run),
            chart.losses(self.runs.losses(run)) if run else "",
            self._settings_html(run),
            self._queue_html(runs, run),
            gr.update(
                visible=run is not None and not over,
                value=AT_ONCE if run and self.runs.is_stopping(run.id) else "Stop",
            ),
            gr.update(
                visible=over and self.runs.can_go_on(run), value="Start" if run and run.state == "held" else "Go on"
            ),
            gr.update(visible=over),
            gr.update(visible=over and painter and picture is not None),
            gr.update(visible=over and picture is not None),
            gr.update(visible=over),
        ]
        now_visible = run.id if run else ""
        return [
            changed,
            easel,
            now_visible,
            gr.skip() if now_visible == visible else gr.update(visible=False),
            *(gr.skip() if value in sent[i : i + 1] else value for i, value in enumerate(easel)),
            *listed,
        ]

    def _thumbnail(self, run):
        """Return the small picture of a run for the list, made once for each picture; without one, a gray one."""
        picture = self.runs.picture(run)
        key = picture and (picture, picture.stat().st_mtime_ns)
        if run.id not in self._thumbnails or self._thumbnails[run.id][0] != key:
            self._thumbnails[run.id] = (
                key,
                (picture and controls.thumbnail(picture)) or Image.new("RGB", (90, 60), GRAY),
            )
        return self._thumbnails[run.id][1]

    def picture_of(self, id):
        """Return (picture, content): the paths kept of a run's picture and of the photograph it is of, or None.

        Raises InputError if there is no picture.
        """
        run = self.runs.get(id) if id else None
        picture = run and self.runs.picture(run)
        if picture is None:
            raise InputError("there is no picture beside this yet")
        return str(self.uploads.keep(picture)), run.values.get("content")

    def _picture_html(self, run, picture):
        if picture is None:
            words = "What is painted appears here." if run is None else f"{NAMES[run.script]}: nothing to see yet."
            return f'<div class="empty">{words}</div>'
        address, name = _address(picture), html.escape(_caption(run))
        shown = f'<a href="{address}" target="_blank"><img src="{address}" alt="{name}"></a>'
        files = {"the picture": picture, "the animation": self.runs.animation(run)} if run.is_over else {}
        return shown + "".join(_saving(what, run, path) for what, path in files.items() if path)

    def _progress_html(self, run):
        if run is None:
            return ""
        words = [NAMES[run.script], STATES[run.state]]
        is_painting = run.script in PAINTERS
        if run.state == "running" and self.runs.is_stopping(run.id):
            words[1] = "stopping after this evaluation" if is_painting else "stopping"
        elif run.state == "running" and not is_painting:
            words[1] = "at work"
        rows, pace, bar = self.runs.losses(run), self.runs.pace(run), ""
        if rows and pace and is_painting:
            done, seconds = int(rows[-1]["evaluation"]), rows[-1]["seconds"]
            left = pace.left(int(rows[-1]["scale"]), done, seconds)
            if run.state == "running":
                words.append(f"{_duration(left)} left")
            elif run.is_over:
                words.append(_duration(seconds))
            words.append(f"evaluation {done} of {pace.total}")
            bar = f'<progress value="{seconds:.3g}" max="{seconds + left:.3g}"></progress>'
        elif run.state == "running":
            last = self.runs.log(run)[-1:] or ["starting"]
            words.append(html.escape(last[0]))
            bar = "<progress></progress>"
        problem = controls.warning(self.uploads.by_name(run.problem))
        return f'<p class="state {run.state}" data-run="{html.escape(run.id)}">{" · ".join(words)}</p>{bar}{problem}'

    def _settings_html(self, run):
        if run is None:
            return ""
        command = html.escape(forms.for_bash(self.runs.command(run)))
        log = html.escape("\n".join(self.runs.log(run)[-12:]))
        return f"<p>{html.escape(_minute(run))} · {html.escape(run.id)}</p><pre>{command}</pre><pre>{log}</pre>"

    def _queue_html(self, runs, shown):
        waiting = [run for run in runs if not run.is_over and run is not shown]
        if not waiting:
            return ""
        lines = "".join(f"<li>{html.escape(_caption(run))}: {STATES[run.state]}</li>" for run in waiting)
        return f"<h4>Also in the queue</h4><ul>{lines}</ul>"

    def _select(self, listed, event: gr.SelectData):
        if not 0 <= event.index < len(listed):
            return gr.skip(), gr.skip()
        return listed[event.index], gr.update(visible=False)

    def _delete_for_good(self, id, shown):
        problem = _said(self.runs.delete, id)
        return "" if shown == id and not problem else gr.skip(), gr.update(visible=False), problem

    def _restore(self, id, continues=False):
        """Return values for the tabs: the settings of a run and, if that `continues`, its picture as the start."""
        nothing = [gr.skip() for tab in self._tabs.values() for _ in tab.restored_outputs]
        try:
            run = self.runs.get(id)
        except InputError as problem:
            return [gr.skip(), controls.warning(problem), *nothing]
        form, said = run.values, ""
        if continues:
            try:
                picture, _ = self.picture_of(id)
            except InputError as problem:
                return [gr.skip(), controls.warning(problem), *nothing]
            form = {**form, "start": picture}
            said = "The settings of this run are in the form, and its picture is what the next one starts from."
        outputs = []
        for id, tab in self._tabs.items():
            chosen = id == form["tab"]
            outputs += (
                tab.restored(tab.empty() | form, time.time()) if chosen else [gr.skip() for _ in tab.restored_outputs]
            )
        return [gr.update(selected=form["tab"]), said and f'<p class="hint">{said}</p>', *outputs]

    def _use_as_content(self, id):
        """Return values for the tab of style transfers: a run's picture as the photograph, all else as it is."""
        try:
            picture, _ = self.picture_of(id)
        except InputError as problem:
            return gr.skip(), controls.warning(problem), gr.skip(), gr.skip()
        return gr.update(selected="transfer"), "", *controls.chosen(self.uploads, picture)


def _said(action, *arguments, **settings):
    """Call `action` and return what was wrong with that, as HTML; empty if nothing was."""
    try:
        action(*arguments, **settings)
    except InputError as problem:
        return controls.warning(problem)
    return ""


def _unreadable_html(problems):
    """Return the list of folders that are no runs, by their names, with what is wrong with each."""
    if not problems:
        return ""
    lines = "".join(
        f"<li>{html.escape(name)}: {html.escape(problem)}</li>" for name, problem in sorted(problems.items())
    )
    return f'<div class="unreadable"><h4>Folders that are no runs</h4><ul>{lines}</ul></div>'


def _caption(run):
    return f"{NAMES[run.script]}, {_minute(run)}"


def _address(path):
    """Return the address of a file in a run's folder, anew when the file changes."""
    return f"gradio_api/file={quote(str(path.resolve()))}?{path.stat().st_mtime_ns}"


def _saving(what, run, path):
    """Return the link to save a file of a run, which gets the run's name."""
    name = f"{html.escape(run.id)}{path.suffix}"
    return f'<a class="save" href="{_address(path)}" download="{name}" onclick="{SAVING}">Save {what}</a>'


def _minute(run):
    """Return when a run was asked for, to the minute."""
    return run.created[:16]


def _duration(seconds):
    minutes, seconds = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
