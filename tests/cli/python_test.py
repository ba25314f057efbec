"""The Python package, against an installed copy of it. Run by python_test.sh.

usage: python_test.py PRODUCT_FILE LICENSE_FILE FORGED_FILE
"""

import datetime
import gc
import json
import multiprocessing
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

import lic

PRODUCT, LICENSE, OTHER = (str(pathlib.Path(each).resolve()) for each in sys.argv[1:4])
KEY = pathlib.Path(LICENSE).stem


class Case(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="lic-python.")
        self.addCleanup(shutil.rmtree, self.home, True)
        os.environ["HOME"] = os.environ["XDG_RUNTIME_DIR"] = self.home
        os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def open(self, **options):
        manager = lic.LicenseManager(PRODUCT, **options)
        self.addCleanup(manager.close)
        return manager

    def licensed(self, **options):
        manager = self.open(**options)
        self.assertTrue(manager.activate_file(LICENSE))
        return manager

    def script(self, text):
        """Runs it in a process of its own; status, stdout, stderr."""
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(text), PRODUCT, LICENSE],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    def assert_script(self, text, output=""):
        status, stdout, stderr = self.script(text)
        self.assertEqual((status, stdout, stderr), (0, output, ""))


class Questions(Case):
    def test_without_a_license(self):
        manager = self.open()
        verdict = manager.validate_license()
        self.assertFalse(verdict)
        self.assertEqual(verdict.code, lic.Code.NO_LICENSE)
        self.assertEqual(verdict.standing, lic.Standing.NONE)
        self.assertEqual(verdict.message, "nothing is activated here")
        self.assertIsNone(verdict.days_left)
        self.assertFalse(manager.check_feature_access("ai-ticket-processing"))
        self.assertIsNone(manager.feature_value("ai-ticket-processing"))
        self.assertEqual(manager.get_usage_limits()["tickets"].max, 50)
        status = manager.get_license_status()
        self.assertEqual(status.status, "no-license")
        self.assertEqual(status.verdict.code, lic.Code.NO_LICENSE)
        self.assertIsNone(status.customer)
        self.assertEqual(status.next_step, lic.NextStep("buy", "https://ticketzero.example/buy"))

    def test_with_a_license(self):
        manager = self.licensed()
        verdict = manager.validate_license()
        self.assertTrue(verdict and manager.decision())
        self.assertEqual(verdict.standing, lic.Standing.VALID)
        self.assertGreater(verdict.days_left, 300)
        self.assertTrue(manager.check_feature_access("ai-ticket-processing"))
        self.assertFalse(manager.check_feature_access("no-such-thing"))
        self.assertIs(manager.feature_value("ai-ticket-processing"), True)
        no = manager.explain_feature_access("no-such-thing")
        self.assertEqual((bool(no), no.code.token), (False, "feature-not-licensed"))
        self.assertIn("'no-such-thing'", no.message)
        self.assertEqual(manager.explain_feature_access("ai-ticket-processing").standing, lic.Standing.VALID)
        status = manager.get_license_status()
        self.assertEqual((status.status, status.plan, status.kind), ("valid", "professional", "subscription"))
        self.assertEqual(status.license_key, KEY)
        self.assertEqual(status.customer.name, "ACME GmbH")
        self.assertEqual(status.expires.tzinfo, datetime.timezone.utc)
        self.assertGreater(status.expires, status.starts)
        self.assertEqual(status.limits["tickets"].max, 5000)
        self.assertIs(status.features["custom-workflows"], True)
        self.assertEqual(status.machine_id, manager.machine_id)
        self.assertEqual(manager.product.name, "TicketZero AI")
        self.assertEqual(manager.state_dir, os.path.join(self.home, ".ticketzero", "license"))

    def test_status_is_what_licctl_says(self):
        manager = self.licensed()
        manager.consume("tickets", 4100)
        said = subprocess.run(
            [os.environ["LICCTL"], "--product-file", PRODUCT, "--license-info", "--json"],
            capture_output=True,
            check=True,
        )
        document = json.loads(said.stdout)
        status = manager.get_license_status()
        self.assertEqual(status.status, document["status"])
        self.assertEqual(status.warnings, document["warnings"])
        self.assertIn("tickets: 4100 of 5000 used", status.warnings[0])
        self.assertEqual(status.features, document["features"])
        self.assertEqual(status.limits["tickets"].used, document["limits"]["tickets"]["used"])
        self.assertTrue(status.limits["tickets"].is_near)
        self.assertEqual(status.limits["tickets"], manager.get_usage_limits()["tickets"])
        self.assertEqual(status.expires.strftime("%Y-%m-%dT%H:%M:%SZ"), document["expires"])

    def licctl(self, *arguments):
        command = [os.environ["LICCTL"], "--product-file", PRODUCT, *arguments, "--json"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def test_plans_are_what_licctl_says(self):
        plans = self.open().plans
        said = self.licctl("--plans")["plans"]
        self.assertEqual([plan.id for plan in plans], [plan["id"] for plan in said])
        for plan, document in zip(plans, said):
            self.assertEqual(plan.features, document["features"])
            self.assertEqual(plan.price and plan.price.amount, document["price"] and document["price"]["amount"])
            self.assertEqual((plan.months, plan.days, plan.seats), tuple(document[n] for n in ("months", "days", "seats")))
        professional = plans[1]
        self.assertEqual((professional.name, professional.code, professional.kind), ("Professional", "PRO", "subscription"))
        self.assertEqual(professional.limits["tickets"], lic.PlanLimit(5000, "month", 0))
        self.assertIs(professional.allows_virtual, True)

    def test_license_files_are_what_licctl_says(self):
        manager = self.open()
        self.assertEqual(manager.license_files(), [])
        self.assertTrue(manager.activate_file(LICENSE))
        name = "TZ-PRO-7K3M-9QXA-R2VD-5R28.json"
        pathlib.Path(manager.state_dir, name).write_text("{}")
        said = self.licctl("--license-info", "--all")["licenses"]
        files = manager.license_files()
        self.assertEqual([file.path for file in files], [file["file"] for file in said])
        self.assertEqual([file.problem for file in files], [file["problem"] for file in said])
        active, broken = files
        self.assertTrue(active.active and active.verdict)
        self.assertEqual((active.license_key, active.plan, active.status), (KEY, "professional", "valid"))
        self.assertEqual(active.expires, manager.get_license_status().expires)
        self.assertEqual((broken.active, broken.status, broken.serial, broken.license_key), (False, None, None, None))
        self.assertEqual(broken.verdict.code, lic.Code.UNTRUSTED)
        self.assertEqual(os.path.basename(broken.path), name)

    def test_the_machine_is_what_licctl_says(self):
        manager = self.open()
        said = self.licctl("--machine-id", "--explain")
        facts = manager.explain_machine()
        self.assertEqual([fact.digests for fact in facts], [fact["digests"] for fact in said["facts"]])
        self.assertEqual([fact.strong for fact in facts], [fact["strength"] == "strong" for fact in said["facts"]])
        self.assertTrue(facts)
        self.assertEqual([layer.kind for layer in manager.virtual_layers()], [layer["kind"] for layer in said["virtual"]])
        self.assertIsNone(manager.get_license_status().obstacle)

    def test_the_secret_stays_in_its_file_where_there_is_no_keyring(self):
        manager = self.licensed()
        self.assertEqual(manager.state_key_place, lic.KeyPlace.FILE)
        kept = manager.keep_state_key(lic.KeyPlace.FILE)
        self.assertIn("already", kept.message)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.keep_state_key(lic.KeyPlace.KEYRING)
        self.assertEqual(caught.exception.code, lic.Code.UNAVAILABLE)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.keep_state_key(7)
        self.assertEqual(caught.exception.code, lic.Code.USAGE)
        self.assertEqual(manager.state_key_place, lic.KeyPlace.FILE)
        self.assertTrue(manager.decision())

    def test_a_file_is_judged_in_place_of_the_state(self):
        manager = self.open(license_file=LICENSE)
        self.assertTrue(manager.decision())
        with self.assertRaises(lic.LicenseError) as caught:
            manager.deactivate()
        self.assertEqual(caught.exception.code, lic.Code.USAGE)
        self.assertTrue(self.open(license_document=pathlib.Path(LICENSE).read_bytes()).decision())
        embedded = lic.LicenseManager(embedded_product=pathlib.Path(PRODUCT).read_bytes())
        self.assertEqual(embedded.product.id, "ticketzero")
        embedded.close()


class Faults(Case):
    def test_errors(self):
        for product, code in [("/nowhere.json", lic.Code.NOT_FOUND), (LICENSE, lic.Code.UNTRUSTED), (None, lic.Code.NOT_FOUND)]:
            with self.assertRaises(lic.LicenseError) as caught:
                lic.LicenseManager(product)
            self.assertEqual(caught.exception.code, code)
            self.assertTrue(str(caught.exception))
        with self.assertRaises(lic.LicenseError) as caught:
            self.licensed().consume("tickts")
        self.assertEqual(caught.exception.hint, "the limits of the plan are clients, tickets")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((again.code, str(again), again.hint), (caught.exception.code, str(caught.exception), caught.exception.hint))

    def test_wrong_arguments(self):
        manager = self.licensed()
        for call in (
            lambda: manager.check_feature_access(""),
            lambda: manager.consume("tickets", 0),
            lambda: manager.consume("tickets", 2**70),
            lambda: manager.reported_usage(2**64 + 1),
            lambda: lic.LicenseManager(PRODUCT, usage_block=2**64 + 5),
            lambda: manager.refresh_every(datetime.timedelta(0)),
        ):
            with self.assertRaises(lic.LicenseError) as caught:
                call()
            self.assertEqual(caught.exception.code, lic.Code.USAGE)
        for name in ("a\0b", "\ud800"):
            with self.assertRaises(lic.LicenseError):
                manager.check_feature_access(name)
        with self.assertRaises(TypeError):
            pickle.dumps(manager)
        self.assertEqual(manager.get_usage_limits()["tickets"].used, 0)

    def test_closed(self):
        manager = self.licensed()
        self.assertFalse(manager.closed)
        manager.close()
        manager.close()
        self.assertTrue(manager.closed)
        for call in (
            manager.validate_license,
            manager.decision,
            manager.get_usage_limits,
            manager.get_license_status,
            manager.flush_usage,
            manager.deactivate,
            manager.start_trial,
            manager.return_seat,
            manager.refresh,
            lambda: manager.product,
            lambda: manager.machine_id,
            lambda: manager.check_feature_access("x"),
            lambda: manager.feature_value("x"),
            lambda: manager.consume("tickets"),
            lambda: manager.release("clients"),
            lambda: manager.activate(KEY),
            lambda: manager.request_activation(KEY),
            manager.clock_code,
            lambda: manager.plans,
            manager.license_files,
            manager.explain_machine,
            manager.virtual_layers,
            lambda: manager.keep_state_key(lic.KeyPlace.FILE),
            lambda: manager.state_key_place,
            manager.report_usage,
            lambda: manager.reported_usage(1),
            lambda: manager.import_revocations(b"{}"),
            lambda: manager.apply_clock_reset(b"{}"),
            lambda: manager.refresh_every(None),
            lambda: manager.on_change(print),
        ):
            with self.assertRaises(lic.LicenseError) as caught:
                call()
            self.assertEqual(caught.exception.code, lic.Code.USAGE)
        with lic.LicenseManager(PRODUCT) as other:
            self.assertFalse(other.closed)
        self.assertTrue(other.closed)

    def test_a_closed_manager_is_collected_with_what_it_drew(self):
        manager = lic.LicenseManager(PRODUCT, usage_block=20)
        self.assertTrue(manager.consume("tickets", 3))
        del manager
        gc.collect()
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 3)


class Changes(Case):
    def test_activation_and_trial(self):
        manager = self.open()
        self.assertFalse(manager.deactivate())
        self.assertTrue(manager.start_trial())
        self.assertEqual(manager.decision().standing, lic.Standing.TRIAL)
        change = manager.activate_document(pathlib.Path(LICENSE).read_bytes(), "a.json", KEY)
        self.assertTrue(change.changed)
        self.assertIn("activated " + KEY, change.message)
        self.assertTrue(manager.activate(KEY))
        self.assertTrue(manager.deactivate())
        change = manager.start_trial()
        self.assertEqual(change.code, lic.Code.TRIAL_NOT_AVAILABLE)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.activate(KEY[:-1])
        self.assertEqual(caught.exception.code, lic.Code.INVALID_INPUT)
        self.assertEqual(manager.activate_file(OTHER).code, lic.Code.UNTRUSTED)
        with self.assertRaises(lic.LicenseError):
            manager.activate_document(b"not JSON")

    def test_usage(self):
        manager = self.licensed()
        used = manager.consume("tickets", 4000)
        self.assertTrue(used)
        self.assertEqual((used.limit.used, used.limit.left, used.limit.per), (4000, 1000, "month"))
        self.assertEqual(used.limit.resets.day, 1)
        refused = manager.consume("tickets", 1001)
        self.assertFalse(refused)
        self.assertEqual(refused.code, lic.Code.USAGE_LIMIT_REACHED)
        self.assertEqual(refused.limit.used, 4000)
        self.assertTrue(manager.consume("clients", 2))
        self.assertEqual(manager.release("clients").limit.used, 1)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.release("clients", 2)
        self.assertEqual(caught.exception.code, lic.Code.CONFLICT)

    def test_exchange(self):
        manager = self.open()
        self.assertIsNone(manager.pending_request(KEY))
        self.assertIsNone(manager.return_seat())
        request = manager.request_activation(KEY)
        self.assertEqual(manager.request_activation(KEY), request)
        self.assertEqual(manager.pending_request(KEY), request)
        self.assertNotEqual(manager.request_activation(KEY, anew=True), request)
        pathlib.Path(self.home, "request.json").write_text(manager.pending_request(KEY))
        subprocess.run(
            [os.environ["LICGEN"], "--home", os.environ["VENDOR"], "sign-request", self.home + "/request.json"]
            + ["--out", self.home + "/answer.json"],
            check=True,
            capture_output=True,
        )
        self.assertTrue(manager.apply_activation(pathlib.Path(self.home, "answer.json").read_bytes()))
        self.assertTrue(manager.decision())
        receipt = manager.return_seat()
        self.assertEqual(manager.returned_receipt(), receipt)
        self.assertFalse(manager.decision())

    def licgen(self, *arguments):
        done = subprocess.run(
            [os.environ["LICGEN"], "--home", os.environ["VENDOR"], *arguments],
            check=True,
            capture_output=True,
        )
        return done.stdout

    def test_revocations(self):
        manager = self.licensed()
        self.assertIsNone(manager.get_license_status().revocation_list)
        change = manager.import_revocations(self.licgen("revocations", "export"), "list.json")
        self.assertTrue(change)
        self.assertIn("of revocations", change.message)
        listed = manager.get_license_status().revocation_list
        self.assertGreaterEqual(listed.seq, 1)
        self.assertGreater(listed.next_update, listed.issued_at)
        self.assertIsNone(manager.get_license_status().revoked)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.import_revocations(b"{}", "broken.json")
        self.assertEqual(caught.exception.code, lic.Code.INVALID_INPUT)

    def test_clock(self):
        manager = self.licensed()
        self.assertLessEqual(
            abs(manager.get_license_status().latest_time - datetime.datetime.now(datetime.timezone.utc)),
            datetime.timedelta(days=1),
        )
        with self.assertRaises(lic.LicenseError) as caught:
            manager.clock_code()
        self.assertEqual(caught.exception.code, lic.Code.CONFLICT)
        with self.assertRaises(lic.LicenseError) as caught:
            manager.apply_clock_reset(b"{}")
        self.assertEqual(caught.exception.code, lic.Code.INVALID_INPUT)

    def test_usage_statements(self):
        manager = self.licensed()
        self.assertTrue(manager.consume("tickets", 3))
        self.assertIsNone(manager.reported_usage(1))
        statement = manager.report_usage()
        self.assertEqual((statement.seq, statement.license_key), (1, KEY))
        self.assertLessEqual(statement.start, statement.end)
        self.assertEqual(statement.end.tzinfo, datetime.timezone.utc)
        self.assertEqual(manager.reported_usage(statement.seq), statement)
        self.assertIsNone(manager.reported_usage(2))
        pathlib.Path(self.home, "statement.json").write_text(statement.document)
        told = json.loads(self.licgen("--json", "usage", "import", "--new-key", self.home + "/statement.json"))
        self.assertEqual(told["imported"], 1)
        self.assertEqual(told["statements"][0]["license_key"], KEY)
        with self.assertRaises(lic.LicenseError):
            manager.report_usage("TZ-PRO-0000-0000-0000-0000")

    def test_listener(self):
        manager = self.licensed()
        heard = []

        def listener(told):
            heard.append((told.decision().code, told is manager))
            with self.assertRaises(lic.LicenseError):
                told.close()
            with self.assertRaises(lic.LicenseError):
                told.refresh_every(None)

        manager.on_change(listener)
        manager.refresh()
        self.assertEqual(heard, [])
        manager.deactivate()
        self.assertEqual(heard, [(lic.Code.NO_LICENSE, True)])
        self.open().activate_file(LICENSE)
        manager.refresh()
        self.assertEqual(heard[1:], [(lic.Code.OK, True)])
        manager.on_change(None)
        manager.deactivate()
        self.assertEqual(len(heard), 2)

    def test_what_a_listener_raises_is_reported_and_goes_no_further(self):
        manager = self.licensed()
        raised = []
        before, sys.unraisablehook = sys.unraisablehook, lambda args: raised.append(args.exc_type)
        try:
            manager.on_change(lambda told: 1 / 0)
            self.assertTrue(manager.deactivate())
        finally:
            sys.unraisablehook = before
        self.assertEqual(raised, [ZeroDivisionError])


class Concurrency(Case):
    def test_threads(self):
        manager = self.licensed(usage_block=16)
        granted = []

        def work():
            for _ in range(25):
                if manager.consume("tickets") and manager.check_feature_access("ai-ticket-processing"):
                    granted.append(1)
                manager.get_license_status()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        manager.close()
        self.assertEqual(len(granted), 200)
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 200)

    def test_closing_waits_for_calls_of_other_threads(self):
        manager = self.licensed()
        begun = threading.Event()
        ended = []

        def work():
            try:
                while True:
                    manager.consume("tickets")
                    begun.set()
            except lic.LicenseError as error:
                ended.append(error.code)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        manager.close()
        for thread in threads:
            thread.join()
        self.assertEqual(ended, [lic.Code.USAGE] * 4)

    def test_fork(self):
        manager = self.licensed(usage_block=10)
        manager.on_change(lambda told: None)
        manager.refresh_every(datetime.timedelta(hours=1))
        manager.consume("tickets", 3)
        stop = threading.Event()

        def work():
            while not stop.is_set():
                manager.refresh()
                manager.check_feature_access("ai-ticket-processing")

        busy = threading.Thread(target=work)
        busy.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                good = bool(manager.consume("tickets", 2)) and manager.decision().allowed
                manager.close()
                os._exit(0 if good else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        stop.set()
        busy.join()
        manager.close()
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 3 + 2 * 10)

    def test_multiprocessing(self):
        self.licensed().close()
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=count, args=(PRODUCT, 4)) for _ in range(12)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual([worker.exitcode for worker in workers], [0] * 12)
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 48)


def count(product, n):
    with lic.LicenseManager(product) as manager:
        for _ in range(n):
            assert manager.consume("tickets")


class Shutdown(Case):
    """The interpreter goes while managers are open: nothing hangs, crashes or is said."""

    def test_an_open_manager_gives_back_what_it_drew(self):
        self.assert_script(
            """
            import sys, lic
            manager = lic.LicenseManager(sys.argv[1], usage_block=30)
            assert manager.activate_file(sys.argv[2]) and manager.consume("tickets", 2)
            keep = [manager]
            keep.append(keep)
            """
        )
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 2)

    def test_a_refreshing_thread_and_a_listener(self):
        self.assert_script(
            """
            import datetime, sys, threading, lic
            manager = lic.LicenseManager(sys.argv[1])
            heard = threading.Event()
            manager.on_change(lambda told: (told.get_license_status(), heard.set()))
            manager.refresh_every(datetime.timedelta(seconds=1))
            with lic.LicenseManager(sys.argv[1]) as other:
                assert other.activate_file(sys.argv[2])
            assert heard.wait(60)  # by the thread of liblic
            print("heard", flush=True)
            """,
            "heard\n",
        )

    def test_daemon_threads_that_go_on(self):
        self.assert_script(
            """
            import sys, threading, lic
            manager = lic.LicenseManager(sys.argv[1])
            manager.activate_file(sys.argv[2])
            begun = threading.Event()
            def work():
                try:
                    while True:
                        manager.consume("tickets")
                        manager.check_feature_access("ai-ticket-processing")
                        begun.set()
                except lic.LicenseError:
                    pass
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            begun.wait()
            """
        )

    def test_use_by_what_is_called_at_the_end(self):
        self.assert_script(
            """
            import atexit, sys, lic
            class Late:
                def __init__(self): self.manager = lic.LicenseManager(sys.argv[1])
                def __del__(self):
                    try:
                        self.manager.decision()
                    except lic.LicenseError as error:
                        assert error.code == lic.Code.USAGE
            late = Late()
            atexit.register(lambda: late.manager.decision())
            """
        )

    def test_a_child_that_ends_in_the_usual_way(self):
        self.assert_script(
            """
            import os, sys, lic
            manager = lic.LicenseManager(sys.argv[1], usage_block=10)
            manager.activate_file(sys.argv[2])
            manager.consume("tickets", 1)
            child = os.fork()
            if child == 0:
                manager.consume("tickets", 1)
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            """
        )
        self.assertEqual(self.open().get_usage_limits()["tickets"].used, 2)

    def test_the_last_reference_goes_within_a_listener(self):
        self.assert_script(
            """
            import gc, sys, lic
            holder = [lic.LicenseManager(sys.argv[1])]
            def listener(told):
                holder.clear()
            holder[0].on_change(listener)
            holder[0].activate_file(sys.argv[2])
            gc.collect()
            """
        )


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
