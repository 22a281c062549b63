"""What the dimensions of a tensor are called, where the op that made it leaves no doubt: `N×C×H×W` of a convolution.

Only ops are asked, never the names of classes or variables: a script may have a `Linear` of its own. What an op does
not settle has no names.
"""

from __future__ import annotations

_SPATIAL = {0: (), 1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
_BATCH, _FEATURES, _REST = "batch", "features", "…"
_CONVOLUTIONS = frozenset({"Convolution", "MkldnnConvolution", "CudnnConvolution", "CudnnConvolutionTranspose"})
_PLANES = frozenset({
    "MaxPool2DWithIndices", "MaxPool3DWithIndices", "AvgPool2D", "AvgPool3D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D",
    "AdaptiveMaxPool2D", "AdaptiveMaxPool3D", "MkldnnAdaptiveAvgPool2D", "UpsampleNearest2D", "UpsampleBilinear2D",
    "UpsampleNearest3D", "UpsampleTrilinear3D", "ReflectionPad2D", "ReplicationPad2D",
})  # fmt: skip
_OF_LINEAR = frozenset({"Addmm", "Mm", "Add", "View", "UnsafeView"})
"""The ops that `F.linear` is made of, but for the transpose of its weight."""


def name_dimensions(op: str | None, call: str | None, shape: tuple[int, ...] | None) -> tuple[str, ...]:
    """Return a name for each dimension of what an op made, `…` for several that are not told apart; else nothing.

    Args:
        op: `grad_fn.name()`.
        call: the torch call that made it; of an op in light detail that is not known.
    """
    stem = (op or "").rstrip("0123456789").removesuffix("Backward")
    word = (call or "").rpartition(".")[2]
    if not stem or shape is None:
        return ()
    count = len(shape)
    if stem in _CONVOLUTIONS:
        # A convolution without a batch is given one before this op, and it is taken away after it.
        return ("N", "C", *_SPATIAL[count - 2]) if 3 <= count <= 5 else ()
    if stem.endswith("BatchNorm") and word == "batch_norm":
        return ("N", "C", *_SPATIAL[count - 2]) if 2 <= count <= 5 else ()
    if stem in _PLANES and "1d" not in word:
        planes = _SPATIAL[2 if "2D" in stem else 3]
        return {len(planes) + 2: ("N", "C", *planes), len(planes) + 1: ("C", *planes)}.get(count, ())
    if word == "linear" and stem in _OF_LINEAR and count:
        return (_BATCH, _FEATURES) if count == 2 else (*([_REST] if count > 1 else []), _FEATURES)
    if stem == "Embedding":
        return (*([_REST] if count > 1 else []), "embedding")
    return ()


def dimension_words(op: str | None, call: str | None, shape: tuple[int, ...] | None) -> str:
    """Return the names as they stand beside a shape, or nothing."""
    return "×".join(name_dimensions(op, call, shape))
