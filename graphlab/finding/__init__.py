"""Finds in a recording what a person asks for: one language for the explorer and the command line."""

from graphlab.finding.index import Index
from graphlab.finding.match import Matches, find_matches
from graphlab.finding.query import Query, Term, format_query, parse_query

__all__ = ["Index", "Matches", "Query", "Term", "find_matches", "format_query", "parse_query"]
