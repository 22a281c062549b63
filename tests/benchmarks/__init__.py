"""Benchmarks: measured by `make bench`, skipped otherwise."""
