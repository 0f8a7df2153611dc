"""Every metric that this program exports, as one table; docs/metrics.md is made from it.

Laws: names of the gRPC ecosystem where it has them, else `kuacheng_`; base units; no person, operator, request or serial in a label.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of series."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Series:
    """One metric. `bounds` are the histogram's upper bounds, in the unit that the name says."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


FINE = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

STARTED = Series("grpc_server_started_total", Kind.COUNTER, "Calls that arrived.", ("grpc_type", "grpc_service", "grpc_method"))
HANDLED = Series(
    "grpc_server_handled_total",
    Kind.COUNTER,
    "Calls that ended, by gRPC code.",
    ("grpc_type", "grpc_service", "grpc_method", "grpc_code"),
)
HANDLING = Series(
    "grpc_server_handling_seconds",
    Kind.HISTOGRAM,
    "Time a call took in the gateway.",
    ("grpc_type", "grpc_service", "grpc_method"),
    LATENCY,
)
EXCHANGES = Series(
    "kuacheng_exchanges_total", Kind.COUNTER, "Exchanges that ended, by how.", ("evidence_type", "region", "result")
)
REFUSALS = Series(
    "kuacheng_refusals_total",
    Kind.COUNTER,
    "Refusals, by reason, blame, and region that was asked.",
    ("reason", "blame", "region"),
)
EXCHANGE_SECONDS = Series("kuacheng_exchange_seconds", Kind.HISTOGRAM, "Whole exchanges.", ("region",), LATENCY)
CITY_SECONDS = Series(
    "kuacheng_city_seconds", Kind.HISTOGRAM, "The part of an exchange that the city took.", ("region",), LATENCY
)
STAGE_SECONDS = Series(
    "kuacheng_gateway_seconds",
    Kind.HISTOGRAM,
    "The gateway's own part of an exchange that asked: before (from the call to the question, its intent durable) and after "
    "(from the city's answer to its outcome durable).",
    ("region", "stage"),
    FINE,
)
TIME_LEFT = Series(
    "kuacheng_caller_time_left_seconds",
    Kind.HISTOGRAM,
    "What was left of the caller's deadline when its exchange ended; near 0 the caller's patience, not we or the city, is short.",
    (),
    LATENCY,
)
APPEND_SECONDS = Series(
    "kuacheng_ledger_append_seconds",
    Kind.HISTOGRAM,
    "Until a batch of entries was durable or refused, from when its oldest entry was handed over.",
    (),
    FINE,
)
BATCH_ENTRIES = Series(
    "kuacheng_ledger_batch_entries", Kind.HISTOGRAM, "Entries written together.", (), (1, 2, 4, 8, 16, 32, 64, 128, 256)
)
APPEND_FAILURES = Series("kuacheng_ledger_append_failures_total", Kind.COUNTER, "Entries that could not be made durable.")
LEDGER_QUEUE = Series("kuacheng_ledger_queue_entries", Kind.GAUGE, "Entries that wait to be written.")
TREE_SIZE = Series("kuacheng_ledger_tree_entries", Kind.GAUGE, "Entries of the evidence log when this process last wrote.")
LAG = Series(
    "kuacheng_event_loop_lag_seconds", Kind.HISTOGRAM, "How late the event loop wakes, looked at ten times a second.", (), FINE
)
BUSY = Series(
    "kuacheng_event_loop_busy_seconds_total",
    Kind.COUNTER,
    "Time in which the event loop's thread had something to do, by state: running (on a processor), waiting (ready, and given none). "
    "Both together near 1 a second: this process can do no more, and gRPC refuses or lets go by itself what comes besides.",
    ("state",),
)
BUILD = Series("kuacheng_build_info", Kind.INFO, "What runs.", ("version", "python", "grpc", "sqlite"))
CHECKPOINT_AGE = Series(
    "kuacheng_checkpoint_age_seconds",
    Kind.GAUGE,
    "Age of the newest checkpoint with the cosignatures that the policy needs; +Inf without one. Only where witnesses are configured.",
)
WITNESS_FAILURES = Series(
    "kuacheng_witness_failures_total", Kind.COUNTER, "Cosignatures asked for in vain, by fault.", ("fault",)
)
SYSTEM_PASSAGE = Series(
    "kuacheng_system_passage",
    Kind.GAUGE,
    "1 for what a system's breaker lets through now: closed (everything), half_open (one probe), open (nothing).",
    ("system", "passage"),
)
SYSTEM_INSIDE = Series("kuacheng_system_questions_inside", Kind.GAUGE, "Questions that a system has now.", ("system",))
SYSTEM_PLACES = Series("kuacheng_system_places", Kind.GAUGE, "Questions that a system may have at a time.", ("system",))
SYSTEM_WAITING = Series("kuacheng_system_questions_waiting", Kind.GAUGE, "Questions that wait for a place.", ("system",))
TURNED_AWAY = Series(
    "kuacheng_system_turned_away_total",
    Kind.COUNTER,
    "Questions not asked: queue full, no place in time, breaker open.",
    ("system",),
)
TRIED_AGAIN = Series(
    "kuacheng_system_tried_again_total", Kind.COUNTER, "Second tries of questions of which nothing was sent.", ("system",)
)
NOT_AFTER = Series(
    "kuacheng_certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    "When a certificate ends, Unix time: of what is shown (server, client), and the first to end of each file of authorities (trusted).",
    ("role", "of"),
)
NOT_BEFORE = Series(
    "kuacheng_certificate_not_before_timestamp_seconds",
    Kind.GAUGE,
    "When the same certificate began, Unix time: what is left of its life is reckoned from both.",
    ("role", "of"),
)
AUTHORITIES = Series(
    "kuacheng_authorities",
    Kind.GAUGE,
    "CAs that may speak for a region, by standing: believed, tainted (believed still, to be retired).",
    ("region", "standing"),
)
STRAGGLERS = Series(
    "kuacheng_stragglers",
    Kind.GAUGE,
    "Callers' certificates seen within a day that hang on a CA of the region that is to be retired; read at each scrape.",
    ("region",),
)
REVOKED = Series(
    "kuacheng_callers_cut_off_total",
    Kind.COUNTER,
    "Streams ended, and calls of health or reflection refused, for want of belief in the caller; exchanges: kuacheng_refusals_total.",
    ("reason",),
)
LIST_AGE = Series(
    "kuacheng_revocation_list_age_seconds",
    Kind.GAUGE,
    "Age of the oldest revocation list of a region; +Inf where one is missing. Only of regions that have any.",
    ("region",),
)
LIST_DUE = Series(
    "kuacheng_revocation_list_next_update_timestamp_seconds",
    Kind.GAUGE,
    "When the next revocation list of a region is due by the one in force, Unix time; the first of several; 0 where one is missing.",
    ("region",),
)
LIST_ENDS = Series(
    "kuacheng_revocation_list_serves_until_timestamp_seconds",
    Kind.GAUGE,
    "When a region's callers are refused for want of a newer revocation list (its next update and `revocation_grace`), Unix time; 0 where "
    "one is missing.",
    ("region",),
)
DENY_LIST_AGE = Series(
    "kuacheng_deny_list_age_seconds",
    Kind.GAUGE,
    "Since the deny-list's file was last found to be the one in force; it is looked at four times a second.",
)
OCSP_ANSWERS = Series(
    "kuacheng_ocsp_answers_total",
    Kind.COUNTER,
    "Questions to responders of CAs that ended, by result: good, revoked, unknown, refused (not believed), unreachable.",
    ("region", "result"),
)
OCSP_CERTIFICATES = Series(
    "kuacheng_ocsp_certificates",
    Kind.GAUGE,
    "Callers' certificates by what their CA's responder said last: good, last-good (its time is over and `unreachable` lets it serve), "
    "silent (nothing, or too long ago: refused), revoked, unknown. Only of regions that have `ocsp`.",
    ("region", "standing"),
)
OCSP_AGE = Series(
    "kuacheng_ocsp_answer_age_seconds",
    Kind.GAUGE,
    "Age of the oldest good answer that callers of a region live by, from the moment that it is of.",
    ("region",),
)
RELOADS = Series("kuacheng_reloads_total", Kind.COUNTER, "Configurations and generations taken up, by result.", ("result",))
BEGUN_ANEW = Series(
    "kuacheng_background_failures_total",
    Kind.COUNTER,
    "Background work that ended by a fault and was begun anew, by what it is for; each is there from the start.",
    ("work",),
)
GENERATION = Series("kuacheng_generation_info", Kind.INFO, "The generation of certificates that is in force.", ("generation",))
RENEWALS = Series(
    "kuacheng_renewal_attempts_total",
    Kind.COUNTER,
    "Attempts of `kuacheng certs renew`, by result: in-force, waiting (for a person), failed; each worker tells the same. "
    "Only where one was made.",
    ("result",),
)
RENEWAL_DUE = Series(
    "kuacheng_renewal_due_timestamp_seconds",
    Kind.GAUGE,
    "When the next renewal falls due, Unix time, as the renewer last reckoned it; long past, it does not run or fails.",
)
STAGED = Series("kuacheng_generations_staged", Kind.GAUGE, "Generations of certificates that wait to be put in force.")
ACCEPTED = Series(
    "kuacheng_connections_accepted_total",
    Kind.COUNTER,
    "Connections that came in, whether their handshake then failed or not.",
)
HANDSHAKES_FAILED = Series(
    "kuacheng_tls_handshakes_failed_total",
    Kind.COUNTER,
    "Handshakes with callers that failed, by why. One that the caller breaks off, or is too slow for, is not among them.",
    ("reason",),
)
TURNED_AWAY_AT_DOOR = Series(
    "kuacheng_door_refusals_total",
    Kind.COUNTER,
    "Calls that were never exchanges: OVERLOADED, or SHUTTING_DOWN. What gRPC refuses on the wire before, nobody counts.",
    ("reason",),
)
IN_FLIGHT = Series("kuacheng_exchanges_in_flight", Kind.GAUGE, "Exchanges under way now.")
WORLD = Series("kuacheng_world_info", Kind.INFO, "Edition of the configuration that judges now.", ("edition", "version"))

ALL = (
    STARTED,
    HANDLED,
    HANDLING,
    EXCHANGES,
    REFUSALS,
    EXCHANGE_SECONDS,
    CITY_SECONDS,
    STAGE_SECONDS,
    TIME_LEFT,
    APPEND_SECONDS,
    BATCH_ENTRIES,
    APPEND_FAILURES,
    LEDGER_QUEUE,
    TREE_SIZE,
    LAG,
    BUSY,
    BUILD,
    CHECKPOINT_AGE,
    WITNESS_FAILURES,
    SYSTEM_PASSAGE,
    SYSTEM_INSIDE,
    SYSTEM_PLACES,
    SYSTEM_WAITING,
    TURNED_AWAY,
    TRIED_AGAIN,
    NOT_AFTER,
    NOT_BEFORE,
    AUTHORITIES,
    STRAGGLERS,
    REVOKED,
    LIST_AGE,
    LIST_DUE,
    LIST_ENDS,
    DENY_LIST_AGE,
    OCSP_ANSWERS,
    OCSP_CERTIFICATES,
    OCSP_AGE,
    RELOADS,
    BEGUN_ANEW,
    GENERATION,
    RENEWALS,
    RENEWAL_DUE,
    STAGED,
    ACCEPTED,
    HANDSHAKES_FAILED,
    TURNED_AWAY_AT_DOOR,
    IN_FLIGHT,
    WORLD,
)
