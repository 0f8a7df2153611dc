"""What the client means is what the gateway reads, for every question that is well formed."""

from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client.question import write
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose, Query
from gateway.rpc import reading
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.stages import builders

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
words = st.text(st.sampled_from("甲乙丙丁戊§ζж"), min_size=1, max_size=30)
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
months = st.lists(
    st.dates(date(1000, 1, 1), date(2999, 12, 31)).map(lambda day: day.isoformat()[:7]), min_size=2, max_size=2
).map(lambda two: MonthRange(*sorted(two)))
holders = st.sampled_from(
    [
        Holder(HolderType.PERSON, "111", builders.NUMBER, "赵"),
        Holder(HolderType.PERSON, "414", "G12345678", "Ζωή"),
        Holder(HolderType.ORGANISATION, "001", "11440600M00000027C", "样样局"),
    ]
)
purposes = st.builds(
    Purpose,
    st.from_regex(r"[A-Za-z._:-]{1,20}", fullmatch=True),
    words,
    words,
    st.builds(lambda account, role: Operator(account, role, "孙"), words, words),
)
questions = st.builds(
    Query,
    request_id=st.uuids().map(str),
    evidence_type=st.from_regex(r"[0-9A-Za-z-]{1,64}", fullmatch=True),
    provider_region=st.from_regex(r"[0-9]{6}", fullmatch=True),
    holder=holders,
    purpose=purposes,
    legal_basis=st.builds(LegalBasis, st.sampled_from(LegalBasisKind), words, st.binary(max_size=40)),
    parameters=st.dictionaries(names, st.one_of(words, st.dates(), months), max_size=4),
    fields=st.frozensets(st.text(max_size=20), max_size=4),
)


@settings(max_examples=150, deadline=None, database=None)
@given(questions)
def test_a_question_comes_through_whole(question: Query) -> None:
    sent = pb.QueryRequest.FromString(write(question).SerializeToString())
    assert reading.question(sent, AT) == question
