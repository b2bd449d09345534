"""The folders show the architecture: imports run down, and what a row knows stays in it."""

import ast
import itertools

import pytest

from tests.conftest import ROOT

ROWS = (
    ("studio.py",),
    ("neural_style/web",),
    ("batch.py", "video.py"),
    ("neural_style/video",),
    ("neural_style/batch",),
    ("paint.py", "network.py", "inetwork.py", "neural_doodle.py"),
    ("color_transfer.py", "mask_transfer.py", "enhance.py", "make_mask.py"),
    ("neural_style/painting",),
    ("neural_style/command",),
    ("neural_style/runs",),
    ("neural_style/cluster",),
    ("neural_style/tiling",),
    ("neural_style/losses",),
    ("neural_style/pictures",),
    ("neural_style/optimiser",),
    ("models",),
    ("neural_style/backend",),
    ("neural_style",),
)
"""From the roof to the ground; what is in `neural_style` itself is the ground."""

FILES = sorted(
    str(path.relative_to(ROOT).as_posix())
    for pattern in ("*.py", "models/*.py", "neural_style/**/*.py")
    for path in ROOT.glob(pattern)
)


def row_of(file):
    """Return the number of the row that a file is in, counted from the roof."""
    return next(n for n, places in enumerate(ROWS) for place in places if file == place or file.startswith(f"{place}/"))


def file_of(module):
    """Return the file of a module of ours, None of others."""
    path = module.replace(".", "/")
    return next((file for file in (f"{path}.py", f"{path}/__init__.py") if file in FILES), None)


def imports_of(source):
    """Return the modules that a source imports, at its top and inside its functions."""
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A name may be a module in the package, or something in the module.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules += [name if file_of(name) else node.module for name in names]
    return modules


def files_imported_by(file):
    return sorted({found for module in imports_of((ROOT / file).read_text()) if (found := file_of(module))})


def circle(graph):
    """Return the files of a circle in {file: files it imports}, none if there is none."""
    done = set()

    def from_(file, path):
        if file in path:
            return path[path.index(file) :]
        if file in done:
            return []
        for other in graph[file]:
            if found := from_(other, [*path, file]):
                return found
        done.add(file)
        return []

    return next((found for file in graph if (found := from_(file, []))), [])


def test_every_file_has_a_row_and_every_row_a_file():
    used = {row_of(file) for file in FILES}
    assert used == set(range(len(ROWS)))


def test_imports_run_down():
    up = [
        f"{file} imports {other}, which is above it"
        for file in FILES
        for other in files_imported_by(file)
        if row_of(other) < row_of(file)
    ]
    assert not up, "\n".join(up)


def test_no_imports_run_in_a_circle():
    found = circle({file: files_imported_by(file) for file in FILES})
    assert not found, " → ".join(found)


def test_a_circle_would_be_found():
    assert circle({"a": ["b"], "b": ["c", "d"], "c": [], "d": ["b"]}) == ["b", "d"]
    assert circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_a_script_does_not_import_another():
    scripts = [file for file in FILES if "/" not in file]
    assert not [(a, b) for a, b in itertools.permutations(scripts, 2) if b in files_imported_by(a)]


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("neural_style/backend/")])
def test_only_the_backends_folder_knows_a_backend(file):
    source = (ROOT / file).read_text()
    assert not {"tensorflow", "jax", "torch"} & {module.split(".")[0] for module in imports_of(source)}
    assert "backend.backend(" not in source


def functions_in(folder):
    for path in (ROOT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield path.name, node


def test_what_a_run_carries_along_is_one_object_and_not_many_parameters():
    many = [
        f"{name}: {function.name}"
        for name, function in functions_in("neural_style/painting")
        if len([*function.args.args, *function.args.kwonlyargs]) > 5
    ]
    assert not many, "\n".join(many)


def test_the_backends_have_the_same_functions():
    own = {}
    for name in ("tensorflow", "jax", "torch"):
        nodes = ast.parse((ROOT / "neural_style" / "backend" / f"{name}.py").read_text()).body
        functions = {
            node.name: [argument.arg for argument in node.args.args]
            for node in nodes
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        }
        constants = [target.id for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
        own[name] = functions, [constant for constant in constants if not constant.startswith("_")]
    assert own["tensorflow"] == own["jax"] == own["torch"]
