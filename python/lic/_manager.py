"""LicenseManager: the calls of liblic."""

from __future__ import annotations

import atexit
import ctypes
import datetime
import json
import os
import threading
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, Union

from . import _library
from ._answers import (
    Change,
    CheckedBy,
    Code,
    Confirmation,
    Consumption,
    FeatureValue,
    KeyPlace,
    LicenseError,
    LicenseFile,
    LicenseStatus,
    MachineFact,
    Plan,
    Product,
    Standing,
    UsageLimit,
    UsageStatement,
    Verdict,
    VirtualLayer,
    error_of,
    fact_of,
    file_of,
    layer_of,
    limit_of,
    moment_of,
    plan_of,
    statement_of,
    status_of,
    text_of,
    verdict_of,
)
from ._library import library

PathLike = Union[str, "os.PathLike[str]"]


def _c_string(raw: bytes) -> bytes:
    """What has a zero inside would be another string in C."""
    if b"\0" in raw:
        raise LicenseError(Code.INVALID_INPUT, "a text has a zero character in it")
    return raw


def _raw(text: Optional[str]) -> Optional[bytes]:
    if text is None:
        return None
    try:
        return _c_string(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise LicenseError(Code.INVALID_INPUT, "a text has half a surrogate pair in it") from None


def _raw_path(path: Optional[PathLike]) -> Optional[bytes]:
    return None if path is None else _c_string(os.fsencode(path))


def _int64(number: int, what: str, hint: str) -> int:
    """ctypes would cut off what the C interface has no room for."""
    if not -(2**63) <= number < 2**63:
        raise LicenseError(Code.USAGE, f"{number} is no {what}", hint)
    return number


class _Open:
    """A manager of the library's. Apart from LicenseManager, so that its end needs nothing of that.

    Calls may be under way in any number of threads; closing waits for them. In a forked child
    another thread may have held the lock or been in a call, so everything is counted anew there.
    """

    def __init__(self, pointer: ctypes.c_void_p) -> None:
        self.pointer = pointer
        self.listeners: List[Any] = []
        self.inside = threading.local()
        self.forked()

    def forked(self) -> None:
        self.idle = threading.Condition(threading.Lock())
        self.calls = getattr(self.inside, "depth", 0)  # those of this thread alone go on

    def __enter__(self) -> ctypes.c_void_p:
        with self.idle:
            if not self.pointer:
                raise LicenseError(Code.USAGE, "the license manager is closed")
            self.calls += 1
        self.inside.depth = getattr(self.inside, "depth", 0) + 1
        return self.pointer

    def __exit__(self, *_: object) -> None:
        self.inside.depth -= 1
        with self.idle:
            self.calls -= 1
            self.idle.notify_all()

    def is_inside(self) -> bool:
        return getattr(self.inside, "depth", 0) > 0

    def close(self) -> None:
        with self.idle:
            pointer, self.pointer = self.pointer, ctypes.c_void_p()
            while self.calls:
                self.idle.wait()
        if pointer and library.lic_close(ctypes.byref(pointer)):
            # A listener had the last reference, and this is its thread.
            threading.Thread(target=self._close_elsewhere, args=(pointer,)).start()
        elif pointer:
            self.listeners.clear()

    def _close_elsewhere(self, pointer: ctypes.c_void_p) -> None:
        library.lic_close(ctypes.byref(pointer))
        self.listeners.clear()


_all_open: "weakref.WeakSet[_Open]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Before the interpreter goes: a thread of liblic that calls a listener would have none."""
    for one in list(_all_open):
        if not one.is_inside():
            one.close()


def _all_forked() -> None:
    for one in list(_all_open):
        one.forked()


os.register_at_fork(after_in_child=_all_forked)


class LicenseManager:
    """The licensing of one product on this machine. Any thread may use it.

    `product_file` is the path of the vendor's signed product file; `embedded_product` the same
    as bytes that the application carries. With both, the file counts only if the roots of the
    embedded one have signed it. `state_dir` is where the state is kept, in place of
    $HOME/.<app>/license. With `license_file`, that signed license is judged in place of what is
    activated, and nothing can be changed. `release_date` asks whether the license covers that
    release. `usage_block` units of a counter are drawn from the file at a time, for
    `usage_interval` at most, and then used from memory. `server` is the licensing server, in place of
    the one that the product file names; it is trusted by `server_ca_file`, or by the authorities of the system, and
    waited for no longer than `server_patience` (10 seconds). With `offline`, none is asked.

    That nothing is licensed is no error: the questions have answers then too. What cannot be
    told or done raises LicenseError. After os.fork() the child may go on with it; its listener
    and refreshing thread are the parent's.
    """

    def __init__(
        self,
        product_file: Optional[PathLike] = None,
        *,
        embedded_product: Optional[bytes] = None,
        state_dir: Optional[PathLike] = None,
        license_file: Optional[PathLike] = None,
        license_document: Optional[bytes] = None,
        release_date: Optional[datetime.datetime] = None,
        usage_block: int = 1,
        usage_interval: Optional[datetime.timedelta] = None,
        server: Optional[str] = None,
        server_ca_file: Optional[PathLike] = None,
        server_patience: Optional[datetime.timedelta] = None,
        offline: bool = False,
    ) -> None:
        options = _library.Options()
        options.product_file = _raw_path(product_file)
        options.state_dir = _raw_path(state_dir)
        options.license_file = _raw_path(license_file)
        if embedded_product is not None:
            options.embedded_product = embedded_product
            options.embedded_product_size = len(embedded_product)
        if license_document is not None:
            options.license_document = license_document
            options.license_document_size = len(license_document)
        if release_date is not None:
            options.release_date = int(release_date.timestamp())
        options.usage_block = _int64(usage_block, "block of usage", "a block has 1 unit or more")
        if usage_interval is not None:
            options.usage_interval_ms = int(usage_interval / datetime.timedelta(milliseconds=1))
        if server is not None:
            options.server = _raw(server)
        options.server_ca_file = _raw_path(server_ca_file)
        if server_patience is not None:
            options.server_patience_ms = int(server_patience / datetime.timedelta(milliseconds=1))
        options.is_offline = int(offline)
        pointer = ctypes.c_void_p()
        error = _library.Error()
        code = library.lic_open(ctypes.byref(options), ctypes.byref(pointer), ctypes.byref(error))
        if code:
            raise error_of(code, error)
        self._open = _Open(pointer)
        _all_open.add(self._open)
        self._end = weakref.finalize(self, self._open.close)
        self._end.atexit = False  # _close_all() does that, in its time

    def close(self) -> None:
        """Waits for calls that are under way. Every other call then raises LicenseError.

        Not from within a listener: that raises, too.
        """
        if self._open.is_inside():
            raise LicenseError(Code.USAGE, "a listener cannot close the license manager")
        self._end()

    @property
    def closed(self) -> bool:
        return not self._open.pointer

    def __enter__(self) -> "LicenseManager":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __reduce__(self) -> Tuple[Any, ...]:
        raise TypeError("a license manager cannot be pickled: open another one there")

    # --- questions

    def validate_license(self) -> Verdict:
        """Reads the state again, checks its signatures again, and judges it."""
        return self._judge("lic_validate")

    def confirm(self) -> Confirmation:
        """Asks the licensing server whether the license holds here, and keeps what it says.

        A lease that is due is refreshed. Where the server does not answer, what was known holds.
        """
        raw, by = _library.Verdict(), ctypes.c_int32()
        code, error = self._ask("lic_confirm", ctypes.byref(raw), ctypes.byref(by))
        raw.code = code
        return Confirmation(verdict_of(raw, error), CheckedBy(by.value), *self._place(code))

    def decision(self) -> Verdict:
        """Judges what was last read, at the clock's time. Reads no file."""
        return self._judge("lic_decision")

    def check_feature_access(self, name: str) -> bool:
        """Whether the feature may be used now. Reads no file."""
        with self._open as pointer:
            code = int(library.lic_check_feature(pointer, _raw(name), None))
        if 0 < code < 10:
            raise LicenseError(code, "the name of the feature is missing")
        return code == 0

    def explain_feature_access(self, name: str) -> Verdict:
        """The same, with the reason of a no and the way out."""
        code, error = self._ask("lic_check_feature", _raw(name))
        decision = self.decision() if code == 0 else None
        standing = decision.standing if decision else Standing.NONE
        days = decision.days_left if decision else None
        return Verdict(Code(code), standing, days, text_of(error.message), text_of(error.hint))

    def feature_value(self, name: str) -> Optional[FeatureValue]:
        """The value of a feature; None where it is not licensed now."""
        code, text = self._buffer("lic_feature_value", _raw(name))
        if code:
            return None
        value: FeatureValue = json.loads(text)
        return value

    def get_usage_limits(self) -> Dict[str, UsageLimit]:
        """The limits in force, with what every process has used of them: reads the file."""
        limits = map(limit_of, self._array("lic_usage", _library.Limit))
        return {limit.name: limit for limit in limits}

    def get_license_status(self) -> LicenseStatus:
        """All of it. Reads no file."""
        return status_of(json.loads(self._new_text("lic_status_json")))

    @property
    def product(self) -> Product:
        product = _library.Product()
        self._do("lic_get_product", ctypes.byref(product))
        return Product(
            text_of(product.id),
            text_of(product.name),
            product.version,
            text_of(product.purchase_url),
            text_of(product.renewal_url),
            text_of(product.support),
        )

    @property
    def plans(self) -> List[Plan]:
        """The plans of the product, in the vendor's order."""
        return [plan_of(each) for each in json.loads(self._new_text("lic_plans_json"))["plans"]]

    def license_files(self) -> List[LicenseFile]:
        """Every license file of the state directory, and the active license.

        The active one is first, the others follow in the order in which they would take its
        place; last, those that cannot count.
        """
        return [file_of(each) for each in self._array("lic_license_files", _library.LicenseFile)]

    def explain_machine(self) -> List[MachineFact]:
        """By what this machine is known. Reads files anew."""
        return [fact_of(each) for each in json.loads(self._new_text("lic_machine_json"))["facts"]]

    def virtual_layers(self) -> List[VirtualLayer]:
        """The virtual machine and the container that this system runs in, the outermost first."""
        return [layer_of(each) for each in json.loads(self._new_text("lic_machine_json"))["virtual"]]

    @property
    def machine_id(self) -> str:
        """The fingerprint to give to the vendor."""
        return self._buffer("lic_machine_id")[1]

    @property
    def state_dir(self) -> str:
        return os.fsdecode(self._bytes("lic_state_dir")[1])

    # --- usage

    def consume(self, name: str, n: int = 1) -> Consumption:
        """Uses `n` of a limit, or none: the answer is then false, and says why.

        Raises LicenseError with Code.NOT_FOUND where the plan has no such limit.
        """
        return self._count("lic_consume", name, n)

    def release(self, name: str, n: int = 1) -> Consumption:
        """Gives back `n` of a level (a limit without a period)."""
        return self._count("lic_release", name, n)

    def flush_usage(self) -> None:
        """Gives back to the file what was drawn in advance and is not used yet."""
        self._do("lic_flush_usage")

    # --- changes

    def activate(self, license_key: str) -> Change:
        """Activates the license whose signed file <KEY>.json is in the state directory."""
        return self._change("lic_activate", _raw(license_key))

    def activate_file(self, path: PathLike, license_key: Optional[str] = None) -> Change:
        """Activates a signed license file, of that key if it is given.

        A newer list of revocations `revocations.json` beside it is taken first.
        """
        return self._change("lic_activate_file", _raw_path(path), _raw(license_key))

    def activate_document(self, document: bytes, name: str = "", license_key: Optional[str] = None) -> Change:
        """The same from its content. `name` is for messages."""
        return self._change("lic_activate_document", document, len(document), _raw(name), _raw(license_key))

    def start_trial(self, email: Optional[str] = None) -> Change:
        """Starts the product's trial, once per user and machine."""
        return self._change("lic_start_trial", _raw(email))

    def deactivate(self) -> Change:
        """Gives up the active license; its file stays."""
        return self._change("lic_deactivate")

    def borrow(self, until: datetime.datetime) -> Change:
        """Takes the seat of the active license, which floats, along until then or for as long as it may be."""
        return self._change("lic_borrow", int(until.timestamp()))

    def check_in(self) -> Change:
        """Gives the seat of the active license, which floats, back and keeps the license.

        confirm() and activate() take a seat again.
        """
        return self._change("lic_check_in")

    def request_activation(self, license_key: str, anew: bool = False) -> str:
        """A request for a seat, to be carried to the vendor."""
        return self._new_text("lic_request_activation", _raw(license_key), int(anew))

    def pending_request(self, license_key: str) -> Optional[str]:
        """The request for that key that waits for its answer."""
        return self._new_text_or_none("lic_pending_request", _raw(license_key))

    def apply_activation(self, answer: bytes, name: str = "") -> Change:
        """Activates the license in the vendor's answer."""
        return self._change("lic_apply_activation", answer, len(answer), _raw(name))

    def return_seat(self, license_key: Optional[str] = None) -> Optional[str]:
        """Gives back the seat that a request had taken; the receipt is for the vendor. None: there was none."""
        return self._new_text_or_none("lic_return_seat", _raw(license_key), absent=Code.NO_LICENSE)

    def returned_receipt(self, license_key: Optional[str] = None) -> Optional[str]:
        """The receipt that return_seat() would give again."""
        return self._new_text_or_none("lic_returned_receipt", _raw(license_key))

    def import_revocations(self, document: bytes, name: str = "") -> Change:
        """Takes the vendor's list of revocations."""
        return self._change("lic_import_revocations", document, len(document), _raw(name))

    def clock_code(self) -> str:
        """For a clock that once ran ahead and is right now: the code to give to the vendor."""
        return self._new_text("lic_clock_code")

    def apply_clock_reset(self, answer: bytes, name: str = "") -> Change:
        """Takes the vendor's answer to that code."""
        return self._change("lic_apply_clock_reset", answer, len(answer), _raw(name))

    def report_usage(self, license_key: Optional[str] = None, new_key: bool = False) -> UsageStatement:
        """What was counted since the last statement, signed by this device, for the vendor.

        It counts as told from then on; reported_usage() gives it again. `new_key` begins new
        chains, for a state that came from a backup.
        """
        about = _library.Statement()
        document = self._new_text("lic_report_usage", _raw(license_key), int(new_key), after=(ctypes.byref(about),))
        return statement_of(document, about)

    def reported_usage(self, seq: int, license_key: Optional[str] = None) -> Optional[UsageStatement]:
        """Statement `seq`, from 1, again; None: there is none, or it is not kept any more."""
        about = _library.Statement()
        number = _int64(seq, "number of a statement", "statements count from 1")
        document = self._new_text_or_none("lic_reported_usage", number, _raw(license_key), after=(ctypes.byref(about),))
        return None if document is None else statement_of(document, about)

    def send_usage(self, license_key: Optional[str] = None) -> int:
        """Gives the licensing server the statements that it does not have yet; the number of the newest it has then."""
        newest = ctypes.c_int64()
        self._do("lic_send_usage", _raw(license_key), ctypes.byref(newest))
        return newest.value

    def keep_state_key(self, place: KeyPlace) -> Change:
        """Keeps the secret of the state there from now on.

        While a keyring does not open, LicenseManager() raises with Code.DENIED (it is locked) or
        Code.UNAVAILABLE (none answers); a manager that is open goes on.
        """
        return self._change("lic_keep_state_key", int(place))

    @property
    def state_key_place(self) -> KeyPlace:
        place = ctypes.c_int()
        self._do("lic_state_key_place", ctypes.byref(place))
        return KeyPlace(place.value)

    # --- keeping up

    def refresh(self) -> None:
        """Reads the state again: what other processes changed, and files dropped there."""
        self._do("lic_refresh")

    def refresh_every(self, interval: Optional[datetime.timedelta]) -> None:
        """Does so by itself in a thread of liblic's; None ends that."""
        seconds = 0 if interval is None else max(1, int(interval.total_seconds()))
        if interval is not None and interval <= datetime.timedelta(0):
            raise LicenseError(Code.USAGE, "an interval is more than nothing")
        self._do("lic_refresh_every", seconds)

    def on_change(self, listener: Optional[Callable[["LicenseManager"], None]]) -> None:
        """Calls `listener` with this manager when another license counts, or the decision is another.

        By the thread that changed or refreshed, when it is done. What it raises goes to
        sys.unraisablehook. It may not close the manager. None ends it.
        """
        if listener is None:
            self._do("lic_on_change", _library.Listener(), None)
            return
        self_again, opened, told = weakref.ref(self), self._open, listener

        def heard(_user: Any, _status: Any) -> None:
            manager = self_again()
            if manager is None or not opened.pointer:
                return
            with opened:
                told(manager)

        callback = _library.Listener(heard)
        self._do("lic_on_change", callback, None)
        # Earlier ones may be under way in another thread, so they stay as long as the manager.
        opened.listeners.append(callback)

    # --- how calls are made

    def _ask(self, name: str, *arguments: Any) -> Tuple[int, _library.Error]:
        """The code, raised where it is an error."""
        error = _library.Error()
        with self._open as pointer:
            code = int(getattr(library, name)(pointer, *arguments, ctypes.byref(error)))
        if 0 < code < 10:
            raise error_of(code, error)
        return code, error

    def _do(self, name: str, *arguments: Any) -> None:
        """For what has no answer but that it was done."""
        code, error = self._ask(name, *arguments)
        if code:
            raise error_of(code, error)

    def _judge(self, name: str) -> Verdict:
        raw = _library.Verdict()
        code, error = self._ask(name, ctypes.byref(raw))
        raw.code = code
        return verdict_of(raw, error)

    def _change(self, name: str, *arguments: Any) -> Change:
        code, error = self._ask(name, *arguments)
        return Change(Code(code), text_of(error.message), text_of(error.hint), *self._place(code))

    def _place(self, code: int) -> Tuple[Optional[int], Optional[datetime.datetime]]:
        """The place among those that wait for a seat, and when to ask again."""
        place, again = ctypes.c_int64(), ctypes.c_int64()
        if code == Code.NO_SEAT_LEFT:
            self._do("lic_queue_place", ctypes.byref(place), ctypes.byref(again))
        return place.value or None, moment_of(again.value)

    def _count(self, function: str, name: str, n: int) -> Consumption:
        limit = _library.Limit()
        amount = _int64(n, "amount to count", "an amount is 1 or more")
        code, error = self._ask(function, _raw(name), amount, ctypes.byref(limit))
        shown = code in (Code.OK, Code.USAGE_LIMIT_REACHED)
        return Consumption(Code(code), limit_of(limit) if shown else None, text_of(error.message), text_of(error.hint))

    def _buffer(self, name: str, *arguments: Any) -> Tuple[int, str]:
        code, text = self._bytes(name, *arguments)
        return code, text_of(text)

    def _bytes(self, name: str, *arguments: Any) -> Tuple[int, bytes]:
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            needed = ctypes.c_size_t()
            error = _library.Error()
            with self._open as pointer:
                code = getattr(library, name)(
                    pointer, *arguments, buffer, room, ctypes.byref(needed), ctypes.byref(error)
                )
            if code == Code.USAGE and needed.value > room:
                room = needed.value
                continue
            if 0 < code < 10:
                raise error_of(code, error)
            return code, buffer.value

    def _array(self, name: str, kind: Type[Any]) -> List[Any]:
        room = 16
        while True:
            array = (kind * room)()
            array[0].size = ctypes.sizeof(kind)
            count = ctypes.c_size_t(room)
            error = _library.Error()
            with self._open as pointer:
                code = getattr(library, name)(pointer, array, ctypes.byref(count), ctypes.byref(error))
            if code == Code.USAGE and count.value > room:
                room = count.value
                continue
            if code:
                raise error_of(code, error)
            return list(array[: count.value])

    def _new_text(self, name: str, *arguments: Any, after: Tuple[Any, ...] = ()) -> str:
        text = self._new_text_or_none(name, *arguments, absent=None, after=after)
        if text is None:
            raise LicenseError(Code.FAILURE, f"{name} gave no text")
        return text

    def _new_text_or_none(
        self, name: str, *arguments: Any, absent: Optional[int] = Code.NOT_FOUND, after: Tuple[Any, ...] = ()
    ) -> Optional[str]:
        """A text that the library gives out; `arguments` come before its place, `after` behind it."""
        place = ctypes.c_void_p()
        error = _library.Error()
        with self._open as pointer:
            code = getattr(library, name)(
                pointer, *arguments, ctypes.byref(place), *after, ctypes.byref(error)
            )
        try:
            if code == absent:
                return None
            if code:
                raise error_of(code, error)
            return text_of(ctypes.string_at(place.value)) if place.value else None
        finally:
            library.lic_free(place)
