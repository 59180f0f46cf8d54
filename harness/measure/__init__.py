"""From recordings and snapshots to latencies, audit, resources, doubts and verdicts."""
