#!/usr/bin/env python3
"""A second reading of exported ledgers ('yoriai-ledger-2', docs/ledger.md): python3 audit.py FILE

Checks every line's canonical form, every signature, every author's chain, the founder, proofs of contradiction, and of
every seal its Merkle root, size, heads, predecessor and quorum; adds up credits and floating-point operations by its own
rules. Prints one JSON object. It does not fold governance: states are taken from the seals that name their hash, and
transfers are carried out at every seal, which is right for ledgers without a seal during a pause. It does not fold
sponsored runs: where a quote could lock a reward it stops and says so. Exports that begin later than the room are refused. Standard library only; not a part of the product."""

import sys

sys.dont_write_bytecode = True

import base64
import hashlib
import json
import re

import ed25519

SAFE = 2**53 - 1
ENTRY_KEYS = {"author", "body", "prev", "room", "seq", "sig", "unixMs", "v"}
NO_CUT = SAFE


def contradict(first, second):
    """Two seals in one place of the agreement; a host also by replacing what it commits to, or committing twice."""
    if any(first[key] != second[key] for key in ("epoch", "path")) or first["seal"] == second["seal"]:
        return False
    by_host = first["path"] == "host"
    if first["phase"] == second["phase"]:
        return first["view"] == second["view"] or (by_host and first["phase"] == "commit")
    commit, proposal = sorted((first, second), key=lambda statement: statement["phase"])
    replaced = (commit["phase"], proposal["phase"]) == ("commit", "propose") and proposal["view"] > commit["view"]
    return by_host and replaced


class Broken(Exception):
    pass


def demand(holds, fault):
    if not holds:
        raise Broken(fault)


# Canonical JSON: RFC 8785 with integers and strings only.


def canonical(value):
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool):
        demand(abs(value) <= SAFE, "unreadable-line")
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    demand(isinstance(value, dict), "unreadable-line")
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def parse(line):
    try:
        text = line.decode("utf-8")
        value = json.loads(text)
        demand(canonical(value) == text, "unreadable-line")
    except (ValueError, RecursionError):
        raise Broken("unreadable-line") from None
    return value


def encoded(value):
    return canonical(value).encode("utf-8")


def sha256(data):
    return hashlib.sha256(data).digest()


def name_of(value):
    return sha256(encoded(value)).hex()


# Signatures.


def raw(text, length):
    demand(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text), "unreadable-line")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    back = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    demand(back == text and len(data) == length, "unreadable-line")
    return data


def is_signed(purpose, record):
    unsigned = {key: value for key, value in record.items() if key != "sig"}
    message = f"yoriai/2/{purpose}/{record['room']}/".encode() + encoded(unsigned)
    return ed25519.verify(raw(record["author"], 32), message, raw(record["sig"], 64))


def head_of(entry):
    head = {key: value for key, value in entry.items() if key != "body"}
    head["bodyHash"] = name_of(entry["body"])
    return head


# The tree of RFC 9162.


def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:]))


# How many signatures make a seal final.


def two_thirds(n):
    return 2 * n // 3 + 1


def needed_on_quorum_path(n, mode):
    if mode == "consortium":
        return two_thirds(n)
    half, faults = -(-n // 2), max(0, -(-n // 3) - 1)
    return max(two_thirds(n), n - half + faults + 1)


def is_final(seal, statements, members, anchor, mode):
    name = name_of(seal)
    places = {(s["path"], s["view"]) for s in statements}
    if len(places) != 1:
        return False
    for statement in statements:
        if (statement["room"], statement["epoch"], statement["seal"]) != (seal["room"], seal["epoch"], name):
            return False
    votes = [s["author"] for s in statements if s["phase"] == "vote"]
    commits = [s["author"] for s in statements if s["phase"] == "commit"]
    if len(votes) + len(commits) != len(statements):
        return False
    if len(set(votes)) != len(votes) or len(set(commits)) != len(commits):
        return False
    n = len(members)
    path, _ = places.pop()
    if path == "quorum":
        return not votes and len(set(commits) & set(members)) >= needed_on_quorum_path(n, mode)
    present = seal["members"]
    return (
        path == "host"
        and mode == "host"
        and commits == [anchor]
        and len(set(votes) & set(members)) >= -(-n // 2)
        and len(set(votes) & set(present)) > len(present) // 2
    )


class Audit:
    def __init__(self):
        self.lines = 0
        self.room = None
        self.founder = None
        self.charter = None
        self.charter_hash = None
        self.chains = {}
        self.chain_cuts = {}
        self.epoch_start = {}
        self.last = None
        self.leaves = []
        self.sealed = 0
        self.seals = []
        self.signatures = 0
        self.checked = 0
        self.issued = 0
        self.balances = {}
        self.quotes = []
        self.pending = []
        self.credit_cuts = {}
        self.flop = {}
        self.ended = False

    def take(self, line):
        value = parse(line)
        demand(isinstance(value, dict), "unreadable-line")
        self.checked = 0
        if self.room is None:
            demand(set(value) == {"format", "fromEpoch", "room"}, "unreadable-line")
            demand(value["format"] == "yoriai-ledger-2", "unreadable-line")
            demand(value["fromEpoch"] == 0, "unreadable-line")
            raw(value["room"], 16)
            self.room = value["room"]
        elif self.ended:
            raise Broken("out-of-order")
        elif set(value) == ENTRY_KEYS:
            self.take_entry(value, line)
        elif set(value) == {"certificate"}:
            self.take_certificate(value["certificate"])
        elif set(value) == {"end"}:
            demand(value["end"] == self.lines, "truncated")
            demand(self.founder is not None, "not-the-founder")
            self.ended = True
        else:
            raise Broken("unreadable-line")
        self.signatures += self.checked
        self.lines += 1

    def take_entry(self, entry, line):
        author, seq, body = entry["author"], entry["seq"], entry["body"]
        demand(entry["v"] == 2, "unreadable-line")
        demand(is_signed("entry", head_of(entry)), "bad-signature")
        self.checked += 1
        demand(entry["room"] == self.room, "wrong-room")
        name = sha256(line).hex()
        chain = self.chains.get(author, [])
        if seq < len(chain):
            raise Broken("out-of-order" if chain[seq] == name else "fork")
        demand(self.last is None or (author, seq) > self.last, "out-of-order")
        demand(seq == len(chain) and entry["prev"] == (chain[-1] if chain else ""), "broken-chain")
        demand(seq < self.chain_cuts.get(author, NO_CUT), "fork")
        if body["kind"] == "charter":
            made = sha256(raw(author, 32) + raw(body["salt"], 16))[:16]
            demand(seq == 0 and made == raw(self.room, 16), "not-the-founder")
            self.founder, self.charter, self.charter_hash = author, body, name
        if body["kind"] == "proof":
            self.take_proof(body)
        self.epoch_start.setdefault(author, seq)
        self.chains.setdefault(author, []).append(name)
        self.last = (author, seq)
        self.leaves.append(sha256(b"\x00" + line))
        self.fold(author, seq, body)

    def take_proof(self, body):
        first, second = parse(body["first"].encode()), parse(body["second"].encode())
        demand(first != second, "bad-proof")
        demand(first["author"] == second["author"] == body["against"], "bad-proof")
        demand(first["room"] == second["room"] == self.room, "bad-proof")
        if body["evidence"] == "entries":
            demand(first["seq"] == second["seq"], "bad-proof")
            demand(is_signed("entry", first) and is_signed("entry", second), "bad-proof")
            against, cut = body["against"], first["seq"]
            self.chain_cuts[against] = min(cut, self.chain_cuts.get(against, NO_CUT))
            if against in self.epoch_start:
                demand(len(self.chains[against]) <= max(cut, self.epoch_start[against]), "fork")
        else:
            cut = 0
            demand(contradict(first, second), "bad-proof")
            demand(is_signed("seal", first) and is_signed("seal", second), "bad-proof")
        self.checked += 2
        self.credit_cuts[body["against"]] = min(cut, self.credit_cuts.get(body["against"], NO_CUT))

    def take_certificate(self, certificate):
        demand(set(certificate) == {"seal", "statements"}, "unreadable-line")
        seal, statements = certificate["seal"], certificate["statements"]
        for statement in statements:
            demand(is_signed("seal", statement), "bad-signature")
        self.checked += len(statements)
        before = self.seals[-1] if self.seals else None
        demand(seal["room"] == self.room, "wrong-room")
        demand(seal["epoch"] == len(self.seals) + 1, "out-of-order")
        demand(self.founder is not None, "not-the-founder")
        previous = name_of(before) if before else self.charter_hash
        demand(seal["previous"] == previous, "wrong-previous-seal")
        demand(before is None or seal["unixMs"] >= before["unixMs"], "wrong-previous-seal")
        demand(seal["size"] == len(self.leaves), "wrong-size")
        demand(seal["root"] == tree_root(self.leaves).hex(), "wrong-root")
        heads = [[a, len(self.chains[a]) - 1, self.chains[a][-1]] for a in sorted(self.chains)]
        demand(seal["heads"] == name_of(heads), "wrong-heads")
        members, anchor = (before["members"], before["anchor"]) if before else ([self.founder], self.founder)
        mode = self.charter["governance"]["sealing"]
        demand(is_final(seal, statements, members, anchor, mode), "no-quorum")
        self.carry_out_transfers()
        self.seals.append(seal)
        self.sealed = len(self.leaves)
        self.last = None
        self.epoch_start = {}

    def fold(self, author, seq, body):
        kind = body["kind"]
        if kind == "charter":
            self.issued += int(body["rewardMicro"])
            self.balances[author] = self.balances.get(author, 0) + int(body["rewardMicro"])
        elif kind == "join":
            self.balances.setdefault(author, 0)
            self.flop.setdefault(author, 0)
        elif kind == "receipt" and author in self.flop:
            self.flop[author] += int(body["flop"])
        elif kind == "transfer":
            self.pending.append((author, seq, body["to"], int(body["amountMicro"])))
        elif kind == "quote":
            self.quotes.append((author, int(body["rewardMicro"])))

    def carry_out_transfers(self):
        for author, seq, to, amount in sorted(self.pending):
            counts = seq < self.credit_cuts.get(author, NO_CUT)
            if counts and to in self.balances and self.balances.get(author, -1) >= amount:
                self.balances[author] -= amount
                self.balances[to] += amount
        self.pending = []
        if any(self.balances.get(author, -1) >= reward for author, reward in self.quotes):
            sys.exit("sponsored runs are not folded here: use npm run audit")
        self.quotes = []

    def report(self, broken_line, fault):
        last = self.seals[-1] if self.seals else None
        if self.founder is None:
            # Without a charter no entry means anything yet.
            self.balances, self.flop, self.credit_cuts = {}, {}, {}
        return {
            "status": "sound" if fault is None else "broken",
            "line": broken_line,
            "fault": fault,
            "room": self.room,
            "founder": self.founder,
            "entries": len(self.leaves),
            "sealedEntries": self.sealed,
            "seals": len(self.seals),
            "authors": len(self.chains),
            "signatures": self.signatures,
            "convicted": sorted(self.credit_cuts),
            "lastSeal": last and {"epoch": last["epoch"], "hash": name_of(last), "root": last["root"]},
            "issuedMicro": str(self.issued),
            "balances": {member: str(self.balances[member]) for member in sorted(self.balances)},
            "compute": {member: str(self.flop[member]) for member in sorted(self.flop)},
        }


def audit(data):
    reader = Audit()
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            reader.take(line)
        except Broken as broken:
            return reader.report(number, str(broken))
        except (KeyError, TypeError, AttributeError, ValueError):
            return reader.report(number, "unreadable-line")
    if rest or not reader.ended:
        return reader.report(len(lines) + 1, "truncated")
    return reader.report(None, None)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        result = audit(file.read())
    print(json.dumps(result, sort_keys=True))
    sys.exit(0 if result["status"] == "sound" else 1)
