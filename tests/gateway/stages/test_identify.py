"""Only a sound certificate of the region's own authority names a caller, and only while all that it hangs on is in force."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from certs import subject
from gateway.model.identity import Anchor, Issued, Peer, Revoked, Trust, Verdict, Vouched
from gateway.model.refusal import Reason, Refusal
from gateway.stages.identify import identify, paths
from tests.certs import faulty
from tests.gateway.stages.builders import NOW, authorities, peer, trust

DAY = timedelta(days=1)
PATH = "the certificate does not lead to the authority that speaks for its region"
KEY = "the certificate's key is of a kind or size that is not accepted"
FORM = "the URI is not spiffe://<trust domain>/department/<credit code>/system/<name>"
DENIED = Refusal(Reason.CERTIFICATE_REVOKED, "the certificate, or its system, stands on the deny-list")
LISTED = Refusal(Reason.CERTIFICATE_REVOKED, "the region's CA has revoked the certificate")
DETAILS = {
    "expired": "the certificate or its authority has expired",
    "not_yet_valid": "the certificate or its authority is not valid yet",
    "wrong_authority": PATH,
    "forged_authority": PATH,
    "self_signed": PATH,
    "no_alternative_name": "the certificate has no subject alternative name",
    "dns_name_only": "the certificate has 0 URIs, and one is required",
    "two_uris": "the certificate has 2 URIs, and one is required",
    "other_region": PATH,
    "not_spiffe": FORM,
    "wrong_credit_code": "the department in the URI is no unified social credit code",
    "no_client_usage": PATH,
    "no_usage": "the certificate is not for clients",
    "authority_as_leaf": PATH,
    "ed25519_key": KEY,
    "p521_key": KEY,
    "rsa_1024_key": KEY,
}

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Extension = tuple[x509.ExtensionType, bool]


def refusal(shown: Peer, believed: Trust | None = None, now: datetime = NOW) -> Refusal:
    with pytest.raises(Refusal) as refused:
        identify(shown, believed or trust(), now)
    return refused.value


def unknown(detail: str) -> Refusal:
    return Refusal(Reason.CALLER_UNKNOWN, detail)


def named(uri: str) -> Extension:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False


def for_clients() -> Extension:
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False


def certificate(
    says: Iterable[Extension],
    *,
    issuer: x509.Certificate | None = None,
    issuer_key: ec.EllipticCurvePrivateKey | None = None,
    key: Key | None = None,
    name: str = "leaf",
    life: tuple[datetime, datetime] = (NOW - DAY, NOW + DAY),
) -> x509.Certificate:
    """A certificate that says what it is told to; the region's own authority signs it, or whoever is named."""
    signing = issuer_key or authorities().own.key
    public_key = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    draft = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name((issuer or authorities().own.certificate).subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    for extension, critical in says:
        draft = draft.add_extension(extension, critical=critical)
    return draft.sign(signing, hashes.SHA256())


def authority(
    key: ec.EllipticCurvePrivateKey, length: int, name: str, life: tuple[datetime, datetime], **issuing: object
) -> x509.Certificate:
    says: Sequence[Extension] = (
        (x509.BasicConstraints(ca=True, path_length=length), True),
        (
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            True,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    )
    return certificate(says, key=key, name=name, life=life, **issuing)  # type: ignore[arg-type]


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def test_a_sound_certificate_names_its_system() -> None:
    caller = identify(peer(), trust(), NOW)
    leaf = x509.load_pem_x509_certificate(peer().leaf)
    assert (caller.region, caller.department, caller.system) == ("440100", faulty.CREDIT_CODE, faulty.SYSTEM)
    assert caller.uri == faulty.SOUND_URI
    assert caller.fingerprint == leaf.fingerprint(hashes.SHA256()).hex()
    assert int(caller.serial, 16) == leaf.serial_number
    assert (caller.not_before, caller.not_after) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def test_every_fault_has_its_detail_here() -> None:
    # A handshake cannot be signed with that key, so TLS alone keeps it out.
    assert DETAILS.keys() | {"no_digital_signature"} == faulty.FAULTS.keys()


@pytest.mark.parametrize("fault", DETAILS)
def test_a_faulty_certificate_names_nobody(fault: str) -> None:
    leaf = faulty.FAULTS[fault].make(authorities(), NOW)
    assert refusal(Peer(leaf.certificate)) == unknown(DETAILS[fault])


def test_an_authority_speaks_for_its_own_region_only() -> None:
    # The other way round than `other_region`: a true authority, of Foshan, that names a department of Guangzhou's trust domain.
    leaf = faulty.sound(faulty.Authorities(authorities().other, authorities().own), NOW)
    assert refusal(Peer(leaf.certificate)) == unknown(PATH)


def test_a_trust_domain_of_no_region_is_nobodys() -> None:
    uri = subject.department_system("shenzhen.test", faulty.CREDIT_CODE, faulty.SYSTEM)
    leaf = pem(certificate([named(uri), for_clients()]))
    assert refusal(Peer(leaf)) == unknown("no region has the trust domain that the URI names")


@pytest.mark.parametrize(
    "uri",
    [
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/system/",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/system/window/more",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/system/Window",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/system/window?x=1",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/system/window#x",
        f"spiffe://guangzhou.test//department/{faulty.CREDIT_CODE}/system/window",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE}/../system/window",
        f"spiffe://guangzhou.test/department/{faulty.CREDIT_CODE.lower()}/system/window",
        f"SPIFFE://guangzhou.test/department/{faulty.CREDIT_CODE}/system/window",
        f"guangzhou.test/department/{faulty.CREDIT_CODE}/system/window",
        "spiffe://guangzhou.test/gateway/one",
        "spiffe://guangzhou.test",
    ],
)
def test_a_uri_of_another_form_names_nobody(uri: str) -> None:
    assert refusal(Peer(pem(certificate([named(uri), for_clients()])))) == unknown(FORM)


@pytest.mark.parametrize("domain", ["guangzhou.test:443", "x@guangzhou.test", "GUANGZHOU.test", "guangzhou.test.", ""])
def test_a_trust_domain_is_compared_as_it_stands(domain: str) -> None:
    uri = faulty.SOUND_URI.replace("guangzhou.test", domain)
    assert refusal(Peer(pem(certificate([named(uri), for_clients()])))).reason is Reason.CALLER_UNKNOWN


def test_a_certificate_that_does_not_say_what_it_is_for_is_not_for_clients() -> None:
    leaf = certificate([named(faulty.SOUND_URI)])
    assert refusal(Peer(pem(leaf))) == unknown("the certificate is not for clients")


def test_a_certificate_for_anything_is_not_for_clients() -> None:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    leaf = certificate([named(faulty.SOUND_URI), (usage, False)])
    assert refusal(Peer(pem(leaf))) == unknown(PATH)


@pytest.mark.parametrize("key", [ec.SECP384R1(), 2048])
def test_keys_that_preflight_lets_in_name_a_caller(key: ec.EllipticCurve | int) -> None:
    made = rsa.generate_private_key(65537, key) if isinstance(key, int) else ec.generate_private_key(key)
    leaf = certificate([named(faulty.SOUND_URI), for_clients()], key=made)
    assert identify(Peer(pem(leaf)), trust(), NOW).uri == faulty.SOUND_URI


def test_a_curve_that_tls_does_not_speak_names_nobody() -> None:
    leaf = certificate([named(faulty.SOUND_URI), for_clients()], key=ec.generate_private_key(ec.SECP521R1()))
    assert refusal(Peer(pem(leaf))) == unknown(KEY)


@pytest.mark.parametrize("critical", [True, False])
def test_an_extension_nobody_knows_counts_where_it_is_critical(*, critical: bool) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.156.99999.1"), b"\x05\x00")
    shown = Peer(pem(certificate([named(faulty.SOUND_URI), for_clients(), (odd, critical)])))
    if critical:
        assert refusal(shown) == unknown(PATH)
    else:
        assert identify(shown, trust(), NOW).uri == faulty.SOUND_URI


@pytest.mark.parametrize("names", ["3004a3023000", "0102", "30", "3006870401020304ff"])
def test_names_that_do_not_parse_name_nobody(names: str) -> None:
    broken = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes.fromhex(names))
    leaf = certificate([(broken, False), for_clients()])
    assert refusal(Peer(pem(leaf))) == unknown("the certificate's extensions do not parse")


def test_an_extension_that_stands_twice_names_nobody() -> None:
    # No builder writes it twice, so another identifier of the same length becomes the one of the alternative name.
    twin = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.127"), named_value(faulty.SOUND_URI))
    der = certificate([named(faulty.SOUND_URI), for_clients(), (twin, False)]).public_bytes(Encoding.DER)
    doubled = der.replace(bytes.fromhex("0603551d7f"), bytes.fromhex("0603551d11"))
    assert doubled != der
    assert refusal(Peer(armoured(doubled))) == unknown("the certificate's extensions do not parse")


def test_a_version_of_x509_that_there_is_not_names_nobody() -> None:
    der = x509.load_pem_x509_certificate(peer().leaf).public_bytes(Encoding.DER)
    odd = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)
    assert odd != der
    assert refusal(Peer(armoured(odd))) == unknown("the certificate does not parse")


def named_value(uri: str) -> bytes:
    return named(uri)[0].public_bytes()


def armoured(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_a_name_that_cryptography_cannot_spell_leads_nowhere() -> None:
    with pytest.raises(Refusal, match="CALLER_UNKNOWN"):
        identify(replace(peer(), leaf=faulty.unspellable(NOW).certificate, chain=b""), trust(), NOW)


# A serial number below one is only warned of, until cryptography refuses it.
@pytest.mark.filterwarnings("ignore:Parsed a serial number:cryptography.utils.CryptographyDeprecationWarning")
# And so is an attribute of a name that is too long or too short, which a refusal by path validation spells out.
@pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")
@given(st.data())
def test_whatever_is_shown_earns_a_caller_or_a_refusal(data: st.DataObject) -> None:
    der = bytearray(x509.load_pem_x509_certificate(peer().leaf).public_bytes(Encoding.DER))
    for place in data.draw(st.lists(st.integers(0, len(der) - 1), max_size=3)):
        der[place] = data.draw(st.integers(0, 255))
    shown = Peer(data.draw(st.sampled_from([armoured(bytes(der)), bytes(der), b""])), data.draw(st.binary(max_size=40)))
    try:
        told = identify(shown, trust(), NOW).uri
    except Refusal as refused:
        told = refused.reason.name
    assert told in {faulty.SOUND_URI, Reason.CALLER_UNKNOWN.name}


def test_what_was_believed_once_still_expires() -> None:
    caller = identify(peer(), trust(), NOW)
    assert identify(peer(), trust(), caller.not_after) == caller
    late = refusal(peer(), now=caller.not_after + timedelta(seconds=1))
    early = refusal(peer(), now=caller.not_before - timedelta(seconds=1))
    assert (late, early) == (unknown(DETAILS["expired"]), unknown(DETAILS["not_yet_valid"]))


def test_what_was_believed_once_is_judged_again_in_a_new_generation() -> None:
    identify(peer(), trust("before"), NOW)
    assert refusal(peer(), trust("after", anchors={})) == unknown("no region has the trust domain that the URI names")
    others = Anchor("440100", faulty.OWN_TRUST_DOMAIN, authorities().other.certificate_pem)
    assert refusal(peer(), trust("later", anchors={faulty.OWN_TRUST_DOMAIN: others})) == unknown(PATH)


def test_a_path_is_worked_out_once_in_a_generation() -> None:
    caller = identify(peer(), trust("once"), NOW)
    assert identify(peer(), trust("once", anchors={}), NOW) is caller


def test_what_was_believed_once_may_be_revoked() -> None:
    caller = identify(peer(), trust("revoking"), NOW)
    revoking = trust("revoking", revoked=Revoked(fingerprints=frozenset({caller.fingerprint})))
    assert refusal(peer(), revoking) == DENIED
    assert identify(peer(), trust("revoking", revoked=Revoked(fingerprints=frozenset({"0" * 64}))), NOW) == caller


def test_a_revoked_system_certificate_or_authority_is_refused_in_each_way_of_naming_it() -> None:
    caller = identify(peer(), trust("ways"), NOW)
    for revoked, told in (
        (Revoked(uris=frozenset({caller.uri})), DENIED),
        (Revoked(serials=frozenset(caller.issued)), DENIED),
        (Revoked(listed={caller.region: frozenset(caller.issued)}), LISTED),
        (Revoked(unclear={caller.region: "too old"}), unknown("nobody can tell whether the certificate was revoked: too old")),
    ):
        assert refusal(peer(), trust("ways", revoked=revoked)) == told
    elsewhere = Revoked(listed={"440600": frozenset(caller.issued)}, unclear={"440600": "too old"})
    assert identify(peer(), trust("ways", revoked=elsewhere), NOW) == caller, "a CA revokes for its own region only"


def test_an_intermediate_that_was_revoked_takes_what_it_signed_along(
    chain: tuple[Trust, x509.Certificate, x509.Certificate],
) -> None:
    believed, middle, leaf = chain
    shown = Peer(pem(leaf), pem(middle))
    caller = identify(shown, believed, NOW)
    (_, own), (above, serial) = caller.issued
    assert (own, above) == (f"{leaf.serial_number:x}", "CN=root")
    assert refusal(shown, replace(believed, revoked=Revoked(serials=frozenset({(above, serial)})))) == DENIED


@pytest.fixture(scope="module")
def chain() -> tuple[Trust, x509.Certificate, x509.Certificate]:
    """A root that ends in ten days, an authority below it that began two hours ago, and a department's certificate below that."""
    root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    old = (NOW - 30 * DAY, NOW + 10 * DAY)
    root = authority(root_key, 1, "root", old, issuer=certificate([], name="root"), issuer_key=root_key)
    fresh = (NOW - DAY / 12, NOW + 20 * DAY)
    middle = authority(middle_key, 0, "middle", fresh, issuer=root, issuer_key=root_key)
    life = (NOW - DAY / 24, NOW + 15 * DAY)
    leaf = certificate([named(faulty.SOUND_URI), for_clients()], issuer=middle, issuer_key=middle_key, life=life)
    anchor = Anchor("440100", faulty.OWN_TRUST_DOMAIN, pem(root))
    return Trust("chain", {anchor.trust_domain: anchor}), middle, leaf


def test_a_caller_lives_as_long_as_all_of_its_path(chain: tuple[Trust, x509.Certificate, x509.Certificate]) -> None:
    believed, middle, leaf = chain
    caller = identify(Peer(pem(leaf), pem(middle)), believed, NOW)
    assert (caller.not_before, caller.not_after) == (NOW - DAY / 24, NOW + 10 * DAY)
    assert refusal(Peer(pem(leaf), pem(middle)), believed, NOW + 11 * DAY) == unknown(DETAILS["expired"])


def test_a_chain_may_hold_the_leaf_and_strangers(chain: tuple[Trust, x509.Certificate, x509.Certificate]) -> None:
    believed, middle, leaf = chain
    stranger = certificate([named(faulty.SOUND_URI), for_clients()])
    assert identify(Peer(pem(leaf), pem(leaf, stranger, middle)), believed, NOW).uri == faulty.SOUND_URI


@pytest.mark.parametrize("shown", [b"", b"\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_path_with_a_gap_leads_nowhere(shown: bytes, chain: tuple[Trust, x509.Certificate, x509.Certificate]) -> None:
    believed, _, leaf = chain
    assert refusal(Peer(pem(leaf), shown), believed) == unknown(PATH)


def test_a_caller_cannot_bring_an_authority_along() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    root = authority(key, 1, "guangzhou CA", (NOW - DAY, NOW + DAY), issuer=authorities().own.certificate, issuer_key=key)
    leaf = certificate([named(faulty.SOUND_URI), for_clients()], issuer=root, issuer_key=key)
    assert refusal(Peer(pem(leaf), pem(root))) == unknown(PATH)


def test_a_refusal_does_not_repeat_what_was_shown() -> None:
    uri = "spiffe://guangzhou.test/department/canary/system/canary"
    told = refusal(Peer(pem(certificate([named(uri), for_clients()]))))
    assert "canary" not in f"{told.detail}{told.violations}{told}"


def test_a_peer_and_a_trust_show_no_certificates() -> None:
    assert "BEGIN" not in repr((replace(peer(), chain=b"BEGIN"), trust()))


SILENT = unknown("nobody can tell whether the certificate was revoked: its CA's responder has said nothing of it (OCSP)")
SAID: dict[str, tuple[Vouched | None, Refusal | None]] = {
    "good": (Vouched(Verdict.GOOD, NOW), None),
    "too long ago": (
        Vouched(Verdict.GOOD, NOW - timedelta(seconds=1)),
        unknown("nobody can tell whether the certificate was revoked: its CA's responder said so too long ago (OCSP)"),
    ),
    "revoked, long ago": (
        Vouched(Verdict.REVOKED, NOW - DAY),
        Refusal(Reason.CERTIFICATE_REVOKED, "the region's CA has revoked the certificate, its responder says (OCSP)"),
    ),
    "unknown": (Vouched(Verdict.UNKNOWN, NOW + DAY), unknown("the CA's responder does not know the certificate (OCSP)")),
    "nothing": (None, SILENT),
}


@pytest.mark.parametrize("said", SAID)
def test_where_the_ca_is_asked_it_has_to_vouch(said: str) -> None:
    answer, expected = SAID[said]
    shown = peer()
    issued: Issued = identify(shown, trust(), NOW).issued[0]
    answers = {issued: answer} if answer else {}
    asked = replace(trust(), revoked=Revoked(vouched={"440100": answers}))
    if expected is None:
        assert identify(shown, asked, NOW).issued == (issued,)
    else:
        assert refusal(shown, asked) == expected
    elsewhere = replace(trust(), revoked=Revoked(vouched={"440600": {}}))
    assert identify(shown, elsewhere, NOW).region == "440100"


def test_the_way_to_the_authority_has_both_ends() -> None:
    ((region, chain),) = paths(peer(), trust())
    assert (region, [each.issuer for each in chain]) == ("440100", [authorities().own.certificate.subject] * 2)


def test_what_the_front_proxy_forwards_has_a_way_of_its_own_and_nobody_else_forwards() -> None:
    named = replace(peer(), forwarded=peer())
    assert len(paths(named, replace(trust(), front_proxy=faulty.SOUND_URI))) == 2
    with pytest.raises(Refusal) as refused:
        paths(named, trust())
    assert refused.value.reason is Reason.FORWARDING_REFUSED
