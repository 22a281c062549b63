"""The tests: `tests/test_x.py` tests `graphlab/x.py`; a package, so that they can share builders and strategies."""
