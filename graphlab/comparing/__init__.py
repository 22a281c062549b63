"""Two runs laid side by side: since which step, op and element their numbers are not the same, and what came before."""

from graphlab.comparing.comparison import RunComparison, compare_runs
from graphlab.comparing.growth import Growth
from graphlab.comparing.outcomes import Outcome
from graphlab.comparing.tolerance import Tolerance, read_tolerance
from graphlab.comparing.walk import Place

__all__ = ["Growth", "Outcome", "Place", "RunComparison", "Tolerance", "compare_runs", "read_tolerance"]
