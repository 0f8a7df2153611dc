"""A front-end database (前置库) that is described and not programmed: its tables and columns, as the family of tables has them."""

from collections.abc import Mapping

from adapters.configured.levels import code_table
from adapters.connectors.front_tables import Detail, FrontDialect, FrontTables
from gateway.model.interface import TablesSpec


def front_dialect(system: str, operations: Mapping[str, TablesSpec], account: str) -> FrontDialect:
    """The interface, for this account."""
    return FrontDialect(system, account, {name: _tables(each) for name, each in operations.items()})


def _tables(spec: TablesSpec) -> FrontTables:
    return FrontTables(
        requests=spec.requests,
        ticket=spec.ticket,
        moment=spec.moment,
        moment_form=spec.form,
        account=spec.account,
        constants=spec.constants,
        asked=spec.asked,
        responses=spec.responses,
        flag=spec.flag,
        waiting=spec.waiting,
        done=spec.done,
        code=spec.code.at,
        codes=code_table(spec.code),
        holder=spec.holder,
        columns=spec.columns,
        details=tuple(
            Detail(part, each.table, each.ticket, each.order, tuple(dict.fromkeys(each.columns)), each.count)
            for part, each in spec.details.items()
        ),
    )
