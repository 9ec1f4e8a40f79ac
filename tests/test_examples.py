"""The notebooks run from top to bottom, and print what people are to see and nothing else."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.house import ROOT
from synthcur.demo import FOLDER

NOTEBOOKS = sorted((ROOT / "examples").glob("*.py"))

pytestmark = pytest.mark.real


def test_both_notebooks_are_here():
    assert [path.stem for path in NOTEBOOKS] == ["five_lines", "scikit_learn"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, tmp_path: Path):
    # Rows of one's own take the place of the demo's; the shortest of each label are soon learned.
    for file, part in (("synthetic.csv", "synthetic"), ("real.csv", "real_train")):
        rows = pd.read_json(FOLDER / f"{part}.jsonl", lines=True)
        shortest = rows.sort_values("text", key=lambda texts: texts.str.len(), kind="stable")
        shortest.groupby("label").head(20).to_csv(tmp_path / file, index=False)
    done = subprocess.run(
        [sys.executable, str(notebook)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "SYNTHCUR_WORKSPACE": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    expected = {"five_lines": "delivery", "scikit_learn": "95 % interval"}[notebook.stem]
    assert expected in done.stdout
    assert not (tmp_path / "none").exists()


def test_the_five_lines_of_the_readme_are_those_of_the_notebook():
    source = (ROOT / "examples" / "five_lines.py").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    lines = readme.partition("import pandas as pd, synthcur as sc")[2].partition("```")[0]
    code = [line.partition("#")[0].rstrip() for line in lines.splitlines()]
    assert all(line in source for line in code)
    assert sum(map(bool, code)) == 4
