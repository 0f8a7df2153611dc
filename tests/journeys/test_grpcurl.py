"""grpcurl, a client that nobody here wrote, asks a gateway as it really runs: by reflection, by the .proto files, and as pasted."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from gateway.clock import new_id
from gateway.rpc.pb.v1 import directory_service_pb2 as directory_pb
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.journeys.conftest import Up

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 100
QUERY = "kuacheng.v1.EvidenceService/Query"
Told = TypeVar("Told", bound=Message)
PROTO = ("-import-path", "proto", "-proto", "kuacheng/v1/evidence_service.proto", "-proto", "kuacheng/v1/directory_service.proto")
SERVICES = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "kuacheng.v1.DirectoryService",
    "kuacheng.v1.EvidenceService",
    "kuacheng.v1.LedgerService",
}
pytestmark = pytest.mark.timeout(400)  # one test may run several commands
BY = pytest.mark.parametrize("by", [(), PROTO], ids=["reflection", "proto files"])


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command of the virtual environment, at the repository's root."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def grpcurl(up: Up, *arguments: str, client: str = "foshan-window", by: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    pair = up.said["clients"][client]
    tls = ("-cacert", up.said["ca"], "-cert", pair["cert"], "-key", pair["key"], "-servername", up.said["server_name"])
    options, words = (
        [each for each in arguments if each.startswith(("-", "{"))],
        [each for each in arguments if each[0] not in "-{"],
    )
    return run("grpcurl", *tls, *by, *options, up.said["gateway"], *words)


def asking(sample: dict[str, Any], **changes: Any) -> str:
    """A sample of dev.json as the JSON of a QueryRequest."""
    holder, basis = sample["holder"], sample["legal_basis"]
    made = {
        "requestId": new_id(),
        "evidenceType": sample["type"],
        "providerRegion": sample["region"],
        "holder": {**holder, "type": f"HOLDER_TYPE_{holder['type']}"},
        "purpose": sample["purpose"],
        "legalBasis": {**basis, "kind": f"LEGAL_BASIS_KIND_{basis['kind']}"},
        "parameters": [{"name": name, "months": value} for name, value in sample["parameters"].items()],
    }
    return json.dumps(made | changes, ensure_ascii=False)


def told(done: subprocess.CompletedProcess[str], kind: type[Told]) -> Told:
    """The message that grpcurl printed, whose names it spells as the .proto files or as JSON do."""
    assert done.returncode == 0, done.stderr
    return json_format.Parse(done.stdout, kind())


def answered(done: subprocess.CompletedProcess[str]) -> pb.QueryResponse:
    return told(done, pb.QueryResponse)


def lasting(answer: pb.QueryResponse) -> pb.QueryResponse:
    """What is the same in two answers to one question: neither ids, nor moments, nor places in the log."""
    kept = pb.QueryResponse.FromString(answer.SerializeToString())
    for name in ("request_id", "exchange_id", "receipt"):
        kept.ClearField(name)
    for name in ("request_in", "request_out", "response_in", "response_out"):
        kept.provenance.ClearField(name)
    return kept


def test_reflection_lists_every_service(up: Up) -> None:
    assert set(grpcurl(up, "list").stdout.split()) == SERVICES
    methods = {f"kuacheng.v1.EvidenceService.{name}" for name in ("Query", "Verify", "Download", "Watch")}
    assert set(grpcurl(up, "list", "kuacheng.v1.EvidenceService").stdout.split()) == methods


def test_everything_that_is_listed_can_be_described(up: Up) -> None:
    done = grpcurl(up, "describe")
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"^([\w.]+) is a service:", done.stdout, re.MULTILINE)) == SERVICES
    reasons = grpcurl(up, "describe", "kuacheng.v1.Reason").stdout
    assert "REASON_NO_AGREEMENT = 22;" in reasons
    assert "repeated .kuacheng.v1.Parameter parameters = 7;" in grpcurl(up, "describe", "kuacheng.v1.QueryRequest").stdout


@BY
def test_the_first_sample_of_each_city_is_answered(up: Up, by: tuple[str, ...]) -> None:
    for sample in {each["region"]: each for each in reversed(up.said["samples"]) if each["outcome"] == "ISSUED"}.values():
        answer = answered(grpcurl(up, "-d", asking(sample), QUERY, client=sample["client"], by=by))
        assert answer.outcome == pb.OUTCOME_ISSUED
        (paper,) = answer.evidence
        assert sample["holder"]["id_number"] in {each.id_number for each in paper.holders}
        assert answer.provenance.region == sample["region"]


def test_by_reflection_and_by_the_files_it_is_the_same_answer(up: Up) -> None:
    body = (asking(up.said["samples"][0]) for _ in range(2))
    first, second = (answered(grpcurl(up, "-d", each, QUERY, by=by)) for each, by in zip(body, ((), PROTO), strict=True))
    assert first.exchange_id != second.exchange_id
    assert lasting(first) == lasting(second)


def test_somebody_without_a_home_is_no_error(up: Up) -> None:
    sample = next(each for each in up.said["samples"] if each["outcome"] == "NO_RECORD" and each["region"] == "440100")
    answer = answered(grpcurl(up, "-d", asking(sample), QUERY))
    assert answer.outcome == pb.OUTCOME_NO_RECORD
    assert not answer.evidence


@BY
def test_the_directory_answers(up: Up, by: tuple[str, ...]) -> None:
    regions = told(grpcurl(up, "kuacheng.v1.DirectoryService/ListRegions", by=by), directory_pb.ListRegionsResponse)
    assert [each.code for each in regions.regions] == ["440100"]
    listed = grpcurl(up, "kuacheng.v1.DirectoryService/ListEvidenceTypes", client="liwan-terminal", by=by)
    kinds = told(listed, directory_pb.ListEvidenceTypesResponse)
    assert {each.alias for each in kinds.evidence_types} >= {"business-licence", "marriage-certificate"}


def test_health_answers(up: Up) -> None:
    assert json.loads(grpcurl(up, "grpc.health.v1.Health/Check").stdout) == {"status": "SERVING"}


def test_a_refusal_is_readable(up: Up) -> None:
    done = grpcurl(up, "-d", asking(up.said["samples"][0]), QUERY, client="foshan-stranger")
    assert done.returncode != 0
    assert "Code: PermissionDenied" in done.stderr
    for part in ('"reason":"NO_AGREEMENT"', '"domain":"kuacheng"', '"blame":"POLICY"', '"exchange_id":', '"locale":"zh-CN"'):
        assert part in done.stderr.replace(": ", ":")


def test_a_malformed_request_is_told_field_by_field(up: Up) -> None:
    done = grpcurl(up, "-d", asking(up.said["samples"][0], requestId="", purpose={}), QUERY)
    assert "Code: InvalidArgument" in done.stderr
    for field in ("request_id", "purpose.matter_code", "purpose.operator.name"):
        assert f'"field":"{field}"' in done.stderr.replace(": ", ":")


async def test_the_same_request_id_is_one_question_to_the_city(up: Up) -> None:
    city = up.city("440100")
    before = await city.last()
    body = asking(up.said["samples"][0])
    assert answered(grpcurl(up, "-d", body, QUERY)).outcome == pb.OUTCOME_ISSUED
    again = grpcurl(up, "-d", body, QUERY)
    assert "Code: AlreadyExists" in again.stderr
    assert "REPLAYED_REQUEST" in again.stderr
    asked = [each for each in await city.tape(before) if up.said["samples"][0]["holder"]["id_number"] in str(each["request"])]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "arguments",
    [("-plaintext",), ("-cacert", "{ca}", "-servername", "gateway.test"), ("-insecure",), ("-cacert", "{other}")],
    ids=["plaintext", "no certificate", "no certificate, nor a look at the gateway's", "another authority"],
)
def test_without_mutual_tls_there_is_no_connection(up: Up, arguments: tuple[str, ...]) -> None:
    other = Path(up.said["config"]).parent / "pki" / "authorities" / "440100.pem"
    given = [each.format(ca=up.said["ca"], other=other) for each in arguments]
    done = run("grpcurl", "-connect-timeout", "1", *given, up.said["gateway"], "list")
    assert done.returncode != 0
    assert "kuacheng" not in done.stdout


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `kuacheng dev` tells a person."""
    folder = tmp_path_factory.mktemp("standing") / "it's a folder"  # which a shell must be told carefully
    command = [sys.executable, "-m", "gateway.cli", "dev", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if QUERY in line:
                break
        try:
            yield "".join(lines)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def pasted(text: str, name: str) -> str:
    """The command that begins with this name, with its continuation lines."""
    start = re.search(rf"^ +({name} )", text, re.MULTILINE)
    assert start, text
    lines = text[start.start(1) :].splitlines()
    end = next(place for place, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: end + 1])


def test_the_grpcurl_command_that_is_printed_works_as_often_as_it_is_pasted(standing: str) -> None:
    command = pasted(standing, "grpcurl")
    first, second = answered(run("bash", "-c", command)), answered(run("bash", "-c", command))
    assert first.outcome == second.outcome == pb.OUTCOME_ISSUED
    assert first.request_id != second.request_id


def test_the_query_commands_that_are_printed_work(standing: str) -> None:
    commands = [line.strip() for line in standing.splitlines() if line.strip().startswith("kuacheng query")]
    assert len(commands) >= 2
    for command in commands:
        done = run("bash", "-c", command)
        assert done.returncode == 0, done.stderr + done.stdout
        assert "ISSUED" in done.stdout
        if "-o json" in command:
            assert json.loads(done.stdout)["outcome"] == "ISSUED"
    assert shlex.split(commands[0])[:2] == ["kuacheng", "query"]
