"""What a Redis server counted about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from redis.exceptions import RedisError

from harness.pattern import Endpoints
from harness.process.redis import client

_PATIENCE_S = 2.0
_COUNTED = (
    "evicted_keys",
    "client_output_buffer_limit_disconnections",
    "client_query_buffer_limit_disconnections",
    "rdb_saves",
    "aof_rewrites",
)


def redis_counters(endpoints: Endpoints) -> Mapping[str, int]:
    """Read evictions, buffer disconnects and saves; empty where no Redis takes part.

    Those of a cluster's nodes are added up.
    """
    total: Counter[str] = Counter()
    for url in endpoints.redis:
        try:
            with client(url, _PATIENCE_S) as asked:
                info = asked.info("everything")
        except RedisError:
            continue  # it may not be asked, or is gone, which the run itself notices
        total.update({name: int(info[name]) for name in _COUNTED if name in info})
    return total
