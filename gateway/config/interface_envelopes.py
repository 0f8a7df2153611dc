"""The sections of what stands around a question and an answer: SOAP, XML in JSON, a seal.

Law: what carries an answer says nothing about a holder.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from gateway.config.interface_parts import Fillings, LevelSection, Spelled, specs
from gateway.config.rule_sections import Dotted
from gateway.config.shape import Section, fault
from gateway.config.words import Duration, Frozen, Text
from gateway.model.interface import SealSpec, SoapSpec, XmlInJsonSpec

XML_NAME: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_.\u4e00-\u9fff-]{0,99}")
_NAMESPACE: Final = re.compile(r"[^\s\"<>&]+")


def _element(name: str) -> str:
    if not XML_NAME.fullmatch(name) or "." in name:
        raise fault("must be the name of an element", "use letters, digits, _ and -, a letter first, and no prefix")
    return name


def _namespace(name: str) -> str:
    if not _NAMESPACE.fullmatch(name):
        raise fault("must be a namespace", "write it as urn:name or https://name")
    return name


def _carrying(levels: tuple[LevelSection, ...]) -> tuple[LevelSection, ...]:
    if any("no-record" in each.codes.values() for each in levels):
        raise fault("what carries the answer says nothing about a holder", "write refused or later")
    return levels


Element = Annotated[Text, AfterValidator(_element)]
Charset = Annotated[Text, AfterValidator(str.lower)]
CarryingLevels = Annotated[tuple[LevelSection, ...], AfterValidator(_carrying)]


class SoapSection(Section):
    """SOAP 1.1 with one string that holds an XML document."""

    namespace: Annotated[Text, AfterValidator(_namespace)] = Field(description="of the operations")
    parameter: Element = Field(description="the element that holds the question")
    value: Element = Field(description="the element that holds the answer")
    declared: Charset | None = Field(default=None, description="the charset that is declared, if it is not `charset`")
    known_as: tuple[Charset, ...] = Field(default=(), description="other names by which the city may call the charset")
    question_root: Element = Field(default="request", description="the root element of the question")
    answer_root: Element = Field(default="response", description="the root element of the answer")

    def spec(self, charset: str) -> SoapSpec:
        """As the model has it."""
        declared = self.declared or charset
        known = frozenset({charset, declared, *self.known_as})
        return SoapSpec(self.namespace, self.parameter, self.value, declared, known, self.question_root, self.answer_root)


class XmlInJsonSection(Section):
    """An XML document in a JSON text."""

    document: Dotted = Field(description="where the text stands in the answer")
    root: Element = Field(description="the root element of the answer's document")
    known_as: tuple[Charset, ...] = Field(default=("utf-8",), description="what the document may declare as its charset")
    levels: CarryingLevels = Field(default=(), description="the levels of success of the JSON around it, the outermost first")
    question: Dotted | None = Field(
        default=None, description="where the question stands, where that is XML as well; JSON if left out"
    )
    question_root: Element = Field(default="request", description="the root element of the question's document")
    beside: Fillings = Field(
        default_factory=dict, validate_default=True, description="what stands beside it in the JSON, by path"
    )

    def spec(self) -> XmlInJsonSpec:
        """As the model has it."""
        return XmlInJsonSpec(
            document=self.document,
            root=self.root,
            known_as=frozenset(self.known_as),
            question=self.question or "",
            question_root=self.question_root,
            beside=specs(self.beside),
            levels=tuple(each.spec() for each in self.levels),
        )


class SealSection(Section):
    """A JSON document under SM4 (CBC), signed with SM2, by the credentials account, cipher_key, private_key and platform_key."""

    at: Dotted = Field(description="where the envelope sits, in question and answer")
    document: Dotted = Field(description="within it, the encrypted document")
    signature: Text = Field(description="its member that holds the signature, in Base64")
    account: Text = Field(description="its member that holds the credential `account`")
    moment: Text = Field(description="its member that holds the moment, in milliseconds")
    fixed: Annotated[Mapping[Text, Text], Frozen] = Field(
        default_factory=dict, validate_default=True, description="members that always say the same: version, algorithms"
    )
    spelled: Spelled = Field(default="hex", description="how the encrypted document is written")
    skew: Duration = Field(default=300.0, description="how far the city's moment may be from our clock")
    levels: CarryingLevels = Field(default=(), description="the levels of success of the JSON around it, the outermost first")

    def spec(self) -> SealSpec:
        """As the model has it."""
        return SealSpec(
            at=self.at,
            document=self.document,
            signature=self.signature,
            account=self.account,
            moment=self.moment,
            fixed=self.fixed,
            spelling=self.spelled,
            skew=timedelta(seconds=self.skew),
            levels=tuple(each.spec() for each in self.levels),
        )


Charsets = Literal["utf-8", "gb18030"]
