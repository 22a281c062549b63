"""Positions for a graph: boxes on a page or on a grid of characters, and lanes as `git log` draws them."""
