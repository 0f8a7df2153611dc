"""Translation by tables: outward into a city's words, inward into ours. Tables are interpreted once, when they are loaded."""

from gateway.stages.translate.compiling import compile_table
from gateway.stages.translate.inward import inward
from gateway.stages.translate.outward import outward

__all__ = ["compile_table", "inward", "outward"]
