"""Numbers as words: points, p-values, shares."""


def points(fraction: float, *, signed: bool = False) -> str:
    """Write a fraction in percentage points with one decimal and a true minus sign."""
    value = round(100 * fraction, 1) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{value:+.1f}".replace("-", "−") if signed and value else f"{value:.1f}"


def seeds_in_words(n_seeds: int) -> str:
    """Write a number of seeds: ``1 seed``, ``5 seeds``."""
    return "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"


def p_in_words(p_value: float) -> str:
    """Write a p-value: ``p = 0.31``, ``p = 0.004``, ``p < 0.001``."""
    if p_value < 0.001:
        return "p < 0.001"
    # Two digits would not tell the two sides of 0.05 apart.
    return f"p = {p_value:.2f}" if p_value >= 0.055 else f"p = {p_value:.3f}"


def share_in_words(probability: float) -> str:
    """Write a probability as whole percent, without claiming a 0 or a 100."""
    if probability < 0.01:
        return "under 1 %"
    if probability > 0.99:
        return "over 99 %"
    return f"{100 * probability:.0f} %"
