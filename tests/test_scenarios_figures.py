"""The published figures of the course and of the classics: what each scenario prints under bare Python.

Every figure here stands in the source that the scenario names. All scripts run in one interpreter, one after another:
what these tests ask is what they compute, and starting torch for each would take longer than that.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parents[1] / "scenarios"

RUN = """
import contextlib, io, json, pathlib, sys, torch

printed = {}
for path in map(pathlib.Path, sys.argv[1:]):
    # The tutorial's 2,000 steps and the course's 200 epochs; the scenario itself shows the first of them.
    text = path.read_text(encoding="utf-8")
    text = text.replace("\\nSTEPS = 20\\n", "\\nSTEPS = 2000\\n") if path.stem == "legendre" else text
    text = text.replace("\\nEPOCHS = 8\\n", "\\nEPOCHS = 200\\n") if path.stem == "xor_by_hand" else text
    torch.set_grad_enabled(True)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(text, str(path), "exec"), {"__name__": "__main__", "__file__": str(path)})
    printed[path.stem] = output.getvalue()
print(json.dumps(printed))
"""

FIGURES = {
    "micrograd_expression": ["g     24.704082", "dg/da 138.833819", "dg/db 645.577259"],
    "micrograd_neuron": [
        "dL/da 6.000000", "dL/db -4.000000", "dL/dc -2.000000", "dL/df 4.000000", "dL/de -2.000000",
        "dL/dd -2.000000", "o     0.707107", "do/dx1 -1.500000", "do/dx2 0.500000", "do/dw1 1.000000",
        "do/dw2 0.000000", "do/db 0.500000",
    ],
    "circuit_gates": [
        "f -12", "df/dx -4", "df/dy -4", "df/dz 3", "f -20", "df/dx -8", "df/dy 6", "df/dz 2", "df/dw 0",
    ],
    "circuit_neuron": [
        "sigma 0.731059", "staged -0.534447", "staged -0.534447", "staged -0.196612", "staged 0.196612",
        "w0 -0.196612", "w1 -0.393224", "w2 0.196612", "x0 0.393224", "x1 -0.589836", "once more: w0 -0.196612",
    ],
    "circuit_staged": ["f     1.545645", "df/dx 2.059570", "df/dy 1.592233"],
    "forward_and_reverse": [
        "forward de/da 2", "forward de/db 5", "forward work 6 nodes", "reverse de/dc 2", "reverse de/dd 3",
        "reverse de/da 2", "reverse de/db 5", "reverse work 3 nodes",
    ],
    "control_flow": [
        "a  1.0 gives 1024.0 with derivative 1024", "a -1.0 gives -102400.0 with derivative 102400",
        "a  0.3 gives 1228.8 with derivative 4096",
    ],
    "detach": [*(f"detached {entry}" for entry in (0, 1, 4, 9)), *(f"attached {entry}" for entry in (0, 3, 12, 27))],
    "vector_jacobian": [
        "Q[0] -12", "dQ/da[0] 36", "dQ/db[0] -12", "Q[1] 65", "dQ/da[1] 81", "dQ/db[1] -8",
    ],
    "batch_norm_by_hand": ["26 gradients, 0 wrong"],
    "vanishing_gradients": [
        "sigmoid 20 1.481e-01", "sigmoid 10 4.860e-08", "sigmoid 1 9.139e-14", "tanh 20 2.495e-01",
        "tanh 10 1.281e-01", "tanh 1 1.611e-02", "relu 20 1.000e+00", "relu 10 1.000e+00", "relu 1 1.000e+00",
        "ten sigmoids: 0.659046, derivative 3.875e-07",
    ],
    "binary_cross_entropy": [
        "y 0 loss 2.302585 slope +10.000000", "y 0 loss 0.105361 slope +1.111111",
        "y 1 loss 0.105361 slope -1.111111", "y 1 loss 2.302585 slope -10.000000",
    ],
    "xor_by_hand": [
        "epoch   0 error 4.75934270171085", "epoch   1 error 4.59095405459698", "epoch  50 error 3.27541186280047",
        "epoch 100 error 2.3876356355135", "epoch 199 error 0.1556485169015", "largest difference below 1e-15: True",
    ],
    "zero_initialisation": [
        "epoch 0 error 4.955975", "epoch 1 error 4.451676", "epoch 2 error 4.254823",
        "difference between hidden units: 0.0",
    ],
    "learning_rates": [
        "curvature 6609, limit 3.03e-04", "1e-2 expected: times 4.24e+03 a step", "rate 1e-2: 3.67e+03 to 2.85e+43",
        "1e-3 expected: times 31.5 a step", "rate 1e-3: 3.67e+03 to 1.08e+20",
        "1e-4 expected: times 0.115 a step", "rate 1e-4: 3.67e+03 to 55.3",
        "1e-5 expected: times 0.872 a step", "rate 1e-5: 3.67e+03 to 859",
    ],
    "hessian_vector": ["loss 100", "gradient -400 200", "Hessian times v 402 -400"],
    "functional_grad": ["autograd: 20", "a sample each: -2 4 18", "their sum: 20"],
    "tensor_ranks": ["gradient: shape (3, 4, 4), each 0.0208"],
    "tensor_views": [
        "turned    (3, 2) strides (1, 3)", "column    (2,) strides (3,)", "stretched (4, 3) strides (0, 1)",
        "matrix 101, turned 101", "copied 1, flat 1", "gradient adds up to 4, with 2 zeros",
    ],
    "requires_grad": ["x.grad 2 each, y.grad 1 each, a.grad None"],
    "rnn_initialisation": [
        "as drawn  variance 15.32  flat units 10 of 20", "scaled    variance  1.11  flat units  0 of 20",
        "rows of W_h with hardly any gradient: 10 against 0",
    ],
    "survey_network": [
        "y3     0.532195", "E      0.109421", "dE/dy3 -0.467805", "dE/dy1 -0.081527 by hand",
        "dE/dw1 -0.009885 by hand, -0.009885 by autograd", "E      0.105048 after one step",
    ],
    "accuracy": ["accuracy 0.667, has a graph: False"],
    "attention": ["largest gradient of a masked score 0.000000", "same gradients in one op: True"],
    "checkpointing": ["usual:        3328 numbers saved", "checkpointed: 1024 numbers saved", "same bits: True"],
    "convolution_as_matmul": ["same gradients True", "corner 1, middle 9"],
    "cross_entropy": [
        "by hand        loss 0.285104 slope -0.170499", "sum of a row   0.000000",
        "two functions  loss 0.285104 slope -0.170499",
        "one function   loss 0.285104 slope -0.170499", "safe by hand   loss 0.285104 slope -0.170499",
        "exp(100)       by hand nan, softmax 1.0", "softmax twice  loss 0.724972 slope -0.093909",
    ],
    "devices": ["wrong: leaf False, has a gradient False", "origin: leaf True, has a gradient True"],
    "dropout": ["gradient equals the mask: True"],
    "embedding_sparse": ["sparse: 4 rows listed, 3 different ones", "same table after the step: True"],
    "gradient_accumulation": ["close: True"],
    "gradient_penalty": ["slope has a graph: True", "last bias: None"],
    "mixed_precision": ["step 3 torch.bfloat16 loss inf scale 512"],
    "normalisation": [
        "batch norm, training: 4 rows, 1 columns, sum 0.000000", "layer norm: 1 rows, 3 columns, sum 0.000000",
    ],
    "profiler": ["forward:  3 products of matrices", "backward: 5 products of matrices"],
    "reparametrisation": ["sample()  has a graph: False", "rsample() has a graph: True"],
    "serialization": ["resumed, same bits: True", "without the optimizer's state, same bits: False"],
    "straight_through": ["plain: gradient 0", "straight through: x 2.60, rounded 3"],
    "weight_sharing": ["they add up to the shared one: True"],
}  # fmt: skip


@functools.cache
def printed() -> dict[str, str]:
    """Return what each scenario prints, by name."""
    names = [*FIGURES, "legendre", "recurrent_gradients"]
    command = [sys.executable, "-W", "error", "-c", RUN, *(str(SCENARIOS / f"{name}.py") for name in names)]
    quiet = {**os.environ, "KINETO_LOG_LEVEL": "99"}  # torch's profiler tells stderr when it starts and stops
    done = subprocess.run(command, env=quiet, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_scenario_prints_the_figures_of_its_source_in_their_order(name: str) -> None:
    at = 0
    text = "\n" + printed()[name]
    for figure in FIGURES[name]:
        found = text.find(f"\n{figure}", at)
        assert found >= 0, f"{figure!r} is not in (the rest of)\n{text}"
        at = found + 1


def test_legendre_learns_as_the_tutorial_s_run() -> None:
    """In float32 the last digits hang on the order of sums."""
    lines = dict(line.rsplit(" loss ", 1) for line in printed()["legendre"].splitlines() if " loss " in line)
    published = {"step    0": 461.902588, "step   99": 209.958344, "step  199": 144.660187, "step 1999": 8.943642}
    assert {step: float(lines[step]) for step in published} == pytest.approx(published, rel=1e-4)
    assert "b -2.2085" in printed()["legendre"]
    assert "d 0.2554" in printed()["legendre"] or "d 0.2555" in printed()["legendre"]
    assert "backward is right: True" in printed()["legendre"]


def test_the_lstm_keeps_what_the_rnn_forgets() -> None:
    rnn, lstm = (float(line.rpartition(" ")[2]) for line in printed()["recurrent_gradients"].splitlines()[:2])
    assert rnn < 1e-6
    assert lstm > 0.01
