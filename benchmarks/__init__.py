"""How fast cnnwidgets is: `make bench`, or `python -m benchmarks [--json PATH] [--quick]`.

One module a question; what is compared is measured in turns, on the same page or the same server,
so that a busy machine slows both alike.
"""
