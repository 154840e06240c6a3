"""Fuzzing: every parser that somebody can reach without signing in (`targets.py`).

The test run feeds each of them a little with hypothesis (tests/test_fuzz.py). `make fuzz`
runs one, or all in turn, under atheris, which watches the branches taken and goes on until told to stop.
"""
