"""Every renderer meets every awkward graph; what must be in a file, and that the same graph gives the same bytes."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphlab.errors import RenderError
from graphlab.renderers import FORMATS, check_target, endings, render, render_bytes
from graphlab.renderers.reading import plain
from tests import graphs
from tests.graphs import AWKWARD

ENDINGS = [ending for ending in FORMATS["graphlab"] if ending != "pdf"]
SMALL = [name for name in AWKWARD if name != "chain"]
GOLDENS = Path(__file__).parent / "goldens" / "renderers"

# What every format does


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", list(AWKWARD))
def test_every_format_takes_every_graph(name: str, ending: str) -> None:
    data = render_bytes(AWKWARD[name](), ending, scale=0.5)
    if ending == "png":
        assert data.startswith(b"\x89PNG\r\n")
        return
    text = data.decode("utf-8")
    assert text.strip()
    assert text.endswith("\n") or ending == "graphml"


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != "png"])
@pytest.mark.parametrize("name", SMALL)
def test_every_node_is_named_in_every_text_format(name: str, ending: str) -> None:
    graph = AWKWARD[name]()
    text = render_bytes(graph, ending).decode()
    if ending == "html":
        # A page holds its texts as JSON in a script element.
        data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
        text = "\n".join(str(word) for node in data["structures"][0]["nodes"] for word in node.values())
    if ending == "json":
        text = json.dumps(json.loads(text), ensure_ascii=False)
    for _, data in graph.nodes(data=True):
        word = str(data["name"] or data["op"] or data["kind"])
        if ending == "json":
            assert json.dumps(word, ensure_ascii=False)[1:-1] in text
        elif ending == "dot":
            escaped = plain(word).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
            assert escaped in text
        elif ending == "html":
            assert plain(word) in text
        elif ending == "mmd":
            # Mermaid's entities: #34; or #quot; where HTML has &#34; or &quot;.
            assert plain(word) in html.unescape(re.sub(r"#(\w+;)", lambda m: f"&{'#' * m[1][0].isdigit()}{m[1]}", text))
        elif ending == "txt":
            assert plain(word).strip() in text
        else:
            assert plain(word).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in text.replace(
                "&quot;", '"'
            )


def digests() -> dict[str, str]:
    """Return a fingerprint of every format of some graphs."""
    made = {}
    for name in ("rnn_cell", "names", "numbers", "random_dag", "unrolled_rnn"):
        for ending in ENDINGS:
            made[f"{name}.{ending}"] = render_bytes(AWKWARD[name](), ending, scale=0.5)
    made["networkx.svg"] = render_bytes(AWKWARD["rnn_cell"](), "svg", renderer="networkx")
    made["folded.svg"] = render_bytes(graphs.random_dag(700), "svg")
    return {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    code = "import json; from tests.test_renderers import digests; print(json.dumps(digests()))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[1],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77")
    ]
    assert json.loads(runs[0]) == json.loads(runs[1])


@pytest.mark.parametrize("ending", ["svg", "dot", "txt"])
@pytest.mark.parametrize("name", ["rnn_cell", "square", "mlp"])
def test_pictures_look_as_they_did(name: str, ending: str) -> None:
    """Set UPDATE_GOLDENS=1 to accept what is drawn now; a failing run leaves it beside the golden, as `.actual`."""
    golden = GOLDENS / f"{name}.{ending}"
    data = render_bytes(AWKWARD[name](), ending)
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_bytes(data)
    actual = golden.with_suffix(f".actual.{ending}")
    if golden.read_bytes().replace(b"\r\n", b"\n") != data:
        actual.write_bytes(data)
        pytest.fail(f"{name}.{ending} is drawn otherwise: compare {actual}, or set UPDATE_GOLDENS=1")
    actual.unlink(missing_ok=True)


def test_rendering_changes_nothing_in_the_graph() -> None:
    graph, same = graphs.mlp(), graphs.mlp()
    for ending in ENDINGS:
        render_bytes(graph, ending, scale=0.5)
    assert list(graph.nodes(data=True)) == list(same.nodes(data=True))
    assert list(graph.edges(keys=True, data=True)) == list(same.edges(keys=True, data=True))
    assert graph.graph == same.graph


# Files


def test_render_writes_what_render_bytes_returns(tmp_path: Path) -> None:
    target = tmp_path / "picture.SVG"
    render(graphs.square(), target)
    assert target.read_bytes() == render_bytes(graphs.square(), "svg")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.SVG"]


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "picture.txt"
    target.write_text("old and much longer than what comes " * 100)
    render(graphs.one_node(), str(target))
    assert target.read_bytes() == render_bytes(graphs.one_node(), "txt")


@pytest.mark.parametrize(
    ("name", "choices", "words"),
    [
        ("x.bmp", {}, r"\.bmp is unknown: choose \.svg.* or \.mmd"),
        ("x", {}, "no ending"),
        ("missing/x.svg", {}, "missing does not exist: make it"),
        (".", {}, "is a folder"),
        ("x.json", {"renderer": "torchviz"}, r"torchviz writes no \.json: choose \.svg"),
        ("x.html", {"renderer": "networkx"}, r"networkx writes no \.html: choose \.svg or \.png"),
        ("x.svg", {"renderer": "magic"}, "no renderer 'magic': choose graphlab, graphviz, torchviz or networkx"),
        ("x.svg", {"theme": "pink"}, "theme cannot be 'pink': choose light or dark"),
        ("x.svg", {"direction": "up"}, "direction cannot be 'up'"),
        ("x.png", {"scale": 0.0}, "scale"),
        ("x.png", {"scale": float("nan")}, "scale"),
        ("x.svg", {"fold": "some"}, "fold cannot be 'some'"),
        ("x.svg", {"fold": 0}, "fold cannot be 0"),
        ("x.svg", {"shade": 1}, "no option 'shade'"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, name: str, choices: dict[str, Any], words: str
) -> None:
    with pytest.raises(RenderError, match=words) as caught:
        render(graphs.square(), tmp_path / name, **choices)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_target_can_be_checked_before_anything_ran(tmp_path: Path) -> None:
    assert check_target(tmp_path / "x.png") == tmp_path / "x.png"
    assert check_target(tmp_path / "gradients.csv") == tmp_path / "gradients.csv"
    with pytest.raises(RenderError, match="unknown"):
        check_target(tmp_path / "x.xyz")
    assert endings("networkx") == ["svg", "png"]
