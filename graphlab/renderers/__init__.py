"""Pictures and files of a graph: each format is a small module that turns a graph into text or bytes."""
