"""What the options of `kuacheng query` mean: a question and a way to the gateway, from options or from a running `kuacheng dev`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import click

from gateway.cli import parameters, presented
from gateway.client import (
    Announced,
    Answer,
    Claimed,
    Client,
    Holder,
    HolderType,
    Identity,
    IdentityUnusable,
    LegalBasis,
    LegalBasisKind,
    Offered,
    Operator,
    Outcome,
    PresentedCode,
    Purpose,
    Verification,
)
from gateway.model.query import Parameter, Query

_DEV = Path(".kuacheng/dev.json")
_ORGANISATIONS = ("001", "099")
_DEADLINE = 20.0
_LARGEST_FILE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and how it is asked. `spelt` are parameters as they were typed: of which kind each is, the directory says."""

    target: str
    server_name: str | None
    identity: Identity
    evidence_type: str
    region: str
    holder: Holder | PresentedCode
    purpose: Purpose
    legal_basis: LegalBasis
    parameters: Mapping[str, Parameter] = field(repr=False)
    spelt: Mapping[str, str] = field(default_factory=dict, repr=False)
    fields: frozenset[str] = frozenset()
    request_id: str | None = None
    deadline: float = _DEADLINE
    reference: bool = False

    @property
    def named(self) -> Holder:
        """The holder, where the command takes no shown code."""
        if isinstance(self.holder, PresentedCode):
            raise RuntimeError("only a query is asked by a shown code")  # noqa: TRY004  our fault, whatever its type
        return self.holder

    def client(self) -> Client:
        """The way to the gateway."""
        return Client(self.target, self.identity, server_name=self.server_name)

    async def query(self, client: Client) -> Query:
        """The question itself; it must have its request_id. Raises ClientFailure, click.UsageError."""
        return Query(
            self.request_id or _told("--request-id"),
            self.evidence_type,
            self.region,
            self.holder,
            self.purpose,
            self.legal_basis,
            await self._parameters(client),
            self.fields,
        )

    async def _parameters(self, client: Client) -> Mapping[str, Parameter]:
        """All of them. The directory is asked where one was typed, and else not at all."""
        return self._typed(await client.evidence_types(self.region)) if self.spelt else self.parameters

    def _typed(self, offered: Sequence[Offered]) -> Mapping[str, Parameter]:
        return {**self.parameters, **parameters.typed(self.spelt, offered, self.evidence_type)}

    async def ask(self) -> Answer:
        """Asks. Raises ClientFailure, click.UsageError."""
        async with self.client() as client:
            return await client.query(
                evidence_type=self.evidence_type,
                region=self.region,
                holder=self.holder,
                purpose=self.purpose,
                legal_basis=self.legal_basis,
                parameters=await self._parameters(client),
                fields=self.fields,
                request_id=self.request_id,
                deadline=self.deadline,
                reference=self.reference,
            )

    async def verify(self, claims: Mapping[str, str]) -> Verification:
        """Has claims verified, each of the kind that the directory names for its field. Raises ClientFailure, click.UsageError."""
        async with self.client() as client:
            offered = await client.evidence_types(self.region)
            try:
                return await client.verify(
                    evidence_type=self.evidence_type,
                    region=self.region,
                    holder=self.named,
                    purpose=self.purpose,
                    legal_basis=self.legal_basis,
                    claims=_kinds(claims, offered, self.evidence_type),
                    parameters=self._typed(offered),
                    request_id=self.request_id,
                    deadline=self.deadline,
                    reference=self.reference,
                )
            except ValueError as error:
                raise click.UsageError(f"a claim has no value of its field's kind: {error}") from None

    async def download(self, file_format: str, number: str, to: Path) -> Announced:
        """Downloads the file to `to`, where there is one. Raises ClientFailure, OSError, click.UsageError."""
        async with (
            self.client() as client,
            client.download(
                evidence_type=self.evidence_type,
                region=self.region,
                holder=self.named,
                purpose=self.purpose,
                legal_basis=self.legal_basis,
                format=file_format,
                number=number,
                parameters=await self._parameters(client),
                request_id=self.request_id,
                deadline=self.deadline,
                reference=self.reference,
            ) as download,
        ):
            if download.announced.outcome is Outcome.ISSUED:
                await download.save(to)
            return download.announced


def _kinds(claims: Mapping[str, str], offered: Sequence[Offered], evidence_type: str) -> tuple[Claimed, ...]:
    """A field that is not offered is claimed as a text: it is the gateway that refuses it, and says why."""
    found = [each for each in offered if evidence_type in (each.code, each.alias)]
    kinds = {field.name: field.kind for each in found for field in (*each.fields, *each.verifiable)}
    return tuple(Claimed(name, kinds.get(name, "text"), value) for name, value in claims.items())


def claimed(given: Sequence[str], file: TextIO | None) -> Mapping[str, str]:
    """The claims that the options make, by field; asks for a value that is missing. Raises click.UsageError."""
    if bool(given) == (file is not None):
        raise click.UsageError("give the claims: either --claim FIELD[=VALUE] or --claims-file FILE")
    if file is not None:
        return _filed(file)
    named = [each.partition("=") for each in given]
    if len({name for name, _, _ in named}) != len(named):
        raise click.UsageError("--claim names one field twice")
    return {name: value if equals else _prompted(name) for name, equals, value in named}


def _prompted(name: str) -> str:
    answered: str = click.prompt(f"value claimed for {name}", err=True, hide_input=True)
    return answered


def _filed(file: TextIO) -> Mapping[str, str]:
    try:
        found = json.loads(file.read(_LARGEST_FILE))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found or not all(isinstance(value, str) for value in found.values()):
        raise click.UsageError('--claims-file holds a JSON object of texts, such as {"status": "VALID"}')
    return found


def arranged(given: Mapping[str, Any]) -> Asked:
    """The question that the options ask. Raises click.UsageError, which says what is missing."""
    dev = development(given)
    found = sample(dev, given["sample"])
    spelt = parameters.spelt(given["parameters"], given["months"])
    return Asked(
        **_way(given, dev, given["client"] or found.get("client")),
        evidence_type=given["evidence_type"] or found.get("type") or _missing("EVIDENCE_TYPE"),
        region=given["region"] or found.get("region") or _missing("--region"),
        holder=presented.read(given) or _named(found.get("holder") or _holder(given)),
        purpose=purpose(given, found.get("purpose", {})),
        legal_basis=legal_basis(given, found.get("legal_basis", {})),
        parameters={**parameters.sampled(found), **parameters.months(given["months"])},
        spelt=spelt,
        fields=frozenset(given["fields"]),
        request_id=given["request_id"],
        deadline=given["deadline"],
        reference=given["receipt"] == "reference",
    )


def purpose(given: Mapping[str, Any], known: Mapping[str, Any]) -> Purpose:
    """For what, by the options, or else as dev.json has it. Raises click.UsageError."""
    operator = known.get("operator", {})
    return Purpose(
        given["matter_code"] or known.get("matter_code") or _missing("--matter-code"),
        given["matter_name"] or known.get("matter_name") or _missing("--matter-name"),
        given["case_number"] or known.get("case_number") or _missing("--case-number"),
        Operator(
            given["operator_account"] or operator.get("account") or _missing("--operator-account"),
            given["operator_role"] or operator.get("role") or _missing("--operator-role"),
            given["operator_name"] or operator.get("name") or _missing("--operator-name"),
        ),
    )


def legal_basis(given: Mapping[str, Any], known: Mapping[str, Any]) -> LegalBasis:
    """On what ground, in the same way. Raises click.UsageError."""
    reference = given["reference"] or known.get("reference") or _missing("--reference")
    return LegalBasis(LegalBasisKind(given["basis"]), reference)


def holder_type(id_type: str) -> str:
    """Whom a kind of number names."""
    return "ORGANISATION" if id_type in _ORGANISATIONS else "PERSON"


def way(given: Mapping[str, Any]) -> dict[str, Any]:
    """Target, server name and identity that the options name. Raises click.UsageError."""
    return _way(given, development(given), given["client"])


def _missing(option: str) -> str:
    raise click.UsageError(f"{option} is missing; give it, or --sample N while `kuacheng dev` runs")


def _told(option: str) -> str:
    raise click.UsageError(f"{option} is missing; give the one under which the question was DEFERRED")


def development(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """dev.json, if the options ask for it or leave no other way."""
    wanted = given["dev"] is not None or given["sample"] is not None or given["client"] is not None or not given["gateway"]
    path = given["dev"] or _DEV
    if not wanted:
        return {}
    try:
        found: Mapping[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise click.UsageError(f"{path} is not there: give --gateway, --cert, --key and --ca, or start `kuacheng dev`") from None
    return found


def sample(dev: Mapping[str, Any], number: int | None) -> Mapping[str, Any]:
    """The sample of dev.json with this number; nothing for none. Raises click.UsageError."""
    if number is None:
        return {}
    samples = dev.get("samples", [])
    if not 0 <= number < len(samples):
        raise click.UsageError(f"dev.json has samples 0 to {len(samples) - 1}")
    found: Mapping[str, Any] = samples[number]
    return found


def _way(given: Mapping[str, Any], dev: Mapping[str, Any], client: str | None) -> dict[str, Any]:
    pair = dev.get("clients", {}).get(client or "", {})
    if dev and client and not pair:
        raise click.UsageError(f"dev.json knows no client {client}; it knows {', '.join(dev['clients'])}")
    known = {"cert": pair.get("cert"), "key": pair.get("key"), "ca": dev.get("ca")}
    certificate, key, authorities = (given[option] or known[option] for option in ("cert", "key", "ca"))
    if not (certificate and key and authorities):
        raise click.UsageError("--cert, --key and --ca are needed, or --client NAME while `kuacheng dev` runs")
    try:
        identity = Identity.from_files(Path(certificate), Path(key), Path(authorities))
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    except IdentityUnusable as error:
        raise click.UsageError(f"--cert, --key, --ca: {error}") from None
    return {
        "target": given["gateway"] or dev.get("gateway") or _missing("--gateway"),
        "server_name": given["server_name"] or dev.get("server_name"),
        "identity": identity,
    }


def _named(holder: Mapping[str, str]) -> Holder:
    return Holder(HolderType(holder["type"]), holder["id_type"], holder["id_number"], holder["name"])


def _holder(given: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "type": holder_type(given["holder_id_type"]),
        "id_type": given["holder_id_type"],
        "id_number": given["holder_number"] or click.prompt("number of the holder", err=True, hide_input=True),
        "name": given["holder_name"] or click.prompt("name of the holder", err=True),
    }
