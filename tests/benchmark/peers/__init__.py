"""Other tools under the same measure: programs ``python -m tests.benchmark.peers.NAME IN OUT`` that write OUT/ledger.jsonl."""
