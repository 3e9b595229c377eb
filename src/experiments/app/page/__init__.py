"""The page in the browser: Gradio's Blocks around parts that are HTML of our own.

`blocks.py` puts the parts together; each part (`describe`, `look`, `explore`, `compare`, `find`,
`listen`, `about`) is a file here, which calls the session, and where it needs one a script of the
same name in `asset/`, which shows what came of it. Nothing here knows of models or runs but through
the session.
"""
