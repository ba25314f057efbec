"""The licensing of one product on this machine, for the application that it protects.

    import lic

    with lic.LicenseManager("product.json") as manager:
        if manager.check_feature_access("export"):
            ...

Works on the C interface of liblic (lic/lic.h), which states what holds for each call.
"""

from ._answers import (
    Change,
    CheckedBy,
    Code,
    Confirmation,
    Consumption,
    Customer,
    FeatureValue,
    Floating,
    KeyPlace,
    Lease,
    LicenseError,
    LicenseFile,
    LicenseStatus,
    MachineFact,
    NextStep,
    Plan,
    PlanLimit,
    Price,
    Product,
    RevocationList,
    Revoked,
    Standing,
    TransferAllowance,
    UsageLimit,
    UsageStatement,
    Verdict,
    VirtualLayer,
)
from ._library import version as _version
from ._manager import LicenseManager

__version__ = _version()

__all__ = [
    "Change",
    "CheckedBy",
    "Code",
    "Confirmation",
    "Consumption",
    "Customer",
    "FeatureValue",
    "Floating",
    "KeyPlace",
    "Lease",
    "LicenseError",
    "LicenseFile",
    "LicenseManager",
    "LicenseStatus",
    "MachineFact",
    "NextStep",
    "Plan",
    "PlanLimit",
    "Price",
    "Product",
    "RevocationList",
    "Revoked",
    "Standing",
    "TransferAllowance",
    "UsageLimit",
    "UsageStatement",
    "Verdict",
    "VirtualLayer",
]
