"""A whole run as one page to mail: what it holds (Python), and how a reader goes through it (page.html, css, js)."""
