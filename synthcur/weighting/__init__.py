"""What checkers say of rows, made into weights; pure."""
