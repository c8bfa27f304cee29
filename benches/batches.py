"""Measures longhaul's batches beside other ways to fill a column of a large table. Run by `scripts/bench batches`.

Every method sets new_amount = old_amount in every row of a fresh copy of the same table, on a private server with
durable settings, and each round begins with another method. What is compared is the median over the rounds. What was
measured is appended to CSV files, so a long comparison can be done in pieces, and `--report` renders all of it again.
Without --traffic or --growth the methods are compared with each other and nothing else runs on the server.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from batches import comparison, growth, methods, report, results, server, tables, traffic

# The sizes that --growth measures unless others are given.
GROWTH = "1000000,4000000,16000000"


def main():
    arguments = read_arguments()
    # Methods run in directories of their own.
    arguments.out = arguments.out.resolve()
    arguments.longhaul = arguments.longhaul.resolve()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.server:
        measure(arguments)
        return
    if not arguments.report:
        for settings in arguments.settings:
            on_a_server(settings, arguments)
    text = report.render(arguments.out)
    (arguments.out / "batches.md").write_text(text)
    print(text)


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench batches", description=__doc__.splitlines()[0])
    known = list(dict.fromkeys(methods.COMPARED + traffic.MEASURED))
    parser.add_argument("--tables", type=names(tables.ALL), metavar="NAME,…",
                        help=f"of {', '.join(tables.ALL)} [all; with --traffic: narrow]")
    parser.add_argument("--methods", type=names(known), metavar="NAME,…",
                        help=f"of {', '.join(known)} [all that fit; with --growth: longhaul-2]")
    parser.add_argument("--settings", type=names(server.SETTINGS), metavar="NAME,…", default=list(server.SETTINGS),
                        help="the server's settings: default, tuned [both]")
    parser.add_argument("--rows", type=count, default=4_000_000, help="rows of the table [4000000]")
    parser.add_argument("--rounds", type=count, default=3, help="rounds, of which the medians are taken [3]")
    parser.add_argument("--traffic", action="store_true", help="what 400 transactions a second suffer meanwhile")
    parser.add_argument("--seconds", type=count, default=60,
                        help="with --traffic: how long `none` and `paced` are watched [60]")
    parser.add_argument("--growth", type=counts, nargs="?", const=counts(GROWTH), metavar="ROWS,…",
                        help=f"longhaul on tables of these sizes [{GROWTH}]")
    parser.add_argument("--report", action="store_true", help="measure nothing: render what --out holds")
    parser.add_argument("--out", type=Path, required=True, help="directory of the CSV files and the Markdown")
    parser.add_argument("--longhaul", type=Path, required=True, help=argparse.SUPPRESS)
    # Given when this program starts itself again, with a server of these settings around it.
    parser.add_argument("--server", choices=server.SETTINGS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.traffic and arguments.growth:
        parser.error("--traffic and --growth are measured one after the other: give one of them")
    unfit = set(arguments.methods or []) - set(fitting(arguments))
    if unfit:
        parser.error(f"not measured here: {', '.join(sorted(unfit))}")
    arguments.command = command_line(sys.argv[1:])
    return arguments


def fitting(arguments):
    """The methods that have something to show in what is asked for."""
    if arguments.growth:
        return methods.LONGHAUL
    if arguments.traffic:
        # Nothing else can be done on the table while it is rewritten.
        return [name for name in methods.COMPARED + traffic.MEASURED if name != "rewrite"]
    return methods.COMPARED


def command_line(given):
    """What the user typed, as far as it says what is measured: programs and directories are left out."""
    shown, words = ["scripts/bench", "batches"], iter(given)
    for word in words:
        if word in ["--longhaul", "--out", "--server"]:
            next(words)
        else:
            shown.append(word)
    return shlex.join(shown)


def names(known):
    def parse(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
        return chosen
    return parse


def count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def counts(text):
    return [count(part) for part in text.split(",")]


def on_a_server(settings, arguments):
    """Runs this program again with the same arguments and a private server of these settings."""
    command = [arguments.longhaul, "postgres"]
    for name, value in server.SETTINGS[settings].items():
        command += ["--setting", f"{name}={value}"]
    command += ["--", sys.executable, "-B", __file__, *sys.argv[1:], "--server", settings]
    code = subprocess.run(command).returncode
    if code != 0:
        sys.exit(code)


def measure(arguments):
    venv = methods.make_venv(arguments.out / "tools")
    tools = methods.Tools(longhaul=arguments.longhaul, venv=venv, work=arguments.out / "work")
    invocation = results.describe_invocation(arguments, venv)
    results.append(arguments.out, invocation)
    if arguments.traffic:
        traffic.measure(arguments, tools, invocation)
    elif arguments.growth:
        growth.measure(arguments, tools, invocation)
    else:
        comparison.measure(arguments, tools, invocation)


if __name__ == "__main__":
    main()
