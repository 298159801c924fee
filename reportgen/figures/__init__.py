"""Report parts -> plots, and plots -> figures for paper, as plain Plotly data.

Which kinds there are, :mod:`reportgen.figure_kinds` says.
"""
