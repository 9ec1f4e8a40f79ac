"""The house: the groups of modules, which imports which, and on what level each stands.

    python -m harness.house [--root DIR] [--functions 10]

Prints the groups with their modules and lines, every arrow from one group to another, and the
longest functions. A group is a folder of the package or a page's folder in ``ui/``; modules that
lie in the package itself are one group, its words. Run on an older checkout with ``--root`` it
counts what lay there.
"""

import argparse
import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LEVELS = (
    ("words",),
    ("stats", "models"),
    ("data", "review"),
    ("weighting", "store"),
    ("training", "demo"),
    ("checkers", "jobs", "results", "charts", "workspace"),
    ("worker", "exports", "ui"),
    ("ui.overview", "ui.data", "ui.curate", "ui.review", "ui.train", "ui.results", "cli", "api"),
)
"""Groups from the bottom up; a group imports from lower levels only."""

ENTRIES = ("__init__", "__main__")
"""Modules of the package through which it is entered; nothing in it imports them."""

ALONE = ("workspace",)
"""Modules of the package itself that stand on a level of their own; the others are its words."""

PAGES = ("overview", "data", "curate", "review", "train", "results")


@dataclass(frozen=True)
class Module:
    """One Python file of the package.

    Attributes
    ----------
    name
        Dotted, without the package: ``ui.curate.panel``.
    group
        The group it belongs to.
    path
        The file.
    imports
        Dotted names of the package's modules that it imports anywhere, as `name`.
    """

    name: str
    group: str
    path: Path
    imports: frozenset[str]


@cache
def tree(path: Path) -> ast.Module:
    """Parse a file once."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def modules(root: Path = ROOT) -> list[Module]:
    """Read all modules of the package in a checkout."""
    package = root / "synthcur"
    paths = {name_of(path, package): path for path in sorted(package.rglob("*.py"))}
    return [
        Module(name, _group(name, package), path, frozenset(_own(path, paths) - {name}))
        for name, path in paths.items()
    ]


def _group(name: str, package: Path) -> str:
    first, _, rest = name.partition(".")
    page = rest.partition(".")[0]
    if first == "ui" and page in PAGES:
        return f"ui.{page}"
    return first if (package / first).is_dir() or first in (*ENTRIES, *ALONE) else "words"


def name_of(path: Path, package: Path) -> str:
    """Return the dotted name of a file of the package; a folder's ``__init__`` is the folder."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _own(path: Path, paths: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    for name in imported(tree(path)):
        own = name.removeprefix("synthcur.")
        if own != name and own in paths:
            found.add(own)
    return found


def imported(node: ast.AST, *, only_at_start: bool = False) -> set[str]:
    """Dotted names that a file imports, at its top level or anywhere."""
    found: set[str] = set()
    nodes = node.body if only_at_start and isinstance(node, ast.Module) else ast.walk(node)
    for each in nodes:
        if isinstance(each, ast.Import):
            found |= {alias.name for alias in each.names}
        if isinstance(each, ast.ImportFrom) and each.module:
            found |= {f"{each.module}.{alias.name}" for alias in each.names} | {each.module}
    return found


def arrows(found: Sequence[Module]) -> dict[tuple[str, str], list[str]]:
    """Return from which group to which there are imports, with the modules that do so."""
    groups = {module.name: module.group for module in found}
    met: dict[tuple[str, str], list[str]] = {}
    for module in found:
        for name in sorted(module.imports):
            if (other := groups[name]) != module.group:
                met.setdefault((module.group, other), []).append(f"{module.name} imports {name}")
    return met


def level_of(group: str) -> int:
    """Return the level of a group, from 0; an entry is above all."""
    return next((i for i, level in enumerate(LEVELS) if group in level), len(LEVELS))


def functions(found: Sequence[Module]) -> Iterator[tuple[int, str]]:
    """Give every function with its lines of code, without its docstring and decorators."""
    for module in found:
        for node in ast.walk(tree(module.path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                signature = node.body[0].lineno - node.lineno
                lines = signature + (node.end_lineno or first.lineno) - first.lineno + 1
                yield lines, f"{module.name}.{node.name}"


def main() -> None:
    """Print groups, arrows and the longest functions of a checkout."""
    parser = argparse.ArgumentParser(
        description="Print the groups of the package and their imports."
    )
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--functions", type=int, default=10)
    options = parser.parse_args()
    found = modules(options.root)
    sizes: dict[str, list[int]] = {}
    for module in found:
        lines = len(module.path.read_text("utf-8").splitlines())
        sizes.setdefault(module.group, []).append(lines)
    for group in sorted(sizes, key=lambda each: (level_of(each), each)):
        level = level_of(group) + 1
        print(f"{level}  {group:12} {len(sizes[group]):3} modules {sum(sizes[group]):6} lines")
    met = arrows(found)
    print(f"\n{len(met)} arrows between {len(sizes)} groups")
    for (group, other), why in sorted(met.items()):
        print(f"{group:12} -> {other:12} {len(why)}")
    print(f"\nlongest functions of {len(list(functions(found)))}")
    for lines, name in sorted(functions(found), reverse=True)[: options.functions]:
        print(f"{lines:4}  {name}")


if __name__ == "__main__":
    main()
