"""What Keystead costs: `make bench`, or `python -m bench sign-in|verify [options]`.

Figures are CPU time of the server's process tree, divided by V: the cost of one P-256 check measured
around them in the same minutes. That ratio survives a noisy machine; requests per second do not.
"""
