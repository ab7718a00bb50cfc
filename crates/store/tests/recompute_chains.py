"""Recomputes every hash chain of a project file from what docs/file-format.md says, and nothing else."""

import hashlib
import sqlite3
import sys

rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT prev_hash, id, chain, chain_seq, at, actor, device, kind, body, hash"
    " FROM event ORDER BY chain, chain_seq"
)
heads = {}
for *fields, stated in rows:
    prev_hash, _, chain, chain_seq = fields[:4]
    seq, head = heads.get(chain, (0, "0" * 64))
    if (chain_seq, prev_hash) != (seq + 1, head):
        sys.exit(f"{chain} {chain_seq}: does not follow")
    text = "\n".join(str(field) for field in fields)
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != stated:
        sys.exit(f"{chain} {chain_seq}: hash")
    heads[chain] = (chain_seq, stated)
for chain in sorted(heads):
    print(chain, *heads[chain])
