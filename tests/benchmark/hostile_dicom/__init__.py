"""A hostile set of DICOM files: identifiers wherever the standard lets one hide, made from a seed.

``python -m tests.benchmark.hostile_dicom --seed 7`` makes it, cleans it with each system that is there, and scores the output
in bytes, inflated streams, decoded values, names and pixels.
"""
