"""A file as it comes through the gateway: what was announced, its chunks, and a file on disk that is whole or not there.

Laws: a digest that the gateway announced is compared once more here, so that a download that ends without an error is the file; on disk
nothing has the wanted name before, and what had it is there until then. Where no file was announced none is made.
"""

import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import grpc

from gateway.client import failure
from gateway.client.answer import Outcome, Provenance, read_outcome, read_provenance, read_receipt
from gateway.client.failure import ClientFailure
from gateway.client.question import canonical
from gateway.client.receipt import Claim, Receipt, Verified
from gateway.model import binding
from gateway.model.city import CityFile
from gateway.model.query import Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb

Messages = AsyncIterator[pb.DownloadResponse]
_NOTHING: Final = sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Announced:
    """What is known of the file before it comes: `size` in bytes, 0 where the city does not say; `sha256` in hex. None of NO_RECORD."""

    request_id: str
    exchange_id: str
    outcome: Outcome
    format: str
    size: int
    sha256: str = field(repr=False)
    provenance: Provenance
    receipt: Receipt
    question: Query = field(repr=False)

    @property
    def claim(self) -> Claim:
        """What the receipt has to be of."""
        told = [binding.file(CityFile(self.format, "", self.sha256, self.size))] if self.outcome is Outcome.ISSUED else []
        return Claim(self.exchange_id, self.outcome.value, binding.question(self.question), told, self.request_id)

    def verify(self, vkeys: Iterable[str], policy: str | None = None) -> Verified:
        """Checks offline that the log holds this question and this file's digest, see Receipt.verify. Raises ReceiptRefused."""
        return self.receipt.verify(vkeys, self.claim, policy)


class Download:
    """One download under way: an asynchronous iterator over the file's bytes, read once. None of it need stay in memory."""

    def __init__(self, announced: Announced, messages: Messages) -> None:
        self.announced = announced
        self._messages = messages

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks, none for NO_RECORD. Raises ClientFailure; then what came before is not the file."""
        digest = sha256()
        try:
            async for message in self._messages:
                digest.update(message.chunk)
                yield message.chunk
        except grpc.aio.AioRpcError as error:
            raise failure.of(error) from error
        announced = self.announced.sha256 if self.announced.outcome is Outcome.ISSUED else _NOTHING
        if digest.hexdigest() != announced:
            raise ClientFailure("the bytes that came are not those that the gateway announced", grpc.StatusCode.DATA_LOSS)

    async def save(self, path: Path) -> None:
        """Writes the file, for its owner alone; it has its name once it is whole and on disk, in place of what had the name before.

        Raises ClientFailure, of code NOT_FOUND where the answer is NO_RECORD, and OSError; then nothing is written, and what has the name
        stays.
        """
        if self.announced.outcome is not Outcome.ISSUED:
            outcome = self.announced.outcome.value
            message = f"the answer is {outcome}, so there is no file to save; look at announced.outcome before you save"
            raise ClientFailure(message, grpc.StatusCode.NOT_FOUND)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                async for chunk in self:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)  # noqa: PTH105  after the wait for the disk there is nothing left that blocks
            except BaseException:
                os.unlink(file.name)  # noqa: PTH108
                raise


async def begun(messages: Messages, asked: Query) -> Download:
    """The download, once its header is there. Raises grpc.aio.AioRpcError, ClientFailure."""
    first = await anext(aiter(messages), None)
    if first is None or not first.HasField("header"):
        raise ClientFailure("the gateway sent no header", grpc.StatusCode.INTERNAL)
    header = first.header
    announced = Announced(
        header.request_id,
        header.exchange_id,
        read_outcome(header.outcome),
        header.file.format,
        header.file.size,
        header.file.sha256.hex(),
        read_provenance(header.provenance),
        read_receipt(header.receipt),
        canonical(asked),
    )
    return Download(announced, messages)
