"""What watches a PyTorch script while it runs: lines, ops, backwards, updates.

The only package, beside `graphlab.recorder`, that knows of torch. It knows nothing of files: what it sees it hands
to a `Sink`.
"""

from graphlab.capture.session import Session

__all__ = ["Session"]
