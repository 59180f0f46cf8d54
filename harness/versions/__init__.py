"""Releases of one library in a row: where did a figure change?

In the order of the data: ``asked`` (which releases), ``watching`` (what of each cell),
``measuring`` (environments, runs interleaved), ``telling`` (what neighbours differ by), ``record``
and ``recording`` (asv's results). Cells, environments and interleaving are those of
``harness.regress``.
"""
