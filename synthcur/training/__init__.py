"""What a run learns from and how: rows, losses, recipes, the trainer."""
