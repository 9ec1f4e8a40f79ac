"""A file of an annotation tool, uploaded by page, becomes a collection with people's decisions."""

import json
import re
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from harness.serving import Server
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION, Collection
from synthcur.workspace import open_store


def tasks(rows: pd.DataFrame, labels: tuple[str, ...]) -> list[dict]:
    """Tasks of Label Studio with a predicted label; the first three are decided."""

    def choice(label: str) -> dict:
        value = {"choices": [label]}
        return {"from_name": "intent", "to_name": "text", "type": "choices", "value": value}

    found = [
        {"id": i, "data": {"text": text}, "predictions": [{"result": [choice(label)]}]}
        for i, (text, label) in enumerate(zip(rows["text"], rows["label"], strict=True))
    ]
    given = [rows["label"][0], next(label for label in labels if label != rows["label"][1])]
    who = {"email": "ann@example.org"}
    for task, label in zip(found, given, strict=False):
        task["annotations"] = [{"completed_by": who, "result": [choice(label)]}]
    found[2]["annotations"] = [{"completed_by": who, "result": [], "was_cancelled": True}]
    return found


def test_an_export_of_label_studio_becomes_a_collection_with_its_decisions(
    page: Page, server: Server, small_collection: Collection, tmp_path: Path
) -> None:
    synthetic = small_collection.synthetic
    files = [tmp_path / "made.json"]
    files[0].write_text(json.dumps(tasks(synthetic, small_collection.labels)))
    for split in (TRAIN, VALIDATION, TEST):
        files.append(tmp_path / f"{split}.csv")
        small_collection.part("real", split)[["text", "label"]].to_csv(files[-1], index=False)
    page.goto(server.url)
    page.get_by_role("link", name="Data").click()
    page.get_by_role("button", name="Add a collection").click()
    inputs = page.locator('[data-testid="stFileUploader"] input[type="file"]')
    expect(inputs).to_have_count(4)
    for i, path in enumerate(files):
        inputs.nth(i).set_input_files(path)
        expect(page.get_by_text(re.compile(r"\d+ rows\. ")).nth(i)).to_be_visible()
    expect(page.get_by_text("An export of Label Studio")).to_be_visible()
    page.get_by_role("button", name="Check 88 rows").click()
    expect(page.get_by_text("3 decisions of ann")).to_be_visible()
    page.get_by_role("button", name="Take as decisions").click()
    expect(page.get_by_role("button", name="Do not take them")).to_be_visible()
    page.get_by_role("button", name="Store 88 rows").click()
    expect(page.get_by_text("3 decisions taken.")).to_be_visible()
    store = open_store(server.workspace)
    collection = store.collection("made")
    assert (collection.rows["source"] == SYNTHETIC).sum() == 40
    assert collection.synthetic["label"].tolist() == synthetic["label"].tolist()
    log = store.decisions.log("made")
    assert [each.action for each in log] == ["keep", "relabel", "unsure"]
    assert {each.annotator for each in log} == {"ann@example.org"}
    store.close()
