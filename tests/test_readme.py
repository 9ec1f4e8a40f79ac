"""What the README promises exists: files, commands, options, make targets."""

import re
import shlex

import pytest

from harness.house import ROOT, modules
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


def test_every_folder_stands_in_the_tree_and_every_name_of_the_tree_exists() -> None:
    tree = next(block for block in BLOCKS if block.startswith("app.py"))
    lines = tree.strip().splitlines()
    assert len(lines) <= 20
    named = {name for line in lines for name in re.findall(r"[\w.]+(?:/|\.py)", line)}
    places = (ROOT, ROOT / "synthcur")
    assert all(any((place / each).exists() for place in places) for each in named)
    folders = {each.parent.name for each in (ROOT / "synthcur").glob("*/__init__.py")}
    assert {f"{each}/" for each in folders} <= named


def test_modules_that_the_architecture_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    known = {module.name for module in modules()}
    # A name of two or more parts may go on into the module: `loading.build`.
    named = {name for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", text) if "py" not in name}
    named = {name for name in named if not name.endswith((".md", ".json"))}
    groups = {each.partition(".")[0] for each in known}
    assert not {
        name
        for name in named
        if name.partition(".")[0] in groups
        and name not in known
        and name.rpartition(".")[0] not in known
    }
    files = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|js))`", text)
    assert files
    assert not [
        each
        for each in files
        if not (ROOT / "synthcur" / each).exists() and not (ROOT / each).exists()
    ]


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`make (\w+)`|^make (\w+)", README, flags=re.MULTILINE)):
        assert re.search(rf"^{''.join(target)}:", makefile, flags=re.MULTILINE)


def test_local_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists()
    assert (ROOT / "docs" / "overview.png").stat().st_size < 200_000
