"""The golden logs: made anew byte for byte, judged as their table says, and written by the store as they stand."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.cosigning import Standing
from gateway.ledger.encoding import decode
from gateway.ledger.examining import Flaw
from gateway.ledger.fetching import Folder
from gateway.ledger.note import Note, NoteRefused, Verifier
from gateway.ledger.policy import Policy
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.tiled import TiledRecords
from gateway.ledger.tree import ProofRefused
from gateway.ledger.verifying import wary
from tests.gateway.ledger.golden.__main__ import CASES, HERE, KEY, LOG, MOMENT, SMALL, everything, nonce

TOLD = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
VERIFIER = Verifier.parse(TOLD["key"])


def text(path: str) -> str:
    return (HERE / path).read_text(encoding="utf-8")


def test_the_files_are_what_their_script_makes() -> None:
    stand = {str(each.relative_to(HERE)): each.read_bytes() for each in HERE.rglob("*") if each.is_file()}
    made = everything()
    assert {path: content for path, content in stand.items() if Path(path).suffix not in {".md", ".py", ".pyc"}} == made
    assert sum(map(len, made.values())) < 100_000


@pytest.mark.parametrize("name", TOLD["logs"])
def test_each_log_has_the_flaw_that_it_is_named_for(name: str) -> None:
    told: dict[str, Any] = TOLD["logs"][name]
    kept = Checkpoint.parse(Note.parse(text(told["kept"])).text) if told["kept"] else None
    verdict = wary(TiledRecords(Folder(HERE / name)), [VERIFIER], kept)
    through = None if verdict.first_bad is None else verdict.through
    assert (verdict.flaw, verdict.first_bad, through) == (told["flaw"], told["first_bad"], told["through"])


async def test_a_store_that_is_given_these_entries_signs_the_same_checkpoint(path: Path) -> None:
    chance = iter([bytes(4), *map(nonce, range(len(SMALL)))])
    ledger = SqliteLedger.open(path, log=LOG, signers=(KEY,), entropy=lambda _: next(chance))
    proofs = [Proof.parse((await ledger.append(decode(body))).proof) for body in SMALL]
    await ledger.close()
    assert proofs[-1].checkpoint == text("sound/checkpoint")
    with Log.open(path) as log, Log(TiledRecords(Folder(HERE / "sound"))) as golden:
        assert log.entries() == golden.entries()
        assert log.verify([VERIFIER]) == golden.verify([VERIFIER])
        (index,) = [each.index for each in golden.entries(exchange_id="c")]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx = ?", (index,))
    with Log.open(path) as log:
        assert log.verify([VERIFIER]).purged == 1


@pytest.mark.parametrize("name", [path.name for path in sorted((HERE / "proofs").iterdir())])
def test_a_proof_proves_or_is_refused_as_its_name_says(name: str) -> None:
    proof = Proof.parse(text(f"proofs/{name}"))
    leaf = bytes.fromhex(TOLD["proven_leaf_hash"])
    assert Note.parse(proof.checkpoint).verified([VERIFIER]) == {VERIFIER: 0}
    if name == "sound":
        proof.includes(leaf)
    else:
        with pytest.raises(ProofRefused):
            proof.includes(leaf)


def test_a_note_meets_the_policy_or_not_as_its_name_says() -> None:
    policy = Policy.parse(text("policy"))
    assert Standing.parse(text("notes/cosigned"), policy).moment == MOMENT
    for name, said in (("cosigned-by-one", "lacks cosignatures"), ("cosignature-changed", "does not verify")):
        with pytest.raises(NoteRefused, match=said):
            Standing.parse(text(f"notes/{name}"), policy)


def test_every_flaw_that_files_can_have_has_its_golden_log() -> None:
    only_of_a_store = {"GAP", "COLUMNS_DIFFER"}
    only_of_a_server = {"ANSWERS_DIFFER"}
    assert {each.flaw for each in CASES.values() if each.flaw} | only_of_a_store | only_of_a_server == set(Flaw)
