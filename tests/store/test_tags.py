"""Tags: what is put on rows is there for everybody, once, and can be taken back."""

import pytest

from synthcur.errors import InputError
from synthcur.store.store import Store


@pytest.fixture
def store(fill, small_collection):
    return fill(small_collection)


def test_a_tag_is_found_with_its_rows_after_the_store_is_opened_again(store, small_collection):
    ids = list(small_collection.synthetic["sample_id"][:3])
    assert store.tags.add("small", ids, " tone ", annotator="Ana") == ids
    assert store.tags.add("small", [ids[2], "another"], "Angry", annotator="Ben") == [
        ids[2],
        "another",
    ]
    again = Store(store.workspace)
    assert again.tags.rows("small") == {"Angry": (ids[2], "another"), "tone": tuple(sorted(ids))}
    again.close()


def test_only_rows_that_had_no_such_tag_are_new_so_that_an_undo_takes_off_no_more(store):
    store.tags.add("small", ["a", "b"], "tone", annotator="Ana")
    added = store.tags.add("small", ["b", "c", "c"], "tone", annotator="Ana")
    assert added == ["c"]
    assert store.tags.remove("small", added, "tone") == ["c"]
    assert store.tags.rows("small") == {"tone": ("a", "b")}
    assert store.tags.remove("small", ["c"], "tone") == []


def test_a_tag_without_rows_is_gone(store):
    store.tags.add("small", ["a"], "tone", annotator="Ana")
    store.tags.remove("small", ["a"], "tone")
    assert store.tags.rows("small") == {}


def test_a_tag_that_cannot_be_written_in_an_export_is_refused(store):
    for tag in ("", "  ", "a,b", "a\nb", "x" * 41, "a\u202eb"):
        with pytest.raises(InputError, match="tag cannot be used"):
            store.tags.add("small", ["a"], tag, annotator="Ana")
    assert store.tags.rows("small") == {}
