"""A file whose digest its city does not say is fetched once to be weighed, so that the digest can be recorded before any of it leaves.

Laws: only the file that is meant is fetched, after its record was judged as any other; nothing of it is kept, and nothing leaves; a digest
that the city says is taken at its word here, and held against the file when that is delivered.
"""

from dataclasses import replace

from gateway.model.city import CityAnswer, CityFile, CityRequest
from gateway.model.exchange import Route
from gateway.model.refusal import Reason, Refusal
from gateway.ports import CityAdapter, FileSource
from gateway.stages.disclose import disclose
from gateway.stages.translate import inward
from gateway.stages.withhold import Scale


async def weighed(
    told: CityAnswer, request: CityRequest, route: Route, source: CityAdapter, seconds: float, *, strict: bool
) -> CityAnswer:
    """The answer, the file that its question means with size and digest. Raises Refusal as `disclose`, or where the file does not come."""
    file = disclose(inward(told, route, strict=strict), route.permit).file
    if file is None or file.sha256:
        return told
    if not isinstance(source, FileSource):
        raise RuntimeError("a system that gives no files has announced one")  # noqa: TRY004  our fault, whatever its type
    if seconds <= 0:
        raise Refusal(Reason.CITY_TIMEOUT, "no time was left to weigh the file")
    found = await _weighed(source, request, file, seconds)
    return replace(told, files=tuple(tuple(found if each == file else each for each in held) for held in told.files))


async def _weighed(source: FileSource, request: CityRequest, file: CityFile, seconds: float) -> CityFile:
    scale = Scale(file)
    async with source.fetch(request, file, seconds) as pieces:
        async for piece in pieces:
            scale.add(piece)
    return scale.weighed()
