"""The commands: parse, then call. Imports are made by the command that needs them, so that ``--help`` is quick."""

import argparse
import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path

from cadence_exporter import __version__
from cadence_exporter.errors import SettingsError

BAD_SETTINGS = 2
LONGEST_DAYS = 36_500.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code of the contract: 0 fine, 2 bad settings, others by command."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a bar or an emoji that the terminal's encoding does not have
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - what the user asked for
        return BAD_SETTINGS
    except BrokenPipeError:
        # `cadence-exporter history | head`: not an error, and nothing left to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cadence-exporter",
        description="Watches a home's connection, keeps DNS pointing at it, and tells Prometheus everything.",
    )
    parser.add_argument("--version", action="version", version=f"cadence-exporter {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="the service, until SIGTERM; SIGHUP reads the settings again")
    _config(run)
    run.set_defaults(command=_run)

    once = commands.add_parser("once", help="look, conclude, act, print; exit 0 when UP, 3 when not")
    _config(once)
    once.add_argument("--rehearse", action="store_true", help="do everything but change the world")
    once.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    once.set_defaults(command=_once)

    check = commands.add_parser("check-config", help="the effective settings and where each comes from, or every error")
    _config(check)
    check.set_defaults(command=_check_config)

    status = commands.add_parser("status", help="ask a running instance; exit 0 UP, 3 not UP, 4 unreachable")
    status.add_argument("--url", default=None, help="default http://127.0.0.1:9923; user:password@ is understood")
    status.add_argument("--json", action="store_true", help="the document of /api/v1/status")
    status.set_defaults(command=_status)

    history = commands.add_parser("history", help="addresses, outages and DNS changes from the state store")
    _config(history)
    history.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    history.add_argument("--since", default=None, metavar="DURATION", help="only what is younger, as 7d or 12h")
    history.set_defaults(command=_history)

    _requests(commands)

    imports = commands.add_parser(
        "import", help="another updater's settings, printed as a cadence.yaml without its token"
    )
    imports.add_argument(
        "file", metavar="FILE", help="ddclient.conf, inadyn.conf, an env file, config.json; - for stdin"
    )
    imports.add_argument(
        "--from",
        dest="program",
        choices=("ddclient", "inadyn", "favonia", "ddns-updater"),
        default=None,
        help="whose it is; default: recognised by its form",
    )
    imports.set_defaults(command=_import)

    _pretend(commands)
    return parser


def _pretend(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands that need no home."""
    simulate = commands.add_parser(
        "simulate", help="the same loop in a pretend home on a virtual clock: a year in seconds"
    )
    simulate.add_argument(
        "scenario",
        nargs="?",
        default="quiet-month",
        metavar="SCENARIO",
        help="default %(default)s",
    )
    simulate.add_argument("--list", action="store_true", help="the scenarios, and nothing else")
    simulate.add_argument("--days", type=_days, default=None, metavar="N", help="how long the weather lasts")
    simulate.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same weather (default 1)"
    )
    simulate.add_argument("--json", action="store_true", help="one JSON document instead of an account")
    simulate.add_argument(
        "--metrics-out", type=Path, default=None, metavar="FILE", help="OpenMetrics of each simulated minute"
    )
    simulate.set_defaults(command=_simulate)

    demo = commands.add_parser(
        "demo", help="the real service in a pretend home on loopback; needs no account, no internet"
    )
    demo.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="how many times faster, 0.1 to 20 (default 1)"
    )
    demo.add_argument(
        "--listen", type=_listen, default="127.0.0.1:9923", metavar="ADDR", help="host:port (default %(default)s)"
    )
    demo.set_defaults(command=_demo)


def _requests(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What a person asks of a running instance."""
    bounce = commands.add_parser("bounce", help="ask a running instance to cut the modem's power for recovery.off_for")
    bounce.add_argument("--yes", action="store_true", help="needed: the connection is gone for minutes")
    bounce.add_argument("--url", default=None, help="default http://127.0.0.1:9923; user:password@ is understood")
    bounce.set_defaults(command=_bounce)

    maintenance = commands.add_parser(
        "maintenance", help="ask a running instance to change nothing for a while, neither DNS nor power"
    )
    maintenance.add_argument("what", choices=("on", "off", "status"))
    maintenance.add_argument("--for", dest="lasts", default="2h", metavar="DURATION", help="default 2h, at most 7d")
    maintenance.add_argument("--url", default=None, help="default http://127.0.0.1:9923; user:password@ is understood")
    maintenance.set_defaults(command=_maintenance)

    trace = commands.add_parser("trace", help="the way out, hop by hop; exit 0 when the target was reached, 3 when not")
    _config(trace)
    trace.add_argument(
        "--method",
        choices=("auto", "icmp", "udp", "tcp"),
        default="auto",
        help="auto: icmp where it is permitted, else udp, which needs no privilege; tcp needs CAP_NET_RAW",
    )
    trace.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    trace.set_defaults(command=_trace)


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=None,
        metavar="FILE",
        help="default: $CADENCE_CONFIG, ./cadence.yaml, /etc/cadence-exporter/cadence.yaml, else built-in",
    )


def _run(options: argparse.Namespace) -> int:
    # Until the service listens to them, while half a second of imports goes by, these two would end the process.
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    # The first process of a container has no default for this one: a stop in that half second would be ignored, and end in a SIGKILL.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from cadence_exporter.cli.run import run  # noqa: PLC0415

    return run(options.config, os.environ, Path.cwd())


def _once(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.once import once  # noqa: PLC0415

    return once(options.config, rehearse=options.rehearse, as_json=options.json)


def _check_config(options: argparse.Namespace) -> int:
    from cadence_exporter.record.web.live_config import problems_of  # noqa: PLC0415
    from cadence_exporter.settings.explain import render  # noqa: PLC0415
    from cadence_exporter.settings.load import load  # noqa: PLC0415

    print(render(load(options.config, os.environ, Path.cwd(), problems_of)))  # noqa: T201 - what the user asked for
    return 0


def _status(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.status import status  # noqa: PLC0415

    return status(options.url, options.json, sys.stdout)


def _history(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.history import history  # noqa: PLC0415
    from cadence_exporter.settings.load import load  # noqa: PLC0415

    settings = load(options.config, os.environ, Path.cwd()).settings
    return history(settings.state_dir, options.since, options.json, sys.stdout)


def _bounce(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.asking import bounce  # noqa: PLC0415

    return bounce(options.url, sure=options.yes)


def _maintenance(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.asking import maintenance  # noqa: PLC0415

    return maintenance(options)


def _trace(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.trace import trace  # noqa: PLC0415

    return trace(options.config, options.method, as_json=options.json)


def _import(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.importing import import_settings  # noqa: PLC0415

    return import_settings(options.file, options.program, sys.stdout)


def _simulate(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.simulate import listed, simulate  # noqa: PLC0415

    if options.list:
        print(listed(), end="")  # noqa: T201 - what the user asked for
        return 0
    return simulate(options.scenario, options.days, options.seed, as_json=options.json, metrics_out=options.metrics_out)


def _days(text: str) -> float:
    days = _number(text)
    if not 0.0 < days <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"give 0 to {LONGEST_DAYS:g} days")
    return days


def _speed(text: str) -> float:
    from cadence_exporter.demo.demo import FASTEST, SLOWEST  # noqa: PLC0415

    speed = _number(text)
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"give {SLOWEST:g} to {FASTEST:g}")
    return speed


def _listen(text: str) -> str:
    from cadence_exporter.settings.endpoints import parse_listen  # noqa: PLC0415

    try:
        parse_listen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _number(text: str) -> float:
    """NaN, which lies within no bounds, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _demo(options: argparse.Namespace) -> int:
    from cadence_exporter.cli.demo import demo  # noqa: PLC0415

    return demo(options.speed, options.listen)
