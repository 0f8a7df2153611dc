"""The alerts, as one table: what fires, after how long, whom it wakes, what it means and what to do.

Laws: severity `page` means that somebody is losing answers or evidence now, `ticket` that somebody will; names are append-only, because
routes and silences know them. Burn rates after the SRE Workbook, chapter 5: two windows, a long one that matters and a short one that ends.
"""

from dataclasses import dataclass
from typing import Final

from gateway.model.refusal import Blame, Reason
from gateway.model.standing import Passage
from gateway.rpc.core_log import Handshake
from gateway.telemetry import series
from gateway.telemetry.scraped import SATURATED

_SHARE: Final = 0.005
"""Of exchanges that may fail by our own fault: 99.5 % of them do not, over 30 days."""
_TURNED_AWAY: Final = (Handshake.CERTIFICATE_EXPIRED, Handshake.CERTIFICATE_NOT_YET_VALID, Handshake.UNKNOWN_AUTHORITY)
"""What a department that rotates wrongly brings about, and hardly anybody else."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One. `lasts` is Prometheus's `for`."""

    name: str
    expr: str
    lasts: str
    severity: str
    means: str
    mend: str


def _burning(windows: tuple[str, str], times: float) -> str:
    ours = f'{series.REFUSALS.name}{{blame="{Blame.OURS.value}"}}'
    return " and ".join(
        f"sum(rate({ours}[{window}])) / sum(rate({series.EXCHANGES.name}[{window}])) > {times * _SHARE:g}" for window in windows
    )


def _p99(name: str, by: str = "") -> str:
    kept = f"le, {by}" if by else "le"
    return f"histogram_quantile(0.99, sum by ({kept}) (rate({name}_bucket[5m])))"


_LEFT: Final = f"({series.NOT_AFTER.name} - time()) / ({series.NOT_AFTER.name} - {series.NOT_BEFORE.name})"
_LIST_LEFT: Final = f"({series.LIST_ENDS.name} - time()) / ({series.LIST_ENDS.name} - time() + {series.LIST_AGE.name})"
_CHECK: Final = "`kuacheng check -c gateway.yaml`"

ALERTS: Final = (
    Alert(
        "GatewayDown",
        'up{job="kuacheng"} == 0',
        "1m",
        "page",
        "Prometheus cannot read the gateway's metrics: it is down, or hangs.",
        f"`systemctl status kuacheng`; its log's last lines say why it ended; {_CHECK} says what keeps it from starting.",
    ),
    Alert(
        "CityDown",
        f'{series.SYSTEM_PASSAGE.name}{{passage="{Passage.CLOSED.value}"}} == 0',
        "1m",
        "page",
        "A city's system failed so often that its breaker is not closed; questions are turned away. It is the city, or the way there.",
        f"{_CHECK}, category cities, says whether it is the line, the TLS, or the log-in; then call the city. It closes by itself.",
    ),
    Alert(
        "CityFailing",
        f'sum(rate({series.REFUSALS.name}{{blame="{Blame.COUNTERPARTY.value}"}}[5m])) / sum(rate({series.EXCHANGES.name}[5m])) > 0.2',
        "5m",
        "page",
        "More than a fifth of all exchanges fail at a city, though its breaker is closed.",
        "Look at refusals by reason: CITY_ANSWER_INVALID is a changed interface, CITY_TIMEOUT a slow one, CITY_REFUSED an account; "
        "the entries of such exchanges have the city's own code: `kuacheng ledger list`.",
    ),
    Alert(
        "CitySlow",
        f"{_p99(series.CITY_SECONDS.name, 'region')} > 5",
        "10m",
        "ticket",
        "One in a hundred answers of a city takes longer than 5 seconds.",
        "Compare with kuacheng_gateway_seconds: if ours is small, it is the city; tell it since when.",
    ),
    Alert(
        "ErrorBudgetBurnsFast",
        _burning(("1h", "5m"), 14.4),
        "0m",
        "page",
        "Exchanges fail by our own fault so fast that the budget of 30 days is gone in two.",
        "Refusals by reason: OVERLOADED, LEDGER_UNAVAILABLE and INTERNAL each have their section in docs/first-ten-minutes.md.",
    ),
    Alert(
        "ErrorBudgetBurns",
        _burning(("6h", "30m"), 6),
        "0m",
        "page",
        "Exchanges fail by our own fault so fast that the budget of 30 days is gone in five.",
        "As ErrorBudgetBurnsFast.",
    ),
    Alert(
        "ErrorBudgetBurnsSlowly",
        _burning(("3d", "6h"), 1),
        "0m",
        "ticket",
        "Exchanges fail by our own fault as fast as the budget of 30 days allows, or faster.",
        "As ErrorBudgetBurnsFast, in daylight.",
    ),
    Alert(
        "Overloaded",
        f'sum(rate({series.TURNED_AWAY_AT_DOOR.name}{{reason="{Reason.OVERLOADED.name}"}}[5m])) > 0',
        "5m",
        "ticket",
        "Calls are turned away because too many are under way.",
        "If a city hangs, mend that first: its questions hold places. Otherwise see who asks so much, and `limits.in_flight`. What gRPC "
        "turns away by itself besides is not among them: Saturated tells of that.",
    ),
    Alert(
        "Saturated",
        f"sum without (state) (rate({series.BUSY.name}[2m])) > {SATURATED:g}",
        "1m",
        "page",
        "A gateway process can do no more. Callers see UNAVAILABLE ('Received RST_STREAM with error code 7') or, after two seconds, "
        "CANCELLED: gRPC refuses or lets go before our code sees the call; behind Envoy OVERLOADED, by Envoy. Nothing was asked or "
        "recorded, and no metric of ours counts them.",
        f"`kuacheng top` says which kind is asked for so much, {series.HANDLED.name} by which method, the log's lines by department who "
        "asks; ask them to slow down. Where the "
        "machine has processors to spare, more `--workers`; where it has not and the state is mostly `waiting`, other programs take them. "
        "Envoy in front (deploy/envoy/front.yaml) tells who is too much when to come again. docs/first-ten-minutes.md, 'Callers are lost "
        "before we see them'.",
    ),
    Alert(
        "LedgerFailing",
        f"increase({series.APPEND_FAILURES.name}[5m]) > 0",
        "0m",
        "page",
        "The evidence log takes no entries, so nothing is asked and nothing is answered.",
        f"{_CHECK}, category ledger: disk full, file moved, database away. docs/ledger.md, 'When writing fails'.",
    ),
    Alert(
        "LedgerSlow",
        f"{_p99(series.APPEND_SECONDS.name)} > 0.5",
        "10m",
        "ticket",
        "One in a hundred batches takes half a second to be durable; every exchange waits for two.",
        "The disk, or the database: fsync times, other programs on it, the queue kuacheng_ledger_queue_entries.",
    ),
    Alert(
        "CheckpointOld",
        f"{series.CHECKPOINT_AGE.name} > 300",
        "0m",
        "page",
        "No quorum of witnesses has cosigned for five minutes; by the limit in gateway.yaml exchanges stop, or have stopped. "
        "+Inf besides: our clock went back, or the log contradicts what was cosigned.",
        f"{_CHECK}, categories ledger and clock; docs/witness.md, 'Watching it'.",
    ),
    Alert(
        "WitnessSeesFork",
        f'{series.WITNESS_FAILURES.name}{{fault=~"FORKED|ROLLED_BACK|CONTRADICTION"}} > 0',
        "0m",
        "page",
        "A witness holds another history of our log than we do: it was put back, or two logs run under one name.",
        "Stop the gateway. Do not restore anything before the witness's and our checkpoints are kept: `kuacheng ledger verify`.",
    ),
    Alert(
        "CertificateEndsSoon",
        f"{_LEFT} < 1 / 3",
        "10m",
        "ticket",
        "A certificate or a CA in use has less than a third of its life left.",
        "`kuacheng certs needs-renewal -c gateway.yaml` names it; then docs/certificates.md; a CA: docs/certificates-rotation.md.",
    ),
    Alert(
        "CertificateEndsVerySoon",
        f"{_LEFT} < 1 / 6",
        "0m",
        "page",
        "A certificate or a CA in use has less than a sixth of its life left; when it ends, nobody connects.",
        "As CertificateEndsSoon, now. A running gateway takes the new generation up by itself.",
    ),
    Alert(
        "CallersCannotConnect",
        f'sum by (reason) (increase({series.HANDSHAKES_FAILED.name}{{reason=~"{"|".join(_TURNED_AWAY)}"}}[10m])) > 0',
        "5m",
        "ticket",
        "Somebody does not get through the handshake: its certificate is over or not valid yet, or its CA is not known here.",
        "The label says why, and nothing says who: ask whose certificate or CA changed, and try what they show: `kuacheng certs inspect`. "
        "A new CA of a region goes into its authorities: docs/certificates-rotation.md.",
    ),
    Alert(
        "RenewalOverdue",
        f"time() - {series.RENEWAL_DUE.name} > 6 * 3600",
        "10m",
        "ticket",
        "A certificate of the gateway should have been renewed six hours ago: the renewer does not run, fails, or waits for a person.",
        "`kuacheng certs renew -c gateway.yaml` says why; docs/certificates-rotation.md, 'Renewal'.",
    ),
    Alert(
        "GenerationWaits",
        f"{series.STAGED.name} > 0",
        "1d",
        "ticket",
        "For a day, a generation of certificates has been staged that nobody put in force.",
        "`kuacheng certs renew` names it, or the folder in which `current` lies; then `kuacheng certs activate`, or remove it.",
    ),
    Alert(
        "RevocationListOverdue",
        f"{series.LIST_DUE.name} < time()",
        "10m",
        "ticket",
        "A region's next revocation list was due by the one in force, or is missing; after `revocation_grace` its callers are refused.",
        "Ask the region's CA for a new list; see that this machine reaches the address under `revocation_lists`; lines of "
        "kuacheng.revocation say why one is not believed.",
    ),
    Alert(
        "RevocationListEndsSoon",
        f"{_LIST_LEFT} < 1 / 24",
        "5m",
        "page",
        "A region's revocation list has less than a twenty-fourth of its time left, an hour of a day, `revocation_grace` "
        "included. Then all callers of the region are refused; where a list is missing, they are already.",
        "As RevocationListOverdue, now. If the CA cannot give a list in time, a longer `revocation_grace` lets the last one serve: whom it "
        "would have revoked goes on the deny-list (`kuacheng certs revoke`).",
    ),
    Alert(
        "DenyListUnread",
        f"{series.DENY_LIST_AGE.name} > 5",
        "1m",
        "page",
        "The gateway cannot read its deny-list: whom `kuacheng certs revoke` names meanwhile is let in, and no gateway can start.",
        "The line of kuacheng.revocation says why: a file that is no deny-list, or that belongs to another account than the gateway's. Put "
        "the last good one back, or `chown` it; it is read again within seconds.",
    ),
    Alert(
        "BackgroundWorkFails",
        f"sum by (work) (increase({series.BEGUN_ANEW.name}[15m])) > 0",
        "0m",
        "ticket",
        "Something that the gateway does besides answering ended by a fault and was begun anew: following revocations or certificates, "
        "asking witnesses or responders.",
        "The label says what; the CRITICAL line of kuacheng.app names kind and place of the fault, and it is worth a report. As long as it "
        "goes on, that work is done at most once a minute: a restart will not mend it, what it reads may.",
    ),
    Alert(
        "OcspSilent",
        f'sum by (region) ({series.OCSP_CERTIFICATES.name}{{standing=~"last-good|silent"}}) > 0',
        "10m",
        "ticket",
        "A region's CA does not vouch for callers (OCSP): they are refused, or `unreachable` still lets the last answer serve.",
        f"{_CHECK} asks the responder; lines of kuacheng.revocation say why an answer is not believed; then the region's CA.",
    ),
    Alert(
        "CallersOnOldAuthority",
        f"{series.STRAGGLERS.name} > 0",
        "7d",
        "ticket",
        "For a week, callers still hang on a CA that is to be retired.",
        "`kuacheng certs status` names them; write to them before `kuacheng certs retire`.",
    ),
    Alert(
        "ReloadRefused",
        f'increase({series.RELOADS.name}{{result="refused"}}[15m]) > 0',
        "0m",
        "ticket",
        "A new configuration or generation was refused; what stood before is in force.",
        "The log line of kuacheng.reload says what is wrong with it; `kuacheng config check`.",
    ),
    Alert(
        "EventLoopLags",
        f"{_p99(series.LAG.name)} > 0.25",
        "5m",
        "ticket",
        "The process wakes late: it has no processor, or something blocks it.",
        f"Load of the machine, other programs, swapping; {series.BUSY.name} by state; `kuacheng top` for what it does.",
    ),
)
