"""Files to a collection: reading, columns, labels, checks."""
