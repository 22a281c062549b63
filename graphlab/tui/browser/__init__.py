"""The explorer in a browser: a page with a terminal in it, and the server that starts an explorer for each visitor."""
