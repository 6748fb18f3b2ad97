"""Hostile bytes: each parser is held to its law, whatever it is given.

`targets` says what the laws are, `corpus` holds inputs that reach different places in the code. `make fuzz` looks for
more of them, with atheris; `test_corpus` tries them all, and mutations of them, in every `make test`, without it.
"""
