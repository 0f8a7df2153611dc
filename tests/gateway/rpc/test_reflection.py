"""Reflection under both names: what is listed can be described, and what is described is the contract itself."""

from collections.abc import AsyncIterator, Sequence

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection_pb2 as pb

from gateway.rpc.pb.v1 import directory_service_pb2, evidence_pb2, evidence_service_pb2, reason_pb2
from tests.gateway.rpc.house import PATIENCE, House, house

VERSIONS = pytest.mark.parametrize("version", ["v1", "v1alpha"])
LISTED = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "kuacheng.v1.DirectoryService",
    "kuacheng.v1.EvidenceService",
    "kuacheng.v1.LedgerService",
}


async def reflected(gateway: House, version: str, *asked: pb.ServerReflectionRequest) -> Sequence[pb.ServerReflectionResponse]:
    async def all_of() -> AsyncIterator[pb.ServerReflectionRequest]:
        for each in asked:
            yield each

    async with gateway.channel() as channel:
        ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=pb.ServerReflectionRequest.SerializeToString,
            response_deserializer=pb.ServerReflectionResponse.FromString,
        )
        return [each async for each in ask(all_of(), timeout=PATIENCE)]


def files(response: pb.ServerReflectionResponse) -> dict[str, descriptor_pb2.FileDescriptorProto]:
    found = map(descriptor_pb2.FileDescriptorProto.FromString, response.file_descriptor_response.file_descriptor_proto)
    return {each.name: each for each in found}


def fill(pool: descriptor_pool.DescriptorPool, described: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
    """Each file after those that it imports, as every client of reflection has to put them."""
    while described:
        ready = [each for each in described.values() if not described.keys() & set(each.dependency)]
        for file in ready:
            pool.Add(described.pop(file.name))


@VERSIONS
async def test_every_service_is_listed_and_every_listed_one_described(version: str) -> None:
    async with house() as gateway:
        (listing,) = await reflected(gateway, version, pb.ServerReflectionRequest(list_services=""))
        names = {each.name for each in listing.list_services_response.service}
        assert names == LISTED
        asked = [pb.ServerReflectionRequest(file_containing_symbol=name) for name in sorted(names)]
        for name, response in zip(sorted(names), await reflected(gateway, version, *asked), strict=True):
            pool = descriptor_pool.DescriptorPool()
            fill(pool, files(response))
            service = pool.FindServiceByName(name)
            assert [each.input_type.full_name for each in service.methods]


@VERSIONS
async def test_the_contract_is_described_as_it_is(version: str) -> None:
    ours = (directory_service_pb2, evidence_pb2, evidence_service_pb2, reason_pb2)
    async with house() as gateway:
        asked = [pb.ServerReflectionRequest(file_by_filename=each.DESCRIPTOR.name) for each in ours]
        for module, response in zip(ours, await reflected(gateway, version, *asked), strict=True):
            wanted = descriptor_pb2.FileDescriptorProto()
            module.DESCRIPTOR.CopyToProto(wanted)
            assert files(response)[module.DESCRIPTOR.name] == wanted


@VERSIONS
@pytest.mark.parametrize(
    "asked",
    [
        pb.ServerReflectionRequest(file_containing_symbol="kuacheng.v1.Nothing"),
        pb.ServerReflectionRequest(file_containing_symbol=""),
        pb.ServerReflectionRequest(file_by_filename="/etc/passwd"),
        pb.ServerReflectionRequest(file_by_filename="../gateway.yaml"),
        pb.ServerReflectionRequest(all_extension_numbers_of_type="kuacheng.v1.Nothing"),
    ],
)
async def test_what_is_not_there_is_not_found_and_harms_nobody(version: str, asked: pb.ServerReflectionRequest) -> None:
    async with house() as gateway:
        first, second = await reflected(gateway, version, asked, pb.ServerReflectionRequest(list_services=""))
        assert first.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert second.list_services_response.service
