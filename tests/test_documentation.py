"""What README and docs tell to type works: each command is run, of small pictures, and each link leads somewhere.

A page's shell lines go through bash, as a reader's would, so that loops, variables and pipes are theirs. The `python`
that it finds hands its arguments to this process, which has the backend loaded already.
"""

import contextlib
import importlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from itertools import pairwise

import pytest
from PIL import Image

import neural_style
from neural_style.command.reference import SCRIPTS
from neural_style.command.reporter import Reporter
from neural_style.command.workshop import Workshop
from neural_style.painting import interface
from neural_style.video import film as films
from neural_style.video.film import Film
from tests.conftest import CASTLE, ROOT, opened

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

STAND_IN = """#!{python}
import json, os, socket, stat, sys
words = [{name!r}, *sys.argv[1:]]
is_used = stat.S_ISFIFO(os.fstat(1).st_mode)
stdin = sys.stdin.buffer.read() if "-" in words else b""
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect({address!r})
    channel.sendall(json.dumps([words, stdin.hex(), is_used]).encode() + b"\\n")
    status, out, err = json.loads(channel.makefile("rb").read())
sys.stdout.buffer.write(bytes.fromhex(out))
sys.stderr.write(err)
sys.exit(status)
"""

PROGRAMS = ("python", "python3", "bash", "ray")
"""What this process answers for. Of the last two it only looks whether a script is there."""

PAINTING = ("paint.py", "network.py", "inetwork.py", "neural_doodle.py", "batch.py", "video.py")

TAKEN_OUT = ("--scales", "--evaluations", "--quality", "--upscale_model")
"""Flags that make a picture large, or a run long."""

ROWS = 64
"""Rows of what is painted: with fewer, masks lose their regions in deep layers."""


def fences(page, language):
    """Return the (line number, text) of all blocks of a page in a language."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: match.start()].count("\n") + 2, match[1]) for match in found]


def those_with(language):
    return pytest.mark.parametrize("page", [p for p in PAGES if fences(p, language)], ids=lambda page: page.name)


def shortened(argv):
    """Return the arguments of a script without what makes it take long, and with one iteration, or two of many."""
    result, flag = [], ""
    for word in argv:
        is_value = flag and (word.replace(".", "").isdigit() or word.isalpha())
        flag = flag if is_value else word
        if flag == "--num_iter" and is_value:
            if result[-1] == flag:
                result.append(str(1 + (int(word) >= 4)))
        elif flag not in TAKEN_OUT:
            result.append(word)
    return result


class Desk:
    """A folder like a reader's copy of the repository, and what answers for `python` in it."""

    def __init__(self, folder, text, monkeypatch):
        """Lay out the `folder`; of photographs it has those alone that the `text` names, or two."""
        self.folder, self.workshop, self.done = folder, Workshop(), []
        self._kinds = set()
        self._monkeypatch = monkeypatch
        for path in (ROOT / "examples", ROOT / "presets", *ROOT.glob("requirements*.txt")):
            (folder / path.name).symlink_to(path)
        photographs = sorted((ROOT / "images" / "inputs" / "content").iterdir())
        photographs = [path for path in photographs if path.stem in text] or photographs[:2]
        for path in (ROOT / "images").rglob("*.*"):
            if path in photographs or path.parent.name != "content":
                place = folder / path.relative_to(ROOT)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path)
        for name in ("venv/bin", "results", "bin"):
            (folder / name).mkdir(parents=True)
        (folder / "venv" / "bin" / "activate").touch()
        frames = [opened(CASTLE).crop((x, 0, x + 600, 400)).resize((96, 64)) for x in (0, 30)]
        films.write(str(folder / "film.mp4"), Film("", (64, 96), (0.0, 0.1)), iter(frames))
        for name in ("photo.jpg", "style.jpg"):
            (folder / name).symlink_to(CASTLE)
        self._address = f"/tmp/desk-{os.getpid()}"  # A socket's path has a hundred characters at most.
        for name in PROGRAMS:
            program = folder / "bin" / name
            program.write_text(STAND_IN.format(python=sys.executable, name=name, address=self._address))
            program.chmod(0o755)

    def run(self, text):
        """Run shell lines; return (exit status, what was written to the standard error)."""
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"}
        command = [shutil.which("bash"), "-euo", "pipefail", "-c", text]
        settings = {"cwd": self.folder, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self._address)
            server.listen()
            server.settimeout(0.05)
            with subprocess.Popen(command, **settings) as shell:
                try:
                    while shell.poll() is None:
                        with contextlib.suppress(TimeoutError):
                            self._serve(server.accept()[0])
                finally:
                    os.unlink(self._address)
                    shell.kill()
                return shell.returncode, shell.stderr.read().decode()

    def _serve(self, channel):
        """Do what the command line at the other end of a channel says, and answer."""
        with channel, channel.makefile("rb") as lines:
            channel.settimeout(None)
            words, stdin, is_used = json.loads(lines.readline())
            out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
            with self._monkeypatch.context() as patched:
                patched.chdir(self.folder)
                patched.setattr(sys, "argv", words[1:])
                patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes.fromhex(stdin))))
                patched.setattr(sys, "stdout", out)
                patched.setattr(sys, "stderr", err)
                try:
                    status = self._do(is_used, *words)
                except SystemExit as ended:
                    status = ended.code
                except Exception as problem:
                    status = 1
                    err.write(f"{type(problem).__name__}: {problem}")
                out.flush()
            self.done.append(words)
            if status:
                err.write(f"\nstatus {status} of: {' '.join(words)}\n")
            channel.sendall(json.dumps([status, out.buffer.getvalue().hex(), err.getvalue()]).encode())

    def _do(self, is_used, program, *argv):
        """Do what a command line says, small; return its exit status. `is_used`: the shell reads what it prints."""
        if program == "ray":
            return 0
        if program == "bash":
            return 0 if (self.folder / argv[0]).is_file() else 127
        if argv[0] == "-m":
            return self._module(*argv[1:])
        assert argv[0] in SCRIPTS, f"{argv[0]} is no script of ours"
        return self._script(argv[0], shortened(argv[1:]), is_used)

    def _module(self, name, *argv):
        if name == "pip":
            files = [after for before, after in pairwise(argv) if before == "-r"]
            return 0 if argv[0] == "install" and all((self.folder / file).is_file() for file in files) else 1
        if name == "pytest":
            return 0 if all((ROOT / path).exists() for path in argv if "/" in path) else 4
        return 0 if importlib.util.find_spec(name) else 1

    def _script(self, name, argv, is_used):
        module = importlib.import_module(name.removesuffix(".py"))
        if name == "studio.py" or {"--cluster", "--jobs"} & set(argv):
            module.parser().parse(argv)
            return 0
        if "--upscale" in argv:
            argv += ["--upscale_model", "lanczos"]
        if name in PAINTING:
            argv += ["--img_size", "100"] if name == "neural_doodle.py" else ["--image_size", str(ROWS)]
            argv += ["--evaluations", "1", *([] if "--num_iter" in argv else ["--num_iter", "0"])]
        kind = name, *(word for word in argv if word.startswith("--"))
        if kind in self._kinds and hasattr(module, "METHOD") and not is_used:
            module.METHOD.task(argv).read(Reporter(quiet=True))  # One with the same flags has been painted.
            return 0
        self._kinds.add(kind)
        takes_workshop = name not in ("batch.py", "video.py")
        status = module.main(argv, self.workshop) if takes_workshop else module.main(argv)
        self._check_written(name, argv)
        return status

    def _check_written(self, name, argv):
        """Check that the files are there which a script prints, and which its command line names."""
        sys.stdout.flush()
        named = [] if "-" in argv else sys.stdout.buffer.getvalue().decode().splitlines()
        assert named or "-" in argv, f"{name} prints nothing"
        named += [after for flag, after in pairwise(argv) if flag in ("-o", "--save_preset")]
        for path in named:
            assert os.path.exists(path), f"{name} has not written {path}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bash of its own")
@those_with("sh")
def test_every_command_of_a_page_does_what_it_says(page, tmp_path, monkeypatch, uncompiled):
    text = "\n".join(block for _, block in fences(page, "sh"))
    desk = Desk(tmp_path, text, monkeypatch)
    status, problems = desk.run(text)
    assert status == 0, problems
    assert len(desk.done) >= len(re.findall(r"(?<![\w.])(?:python (?:-m \w|\w+\.py)|ray |bash )", text)) > 0


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@those_with("python")
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch, uncompiled):
    flags_of, names = interface._flags, {}
    small = {"image_size": ROWS, "num_iter": 1, "evaluations": 2}
    monkeypatch.setattr(interface, "_flags", lambda photo, styles, given: flags_of(photo, styles, {**given, **small}))
    monkeypatch.setattr(Image.Image, "show", lambda picture: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").symlink_to(ROOT / "images")
    for line, block in fences(page, "python"):
        exec(compile("\n" * (line - 1) + block, str(page), "exec"), names)
    assert list(tmp_path.glob("*.png"))


def anchors(page):
    """Return what the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_is_there(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        path, _, anchor = link.partition("#")
        if not re.match(r"\w+:", link):
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


NOT_OURS = ("coming-from.md", "flags.md")
"""Pages with flags of other programs, and the one that is made from the parsers."""

OF_OTHERS = {"--disable_usage_stats", "--object_store_memory", "--json", "--port", "--head", "--address", "--generate"}
"""Flags of Ray and of the benchmarks."""


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in NOT_OURS], ids=lambda page: page.name)
def test_every_flag_that_a_page_names_is_one(page):
    parsers = [importlib.import_module(name.removesuffix(".py")).parser() for name in SCRIPTS]
    known = {name for parser in parsers for name in parser.names()}
    found = re.findall(r"(?<![\w-])--[a-z][a-z_-]*\w", page.read_text(encoding="utf-8"))
    assert {"--" + name[2:].replace("-", "_") for name in found} - known - OF_OTHERS == set()


def test_readme_is_read_in_two_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 180


def test_a_page_has_each_heading_once():
    for page in PAGES:
        found = re.findall(r"^##? .+", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(found) == len(set(found)) >= 1, page


def test_readme_leads_to_every_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in readme, page


def test_what_is_cited_is_what_there_is_and_every_paper_is_named_where_its_method_is_explained():
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {neural_style.__version__}\n" in cited
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    papers = re.findall(r"arXiv:(\d{4}\.\d{4,5})", cited)
    assert len(papers) >= 7
    for paper in papers:
        assert f"arxiv.org/abs/{paper}" in pages, paper
