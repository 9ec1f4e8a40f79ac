"""What tests and benchmarks both start: servers, annotators, small collections, tiny models."""
