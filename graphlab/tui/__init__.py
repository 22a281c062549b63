"""The terminal UI: a textual app that looks at recordings. Importing this package imports nothing of textual."""
