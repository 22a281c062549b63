"""`python -m graphlab` does the same as `graphlab`."""

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python put the current folder first; the installed command has the programs' there (see `own_process`).
        sys.path[0] = os.path.dirname(sys.executable)  # noqa: PTH120 - pathlib would be looked for in that folder
    from graphlab.cli import main

    sys.exit(main())
