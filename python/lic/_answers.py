"""What LicenseManager answers with, and how it is read from what liblic gives."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import os
from typing import Any, Dict, List, Optional, Tuple, Union

from . import _library
from ._library import library

FeatureValue = Union[bool, int, str, List[str]]


class Code(enum.IntEnum):
    """What comes of a call: 0 is a yes or done, 1 to 9 an error, 10 and more a definite no."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    INVALID_INPUT = 3
    NOT_FOUND = 4
    CONFLICT = 5
    DENIED = 6
    UNAVAILABLE = 7
    NO_LICENSE = 10
    EXPIRED = 11
    REVOKED = 12
    SUSPENDED = 13
    WRONG_MACHINE = 14
    UNTRUSTED = 15
    NOT_YET_VALID = 16
    CLOCK_MOVED_BACK = 17
    NO_SEAT_LEFT = 18
    FEATURE_NOT_LICENSED = 19
    USAGE_LIMIT_REACHED = 20
    TRIAL_NOT_AVAILABLE = 21
    VERSION_NOT_COVERED = 22
    REVOCATIONS_STALE = 23
    LEASE_EXPIRED = 24

    @classmethod
    def _missing_(cls, value: object) -> Optional["Code"]:
        """One of a later liblic."""
        if not isinstance(value, int):
            return None
        code = int.__new__(cls, value)
        code._name_ = f"CODE_{value}"
        code._value_ = value
        return code

    @property
    def token(self) -> str:
        """As licctl --json has it: "usage-limit-reached"."""
        return str(library.lic_code_name(int(self)).decode())


class Standing(enum.IntEnum):
    """What stands behind a yes."""

    NONE = 0
    VALID = 1
    EXPIRING = 2
    GRACE = 3
    TRIAL = 4
    FREE = 5


class KeyPlace(enum.IntEnum):
    """Where the secret is that the state on this machine is sealed with."""

    FILE = 0  # state.key in the state directory: opens for everything that runs as this user
    KEYRING = 1  # that of the desktop: opens while the user is logged in there and it is unlocked


class CheckedBy(enum.IntEnum):
    """By what a license was checked."""

    SERVER = 0  # it has answered, just now
    DOCUMENTS = 1  # the vendor's signed documents
    LEASE = 2  # these, and the lease that the server granted before
    PRODUCT = 3  # there is no license: what the product file grants by itself


class LicenseError(Exception):
    """It could not be told or done. Its text says why, `hint` what to do about it, or is ""."""

    def __init__(self, code: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = Code(code)
        self.hint = hint

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (int(self.code), str(self), self.hint)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A judgement at one moment. True where it is a yes."""

    code: Code
    standing: Standing
    days_left: Optional[int]
    message: str = ""
    hint: str = ""

    @property
    def allowed(self) -> bool:
        return self.code == Code.OK

    def __bool__(self) -> bool:
        return self.allowed


@dataclasses.dataclass(frozen=True)
class Confirmation:
    """What came of asking the licensing server. True where the license holds."""

    verdict: Verdict  # where the server did not answer, its message says why
    checked_by: CheckedBy
    queue: Optional[int] = None  # no seat left of a license that floats: the place among those that wait, from 1
    retry_at: Optional[datetime.datetime] = None  # when to ask again to keep it

    def __bool__(self) -> bool:
        return self.verdict.allowed


@dataclasses.dataclass(frozen=True)
class Floating:
    """That seats wander: who has one has it for minutes, and asks again in time."""

    minutes: int
    borrow_days: int  # for how long one may be taken along; 0: not at all


@dataclasses.dataclass(frozen=True)
class TransferAllowance:
    """How often seats that were given back may go to machines that had none."""

    max: int
    per: str  # "month", "year"


@dataclasses.dataclass(frozen=True)
class Lease:
    """What the licensing server has granted this machine."""

    server: str
    granted_at: datetime.datetime
    refresh_at: datetime.datetime  # when it is time to ask again
    expires_at: datetime.datetime  # the license's days of grace follow, but not of one that floats


@dataclasses.dataclass(frozen=True)
class Change:
    """What came of a change that was asked for. True where it was done."""

    code: Code
    message: str
    hint: str
    queue: Optional[int] = None  # as those of Confirmation
    retry_at: Optional[datetime.datetime] = None

    @property
    def changed(self) -> bool:
        return self.code == Code.OK

    def __bool__(self) -> bool:
        return self.changed


@dataclasses.dataclass(frozen=True)
class UsageLimit:
    """A limit and what is used of it."""

    name: str
    max: Optional[int]  # None: unlimited
    used: int
    left: Optional[int]  # None: unlimited
    per: Optional[str]  # "day", "month", "year"; None: a level, which release() gives back
    resets: Optional[datetime.datetime]
    overage: int  # per cent of `max` that may be used beyond it
    is_near: bool  # from 80 % of `max` on


@dataclasses.dataclass(frozen=True)
class Consumption:
    """What came of using some of a limit. True where it may be used."""

    code: Code
    limit: Optional[UsageLimit]  # as it stands then; None where the license does not hold
    message: str = ""
    hint: str = ""

    @property
    def allowed(self) -> bool:
        return self.code == Code.OK

    def __bool__(self) -> bool:
        return self.allowed


@dataclasses.dataclass(frozen=True)
class Customer:
    name: Optional[str]
    email: Optional[str]


@dataclasses.dataclass(frozen=True)
class NextStep:
    """What the user should do next, and where."""

    action: str
    url: Optional[str]


@dataclasses.dataclass(frozen=True)
class Revoked:
    """That the vendor has revoked the license."""

    at: Optional[datetime.datetime]
    reason: Optional[str]


@dataclasses.dataclass(frozen=True)
class RevocationList:
    """The newest list of revocations that was seen here."""

    seq: int
    issued_at: Optional[datetime.datetime]
    next_update: Optional[datetime.datetime]  # from then on it is stale


@dataclasses.dataclass(frozen=True)
class LicenseStatus:
    """The whole answer at one moment."""

    status: str  # "valid", "expiring", "grace", "trial", "free", or why not: "expired", ...
    verdict: Verdict
    license_key: Optional[str]
    plan: Optional[str]
    plan_name: Optional[str]
    kind: Optional[str]
    customer: Optional[Customer]
    starts: Optional[datetime.datetime]
    expires: Optional[datetime.datetime]  # None: never, or nothing runs
    maintenance_until: Optional[datetime.datetime]
    activated_at: Optional[datetime.datetime]
    verified_at: Optional[datetime.datetime]
    features: Dict[str, FeatureValue]
    limits: Dict[str, UsageLimit]
    seats: Optional[int]
    floating: Optional[Floating]  # it grants only while the lease runs
    machine_id: str
    source: Optional[str]
    next_step: Optional[NextStep]
    obstacle: Optional[str]  # why this is the wrong machine for the license, in a sentence
    revoked: Optional[Revoked]
    revocation_list: Optional[RevocationList]  # None: none was ever seen here
    latest_time: Optional[datetime.datetime]  # by which the clock is judged
    lease: Optional[Lease]  # None: no licensing server has confirmed this license
    warnings: List[str]

    @property
    def days_left(self) -> Optional[int]:
        return self.verdict.days_left


@dataclasses.dataclass(frozen=True)
class Product:
    """What the product file says. LicenseManager.plans has its plans."""

    id: str
    name: str
    version: int
    purchase_url: str
    renewal_url: str
    support: str


@dataclasses.dataclass(frozen=True)
class Price:
    amount: str  # an exact decimal, "4500.00"
    currency: str  # ISO 4217
    per: Optional[str]  # "month", "year"; None: once


@dataclasses.dataclass(frozen=True)
class PlanLimit:
    """A limit as a plan has it."""

    max: Optional[int]  # None: unlimited
    per: Optional[str]  # "day", "month", "year"; None: a level
    overage: int  # per cent of `max` that may be used beyond it


@dataclasses.dataclass(frozen=True)
class Plan:
    """A plan of the product."""

    id: str
    name: str
    code: str  # the CODE of its license keys
    kind: str
    recommended: bool
    price: Optional[Price]
    months: Optional[int]  # how long a license runs, in these or in days; both None: it never ends
    days: Optional[int]
    grace_days: int
    maintenance_months: Optional[int]  # how long a perpetual license covers new releases; None: all of them
    seats: int
    machine_bound: bool  # a license of it names its machines
    allows_virtual: bool  # it holds in virtual machines and containers
    fresh_revocations: bool  # it counts only while a fresh list of revocations is known
    floating: Optional[Floating]  # it grants only while a licensing server lends this machine a seat
    transfers: Optional[TransferAllowance]  # None: as often as one likes
    email_domains: List[str]  # for whom; empty: anyone
    grant_by_email: bool  # start_trial() grants it on an e-mail address of these
    features: Dict[str, FeatureValue]
    limits: Dict[str, PlanLimit]


@dataclasses.dataclass(frozen=True)
class LicenseFile:
    """A license file of the state directory, or what is active without one."""

    path: Optional[str]  # None: a trial, or the active license's file is gone
    license_key: Optional[str]  # None: the file is not genuine, or this is the free plan
    plan: Optional[str]
    kind: Optional[str]
    serial: Optional[int]
    starts: Optional[datetime.datetime]
    expires: Optional[datetime.datetime]  # None: never
    status: Optional[str]  # of it alone, as that of LicenseStatus; None where there is a problem
    verdict: Verdict
    active: bool  # the one that counts
    problem: Optional[str]  # why it cannot count, whatever it says


@dataclasses.dataclass(frozen=True)
class UsageStatement:
    """What was used of a license, signed by this device, for the vendor."""

    document: str  # a line of text, to be carried to the vendor
    seq: int  # from 1; each names the one before
    start: datetime.datetime
    end: datetime.datetime
    license_key: str
    device: str  # id of the key that signed it


@dataclasses.dataclass(frozen=True)
class MachineFact:
    """One property by which this machine is known."""

    name: str
    strong: bool
    present: bool
    values: List[str]  # as read here; they never leave this machine
    digests: List[str]  # what the fingerprint carries instead
    source: str  # the file it was read from
    note: str  # why it is absent


@dataclasses.dataclass(frozen=True)
class VirtualLayer:
    """A layer between this system and the bare machine."""

    container: bool  # else a virtual machine
    kind: str  # "kvm", "docker", ...
    source: str  # the file that shows it
    evidence: str  # what the file says


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def error_of(code: int, error: _library.Error) -> LicenseError:
    return LicenseError(code, text_of(error.message), text_of(error.hint))


def _time(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def moment_of(seconds: int) -> Optional[datetime.datetime]:
    return _time(seconds) if seconds else None


def _parsed(text: Optional[str]) -> Optional[datetime.datetime]:
    if text is None:
        return None
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def limit_of(raw: _library.Limit) -> UsageLimit:
    return UsageLimit(
        name=text_of(raw.name),
        max=None if raw.max < 0 else raw.max,
        used=raw.used,
        left=None if raw.left < 0 else raw.left,
        per={1: "day", 2: "month", 3: "year"}.get(raw.period),
        resets=moment_of(raw.resets),
        overage=raw.overage,
        is_near=bool(raw.is_near),
    )


def _limit_in(name: str, member: Dict[str, Any]) -> UsageLimit:
    most, used = member["max"], member["used"]
    return UsageLimit(
        name=name,
        max=most,
        used=used,
        left=member["left"],
        per=member["per"],
        resets=_parsed(member["resets"]),
        overage=member.get("overage", 0),
        is_near=bool(most) and used >= most - most // 5,
    )


def _lease_in(member: Optional[Dict[str, str]]) -> Optional[Lease]:
    if member is None:
        return None
    granted, refresh, end = (_parsed(member[name]) for name in ("granted_at", "refresh_at", "expires_at"))
    assert granted and refresh and end  # a lease has all of them
    return Lease(member["server"], granted, refresh, end)


def verdict_of(raw: _library.Verdict, error: _library.Error) -> Verdict:
    days = None if raw.days_left < 0 else raw.days_left
    return Verdict(Code(raw.code), Standing(raw.standing), days, text_of(error.message), text_of(error.hint))


def _floating_in(member: Optional[Dict[str, Any]]) -> Optional[Floating]:
    return Floating(member["minutes"], member["borrow_days"]) if member else None


def status_of(document: Dict[str, Any]) -> LicenseStatus:
    """Of the document of lic_status_json."""
    customer, following = document["customer"], document["next"]
    revoked, listed = document["revoked"], document["revocation_list"]
    status = document["status"].replace("-", "_").upper()
    standing = Standing.__members__.get(status, Standing.NONE)
    code = Code.OK if standing else Code[status]
    return LicenseStatus(
        status=document["status"],
        verdict=Verdict(code, standing, document["days_remaining"]),
        license_key=document["license_key"],
        plan=document["plan"],
        plan_name=document["plan_name"],
        kind=document["kind"],
        customer=Customer(customer["name"], customer["email"]) if customer else None,
        starts=_parsed(document["starts"]),
        expires=_parsed(document["expires"]),
        maintenance_until=_parsed(document["maintenance_until"]),
        activated_at=_parsed(document["activation_date"]),
        verified_at=_parsed(document["verified_at"]),
        features=document["features"],
        limits={name: _limit_in(name, member) for name, member in document["limits"].items()},
        seats=document["seats"],
        floating=_floating_in(document["floating"]),
        machine_id=document["machine_id"],
        source=document["source"],
        obstacle=document["obstacle"],
        next_step=NextStep(following["action"], following["url"]) if following else None,
        revoked=Revoked(_parsed(revoked["at"]), revoked["reason"]) if revoked else None,
        revocation_list=RevocationList(listed["seq"], _parsed(listed["issued_at"]), _parsed(listed["next_update"]))
        if listed
        else None,
        latest_time=_parsed(document["latest_time"]),
        lease=_lease_in(document["lease"]),
        warnings=document["warnings"],
    )


def plan_of(document: Dict[str, Any]) -> Plan:
    """Of one in the document of lic_plans_json."""
    price = document["price"]
    return Plan(
        id=document["id"],
        name=document["name"],
        code=document["code"],
        kind=document["kind"],
        recommended=document["recommended"],
        price=Price(price["amount"], price["currency"], price["per"]) if price else None,
        months=document["months"],
        days=document["days"],
        grace_days=document["grace_days"],
        maintenance_months=document["maintenance_months"],
        seats=document["seats"],
        machine_bound=document["machine_bound"],
        allows_virtual=document["virtual"],
        fresh_revocations=document["fresh_revocations"],
        floating=_floating_in(document["floating"]),
        transfers=TransferAllowance(**document["transfers"]) if document["transfers"] else None,
        email_domains=document["email_domains"],
        grant_by_email=document["grant_by_email"],
        features=document["features"],
        limits={
            name: PlanLimit(limit["max"], limit["per"], limit.get("overage", 0))
            for name, limit in document["limits"].items()
        },
    )


def fact_of(document: Dict[str, Any]) -> MachineFact:
    """Of one in the document of lic_machine_json."""
    return MachineFact(
        name=document["name"],
        strong=document["strength"] == "strong",
        present=document["present"],
        values=document["values"],
        digests=document["digests"],
        source=document["source"],
        note=document["note"],
    )


def layer_of(document: Dict[str, Any]) -> VirtualLayer:
    """The same."""
    return VirtualLayer(
        container=document["type"] == "container",
        kind=document["kind"],
        source=document["source"],
        evidence=document["evidence"],
    )


def file_of(raw: _library.LicenseFile) -> LicenseFile:
    problem = text_of(raw.problem)
    return LicenseFile(
        path=os.fsdecode(raw.path) or None,
        license_key=text_of(raw.license_key) or None,
        plan=text_of(raw.plan) or None,
        kind=text_of(raw.kind) or None,
        serial=None if problem else raw.serial,
        starts=moment_of(raw.starts),
        expires=moment_of(raw.expires),
        status=text_of(raw.status) or None,
        verdict=verdict_of(raw.verdict, _library.Error()),
        active=bool(raw.is_active),
        problem=problem or None,
    )


def statement_of(document: str, raw: _library.Statement) -> UsageStatement:
    return UsageStatement(
        document=document,
        seq=raw.seq,
        start=_time(raw.from_),
        end=_time(raw.to),
        license_key=text_of(raw.license_key),
        device=text_of(raw.device),
    )
