"""What a notebook imports."""
