"""Ticket processing, licensed by clients at a time and tickets a month (docs/embedding.md).

usage: ticketing PRODUCT_FILE CLIENTS TICKETS
"""

import datetime
import sys

import lic


def process(license: lic.LicenseManager, wanted: int) -> int:
    """Processes up to `wanted` tickets, as many as may be; how many were."""
    for done in range(wanted):
        ticket = license.consume("tickets")
        if not ticket:
            print(f"ticket {done + 1} has to wait: {ticket.code.token}")
            return done
        if ticket.limit and ticket.limit.is_near and done + 1 == wanted:
            print(f"only {ticket.limit.left} of {ticket.limit.max} tickets are left")
    return wanted


def run(license: lic.LicenseManager, clients: int, tickets: int) -> int:
    # A service runs for weeks: what licctl activates meanwhile counts within the hour.
    license.refresh_every(datetime.timedelta(hours=1))

    connected = license.consume("clients", clients)
    if not connected:
        print(f"no room for {clients} clients: {connected.code.token}")
        return 20
    try:
        assisted = license.check_feature_access("ai-ticket-processing")
        print("tickets are answered by the assistant" if assisted else "tickets are sorted for people to answer")
        done = process(license, tickets)
    finally:
        license.release("clients", clients)
    print(f"{done} tickets processed")
    return 0 if done == tickets else 20


def main() -> int:
    if len(sys.argv) != 4:
        return 2
    # Tickets are counted 50 at a time, so that a busy hour costs few writes; a crash loses that many at most.
    interval = datetime.timedelta(seconds=30)
    try:
        with lic.LicenseManager(sys.argv[1], usage_block=50, usage_interval=interval) as license:
            return run(license, int(sys.argv[2]), int(sys.argv[3]))
    except lic.LicenseError as error:
        print(f"licensing: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1


sys.exit(main())
