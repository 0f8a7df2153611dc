"""In which order the corridor calls stages and ports, read from its source.

Laws: what stands under `raise` or `except` is a refusal's way and no step; a function of the corridor itself stands for the calls that
it makes; looking at the clock and counting are no steps.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_STAGES: Final = "gateway.stages"
_PORTS: Final = ("ports.ledger", "ports.adapters")


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a stage or port by its dotted name, and whether the corridor waits there before the next."""

    name: str
    waits: bool


def called(source: str, begin: str) -> tuple[Called, ...]:
    """Every step that the function `begin` of this source comes to, in order, where nothing is refused."""
    module = ast.parse(source)
    functions = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    stages = _imported(module)
    found: list[Called] = []
    for name, awaited in _calls(functions[begin], functions):
        if name.partition(".")[0] in stages or name.startswith(_PORTS):
            found.append(Called(name, awaited))
        elif awaited and found:
            found[-1] = Called(found[-1].name, waits=True)
    return tuple(found)


def _imported(module: ast.Module) -> frozenset[str]:
    """The names that the module has from the stages."""
    imports = (each for each in module.body if isinstance(each, ast.ImportFrom) and (each.module or "").startswith(_STAGES))
    return frozenset(alias.asname or alias.name for each in imports for alias in each.names)


def _calls(node: ast.AST, functions: Mapping[str, ast.AST], *, awaited: bool = False) -> Iterator[tuple[str, bool]]:
    """Calls in the order in which they are made: what is inside a call before the call itself."""
    if isinstance(node, ast.Raise | ast.ExceptHandler | ast.Lambda):
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, functions, awaited=isinstance(node, ast.Await))
    if not isinstance(node, ast.Call):
        return
    name = _dotted(node.func)
    if name in functions:
        yield from _calls(functions[name], functions)
    else:
        yield name, awaited


def _dotted(node: ast.AST) -> str:
    """`ports.adapters.ask` for `ports.adapters[...].ask`."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript | ast.Call):
        return _dotted(node.value if isinstance(node, ast.Subscript) else node.func)
    return node.id if isinstance(node, ast.Name) else "?"
