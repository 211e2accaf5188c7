"""A hostile folder: every place where identity hides in picture files, every depth and orientation, and files that must fail.

``python -m tests.benchmark.hostile`` makes it from a seed, runs the systems over it, and prints a table.
"""
