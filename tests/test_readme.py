"""What the README promises exists: files, commands, options, make targets."""

import re
import shlex

import pytest

from harness.house import ROOT
from synthcur.cli.parser import build_parser

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("python -m synthcur")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    words = shlex.split(command.replace("[", "").replace("]", ""))[3:]
    assert build_parser().parse_args(words).command == words[0]


def test_every_command_is_in_the_readme() -> None:
    (commands,) = (each for each in build_parser()._actions if each.dest == "command")
    shown = {*commands.choices} - {"work"}
    assert not [each for each in shown if not re.search(rf"\b{each}\b", README)]


def test_every_module_stands_in_the_tree_and_every_name_of_the_tree_exists() -> None:
    tree = next(block for block in BLOCKS if block.startswith("app.py"))
    named = set(re.findall(r"\b\w+\.py\b", tree))
    modules = {path.name for path in (ROOT / "synthcur").glob("*.py")} - {"__init__.py"}
    assert modules | {"app.py"} == named
    folders = re.findall(r"^\s*([\w.]+/)", tree, flags=re.MULTILINE)
    assert all((ROOT / each).is_dir() or (ROOT / "synthcur" / each).is_dir() for each in folders)


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`make (\w+)`|^make (\w+)", README, flags=re.MULTILINE)):
        assert re.search(rf"^{''.join(target)}:", makefile, flags=re.MULTILINE)


def test_local_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists()
    assert (ROOT / "docs" / "overview.png").stat().st_size < 200_000
