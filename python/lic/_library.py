"""liblic and its structures, as lic/lic.h has them."""

from __future__ import annotations

import ctypes
import os
import pathlib
from ctypes import POINTER, c_char, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p

LIBRARY = "liblic.so.0"


class Error(ctypes.Structure):
    _fields_ = [("code", c_int32), ("message", c_char * 512), ("hint", c_char * 512)]


class Verdict(ctypes.Structure):
    _fields_ = [("code", c_int32), ("standing", c_int32), ("days_left", c_int64)]


class _Sized(ctypes.Structure):
    """A structure that tells the library how much of it the caller knows."""

    def __init__(self) -> None:
        super().__init__()
        self.size = ctypes.sizeof(self)


class Options(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("product_file", c_char_p),
        ("embedded_product", c_char_p),
        ("embedded_product_size", c_size_t),
        ("state_dir", c_char_p),
        ("license_file", c_char_p),
        ("license_document", c_char_p),
        ("license_document_size", c_size_t),
        ("release_date", c_int64),
        ("usage_block", c_int64),
        ("usage_interval_ms", c_int64),
        ("server", c_char_p),
        ("server_ca_file", c_char_p),
        ("server_patience_ms", c_int64),
        ("is_offline", c_int64),
    ]


class Product(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("version", c_int64),
        ("id", c_char * 72),
        ("name", c_char * 256),
        ("purchase_url", c_char * 512),
        ("renewal_url", c_char * 512),
        ("support", c_char * 256),
    ]


class Limit(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char * 72),
        ("max", c_int64),
        ("used", c_int64),
        ("left", c_int64),
        ("resets", c_int64),
        ("overage", c_int64),
        ("period", c_int32),
        ("is_near", c_int32),
    ]


class LicenseFile(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("verdict", Verdict),
        ("is_active", c_int32),
        ("serial", c_int64),
        ("starts", c_int64),
        ("expires", c_int64),
        ("status", c_char * 32),
        ("kind", c_char * 16),
        ("license_key", c_char * 64),
        ("plan", c_char * 72),
        ("problem", c_char * 512),
        ("path", c_char * 4096),
    ]


class Statement(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("seq", c_int64),
        ("from_", c_int64),
        ("to", c_int64),
        ("license_key", c_char * 64),
        ("device", c_char * 72),
    ]


# The listener is not told of the status: Python asks for it, as a document that has all of it.
Listener = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)

_TEXT = POINTER(c_void_p)
_SIGNATURES = {
    "lic_open": [POINTER(Options), POINTER(c_void_p), POINTER(Error)],
    "lic_decision": [c_void_p, POINTER(Verdict), POINTER(Error)],
    "lic_validate": [c_void_p, POINTER(Verdict), POINTER(Error)],
    "lic_confirm": [c_void_p, POINTER(Verdict), POINTER(c_int32), POINTER(Error)],
    "lic_check_feature": [c_void_p, c_char_p, POINTER(Error)],
    "lic_feature_value": [c_void_p, c_char_p, c_void_p, c_size_t, POINTER(c_size_t), POINTER(Error)],
    "lic_status_json": [c_void_p, _TEXT, POINTER(Error)],
    "lic_get_product": [c_void_p, POINTER(Product), POINTER(Error)],
    "lic_plans_json": [c_void_p, _TEXT, POINTER(Error)],
    "lic_license_files": [c_void_p, POINTER(LicenseFile), POINTER(c_size_t), POINTER(Error)],
    "lic_machine_json": [c_void_p, _TEXT, POINTER(Error)],
    "lic_machine_id": [c_void_p, c_void_p, c_size_t, POINTER(c_size_t), POINTER(Error)],
    "lic_state_dir": [c_void_p, c_void_p, c_size_t, POINTER(c_size_t), POINTER(Error)],
    "lic_usage": [c_void_p, POINTER(Limit), POINTER(c_size_t), POINTER(Error)],
    "lic_consume": [c_void_p, c_char_p, c_int64, POINTER(Limit), POINTER(Error)],
    "lic_release": [c_void_p, c_char_p, c_int64, POINTER(Limit), POINTER(Error)],
    "lic_flush_usage": [c_void_p, POINTER(Error)],
    "lic_activate": [c_void_p, c_char_p, POINTER(Error)],
    "lic_activate_document": [c_void_p, c_char_p, c_size_t, c_char_p, c_char_p, POINTER(Error)],
    "lic_activate_file": [c_void_p, c_char_p, c_char_p, POINTER(Error)],
    "lic_start_trial": [c_void_p, c_char_p, POINTER(Error)],
    "lic_deactivate": [c_void_p, POINTER(Error)],
    "lic_borrow": [c_void_p, c_int64, POINTER(Error)],
    "lic_check_in": [c_void_p, POINTER(Error)],
    "lic_queue_place": [c_void_p, POINTER(c_int64), POINTER(c_int64), POINTER(Error)],
    "lic_request_activation": [c_void_p, c_char_p, c_int, _TEXT, POINTER(Error)],
    "lic_pending_request": [c_void_p, c_char_p, _TEXT, POINTER(Error)],
    "lic_apply_activation": [c_void_p, c_char_p, c_size_t, c_char_p, POINTER(Error)],
    "lic_return_seat": [c_void_p, c_char_p, _TEXT, POINTER(Error)],
    "lic_returned_receipt": [c_void_p, c_char_p, _TEXT, POINTER(Error)],
    "lic_import_revocations": [c_void_p, c_char_p, c_size_t, c_char_p, POINTER(Error)],
    "lic_clock_code": [c_void_p, _TEXT, POINTER(Error)],
    "lic_apply_clock_reset": [c_void_p, c_char_p, c_size_t, c_char_p, POINTER(Error)],
    "lic_report_usage": [c_void_p, c_char_p, c_int, _TEXT, POINTER(Statement), POINTER(Error)],
    "lic_send_usage": [c_void_p, c_char_p, POINTER(c_int64), POINTER(Error)],
    "lic_reported_usage": [c_void_p, c_int64, c_char_p, _TEXT, POINTER(Statement), POINTER(Error)],
    "lic_keep_state_key": [c_void_p, c_int, POINTER(Error)],
    "lic_state_key_place": [c_void_p, POINTER(c_int), POINTER(Error)],
    "lic_refresh": [c_void_p, POINTER(Error)],
    "lic_refresh_every": [c_void_p, c_int64, POINTER(Error)],
    "lic_on_change": [c_void_p, Listener, c_void_p, POINTER(Error)],
    "lic_close": [POINTER(c_void_p)],
}


def _load() -> ctypes.CDLL:
    # That of the wheel; without one there (in the tree), that of $LIC_LIBRARY or of the system.
    bundled = pathlib.Path(__file__).with_name(LIBRARY)
    library = ctypes.CDLL(str(bundled) if bundled.exists() else os.environ.get("LIC_LIBRARY") or LIBRARY)
    for name, arguments in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = c_int
    library.lic_version.restype = c_char_p
    library.lic_version.argtypes = []
    library.lic_code_name.restype = c_char_p
    library.lic_code_name.argtypes = [c_int]
    library.lic_free.restype = None
    library.lic_free.argtypes = [c_void_p]
    return library


library = _load()


def version() -> str:
    return str(library.lic_version().decode())
