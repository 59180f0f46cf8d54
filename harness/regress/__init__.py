"""Two builds against each other: did the change make it worse?

In the order of the data: ``gate`` (what is watched), ``looks`` (when it is looked at, at which
error), ``sides`` and ``build`` (an environment each), ``interleaving`` (runs, as they grow),
``measuring`` (as many as a look needs), ``ruling`` (what they support), ``report`` and
``document`` (what is printed), ``record`` (asv's results).
"""
