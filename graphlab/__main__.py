"""`python -m graphlab` does the same as `graphlab`."""

import sys

from graphlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
