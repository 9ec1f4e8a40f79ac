"""Base models: what is taken from people across a network, and that no answer tells of the disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.models.base_models import ROOT_VARIABLE, USER_HEADER, check_base_model
from synthcur.schema import Collection
from synthcur.settings import BUNDLED_MODEL, FitSettings, ScoreSettings, TrainSettings
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings

HUB = ("bert-base-uncased", "google-bert/bert-base-uncased", "a/b", "Owner_1/Model.v2-x")


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def refused(given: str) -> str:
    with pytest.raises(InputError) as caught:
        check_base_model(given, guarded=True)
    return str(caught.value)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models with one inside, and one beside it that links lead to."""
    model(tmp_path / "models" / "team" / "bert")
    model(tmp_path / "elsewhere")
    (tmp_path / "models" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "models" / "loop").symlink_to(tmp_path / "models" / "loop")
    (tmp_path / "models" / "empty").mkdir()
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.mark.parametrize("name", [*HUB, BUNDLED_MODEL])
def test_names_of_the_hub_and_the_bundled_model_are_taken_as_they_are(name):
    assert check_base_model(name, guarded=True) == name
    assert check_base_model(name) == name


FORBIDDEN = (
    *("/etc/ssl", "/etc/no-such-folder", "/", "~", "~/models", "~root", ".", "./models", ".."),
    *("../models", "a/../b", "a/b/c", "a//b", "/a", "a/", "\\etc", "..\\models", "C:\\models"),
    *("a/b\x00", "\x00", "a b", "a/b\n", " a/b", "%2e%2e/etc", "%2Fetc", "file:///etc/ssl"),
    *(
        "https://huggingface.co/a/b",
        "ａ/ｂ",
        "a/‥",
        "．．/x",
        "a/.b",
        ".a/b",
        "-a/b",
        "a" * 500,
        "",
    ),
    *("a..b", "a/b..c", "\ud800", "/proc/self/root/etc/ssl", "//etc/ssl"),
)


@pytest.mark.parametrize("given", FORBIDDEN, ids=ascii)
def test_everything_else_is_refused_in_the_same_words_whether_it_exists_or_not(
    given, tmp_path, monkeypatch
):
    assert refused(given) == refused("/no/such/folder")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "models"))
    assert refused(given) == refused("/no/such/folder")
    model(tmp_path / "models")
    assert refused(given) == refused("/no/such/folder")


def test_nothing_on_the_disk_is_asked_for_where_the_letters_lead_elsewhere(root, monkeypatch):
    asked = []
    resolve = Path.resolve

    def note(path: Path, strict: bool = False) -> Path:
        asked.append(str(path))
        return resolve(path, strict=strict)

    for name in ("resolve", "is_file", "is_dir", "exists", "stat"):
        monkeypatch.setattr(Path, name, note if name == "resolve" else getattr(Path, name))
    for given in ("/etc/ssl", "../elsewhere", "team/../../elsewhere", "\\etc", "a\x00", "~/x"):
        refused(given)
    assert set(asked) <= {str(root)}


def test_folders_below_the_root_are_taken_by_either_path(root):
    found = str((root / "team" / "bert").resolve())
    for given in ("team/bert", str(root / "team" / "bert"), f"{root}//team//bert/"):
        assert check_base_model(given) == found
        assert check_base_model(given, guarded=True) == found


@pytest.mark.parametrize("given", ["link", "link/", "loop", "empty", "none", "team", "", "."])
def test_links_out_and_folders_without_a_model_are_no_folders_of_models(root, given):
    absolute = f"{root}/{given}"
    assert refused(absolute) == refused("/no/such/folder")
    if given.isalpha():  # what could be a name on the hub is one
        assert check_base_model(given, guarded=True) == given


def test_a_root_limits_those_who_need_not_sign_in_too_and_a_header_forbids_every_folder(
    root, monkeypatch, tmp_path
):
    with pytest.raises(InputError, match="base model"):
        check_base_model(str(tmp_path / "elsewhere"))
    monkeypatch.delenv(ROOT_VARIABLE)
    assert check_base_model(str(tmp_path / "elsewhere")) == str(tmp_path / "elsewhere")
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    with pytest.raises(InputError, match="base model"):
        check_base_model(str(tmp_path / "elsewhere"))


def test_a_folder_of_this_machine_is_resolved_where_nobody_signs_in(tmp_path, monkeypatch):
    model(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert check_base_model("mine") == str(tmp_path / "mine")
    for given in ("a/b", "/no/such/folder", "~nobody-of-that-name/x", "x" * 5000, "a\x00b"):
        assert check_base_model(given) == given


@pytest.mark.parametrize("kind", ["score", "train", "learning_curve"])
def test_no_job_is_queued_with_a_folder_where_people_sign_in(
    kind: str,
    fill: Callable[..., Store],
    small_collection: Collection,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    store, fit = fill(small_collection), FitSettings(base_model="/etc/ssl")
    start: dict[str, Callable[[], object]] = {
        "score": lambda: job_queue.submit_score(store, "small", ScoreSettings(fit=fit)),
        "train": lambda: job_queue.submit_train(store, "small", TrainSettings(fit=fit)),
        "learning_curve": lambda: job_queue.submit_learning_curve(
            store, "small", LearningCurveSettings(sizes=(6,), fit=fit)
        ),
    }
    with pytest.raises(InputError, match="base model"):
        start[kind]()
    assert not store.jobs()
