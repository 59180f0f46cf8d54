"""The questions, for asv: one file a question, a class with its axes, a method for each metric.

What questions share stands beside them, in the order of the data: ``settings`` (the environment),
``patterns`` and ``axes`` (what is asked), ``measured`` and ``saved`` (where runs come from),
``validity`` (which of them count), ``values`` (what asv gets) and ``metrics`` (how a method becomes
a metric). docs/questions.md lists the questions.

Environment variables, read when a benchmark runs:

- ``ABEC_PROFILE=quick|full`` how much is asked, quick by default;
- ``ABEC_SCENARIOS=FILE`` adds your own scenarios (``abec init`` writes such a file);
- ``ABEC_RUNS=N`` independent runs of each combination, 8 by default;
- ``ABEC_SERIES=FILE[:FILE…]`` measures nothing and reads what ``abec`` saved.
"""

from __future__ import annotations

import sys

from harness.process.child import die_with_parent

if sys.argv[1:2] == ["run_server"]:
    # asv's fork server (`--launch-method forkserver`) would outlive an asv that is killed.
    die_with_parent()
