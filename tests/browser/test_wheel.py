"""The app as it is installed: built, put into an environment, and started from another folder."""

import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from harness import samples
from harness.house import ROOT
from harness.serving import Server, served
from synthcur import __version__
from tests.browser.map_driver import Map

STATIC = (".svg", ".woff2", ".txt")
LOADED = (
    "[...document.fonts].some(each => /Plex Sans/.test(each.family) && each.status == 'loaded')"
)


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder and return what it prints."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the source distribution builds, so that both are known to be whole."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "hatchling", "build", "--directory", folder)
    run(*build, "--target", "sdist", folder=ROOT)
    (source,) = folder.glob("*.tar.gz")
    run("tar", "-xzf", source, folder=folder)
    run(*build, "--target", "wheel", folder=folder / source.name.removesuffix(".tar.gz"))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of an environment that has the wheel, and this one's packages behind it."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder)
    here = [each for each in sys.path if Path(each).name == "site-packages"]
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "these.pth").write_text("\n".join(here))
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, folder=folder)
    return folder / "bin" / "synthcur"


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("elsewhere")
    with served(folder / "ws", command=[str(installed)], folder=folder) as running:
        yield running


def test_the_wheel_holds_the_app_its_pages_its_files_and_the_data_of_the_package(
    wheel: Path,
) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    pages = {f"pages/{each.name}" for each in (ROOT / "pages").glob("*.py")}
    static = {
        f"static/{each.name}" for each in (ROOT / "static").iterdir() if each.suffix in STATIC
    }
    site = {"app.py", ".streamlit/config.toml", *pages, *static}
    assert len(pages) == 6
    assert {each for each in names if "_site/" in each} == {
        f"synthcur/_site/{each}" for each in site
    }
    package = {
        str(each.relative_to(ROOT))
        for each in (ROOT / "synthcur").rglob("*")
        if each.is_file() and each.suffix != ".pyc"
    }
    assert "synthcur/py.typed" in package
    assert package <= names
    assert not [each for each in names if not each.startswith("synthcur")]


def test_an_installed_command_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    told = json.loads(run(installed, "doctor", "--json", folder=tmp_path))
    assert told["synthcur"] == __version__
    assert told["workspace"].startswith(str(tmp_path / "workspace"))
    assert "demo" in run(installed, "demo", folder=tmp_path)
    # A file is read by a process of its own, which must find the package, too.
    for name, texts in (("synthetic", samples.SYNTHETIC), ("real", samples.REAL)):
        rows = [{"text": text, "label": label} for label in samples.LABELS for text in texts[label]]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    files = ("--synthetic", "synthetic.json", "--real", "real.json", "--no-score", "--json")
    told = json.loads(run(installed, "import", "nursery", *files, folder=tmp_path))
    assert told["labels"] == list(samples.LABELS)


def test_an_installed_server_draws_the_map_of_the_demo_with_its_own_fonts(
    server: Server, page: Page, strangers: list[str]
) -> None:
    for name in ("plex-sans.woff2", "plex-mono-400.woff2", "mark.svg"):
        with urllib.request.urlopen(f"{server.url}/app/static/{name}", timeout=1200) as answer:
            assert answer.read() == (ROOT / "static" / name).read_bytes()
    drawn = Map(page).open(server, "demo")
    assert drawn.drawings > 0
    page.wait_for_function(LOADED)
    for name in ("Overview", "Data", "Curate", "Review", "Train", "Results"):
        assert page.get_by_role("link", name=name, exact=True).count() == 1
    assert not strangers
