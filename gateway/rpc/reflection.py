"""Server reflection under both of its names: the package offers v1alpha, and newer clients ask for v1, which has the same messages.

Law: whatever is listed can be described, the two reflection services and the contract's Reason enum too.
"""

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2_grpc import add_ServerReflectionServicer_to_server

from gateway.rpc.pb.v1 import reason_pb2

_ALPHA = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name
_V1 = "grpc.reflection.v1.ServerReflection"


def add_reflection(registrar: Any, services: Sequence[str]) -> None:
    """Offers reflection of `services`, v1 and v1alpha."""
    _describe_v1()
    _describe(reason_pb2.DESCRIPTOR.serialized_pb)
    servicer = ReflectionServicer((*services, _ALPHA, _V1))
    add_ServerReflectionServicer_to_server(servicer, registrar)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    registrar.add_registered_method_handlers(_V1, {"ServerReflectionInfo": handler})


def _describe_v1() -> None:
    """Makes the v1 service known to the pool of descriptors, in which the package has v1alpha only."""
    alpha = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
    renamed = text_format.MessageToString(alpha).replace("v1alpha", "v1")
    _describe(text_format.Parse(renamed, descriptor_pb2.FileDescriptorProto()).SerializeToString())


def _describe(file: bytes) -> None:
    """Adding a file that is there already changes nothing. No service imports the file of Reason, so it would not be there."""
    descriptor_pool.Default().AddSerializedFile(file)
