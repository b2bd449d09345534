"""The notebook runs from its first cell to its last, small; as it is kept, it shows pictures and nothing else."""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOK = ROOT / "examples" / "style_transfer.ipynb"


SMALL = {
    '"image_size": 240': '"image_size": 64, "num_iter": 1, "evaluations": 1',
    "--scales 113 160 226 --num_iter 3": "--scales 100 --num_iter 1 --evaluations 1",
}
"""What is replaced for the sake of time, and by what."""


def pictures(notebook):
    """Return the outputs of all cells that are pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if "image/jpeg" in output.get("data", {})]


def read():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_it_runs_to_its_end(tmp_path):
    notebook = read()
    for cell in notebook.cells:
        for usual, small in SMALL.items():
            cell.source = cell.source.replace(usual, small)
        # What it leaves is none of the repository's, and nothing is installed by a test.
        cell.source = cell.source.replace("results/", f"{tmp_path}/").replace('"-m", "pip"', '"-c", "pass"')
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    assert {path.name for path in tmp_path.glob("*.png")} == {"around.png", "doodle.png", "castle.png"}
    assert len(pictures(notebook)) == 7


def test_it_keeps_its_pictures_and_no_other_output():
    outputs = [output for cell in read().cells for output in cell.get("outputs", [])]
    assert len(outputs) == 7
    for output in outputs:
        assert set(output["data"]) == {"image/jpeg"}
    assert all(cell.get("execution_count") is None for cell in read().cells)
    assert NOTEBOOK.stat().st_size < 2**20
