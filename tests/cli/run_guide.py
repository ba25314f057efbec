#!/usr/bin/env python3
"""Runs the commands of a page of documentation and compares what they print with what
the page shows.

usage: run_guide.py PAGE DIRECTORY LICGEN LICCTL

A block ```sh is run by bash; the block ```text after it is what it prints, standard
error included. In such a block "…" stands for any text of a line, and a line "…" for any
number of lines. A comment  <!-- 2027-01-11 vendor -->  sets the date of the commands that
follow, and the machine: each machine has its own home directory, and they share the
directory in which the commands run, where docs is the directory of the page. A block ```sh not run is only looked at by people.
Shell variables in lower case, LICGEN_* and LICCTL_* live on from block to block of a machine. A block that fails ends it all.
"""

import os
import re
import shlex
import stat
import subprocess
import sys

PLACE = re.compile(r"<!-- (\d{4}-\d{2}-\d{2}) ([a-z]+) -->")
RUNNER = """
set -euo pipefail
[ ! -f "$GUIDE_STATE" ] || . "$GUIDE_STATE"
. "$GUIDE_BLOCK"
for name in $(compgen -v | grep -E '^([a-z]|LICGEN_|LICCTL_)' || true); do declare -p "$name"; done >"$GUIDE_STATE"
"""


def blocks(page):
    """Yields (line, language, text) for fenced blocks and (line, None, (date, machine)) for places."""
    fence, start, lines = None, 0, []
    for number, line in enumerate(page.splitlines(), 1):
        place = PLACE.fullmatch(line.strip())
        if fence is None and place:
            yield number, None, place.groups()
        elif fence is None and line.startswith("```"):
            fence, start, lines = line[3:].strip(), number, []
        elif fence is not None and line == "```":
            yield start, fence, "\n".join(lines)
            fence = None
        elif fence is not None:
            lines.append(line)
    if fence is not None:
        sys.exit(f"line {start}: the block does not end")


def pattern_of(shown):
    """A regular expression for a ```text block."""
    parts = []
    for line in shown.splitlines():
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*")
        else:
            parts.append(".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ ]*\n")
    return "".join(parts)


def install_programs(directory, licgen, licctl):
    """Programs of these names that run the real ones at the page's date."""
    os.makedirs(directory)
    for name, real in (("licgen", licgen), ("licctl", licctl)):
        path = os.path.join(directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec faketime -f "$GUIDE_DATE" {shlex.quote(real)} "$@"\n')
        os.chmod(path, stat.S_IRWXU)


def main():
    page, directory, licgen, licctl = sys.argv[1:]
    programs = os.path.join(directory, "programs")
    work = os.path.join(directory, "work")
    install_programs(programs, licgen, licctl)
    os.makedirs(work)
    os.symlink(os.path.dirname(os.path.abspath(page)), os.path.join(work, "docs"))
    date = machine = None
    printed, ran, compared = None, 0, 0
    for line, language, content in blocks(open(page, encoding="utf-8").read()):
        if language is None:
            date, machine = content
        elif language == "sh":
            if date is None:
                sys.exit(f"line {line}: commands before the first date")
            home = os.path.join(directory, "home", machine)
            os.makedirs(home, exist_ok=True)
            block = os.path.join(directory, "block.sh")
            with open(block, "w", encoding="utf-8") as file:
                file.write(content + "\n")
            environment = dict(os.environ, HOME=home, PATH=programs + ":" + os.environ["PATH"],
                               GUIDE_DATE=f"@{date} 10:00:00", GUIDE_STATE=os.path.join(directory, machine + ".state"),
                               GUIDE_BLOCK=block, TZ="UTC")
            done = subprocess.run(["bash", "-c", RUNNER], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            printed = done.stdout.decode()
            ran += 1
            if done.returncode != 0:
                sys.exit(f"line {line}: exit {done.returncode}:\n{content}\nprinted:\n{printed}")
        elif language == "text":
            if printed is None:
                sys.exit(f"line {line}: shows what nothing printed")
            if not re.fullmatch(pattern_of(content), printed if printed.endswith("\n") else printed + "\n"):
                sys.exit(f"line {line}: the page shows:\n{content}\nprinted was:\n{printed}")
            compared += 1
            printed = None
    print(f"{ran} blocks of commands ran, {compared} of them printed what the page shows")
    if ran == 0 or compared == 0:
        sys.exit("the page has nothing to run")


if __name__ == "__main__":
    main()
