"""Two builds against each other: did the change make it worse?

In the order of the data: ``gate`` (what is watched), ``looks`` (when it is looked at, at which
error), ``sides`` and ``build`` (two environments), ``measuring`` (runs, interleaved), ``ruling``
(what they support), ``report`` and ``document`` (what is printed), ``record`` (asv's results).
"""
