"""What resuming uses of transformers' Trainer without being promised it, in the pinned version."""

import ast
import inspect
import re

import pytest
from transformers import Trainer
from transformers.trainer import TRAINER_STATE_NAME

from harness.house import imported, modules, tree
from synthcur.training.checkpoints import ResumableTrainer

SOURCE = inspect.getsource(Trainer)

WHAT_BREAKS = {
    "_tr_loss": "the first loss after a resume is averaged over too few steps",
    "_globalstep_last_logged": "the first loss after a resume is divided by the wrong steps",
    "_load_from_checkpoint": "a resumed run starts from the base model's weights",
    "_load_optimizer_and_scheduler": "a resumed run has lost moments and learning rate",
    "_load_scaler": "a resumed run looks for a file of a loss scale",
    "_load_rng_state": "a resumed run draws other dropout than a run without a stop",
}
"""By private name: what comes of it where Trainer no longer has or reads it."""


@pytest.mark.parametrize("name", WHAT_BREAKS)
def test_trainer_still_has_what_resuming_relies_on(name: str) -> None:
    is_read = re.search(rf"self\.{name}\b", SOURCE)
    assert is_read, f"transformers' Trainer reads no {name} any more: {WHAT_BREAKS[name]}"


@pytest.mark.parametrize("name", [name for name in WHAT_BREAKS if name.startswith("_load")])
def test_what_is_put_in_place_of_trainers_own_takes_the_same_arguments(name: str) -> None:
    ours, theirs = (
        inspect.signature(getattr(each, name)).parameters for each in (ResumableTrainer, Trainer)
    )
    assert list(ours) == list(theirs), f"{name}: {WHAT_BREAKS[name]}"


def test_trainer_still_learns_from_the_file_we_write_where_it_goes_on() -> None:
    assert TRAINER_STATE_NAME == "trainer_state.json", "a resumed run starts at step 0"


def test_one_module_knows_what_is_private_to_trainer() -> None:
    theirs = set(re.findall(r"self\.(_[a-z]\w*)", SOURCE))
    nodes = {module.name: tree(module.path) for module in modules()}
    used = {
        name: private_names(node) & theirs
        for name, node in nodes.items()
        if any(each.startswith("transformers") for each in imported(node))
    }
    assert used.pop("training.checkpoints") == set(WHAT_BREAKS)
    assert not {name for name, found in used.items() if found}


def private_names(node: ast.AST) -> set[str]:
    """Names with an underscore that a file reads of an object, sets on one or defines."""
    nodes = list(ast.walk(node))
    read = {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    defined = {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    return {name for name in read | defined if name.startswith("_")}
