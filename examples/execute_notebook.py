"""Run the example notebook anew, from its first cell to its last, and keep what it shows.

Run it as `python examples/execute_notebook.py [OUTPUT.ipynb]`; without a name the notebook itself is written.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("study.ipynb")


def execute(target: Path) -> nbformat.NotebookNode:
    """Run every cell and write the notebook; a cell that fails raises its error."""
    notebook: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.get("metadata", {}).pop("execution", None)  # times, which differ each time
    nbformat.write(notebook, target)
    return notebook


if __name__ == "__main__":
    execute(Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK)
