"""Losses: hand-computed values, and what the stop-gradient does to the gradient."""

import math

import pytest
import torch

from synthcur.training.losses import (
    DYNAMIC_WEIGHTS,
    dynamic_weight,
    focal_weight,
    rho_weight,
    weighted_cross_entropy,
)

# Three rows whose probabilities are chosen first, so that the losses can be worked out by hand.
PROBS = torch.tensor([[0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.1, 0.1, 0.8]], dtype=torch.float64)
LABELS = torch.tensor([0, 1, 0])
QUALITY = torch.tensor([0.9, 0.6, 0.05])
DIVERSITY = torch.tensor([0.6, 0.8, 0.5])


def logits() -> torch.Tensor:
    return torch.log(PROBS).float()


def dimp(values: torch.Tensor) -> torch.Tensor:
    return weighted_cross_entropy(values, LABELS, dynamic_weight(values, LABELS, QUALITY))


def gradient(loss, values: torch.Tensor) -> torch.Tensor:
    values = values.clone().requires_grad_()
    loss(values).backward()
    assert values.grad is not None
    return values.grad


def test_the_imp_loss_equals_the_hand_computed_example():
    # w = 1.5, 0.75, 0.1 and -log p = 0.3566749439, 0.6931471806, 2.3025850930
    expected = (1.5 * 0.3566749439 + 0.75 * 0.6931471806 + 0.1 * 2.3025850930) / 3
    assert weighted_cross_entropy(logits(), LABELS, QUALITY / DIVERSITY).item() == pytest.approx(
        expected, abs=1e-6
    )


def test_the_dimp_loss_equals_the_hand_computed_example():
    # w = 0.9/0.7, 0.6/0.5, 0.05/0.1
    expected = (0.9 / 0.7 * 0.3566749439 + 1.2 * 0.6931471806 + 0.5 * 2.3025850930) / 3
    assert dimp(logits()).item() == pytest.approx(expected, abs=1e-6)


def test_with_weights_of_one_the_loss_is_plain_cross_entropy():
    expected = -sum(math.log(p) for p in (0.7, 0.5, 0.1)) / 3
    assert weighted_cross_entropy(logits(), LABELS, torch.ones(3)).item() == pytest.approx(
        expected, abs=1e-6
    )


def test_the_mean_divides_by_the_rows_and_not_by_the_weights():
    once = weighted_cross_entropy(logits(), LABELS, torch.ones(3))
    twice = weighted_cross_entropy(logits(), LABELS, 2 * torch.ones(3))
    assert twice.item() == pytest.approx(2 * once.item())


def test_the_gradient_of_dimp_is_that_of_the_mean_of_p_prime_over_p():
    def ratio(values: torch.Tensor) -> torch.Tensor:
        own = torch.softmax(values, dim=-1).gather(1, LABELS.unsqueeze(1)).squeeze(1)
        return (QUALITY / own).mean()

    torch.testing.assert_close(
        gradient(dimp, logits()), gradient(ratio, logits()), atol=1e-6, rtol=1e-5
    )


def test_without_the_stop_gradient_the_gradient_would_be_another():
    def leaky(values: torch.Tensor) -> torch.Tensor:
        log_p = torch.log_softmax(values, dim=-1).gather(1, LABELS.unsqueeze(1)).squeeze(1)
        return (QUALITY * torch.exp(-log_p) * -log_p).mean()

    assert leaky(logits()).item() == pytest.approx(dimp(logits()).item(), abs=1e-6)
    difference = (gradient(leaky, logits()) - gradient(dimp, logits())).abs().max()
    assert difference.item() > 0.1


def test_no_gradient_flows_through_given_weights():
    weight = torch.ones(3, requires_grad=True)
    values = logits().requires_grad_()
    weighted_cross_entropy(values, LABELS, weight).backward()
    assert weight.grad is None


def test_half_precision_logits_are_weighed_in_float32():
    values = logits().bfloat16()
    assert dynamic_weight(values, LABELS, QUALITY.bfloat16()).dtype == torch.float32
    assert dimp(values).dtype == torch.float32


def test_a_probability_of_almost_nothing_gives_a_finite_weight():
    values = torch.tensor([[-200.0, 200.0]])
    weight = dynamic_weight(values, torch.tensor([0]), torch.tensor([0.5]))
    assert torch.isfinite(weight).all()
    assert weight.item() == pytest.approx(0.5e12, rel=1e-3)


def test_the_focal_weight_is_what_is_missing_from_certainty():
    weight = focal_weight(logits(), LABELS, torch.ones(3))
    torch.testing.assert_close(weight, torch.tensor([0.3, 0.5, 0.9]), atol=1e-6, rtol=0)


def test_rho_learns_from_the_half_that_is_learnable_and_not_learned():
    # P'/p = 0.9/0.7, 0.6/0.5, 0.05/0.1: of three rows the first two are the larger half.
    assert rho_weight(logits(), LABELS, QUALITY).tolist() == [1, 1, 0]
    learned = rho_weight(logits(), LABELS, torch.tensor([0.1, 0.6, 0.9]))
    assert learned.tolist() == [0, 1, 1]


@pytest.mark.parametrize("name", DYNAMIC_WEIGHTS)
def test_no_gradient_flows_through_a_dynamic_weight(name: str):
    weight = DYNAMIC_WEIGHTS[name](logits().requires_grad_(), LABELS, QUALITY)
    assert not weight.requires_grad
    assert weight.dtype == torch.float32


def test_soft_targets_give_the_expected_loss_under_them():
    targets = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, 0.6]])
    expected = -(targets.double() * torch.log(PROBS)).sum(dim=1)
    weight = torch.tensor([1.0, 0.5, 2.0])
    assert weighted_cross_entropy(logits(), targets, weight).item() == pytest.approx(
        (weight * expected).mean().item(), abs=1e-6
    )
    one_hot = torch.nn.functional.one_hot(LABELS, 3).float()
    hard = weighted_cross_entropy(logits(), LABELS, weight)
    assert weighted_cross_entropy(logits(), one_hot, weight).item() == pytest.approx(hard.item())
