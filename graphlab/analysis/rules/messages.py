"""How each rule is written down, and what is said where there is none: all words of the rules, to be translated.

In a formula {a}, {b}, {c} stand for the inputs, {y} for the output, {g} for ∂L/∂ of the output; people's own names are
put there where they are known. {alpha} and its like stand for the op's numbers, {n} for what a mean divides by. An op's
formulas stand in the order of its inputs; the last holds for all that follow.
"""

from __future__ import annotations

NO_RULE = "no rule for {op}: these are the numbers that were recorded"
NOT_KEPT = "not reckoned: {what} was not kept"
TOO_LARGE = "not reckoned: {name} ({shape}) is too large to have been kept whole"
IN_COMPLEX = "the rule for complex numbers"
FAILED = "the rule cannot be followed here ({reason})"
WITHOUT_RULE = "there is no rule for it"
NO_PATHS = "no path of this backward leads to it"
NOT_FOLLOWED = "the paths cannot be followed through {op}: {why}"
REST_OF_PATHS = "{count:,} other paths together"
AROUND = "no module"
PATHS_THROUGH = ("{count:,} path through {modules}", "{count:,} paths through {modules}")
NOT_RUN = "its backward has not run yet"
NO_GRADIENT_THERE = "no gradient came, or none goes to that input"
TOO_LARGE_FOR_JACOBIAN = "{rows} × {columns}: a Jacobian is reckoned up to {most} × {most}"
NOTHING_KEPT = "what the op kept (light detail, or a recording made before rules were)"

LETTERS = {"alpha": "α", "beta": "β", "exponent": "n", "negative_slope": "slope", "n": " / n"}
"""What a formula without names has for the numbers of an op; others stand there by their own names."""

_PASSED = "{g}"
_NOTHING = "0: it does not change when {a} moves a little"
_BACK = "{g}, back in the shape of {a}"
_PULL = "{g} · 2 ({a} − {b}){n}"

FORMULAS: dict[str, tuple[str, ...]] = {
    "Add": ("{g}", "{g} · {alpha}"),
    "Sub": ("{g}", "−{g} · {alpha}"),
    "Rsub": ("−{g}", "{g}"),
    "Mul": ("{g} · {b}", "{g} · {a}"),
    "Div": ("{g} / {b}", "−{g} · {a} / {b}²"),
    "Neg": ("−{g}",),
    "Reciprocal": ("−{g} · {y}²",),
    "Pow": ("{g} · {exponent} · {a}^({exponent} − 1)",),
    "Pow1": ("{g} · {b} · {a}^({b} − 1)", "{g} · {y} · ln {a}"),
    "Pow2": ("{g} · {y} · ln {a}", "{g} · {y} · ln {a}"),
    "Square": ("{g} · 2{a}",),
    "Sqrt": ("{g} / (2{y})",),
    "Rsqrt": ("−{g} · {y}³ / 2",),
    "Exp": ("{g} · {y}",),
    "Exp2": ("{g} · {y} · ln 2",),
    "Expm1": ("{g} · ({y} + 1)",),
    "Log": ("{g} / {a}",),
    "Log2": ("{g} / ({a} · ln 2)",),
    "Log10": ("{g} / ({a} · ln 10)",),
    "Log1P": ("{g} / (1 + {a})",),
    "Sin": ("{g} · cos {a}",),
    "Cos": ("−{g} · sin {a}",),
    "Tan": ("{g} · (1 + {y}²)",),
    "Asin": ("{g} / √(1 − {a}²)",),
    "Acos": ("−{g} / √(1 − {a}²)",),
    "Atan": ("{g} / (1 + {a}²)",),
    "Sinh": ("{g} · cosh {a}",),
    "Cosh": ("{g} · sinh {a}",),
    "Erf": ("{g} · 2/√π · exp(−{a}²)",),
    "Atan2": ("{g} · {b} / ({a}² + {b}²)", "−{g} · {a} / ({a}² + {b}²)"),
    "Xlogy": ("{g} · ln {b}", "{g} · {a} / {b}"),
    "Abs": ("{g} · sign({a})",),
    "Sign": (_NOTHING,),
    "Sgn": (_NOTHING,),
    "Floor": (_NOTHING,),
    "Ceil": (_NOTHING,),
    "Round": (_NOTHING,),
    "Trunc": (_NOTHING,),
    "Clamp": (
        "{g} where {min} ≤ {a} ≤ {max}, else 0", "{g} where {a} < {min}, else 0", "{g} where {a} > {max}, else 0",
    ),
    "ClampMin": ("{g} where {a} ≥ {min}, else 0", "{g} where {a} < {min}, else 0"),
    "ClampMax": ("{g} where {a} ≤ {max}, else 0", "{g} where {a} > {max}, else 0"),
    "Maximum": ("{g} where {a} > {b} (half where equal), else 0", "{g} where {b} > {a} (half where equal), else 0"),
    "Minimum": ("{g} where {a} < {b} (half where equal), else 0", "{g} where {b} < {a} (half where equal), else 0"),
    "Where": ("{g} where the condition holds, else 0", "{g} where the condition does not hold, else 0"),
    "MaskedFill": ("{g} where the mask is off, else 0", "Σ {g} where the mask is on"),
    "Addcmul": ("{g}", "{g} · {c} · {value}", "{g} · {b} · {value}"),
    "Addcdiv": ("{g}", "{g} · {value} / {c}", "−{g} · {value} · {b} / {c}²"),
    "Lerp": ("{g} · (1 − {weight})", "{g} · {weight}", "{g} · ({b} − {a})"),
    "Clone": (_PASSED,),
    "ToCopy": (_PASSED,),
    "Alias": (_PASSED,),
    "Copy": ("0: {a} is overwritten", "{g}"),
    "CopyBackwards": ("0: {a} is overwritten", "{g}"),
    "Fill": ("0: {a} is overwritten", "Σ {g}"),
    "Zero": ("0: {a} is overwritten",),
    "NativeDropout": ("{g} · mask / (1 − {p})",),
    "TanhBackward": ("{g} · (1 − tanh²)", "−2 {g} · {a} · tanh"),
    "SigmoidBackward": ("{g} · σ (1 − σ)", "{g} · {a} · (1 − 2σ)"),
    "ThresholdBackward": ("{g} where the input was above the threshold, else 0", "0"),
    "Relu": ("{g} where {a} > 0, else 0",),
    "LeakyRelu": ("{g} where {a} > 0, else {g} · {negative_slope}",),
    "RreluWithNoise": ("{g} · noise",),
    "Threshold": ("{g} where {a} > {threshold}, else 0",),
    "Elu": ("{g} · scale where {a} > 0, else {g} · α · scale · exp({a})",),
    "Celu": ("{g} where {a} > 0, else {g} · exp({a} / α)",),
    "Gelu": ("{g} · (Φ({a}) + {a} · φ({a}))",),
    "Silu": ("{g} · σ({a}) · (1 + {a} · (1 − σ({a})))",),
    "Mish": ("{g} · (t + {a} · σ({a}) · (1 − t²)), t = tanh(softplus({a}))",),
    "Softplus": ("{g} · σ(β · {a})",),
    "Hardtanh": ("{g} where min < {a} < max, else 0",),
    "Hardsigmoid": ("{g} / 6 where −3 < {a} < 3, else 0",),
    "Hardswish": ("{g} · ({a}/3 + ½) where −3 < {a} < 3, {g} above, 0 below",),
    "PreluKernel": ("{g} where {a} > 0, else {g} · {b}", "{g} · {a} where {a} ≤ 0, else 0"),
    "Glu": ("{g} · σ(gate) for the value, {g} · value · σ'(gate) for the gate",),
    "LogSigmoid": ("{g} · σ(−{a})",),
    "Sigmoid": ("{g} · {y} · (1 − {y})",),
    "Tanh": ("{g} · (1 − {y}²)",),
    "Softmax": ("{y} · ({g} − Σ {g} · {y})",),
    "SafeSoftmax": ("{y} · ({g} − Σ {g} · {y})",),
    "LogSoftmax": ("{g} − exp({y}) · Σ {g}",),
    "Logsumexp": ("{g} · exp({a} − {y})",),
    "Sum": ("{g} for every element that was added up",),
    "Mean": ("{g} / n for every element",),
    "Var": ("{g} · 2 ({a} − mean) / (n − correction)",),
    "Std": ("{g} · ({a} − mean) / ((n − correction) · {y})",),
    "Max": ("{g} for the largest, 0 for the others",),
    "Min": ("{g} for the smallest, 0 for the others",),
    "Max1": ("{g} shared by all that are largest, 0 for the others",),
    "Min1": ("{g} shared by all that are smallest, 0 for the others",),
    "Median": ("{g} shared by all that are the median, 0 for the others",),
    "Median1": ("{g} for the median, 0 for the others",),
    "Amax": ("{g} shared by all that are largest, 0 for the others",),
    "Amin": ("{g} shared by all that are smallest, 0 for the others",),
    "Sort": ("{g}, each back to where it was before sorting",),
    "Topk": ("{g} for those that were picked, 0 for the others",),
    "Kthvalue": ("{g} for the one that was picked, 0 for the others",),
    "Prod": ("{g} · the product of all others",),
    "LinalgVectorNorm": ("{g} · {a} / {y} (for the 2-norm)",),
    "Norm": ("{g} · {a} / {y} (for the 2-norm)",),
    "Cumsum": ("Σ {g} from the element on",),
    "Cumprod": ("Σ of {g} · the product of all others, from the element on",),
    "Mm": ("{g} @ {b}ᵀ", "{a}ᵀ @ {g}"),
    "Bmm": ("{g} @ {b}ᵀ", "{a}ᵀ @ {g}"),
    "Addmm": ("{g} · {beta}", "{g} @ {c}ᵀ · {alpha}", "{b}ᵀ @ {g} · {alpha}"),
    "Baddbmm": ("{g} · {beta}", "{g} @ {c}ᵀ · {alpha}", "{b}ᵀ @ {g} · {alpha}"),
    "Addbmm": ("{g} · {beta}", "{g} @ {c}ᵀ · {alpha}", "{b}ᵀ @ {g} · {alpha}"),
    "Mv": ("{g} ⊗ {b}", "{a}ᵀ @ {g}"),
    "Addmv": ("{g} · {beta}", "{g} ⊗ {c} · {alpha}", "{b}ᵀ @ {g} · {alpha}"),
    "Addr": ("{g} · {beta}", "{g} @ {c} · {alpha}", "{g}ᵀ @ {b} · {alpha}"),
    "Dot": ("{g} · {b}", "{g} · {a}"),
    "Vdot": ("{g} · {b}", "{g} · {a}"),
    "Linear": ("{g} @ {b}", "{g}ᵀ @ {a}", "Σ {g} over the batch"),
    "T": ("{g}ᵀ",),
    "Transpose": ("{g}, its two dimensions exchanged back",),
    "Permute": ("{g}, its dimensions back in their order",),
    "View": (_BACK,),
    "UnsafeView": (_BACK,),
    "ReshapeAlias": (_BACK,),
    "Squeeze": (_BACK,),
    "Unsqueeze": (_BACK,),
    "Expand": ("Σ {g} over the copies",),
    "Repeat": ("Σ {g} over the copies",),
    "Select": ("{g} at the place that was selected, else 0",),
    "Slice": ("{g} at the places of the slice, else 0",),
    "Split": ("the gradients of the pieces, joined",),
    "UnsafeSplit": ("the gradients of the pieces, joined",),
    "torch::autograd::CopySlices": ("{g}, 0 where it was overwritten", "{g} at the places that it was written to"),
    "SplitWithSizes": ("the gradients of the pieces, joined",),
    "Unbind": ("the gradients of the parts, stacked",),
    "Cat": ("the part of {g} that came from it",),
    "Stack": ("the part of {g} that came from it",),
    "Flip": ("{g}, flipped back",),
    "Roll": ("{g}, rolled back",),
    "Gather": ("{g} added up at the places that were gathered",),
    "IndexSelect": ("{g} added up at the places that were picked",),
    "Index": ("{g} added up at the places of the index",),
    "IndexPut": ("{g}, 0 where it was overwritten", "{g} at the places of the index"),
    "Scatter": ("{g}, 0 where it was overwritten", "{g} at the places of the index"),
    "ScatterAdd": ("{g}", "{g} at the places of the index"),
    "Diagonal": ("{g} on the diagonal, else 0",),
    "ConstantPadNd": ("{g} without the padding",),
    "MaskedSelect": ("{g} where the mask is on, else 0",),
    "Unfold": ("Σ {g} over the windows that an element is in",),
    "AsStrided": ("Σ {g} over the places that an element is at",),
    "Tril": ("{g} in the lower triangle, else 0",),
    "Triu": ("{g} in the upper triangle, else 0",),
    "PixelShuffle": ("{g}, each pixel back in its channel",),
    "Embedding": ("Σ {g} over the places that looked up the row",),
    "MseLoss": (_PULL, "−{g} · 2 ({a} − {b}){n}"),
    "SmoothL1Loss": ("{g} · ({a} − {b}) / β, at most ±1,{n}", "−{g} · ({a} − {b}) / β, at most ±1,{n}"),
    "HuberLoss": ("{g} · ({a} − {b}), at most ±δ,{n}", "−{g} · ({a} − {b}), at most ±δ,{n}"),
    "SoftMarginLoss": ("−{g} · t · σ(−t · {a}){n}",),
    "NllLoss": ("−{g} · weight / Σ weight at the target, else 0",),
    "NllLoss2D": ("−{g} · weight / Σ weight at the target, else 0",),
    "BinaryCrossEntropy": ("{g} · ({a} − t) / ({a} (1 − {a})){n}", "{g} · (ln(1 − {a}) − ln {a}){n}"),
    "BinaryCrossEntropyWithLogits": ("{g} · (σ({a}) − t){n}", "−{g} · {a}{n}"),
    "NativeBatchNorm": (
        "(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight (in evaluation h / σ)", "Σ {g} · x̂", "Σ {g}",
    ),
    "CudnnBatchNorm": (
        "(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight (in evaluation h / σ)", "Σ {g} · x̂", "Σ {g}",
    ),
    "NativeLayerNorm": ("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight", "Σ {g} · x̂", "Σ {g}"),
    "NativeGroupNorm": ("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight", "Σ {g} · x̂", "Σ {g}"),
    "FusedRmsNorm": ("(h − x̂ · mean(h · x̂)) / rms, h = {g} · weight", "Σ {g} · x̂"),
    "Convolution": ("{g} ⋆ {b} turned round", "{a} ⋆ {g}", "Σ {g} over batch and places"),
    "MaxPool2DWithIndices": ("{g} at the largest of each window, else 0",),
    "AvgPool2D": ("Σ {g} / size over the windows that an element is in",),
    "AdaptiveAvgPool2D": ("Σ {g} / size over the windows that an element is in",),
    "UpsampleNearest2D": ("Σ {g} over the copies",),
    "ScaledDotProductFlashAttentionForCpu": (
        "s · P (dP − Σ dP·P) @ {b}, P = softmax(s {a} @ {b}ᵀ), dP = {g} @ {c}ᵀ",
        "s · (P (dP − Σ dP·P))ᵀ @ {a}, P = softmax(s {a} @ {b}ᵀ), dP = {g} @ {c}ᵀ",
        "Pᵀ @ {g}, P = softmax(s {a} @ {b}ᵀ)",
    ),
}  # fmt: skip
"""By the name of the op, as in the table of the rules."""
for _name in ("ScaledDotProductFlashAttention", "ScaledDotProductEfficientAttention"):
    FORMULAS[_name] = FORMULAS["ScaledDotProductFlashAttentionForCpu"]

LEAF = "its .grad = what was there + what came"
"""What AccumulateGrad does."""
