"""How each rule is written down, and what is said where there is none: all words of the rules, to be translated.

In a formula {a}, {b}, {c} stand for the inputs, {y} for the output, {g} for ∂L/∂ of the output; people's own names are
put there where they are known. {alpha} and its like stand for the op's numbers, {n} for what a mean divides by. An op's
formulas stand in the order of its inputs; the last holds for all that follow.
"""

from __future__ import annotations

from graphlab.language import _, plural

NO_RULE = _("no rule for {op}: these are the numbers that were recorded")
NOT_KEPT = _("not reckoned: {what} was not kept")
TOO_LARGE = _("not reckoned: {name} ({shape}) is too large to have been kept whole")
IN_COMPLEX = _("not reckoned: the rules are for real numbers")
FAILED = _("the rule cannot be followed here ({reason})")
WITHOUT_RULE = _("there is no rule for it")
NO_PATHS = _("no path of this backward leads to it")
NOT_FOLLOWED = _("the paths cannot be followed through {op}: {why}")
REST_OF_PATHS = _("{count} other paths together")
AROUND = _("no module")
PATHS_THROUGH = plural("{count} path through {modules}", "{count} paths through {modules}")
LINE = _("line {line}")
NOT_RUN = _("its backward has not run yet")
NO_GRADIENT_THERE = _("no gradient came, or none goes to that input")
TOO_LARGE_FOR_JACOBIAN = _("{rows} × {columns}: a Jacobian is reckoned up to {most} × {most}")
NOTHING_KEPT = _("what the op kept (light detail, or a recording made before rules were)")

LETTERS = {"alpha": "α", "beta": "β", "exponent": "n", "negative_slope": _("slope"), "n": " / n"}
"""What a formula without names has for the numbers of an op; others stand there by their own names."""

_PASSED = "{g}"
_NOTHING = _("0: it does not change when {a} moves a little")
_BACK = _("{g}, back in the shape of {a}")
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
    "Logaddexp": ("{g} · exp({a} − {y})", "{g} · exp({b} − {y})"),
    "Hypot": ("{g} · {a} / {y}", "{g} · {b} / {y}"),
    "Fmod": ("{g}", _("−{g} · ({a} / {b} without its fraction)")),
    "Remainder": ("{g}", "−{g} · ⌊{a} / {b}⌋"),
    "Frac": (_PASSED,),
    "NanToNum": (_("{g} where {a} is finite, else 0"),),
    "Logit": ("{g} / ({a} (1 − {a}))",),
    "Xlogy": ("{g} · ln {b}", "{g} · {a} / {b}"),
    "Abs": ("{g} · sign({a})",),
    "Sign": (_NOTHING,),
    "Sgn": (_NOTHING,),
    "Floor": (_NOTHING,),
    "Ceil": (_NOTHING,),
    "Round": (_NOTHING,),
    "Trunc": (_NOTHING,),
    "Clamp": (
        _("{g} where {min} ≤ {a} ≤ {max}, else 0"),
        _("{g} where {a} < {min}, else 0"), _("{g} where {a} > {max}, else 0"),
    ),
    "ClampMin": (_("{g} where {a} ≥ {min}, else 0"), _("{g} where {a} < {min}, else 0")),
    "ClampMax": (_("{g} where {a} ≤ {max}, else 0"), _("{g} where {a} > {max}, else 0")),
    "Maximum": (
        _("{g} where {a} > {b} (half where equal), else 0"),
        _("{g} where {b} > {a} (half where equal), else 0"),
    ),
    "Minimum": (
        _("{g} where {a} < {b} (half where equal), else 0"),
        _("{g} where {b} < {a} (half where equal), else 0"),
    ),
    "Where": (_("{g} where the condition holds, else 0"), _("{g} where the condition does not hold, else 0")),
    "MaskedFill": (_("{g} where the mask is off, else 0"), _("Σ {g} where the mask is on")),
    "Addcmul": ("{g}", "{g} · {c} · {value}", "{g} · {b} · {value}"),
    "Addcdiv": ("{g}", "{g} · {value} / {c}", "−{g} · {value} · {b} / {c}²"),
    "Lerp": ("{g} · (1 − {weight})", "{g} · {weight}", "{g} · ({b} − {a})"),
    "Clone": (_PASSED,),
    "ToCopy": (_PASSED,),
    "Alias": (_PASSED,),
    "Copy": (_("0: {a} is overwritten"), "{g}"),
    "CopyBackwards": (_("0: {a} is overwritten"), "{g}"),
    "Fill": (_("0: {a} is overwritten"), "Σ {g}"),
    "Zero": (_("0: {a} is overwritten"),),
    "NativeDropout": ("{g} · mask / (1 − {p})",),
    "TanhBackward": (_("{g} · (1 − tanh²)"), "−2 {g} · {a} · tanh"),
    "SigmoidBackward": ("{g} · σ (1 − σ)", "{g} · {a} · (1 − 2σ)"),
    "ThresholdBackward": (_("{g} where the input was above the threshold, else 0"), "0"),
    "Relu": (_("{g} where {a} > 0, else 0"),),
    "LeakyRelu": (_("{g} where {a} > 0, else {g} · {negative_slope}"),),
    "RreluWithNoise": (_("{g} · noise (in evaluation {g} where {a} > 0, else {g} · (lower + upper) / 2)"),),
    "Softshrink": (_("{g} where |{a}| > λ, else 0"),),
    "Hardshrink": (_("{g} where |{a}| > λ, else 0"),),
    "Threshold": (_("{g} where {a} > {threshold}, else 0"),),
    "Elu": (_("{g} · scale where {a} > 0, else {g} · α · scale · exp({a})"),),
    "Celu": (_("{g} where {a} > 0, else {g} · exp({a} / α)"),),
    "Gelu": ("{g} · (Φ({a}) + {a} · φ({a}))",),
    "Silu": ("{g} · σ({a}) · (1 + {a} · (1 − σ({a})))",),
    "Mish": (_("{g} · (t + {a} · σ({a}) · (1 − t²)), t = tanh(softplus({a}))"),),
    "Softplus": ("{g} · σ(β · {a})",),
    "Hardtanh": (_("{g} where min < {a} < max, else 0"),),
    "Hardsigmoid": (_("{g} / 6 where −3 < {a} < 3, else 0"),),
    "Hardswish": (_("{g} · ({a}/3 + ½) where −3 < {a} < 3, {g} above, 0 below"),),
    "PreluKernel": (_("{g} where {a} > 0, else {g} · {b}"), _("{g} · {a} where {a} ≤ 0, else 0")),
    "Glu": (_("{g} · σ(gate) for the value, {g} · value · σ'(gate) for the gate"),),
    "LogSigmoid": ("{g} · σ(−{a})",),
    "Sigmoid": ("{g} · {y} · (1 − {y})",),
    "Tanh": ("{g} · (1 − {y}²)",),
    "Softmax": ("{y} · ({g} − Σ {g} · {y})",),
    "SafeSoftmax": ("{y} · ({g} − Σ {g} · {y})",),
    "LogSoftmax": ("{g} − exp({y}) · Σ {g}",),
    "Logsumexp": ("{g} · exp({a} − {y})",),
    "Sum": (_("{g} for every element that was added up"),),
    "Mean": (_("{g} / n for every element"),),
    "Var": (_("{g} · 2 ({a} − mean) / (n − correction)"),),
    "Std": (_("{g} · ({a} − mean) / ((n − correction) · {y})"),),
    "Max": (_("{g} for the largest, 0 for the others"),),
    "Min": (_("{g} for the smallest, 0 for the others"),),
    "Max1": (_("{g} shared by all that are largest, 0 for the others"),),
    "Min1": (_("{g} shared by all that are smallest, 0 for the others"),),
    "Median": (_("{g} shared by all that are the median, 0 for the others"),),
    "Median1": (_("{g} for the median, 0 for the others"),),
    "Amax": (_("{g} shared by all that are largest, 0 for the others"),),
    "Amin": (_("{g} shared by all that are smallest, 0 for the others"),),
    "Sort": (_("{g}, each back to where it was before sorting"),),
    "Topk": (_("{g} for those that were picked, 0 for the others"),),
    "Kthvalue": (_("{g} for the one that was picked, 0 for the others"),),
    "Prod": (_("{g} · the product of all others"),),
    "LinalgVectorNorm": (_("{g} · {a} / {y} (for the 2-norm)"),),
    "Norm": (_("{g} · {a} / {y} (for the 2-norm)"),),
    "Cumsum": (_("Σ {g} from the element on"),),
    "Cumprod": (_("Σ of {g} · the product of all others, from the element on"),),
    "Cummax": (_("{g} added up at the places that were picked"),),
    "Cummin": (_("{g} added up at the places that were picked"),),
    "Aminmax": (_("{g} shared by all that are smallest, or largest, 0 for the others"),),
    "Nansum": (_("{g} where {a} is a number, else 0"),),
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
    "Linear": ("{g} @ {b}", "{g}ᵀ @ {a}", _("Σ {g} over the batch")),
    "LinalgInvEx": ("−{y}ᵀ @ {g} @ {y}ᵀ",),
    "LinalgDet": ("{g} · {y} · ({a}⁻¹)ᵀ",),
    "LinalgSlogdet": ("{g} · ({a}⁻¹)ᵀ",),
    "LinalgSolveEx": ("−({a}⁻ᵀ @ {g}) @ {y}ᵀ", "{a}⁻ᵀ @ {g}"),
    "Cdist": (
        _("Σ {g} · ({a} − {b}) / {y} over the rows of {b}"), _("−Σ {g} · ({a} − {b}) / {y} over the rows of {a}"),
    ),
    "LinalgCross": ("{b} × {g}", "{g} × {a}"),
    "T": ("{g}ᵀ",),
    "Transpose": (_("{g}, its two dimensions exchanged back"),),
    "Permute": (_("{g}, its dimensions back in their order"),),
    "View": (_BACK,),
    "UnsafeView": (_BACK,),
    "ReshapeAlias": (_BACK,),
    "Squeeze": (_BACK,),
    "Unsqueeze": (_BACK,),
    "Expand": (_("Σ {g} over the copies"),),
    "Repeat": (_("Σ {g} over the copies"),),
    "Select": (_("{g} at the place that was selected, else 0"),),
    "Slice": (_("{g} at the places of the slice, else 0"),),
    "Split": (_("the gradients of the pieces, joined"),),
    "UnsafeSplit": (_("the gradients of the pieces, joined"),),
    "torch::autograd::CopySlices": (
        _("{g}, 0 where it was overwritten"),
        _("{g} at the places that it was written to"),
    ),
    "SplitWithSizes": (_("the gradients of the pieces, joined"),),
    "Unbind": (_("the gradients of the parts, stacked"),),
    "Cat": (_("the part of {g} that came from it"),),
    "Stack": (_("the part of {g} that came from it"),),
    "Flip": (_("{g}, flipped back"),),
    "Roll": (_("{g}, rolled back"),),
    "Gather": (_("{g} added up at the places that were gathered"),),
    "IndexSelect": (_("{g} added up at the places that were picked"),),
    "Index": (_("{g} added up at the places of the index"),),
    "IndexPut": (_("{g}, 0 where it was overwritten"), _("{g} at the places of the index")),
    "Scatter": (_("{g}, 0 where it was overwritten"), _("{g} at the places of the index")),
    "ScatterAdd": ("{g}", _("{g} at the places of the index")),
    "Diagonal": (_("{g} on the diagonal, else 0"),),
    "ConstantPadNd": (_("{g} without the padding"),),
    "MaskedSelect": (_("{g} where the mask is on, else 0"),),
    "Unfold": (_("Σ {g} over the windows that an element is in"),),
    "AsStrided": (_("Σ {g} over the places that an element is at"),),
    "Tril": (_("{g} in the lower triangle, else 0"),),
    "Triu": (_("{g} in the upper triangle, else 0"),),
    "PixelShuffle": (_("{g}, each pixel back in its channel"),),
    "Embedding": (_("Σ {g} over the places that looked up the row"),),
    "IndexAdd": ("{g}", _("{g} at the places of the index") ),
    "IndexFill": (_("{g}, 0 where it was overwritten"),),
    "IndexCopy": (_("{g}, 0 where it was overwritten"), _("{g} at the places of the index")),
    "Take": (_("{g} added up at the places that were picked"),),
    "ScatterReduce": (
        _("{g}, shared with what was scattered onto it"), _("{g} at the places of the index, shared with the others"),
    ),
    "Trace": (_("{g} on the diagonal, else 0"),),
    "DiagEmbed": (_("the diagonal of {g}"),),
    "MseLoss": (_PULL, "−{g} · 2 ({a} − {b}){n}"),
    "SmoothL1Loss": (_("{g} · ({a} − {b}) / β, at most ±1,{n}"), _("−{g} · ({a} − {b}) / β, at most ±1,{n}")),
    "HuberLoss": (_("{g} · ({a} − {b}), at most ±δ,{n}"), _("−{g} · ({a} − {b}), at most ±δ,{n}")),
    "SoftMarginLoss": ("−{g} · t · σ(−t · {a}){n}",),
    "NllLoss": (_("−{g} · weight / Σ weight at the target, else 0"),),
    "NllLoss2D": (_("−{g} · weight / Σ weight at the target, else 0"),),
    "BinaryCrossEntropy": ("{g} · ({a} − t) / ({a} (1 − {a})){n}", "{g} · (ln(1 − {a}) − ln {a}){n}"),
    "BinaryCrossEntropyWithLogits": ("{g} · (σ({a}) − t){n}", "−{g} · {a}{n}"),
    "NativeBatchNorm": (
        _("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight (in evaluation h / σ)"), "Σ {g} · x̂", "Σ {g}",
    ),
    "CudnnBatchNorm": (
        _("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight (in evaluation h / σ)"), "Σ {g} · x̂", "Σ {g}",
    ),
    "NativeLayerNorm": ("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight", "Σ {g} · x̂", "Σ {g}"),
    "NativeGroupNorm": ("(h − mean h − x̂ · mean(h · x̂)) / σ, h = {g} · weight", "Σ {g} · x̂", "Σ {g}"),
    "FusedRmsNorm": ("(h − x̂ · mean(h · x̂)) / rms, h = {g} · weight", "Σ {g} · x̂"),
    "Convolution": (_("{g} ⋆ {b} turned round"), "{a} ⋆ {g}", _("Σ {g} over batch and places")),
    "MaxPool2DWithIndices": (_("{g} at the largest of each window, else 0"),),
    "AvgPool2D": (_("Σ {g} / size over the windows that an element is in"),),
    "AdaptiveAvgPool2D": (_("Σ {g} / size over the windows that an element is in"),),
    "UpsampleNearest2D": (_("Σ {g} over the copies"),),
    "UpsampleNearest1D": (_("Σ {g} over the copies"),),
    "UpsampleLinear1D": (_("Σ {g} · its share in each interpolated element"),),
    "UpsampleBilinear2D": (_("Σ {g} · its share in each interpolated element"),),
    **dict.fromkeys(
        (f"{kind}Pad{rank}D" for kind in ("Reflection", "Replication") for rank in (1, 2, 3)),
        (_("Σ {g} over the places that an element is at"),),
    ),
    "AdaptiveMaxPool2D": (_("{g} at the largest of each window, else 0"),),
    "Im2Col": (_("Σ {g} over the windows that an element is in"),),
    "PixelUnshuffle": (_("{g}, each pixel back in its square"),),
    "ScaledDotProductFlashAttentionForCpu": (
        "s · P (dP − Σ dP·P) @ {b}, P = softmax(s {a} @ {b}ᵀ), dP = {g} @ {c}ᵀ",
        "s · (P (dP − Σ dP·P))ᵀ @ {a}, P = softmax(s {a} @ {b}ᵀ), dP = {g} @ {c}ᵀ",
        _("Pᵀ @ {g}, P = softmax(s {a} @ {b}ᵀ)"),
    ),
}  # fmt: skip
"""By the name of the op, as in the table of the rules."""
for _name in ("ScaledDotProductFlashAttention", "ScaledDotProductEfficientAttention"):
    FORMULAS[_name] = FORMULAS["ScaledDotProductFlashAttentionForCpu"]

LEAF = _("its .grad = what was there + what came")
"""What AccumulateGrad does."""
