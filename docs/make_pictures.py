"""Draws the pictures that README and docs show, and writes the table of keys: `make pictures`.

Everything is made by the commands that a user has; the same versions give the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from graphlab.tui.keys import SECTIONS, keys_of

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
LARGE = DOCS.parent / "outputs" / "pictures"
"""Pictures that no page shows, to be looked at."""

_MARK = "<!-- keys: written by make pictures -->"


def _graphlab(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "graphlab", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _draw(folder: Path) -> None:
    cell, line = folder / "rnn_cell.glab", folder / "linear_regression_low.glab"
    _graphlab("run", "rnn_cell", "-o", str(cell))
    _graphlab("run", "linear_regression_low", "-o", str(line))
    network = folder / "mlp_high.glab"
    _graphlab("run", "mlp_high", "-o", str(network))
    encoder = folder / "transformer.glab"
    _graphlab("run", str(DOCS / "models" / "transformer.py"), "-o", str(encoder))
    forward = " ".join(["right"] * 10)
    shots = (
        ("explorer", cell, forward, "120x40"),
        ("backward", cell, forward + " right" * 8, "120x40"),
        ("training", line, "] ] ] ] ] 5", "120x40"),
        ("heat_maps", network, "] ] ] ] ] 5 v v", "120x40"),
        ("error_surface", line, "] ] ] ] ] 5 v v v v", "120x40"),
        ("boxes", encoder, "end 2 z down down down down f up up up", "200x60"),
        ("boxes_small", encoder, "end 2 z v down down", "80x24"),
    )
    for name, recording, keys, size in shots:
        picture = PICTURES / f"{name}.svg"
        _graphlab("explore", str(recording), "--press", keys, "--screenshot", str(picture), "--size", size)
    _graphlab("export", str(cell), "--line", "51", "-o", str(PICTURES / "rnn_cell_add.svg"))
    _graphlab("export", str(cell), "--scale", "1", "-o", str(PICTURES / "rnn_cell.gif"))
    _graphlab("plot", str(network), "--what", "data", "-o", str(PICTURES / "regions.svg"))
    _graphlab("export", "mlp_mid", "--static", "step", "--fold", "1", "-o", str(PICTURES / "static_step.svg"))


def _draw_models(folder: Path) -> None:
    """Draw models of several sizes, in light and in dark."""
    pictures = (
        ("rnn_cell", "rnn_cell", PICTURES, ()),
        ("mlp_low", "mlp_low", PICTURES, ("--step", "1")),
        ("transformer", str(DOCS / "models" / "transformer.py"), PICTURES, ()),
        ("transformer_folded", str(DOCS / "models" / "transformer.py"), PICTURES, ("--fold", "3")),
        ("lstm", str(DOCS / "models" / "lstm.py"), PICTURES, ()),
        ("residual", str(DOCS / "models" / "residual.py"), PICTURES, ()),
        ("random_dag", str(DOCS / "models" / "random_dag.py"), LARGE, ("--fold", "none")),
    )
    LARGE.mkdir(parents=True, exist_ok=True)
    for name, source, target, options in pictures:
        recording = folder / f"model_{Path(source).stem}.glab"
        if not recording.exists():
            _graphlab("run", source, "-o", str(recording))
        for theme, ending in (("light", ""), ("dark", "_dark")):
            picture = target / f"{name}{ending}.svg"
            _graphlab("export", str(recording), *options, "--theme", theme, "-o", str(picture))


def keys_table() -> str:
    """Return the explorer's keys as Markdown, from the table that makes its bindings."""
    rows = []
    for section in SECTIONS:
        keys = [key for key in keys_of("explorer") if key.section == section]
        if keys:
            rows += ["", f"**{section}**", "", "| keys | what it does |", "| --- | --- |"]
            rows += [f"| {key.shown.replace('|', '&#124;')} | {key.help} |" for key in keys]
    return "\n".join(rows[1:])


def with_keys(text: str) -> str:
    """Return the page on the explorer with the table of keys as it is now."""
    head, _, rest = text.partition(_MARK)
    _, _, tail = rest.partition(_MARK)
    return f"{head}{_MARK}\n\n{keys_table()}\n\n{_MARK}{tail}"


def main() -> None:
    """Draw all pictures and bring the table of keys up to date."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _draw(Path(folder))
        _draw_models(Path(folder))
    subprocess.run([sys.executable, str(DOCS / "make_gallery.py")], check=True)
    page = DOCS / "explorer.md"
    page.write_text(with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
