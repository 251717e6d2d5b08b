/** A usage document as the core writes it, with an amount that no float can hold. */
export const REPORT_JSON = `{
  "window": {"from": null, "to": null},
  "totals": {"calls": 2, "cost_usd": 9007199254.740993001, "tokens_in": 3, "tokens_out": 4, "cache_hits": 1, "cache_hit_rate": 0.5,
    "prompt_cache_hits": 0, "prompt_cache_read_tokens": 0, "prompt_cache_creation_tokens": 0, "duration_ms": 5},
  "by_tier": {}, "by_workflow": {"cost_usd": {"calls": 2, "cost_usd": 0.10, "tokens_in": 3, "tokens_out": 4, "cache_hits": 1,
    "cache_hit_rate": 0.5, "prompt_cache_hits": 0, "prompt_cache_read_tokens": 0, "prompt_cache_creation_tokens": 0, "duration_ms": 5}},
  "by_model": {}, "by_provider": {}, "by_stage": {}, "by_day": {},
  "latency": {"all": null, "by_tier": {}, "by_workflow": {}, "by_model": {}, "by_provider": {}, "by_stage": {}, "by_day": {}}, "recent": [], "outside_window": 0, "log_versions": {"1.0": 2}, "cost_books": {}, "other_logs": {},
  "sources": [{"file": "usage.jsonl", "kind": "usage", "state": "read", "lines": 2, "records": 2, "bytes": 400}],
  "skipped": {"lines": 0, "by_reason": {}, "samples": []}, "notes": []
}`;
