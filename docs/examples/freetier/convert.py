"""A converter whose free tier has so many calls a day and few formats (docs/embedding.md).

usage: convert PRODUCT_FILE FORMAT
       convert PRODUCT_FILE --trial
"""

import sys

import lic


def start_trial(license: lic.LicenseManager) -> int:
    trial = license.start_trial()
    print("the trial has begun" if trial else "there is no other trial")
    return int(trial.code)


def convert(license: lic.LicenseManager, form: str) -> int:
    shop = license.product.purchase_url
    if form not in (license.feature_value("export-formats") or []):
        print(f"{form} is not in your plan; {shop} has more")
        return 19
    try:
        call = license.consume("api-calls")
    except lic.LicenseError as error:
        if error.code != lic.Code.NOT_FOUND:
            raise
        print(f"converted to {form}")  # the plan counts none
        return 0
    if not call:
        print(f"no more calls today; {shop} has more")
        return 20
    left = call.limit.left if call.limit else None
    print(f"converted to {form}" + ("" if left is None else f"; {left} calls are left today"))
    return 0


def main() -> int:
    if len(sys.argv) != 3:
        return 2
    try:
        with lic.LicenseManager(sys.argv[1]) as license:
            return start_trial(license) if sys.argv[2] == "--trial" else convert(license, sys.argv[2])
    except lic.LicenseError as error:
        print(f"licensing: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1


sys.exit(main())
