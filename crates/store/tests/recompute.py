"""Reads a project file or packet by what docs/file-format.md says, and nothing else: recomputes the hash chains,
the ids and the hash of what was drawn, folds the log, and compares every view that follows from it. Prints the
heads of the chains; what does not agree ends it with status 1."""

import hashlib
import json
import sqlite3
import struct
import sys
from collections import Counter, defaultdict
from decimal import Decimal


class Item:
    def __init__(self):
        self.locks, self.settled, self.reopened, self.skipped = [], None, False, False
        self.tags, self.also, self.flag, self.comment, self.outcome = set(), set(), False, "", None
        self.outcome_at = None

    def closed(self):
        return bool(self.locks or self.outcome) and not self.reopened


class Reader:
    """The fold of one reader's events."""

    def __init__(self, worklist, decks):
        self.items = defaultdict(Item)
        self.listed = {row["id"]: row for row in worklist}
        self.parts = defaultdict(list)
        for row in worklist:
            self.parts[part(row)].append(row["id"])
        self.decks, self.released, self.unsettled = decks, set(), None

    def settle(self):
        if self.unsettled is not None:
            item = self.items[self.unsettled]
            item.settled, self.unsettled = len(item.locks) - 1, None

    def take(self, kind, body, at):
        if kind in ("sitting.began", "sitting.ended"):
            self.settle()
        elif kind == "figures.released":
            if body["deck"] in self.decks:
                self.released.add(body["deck"])
                self.settle()
        elif "item" in body:
            getattr(self, kind.replace(".", "_"))(self.items[body["item"]], body, at)

    def read_locked(self, item, body, at):
        name = body["item"]
        if self.unsettled not in (None, name):
            self.settle()
        row = self.listed.get(name)
        item.locks.append({
            "answers": {a["finding"]: a["answer"] for a in body["answers"]},
            "phase": row["phase"] if row else body["phase"],
            "at": at,
            "active_ms": body["active_ms"],
            "version": body["protocol_version"],
            "after": int(row is not None and row["deck_id"] in self.released),
        })
        item.reopened = item.skipped = False
        if item.settled is None:
            self.unsettled = name
        if body.get("last") or row and all(self.items[i].closed() for i in self.parts[part(row)]):
            self.settle()

    def read_reopened(self, item, body, at):
        item.reopened = item.reopened or item.closed()

    def read_skipped(self, item, body, at):
        item.skipped = True

    def review_decided(self, item, body, at):
        item.outcome, item.outcome_at, item.reopened, item.skipped = body["outcome"], at, False, False

    def tag_set(self, item, body, at):
        (item.tags.add if body["on"] else item.tags.discard)(body["tag"])

    def also_set(self, item, body, at):
        (item.also.add if body["on"] else item.also.discard)(body["finding"])

    def flag_set(self, item, body, at):
        item.flag = body["on"]

    def comment_set(self, item, body, at):
        item.comment = body["text"]

    def film_seen(self, item, body, at):
        pass


def part(row):
    return row["deck"], stage(row), row["batch"]


def stage(row):
    return row["phase"] if row["phase"] in ("adjudicate", "review") else "read"


def sha256(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def derived(*parts):
    return sha256(b"".join(part.encode() + b"\x1f" for part in parts))[:16]


def agree(what, ours, theirs):
    if ours != theirs:
        sys.exit(f"{what}:\n  recomputed {ours}\n  in the file {theirs}")


file = sqlite3.connect(sys.argv[1])
file.row_factory = sqlite3.Row


def rows(sql, *args):
    return [dict(row) for row in file.execute(sql, args)]


def chains():
    heads = {}
    for e in rows("SELECT * FROM event ORDER BY chain, chain_seq"):
        seq, head = heads.get(e["chain"], (0, "0" * 64))
        agree(f"place of {e['id']}", (seq + 1, head), (e["chain_seq"], e["prev_hash"]))
        agree(f"chain of {e['id']}", f"{e['actor']}/{e['device']}", e["chain"])
        names = ("prev_hash", "id", "chain", "chain_seq", "at", "actor", "device", "kind", "body")
        agree(f"hash of {e['id']}", sha256("\n".join(str(e[name]) for name in names)), e["hash"])
        agree(f"body of {e['id']}", canonical(json.loads(e["body"])), e["body"])
        heads[e["chain"]] = (e["chain_seq"], e["hash"])
    return heads


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def ids(packet, items, decks):
    identity, seed = rows("SELECT identity FROM dataset")[0]["identity"], None
    for row in rows("SELECT seed FROM sample"):
        seed = row["seed"]
    studies = rows("SELECT printf('%016x', id) AS id, key FROM study ORDER BY no")
    agree("order of studies", sorted(s["id"] for s in studies), [s["id"] for s in studies])
    for i in items:
        parts = [i["deck_id"], i["study_id"], i["reader"]]
        if stage(i) == "read":
            parts.append(str(i["pass"]))
        else:
            parts += [i["phase"], i["finding"] or decks[i["deck"]]["finding"]]
        if not packet:
            agree("id of an item", derived("item", *parts), i["id"])
    if packet:
        return
    for s in studies:
        agree("id of a study", derived("study", identity, s["key"]), s["id"])
    images = "SELECT printf('%016x', i.id) AS id, coalesce(i.key, s.key) AS key FROM image AS i JOIN study AS s ON s.no = i.study"
    for i in rows(images):
        agree("id of an image", derived("image", identity, i["key"]), i["id"])
    for d in decks.values():
        names = [d["finding"] or "all"] + ["practice"] * (d["finding"] is None and d["no"] > 0)
        agree("id of a deck", derived("deck", identity, seed, names[-1]), d["id"])


def drawn(items, decks):
    """The hash of what was drawn, which its last event tells."""
    found = rows("SELECT * FROM sample")
    if not found:
        return
    head = found[0]
    members = defaultdict(list)
    sql = "SELECT m.*, printf('%016x', s.id) AS id FROM deck_member AS m JOIN study AS s ON s.no = m.study ORDER BY m.deck, m.place"
    for m in rows(sql):
        one = {"study": m["id"], "label_positive": m["label_positive"] == 1, "drawn": m["drawn"], "frame": m["frame"]}
        one |= {"of": m["of_studies"]} if m["of_studies"] != 1 else {}
        one |= {"stratum": m["stratum"]} if m["stratum"] is not None else {}
        one |= {"repeated": True} if m["repeated"] else {}
        members[m["deck"]].append(one)
    explore = defaultdict(list)
    sql = "SELECT e.finding, e.place, printf('%016x', s.id) AS id FROM explore AS e LEFT JOIN study AS s ON s.no = e.study ORDER BY e.finding, e.place"
    for e in rows(sql):
        explore[e["finding"]] += [e["id"]] if e["place"] else []
    sample = {
        "seed": int(head["seed"]),
        "limited_to_available": head["limited_to_available"] == 1,
        "frame_studies": head["frame_studies"],
        "explore": explore,
        "shortfall": rows("SELECT finding, arm, planned, drawn FROM shortfall ORDER BY place"),
        "decks": [
            {"id": d["id"], "finding": d["finding"], "planned": d["planned"], "members": members[no]}
            for no, d in sorted(decks.items())
        ],
    }
    gold = [row["reader"] for row in rows("SELECT reader FROM gold ORDER BY reader")]
    sample |= {"gold": gold} if gold else {}
    sample |= {"frame": list(head["frame"])} if head["frame"] is not None else {}
    worklists = []
    for w in rows("SELECT reader, gap_violations FROM worklist ORDER BY reader"):
        listed = []
        for i in (i for i in items if i["reader"] == w["reader"]):
            one = {"id": i["id"], "study": i["study_id"], "deck": i["deck"], "phase": i["phase"], "pass": i["pass"]}
            one |= {"batch": i["batch"]} if i["batch"] else {}
            one |= {"finding": i["finding"]} if i["finding"] is not None else {}
            listed.append(one)
        worklists.append(w | {"items": listed})
    told = {json.loads(e["body"])["hash"] for e in rows(
        "SELECT body FROM event WHERE kind IN ('sample.drawn', 'sample.extended', 'adjudication.drawn', 'review.drawn', 'packet.made')"
    )}
    ours = sha256(canonical({"sample": sample, "worklists": worklists}))
    agree("hash of what was drawn", {ours}, {ours} & told)


def content():
    """The hash of what the tables of the dataset hold."""
    told = [json.loads(e["body"]) for e in rows("SELECT body FROM event WHERE kind = 'dataset.imported'")]
    if not told or "content" not in told[0]:
        return
    hashed = hashlib.sha256()
    for sql in (
        "SELECT no, name FROM dataset_finding ORDER BY no",
        "SELECT key FROM patient ORDER BY no",
        "SELECT id, key, patient, positive, negative, uncertain, sex, age_years, region, split FROM study ORDER BY no",
        "SELECT id, study, place, view, key FROM image ORDER BY id",
        "SELECT image, place, finding, x, y, width, height FROM image_box ORDER BY image, place",
    ):
        for row in file.execute(sql):
            hashed.update("".join(field(value) + "\x1f" for value in row).encode() + b"\x1e")
    agree("hash of the dataset", told[0]["content"], hashed.hexdigest())


def field(value):
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    return "" if value is None else str(value)


def outside():
    """The hashes of reads and scores that came from elsewhere."""
    for file_row in rows("SELECT * FROM outside_file"):
        kind, no = file_row["kind"], file_row["no"]
        if kind == "reads":
            sql = "SELECT r.*, printf('%016x', s.id) AS id FROM outside_read AS r JOIN study AS s ON s.no = r.study WHERE r.file = ?"
            fields = [
                (r["reader"], r["id"], r["finding"], r["read_no"], r["no_answer"] if r["level"] is None else r["level"])
                for r in rows(sql, no)
            ]
        else:
            sql = "SELECT r.*, printf('%016x', s.id) AS id FROM outside_score AS r JOIN study AS s ON s.no = r.study WHERE r.file = ?"
            fields = [(r["model"], r["finding"], r["id"], r["view"], digits(r["score"])) for r in rows(sql, no)]
        lines = ["\t".join(map(str, row)) + "\n" for row in sorted(fields, key=lambda row: row[:4])]
        told = [json.loads(e["body"]) for e in rows("SELECT body FROM event WHERE kind = ?", kind + ".imported")]
        told = {body["hash"] for body in told if body["file"]["sha256"] == file_row["sha256"]}
        agree(f"hash of {file_row['name']}", told, {sha256("".join(lines))})


def digits(number):
    """As many digits as it takes to read the same number back, without an exponent."""
    if number is None:
        return ""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def folded(items, decks):
    readers = {}
    deck_ids = {d["id"] for d in decks.values()}
    last = {}
    for e in rows("SELECT * FROM event ORDER BY actor, chain, chain_seq"):
        actor = e["actor"]
        if actor not in readers:
            readers[actor] = Reader([i for i in items if i["reader"] == actor], deck_ids)
        if last.setdefault(actor, e["chain"]) != e["chain"]:
            readers[actor].settle()
            last[actor] = e["chain"]
        readers[actor].take(e["kind"], json.loads(e["body"]), e["at"])
    return readers


def views(readers, items, decks):
    levels = {(r["version"], r["no"]): r["name"] for r in rows("SELECT * FROM protocol_level")}
    rules = rows("SELECT * FROM protocol_rule")
    listed = {i["id"]: i for i in items}
    out = defaultdict(list)
    for name, reader in readers.items():
        for id, item in reader.items.items():
            row = listed.get(id, defaultdict(lambda: None))
            out["v_tags"] += [(id, row["study_id"], name, row["deck_id"], row["deck_finding"], tag) for tag in item.tags]
            out["item_also"] += [(name, id, finding) for finding in item.also]
            if not item.locks:
                continue
            now, first = item.locks[-1], {"answers": {}, "version": None}
            if item.settled is not None:
                first = item.locks[item.settled]
            for finding in now["answers"].keys() | first["answers"].keys():
                stands, settled = now["answers"].get(finding, {}), first["answers"].get(finding, {})
                no, settled_level = stands.get("level"), levels.get((first["version"], settled.get("level")))
                out["v_reads"].append((
                    id, row["study_id"], name, row["deck_id"], finding, levels.get((now["version"], no)), no,
                    stands.get("no_answer"), settled_level, settled.get("no_answer"), now["phase"], row["pass"],
                    now["version"], now["at"], now["active_ms"], now["after"],
                ))
                for rule in (rule for rule in rules if rule["version"] == now["version"]):
                    value = None if no is None else int(no >= rule["threshold"])
                    out["v_read_rules"].append((id, name, finding, rule["name"], value))
                if now["phase"] == "adjudicate" and settled:
                    out["v_adjudicated"].append((
                        id, row["study_id"], row["deck_id"], finding, name, settled_level, settled.get("no_answer"),
                        now["version"], now["at"],
                    ))
    progress = defaultdict(Counter)
    for i in items:
        item = readers[i["reader"]].items[i["id"]] if i["reader"] in readers else Item()
        asked = i["deck_finding"] if i["finding"] is None else i["finding"]
        status = "locked" if item.locks or item.outcome else "skipped" if item.skipped else "open"
        out["v_worklist"].append((
            i["reader"], i["place"], i["id"], i["study_id"], i["deck_id"], asked, i["phase"], i["pass"],
            "reopened" if item.reopened else status, int(item.flag), item.comment,
        ))
        if i["phase"] == "review":
            at = item.locks[-1]["at"] if item.locks else item.outcome_at
            out["v_review"].append((
                i["id"], i["study_id"], i["deck_id"], asked, i["reader"], item.outcome, item.comment, at,
            ))
        behind = 0 if item.settled is None else len(item.locks) - 1 - item.settled
        ms = item.locks[-1]["active_ms"] if item.locks else 0
        counts = progress[i["reader"], i["deck_id"], i["deck_finding"], stage(i)]
        for place, n in enumerate((1, item.closed(), item.settled is not None, behind, item.skipped, ms)):
            counts[place] += n
    out["v_progress"] = [key + tuple(counts[n] for n in range(6)) for key, counts in progress.items()]
    locks = defaultdict(list)
    for e in rows("SELECT * FROM event WHERE kind = 'read.locked'"):
        body = json.loads(e["body"])
        locks[e["actor"], body["item"]].append((e, body["answers"]))
    for (actor, id), answers in locks.items():
        if len({e["chain"] for e, _ in answers}) > 1:
            out["v_conflicts"] += [
                (actor, id, e["chain"], e["chain_seq"], e["at"], a["finding"], a["answer"].get("level"), a["answer"].get("no_answer"))
                for e, given in answers for a in given
            ]
    names = "v_reads v_read_rules v_tags v_worklist v_progress v_adjudicated v_review v_conflicts item_also"
    for name in names.split():
        theirs = [tuple(row) for row in file.execute(f"SELECT * FROM {name}")]
        ours, theirs = Counter(out[name]), Counter(theirs)
        agree(name, sorted(map(repr, ours - theirs)), sorted(map(repr, theirs - ours)))
        print(name, sum(ours.values()), file=sys.stderr)


heads = chains()
packet = rows("SELECT value FROM meta WHERE name = 'kind'")[0]["value"] == "packet"
decks = {d["no"]: d for d in rows("SELECT * FROM deck")}
items = rows(
    "SELECT i.*, printf('%016x', s.id) AS study_id, d.id AS deck_id, d.finding AS deck_finding FROM item AS i"
    " JOIN study AS s ON s.no = i.study JOIN deck AS d ON d.no = i.deck ORDER BY i.reader, i.place"
)
ids(packet, items, decks)
drawn(items, decks)
content()
outside()
views(folded(items, decks), items, decks)
for chain in sorted(heads):
    print(chain, *heads[chain])
