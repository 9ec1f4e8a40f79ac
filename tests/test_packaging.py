"""What an installation asks for: ranges in the project, the versions that are tested, the lock."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.house import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RANGES = {canonicalize_name(each.name): each for each in map(Requirement, PROJECT["dependencies"])}


def pins(name: str) -> dict[str, Version]:
    """Return the version of every package that a file pins; of several the first."""
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in reversed(found)}


def test_the_ranges_hold_what_is_tested_and_end_before_the_next_change_of_interfaces() -> None:
    tested = pins("requirements.txt")
    assert tested.keys() == RANGES.keys()
    assert not [name for name, each in RANGES.items() if tested[name] not in each.specifier]
    assert not [name for name, each in RANGES.items() if "<" not in str(each.specifier)]


@pytest.mark.parametrize(
    ("name", "version"),
    [("numpy", "2.2.6"), ("pandas", "2.3.3"), ("pyarrow", "25.0.1"), ("torch", "2.14.1")],
)
def test_what_others_hold_back_or_are_ahead_with_is_taken_as_well(name: str, version: str) -> None:
    assert version in RANGES[name].specifier


def test_the_lock_pins_what_is_tested_and_all_that_comes_along_by_hash() -> None:
    tested, locked = pins("requirements.txt"), pins("requirements.lock")
    assert tested.items() <= locked.items()
    assert len(locked) > 2 * len(tested)
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
