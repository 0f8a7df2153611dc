"""A holder's number as a city writes it, in the form that a question has it in."""

from datetime import date

from gateway.model.identifiers import HolderIdType, InvalidIdentifier, parse_holder_number


def canonical(number: str, id_type: str) -> str | None:
    """The number as the question has it, such as 18 characters for the 15 of an older card; None if it is none."""
    try:
        return parse_holder_number(HolderIdType.parse(id_type), number, date.max)
    except InvalidIdentifier:
        return None
