"""Embeddings: the mean over real tokens, of length one, whatever the order of the batch."""

import numpy as np
import pandas as pd
import pytest
import torch

from synthcur.models.encoders import encode, mean_pool
from synthcur.schema import Collection


def test_masked_mean_pooling_equals_the_mean_of_each_text_alone():
    hidden = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    lengths = [5, 2, 1]
    mask = torch.tensor([[1] * n + [0] * (5 - n) for n in lengths])
    alone = torch.stack([hidden[i, :n].mean(dim=0) for i, n in enumerate(lengths)])
    torch.testing.assert_close(mean_pool(hidden, mask), alone)


def test_embeddings_are_of_length_one_and_in_the_order_of_the_rows(
    tiny_model: str, small_collection: Collection
):
    rows = small_collection.synthetic
    order = np.random.default_rng(0).permutation(len(rows))
    straight = encode(rows, base_model=tiny_model)
    shuffled = encode(rows.iloc[order], base_model=tiny_model)
    assert straight.shape == (len(rows), 32)
    assert straight.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(straight, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(straight[order], shuffled, atol=0.02)


def test_an_empty_text_has_a_finite_embedding(tiny_model: str):
    rows = pd.DataFrame({"text": ["", "a long text about ferns " * 50], "text_pair": None})
    assert np.isfinite(encode(rows, base_model=tiny_model)).all()


def test_the_second_text_of_a_pair_is_read(tiny_model: str):
    rows = pd.DataFrame({"text": ["my fern", "my fern"], "text_pair": ["is late", "has insects"]})
    first, second = encode(rows, base_model=tiny_model)
    assert np.abs(first - second).max() > 0.01


def test_progress_ends_with_all_rows(tiny_model: str, small_collection: Collection):
    seen: list[int] = []
    encode(small_collection.synthetic, base_model=tiny_model, on_progress=seen.append)
    assert seen[-1] == len(small_collection.synthetic)


@pytest.mark.real
def test_the_bundled_model_puts_like_texts_together():
    texts = ["Where is my parcel?", "My package has not arrived yet.", "I love this teapot."]
    vectors = encode(pd.DataFrame({"text": texts, "text_pair": None}))
    near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert vectors.shape == (3, 384)
    assert near > far + 0.2
