"""What leaves the workspace: tables, models, cards, reports, uploads."""
