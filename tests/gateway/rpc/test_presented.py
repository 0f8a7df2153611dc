"""A header that says whose certificate was shown is read in one form only; what it is not, is a certificate that names nobody."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identity import Peer
from gateway.rpc.presented import HEADER, peer

LEAF, CHAIN = b"-----BEGIN CERTIFICATE-----\nab+/=\n", b"-----BEGIN CERTIFICATE-----\ncd\n"


def context(*said: str) -> Any:
    """What grpc.aio shows of a call."""
    shown = {"x509_pem_cert": [b"own"], "x509_pem_cert_chain": [b"further"]}
    return SimpleNamespace(
        auth_context=lambda: shown,
        invocation_metadata=lambda: (("user-agent", "x"), *((HEADER, each) for each in said)),
    )


def encoded(content: bytes) -> str:
    return quote(content, safe="")


def test_without_the_header_nobody_is_named() -> None:
    assert peer(context()) == Peer(b"own", b"further")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (f'Cert="{encoded(LEAF)}"', Peer(LEAF)),
        (f"cert={encoded(LEAF)}", Peer(LEAF)),
        (f'By=spiffe://a/b;Hash=12;Cert="{encoded(LEAF)}";Chain="{encoded(LEAF + CHAIN)}"', Peer(LEAF, LEAF + CHAIN)),
        (f'Subject="CN=\\"a,b;c\\"";URI=x;URI=y;DNS=;Cert="{encoded(LEAF)}"', Peer(LEAF)),
        ('Cert=""', Peer(b"")),
    ],
    ids=["nginx", "bare", "Envoy with a chain", "what else may stand there", "no certificate"],
)
def test_one_element_names_one_certificate(said: str, named: Peer) -> None:
    assert peer(context(said)).forwarded == named


@pytest.mark.parametrize(
    "said",
    [
        ("",),
        ("Hash=12",),
        (f'Cert="{encoded(LEAF)}",Cert="{encoded(LEAF)}"',),
        (f'Cert="{encoded(LEAF)}";Cert="{encoded(LEAF)}"',),
        (f'Cert="{encoded(LEAF)}"', f'Cert="{encoded(LEAF)}"'),
        (f'Cert="{encoded(LEAF)}";Chain=a;Chain=b',),
        (f'Cert="{encoded(LEAF)}',),
        (f'Cert="{encoded(LEAF)}"x',),
        (f'Subject="CN=x\\";Cert="{encoded(LEAF)}"',),
    ],
)
def test_anything_else_names_a_certificate_that_is_none(said: tuple[str, ...]) -> None:
    assert peer(context(*said)).forwarded == Peer(b"")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_out_then_in_is_the_identity(leaf: bytes, chain: bytes) -> None:
    assert peer(context(f'Cert="{encoded(leaf)}";Chain="{encoded(chain)}"')).forwarded == Peer(leaf, chain)


@given(st.text(alphabet='Cert=";,\\%2Bhain', max_size=60))
def test_no_header_breaks_it(said: str) -> None:
    assert peer(context(said)).forwarded is not None
