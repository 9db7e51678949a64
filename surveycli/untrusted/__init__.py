"""Content from strangers: texts, numbers and structures of files and servers, read within bounds.

Whatever a file or a server says comes through here before anything else of the package looks at it.
"""
