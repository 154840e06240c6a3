"""`make bench`: every measurement, with the bars it should reach; results are kept beside their command."""

import argparse
import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import access, agent, sign_in, verify

RESULTS = Path(__file__).parent / "results"
# What a full sign-in may cost, in V, and how much faster than its peers verification must be.
BARS = {"SQLite": 20.0, "PostgreSQL": 30.0, "py_webauthn": 1.3, "python-fido2": 7.0}
# What one Conditional Access decision may cost, in V, by the number of policies.
ACCESS_BARS = {250: 2.0, 5000: 4.0}
# From the start of the agent to its first answer.
AGENT_START_MS = 500.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="*", choices=["sign-in", "verify", "access", "agent", []], help="default: all")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sign-ins", type=int, default=1500, help="in each round")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--save", action="store_true", help="keep the results under bench/results/")
    options = parser.parse_args()
    which = options.which or ["verify", "access", "agent", "sign-in"]
    results: dict[str, Any] = {
        "command": "python -m bench " + " ".join(sys.argv[1:]),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    if "verify" in which:
        print("Verifying assertions beside py_webauthn and python-fido2 …", flush=True)
        results["verify"] = verify.measure(options.rounds)
        _tell_verify(results["verify"])
    if "access" in which:
        print("Conditional Access decisions …", flush=True)
        results["access"] = access.measure(options.rounds)
        _tell_access(results["access"])
    if "agent" in which:
        print("The agent: start, memory, sign-ins …", flush=True)
        results["agent"] = agent.measure(options.rounds)
        _tell_agent(results["agent"])
    if "sign-in" in which:
        results["sign_in"] = list(_sign_ins(options))
    if options.save:
        name = f"{results['date']}-{'-'.join(which)}.json"
        (RESULTS / name).write_text(json.dumps(results, indent=2) + "\n")
        print(f"kept as bench/results/{name}")


def _sign_ins(options: argparse.Namespace) -> Any:
    for flow in ("lean", "browser"):
        load = sign_in.Load(options.people, options.rounds, options.sign_ins, options.clients, flow)
        print(f"Full sign-ins on SQLite, {flow} …", flush=True)
        yield _tell_sign_in(sign_in.measure(load))
    if options.no_postgres:
        return
    from keystead_testkit.postgres import running_postgres

    with running_postgres() as cluster:
        load = sign_in.Load(options.people, options.rounds, options.sign_ins, options.clients)
        print("Full sign-ins on PostgreSQL, lean …", flush=True)
        yield _tell_sign_in(sign_in.measure(load, cluster.fresh_database(), database_processes="postgres"))


def _tell_verify(result: dict[str, Any]) -> None:
    for name, microseconds in result["microseconds"].items():
        print(f"  {name:<14}{microseconds:8.1f} µs  {result['per_second_per_core'][name]:>7} a second a core")
    for name, ratio in result["our_rate_over"].items():
        print(f"  {ratio:.2f} times the rate of {name} ({_bar(ratio >= BARS[name], f'at least {BARS[name]}')})")
    print(f"  V = {result['v_us']} µs")


def _tell_access(result: dict[str, Any]) -> None:
    for size in result["sizes"]:
        bar = ACCESS_BARS.get(size["policies"])
        reached = "" if bar is None else f" ({_bar(size['in_v'] <= bar, f'at most {bar:.0f}')})"
        analysed = size["analyse_seconds"]
        print(
            f"  {size['policies']:>5} policies: {size['microseconds']:6.1f} µs = {size['in_v']} V{reached}; "
            f"{size['applied']} apply, compiled in {size['compile_ms']} ms; "
            f"a replay of 100,000 sign-ins in {size['replay_seconds']} s"
            + ("" if analysed is None else f"; 1,000 people analysed in {analysed} s")
        )


def _tell_agent(result: dict[str, Any]) -> None:
    reached = _bar(result["start_ms"] < AGENT_START_MS, f"under {AGENT_START_MS:.0f} ms")
    print(
        f"  answers {result['start_ms']} ms after its start ({reached}; Python's own: {result['python_start_ms']} ms)"
    )
    print(f"  median of all starts {result['start_median_ms']} ms, of CPU {result['start_cpu_ms']} ms")
    print(f"  {result['idle_mib']} MiB when idle, {result['mib_after_sign_ins']} MiB after some sign-ins")
    for way, milliseconds in result["sign_in_ms"].items():
        print(f"  {milliseconds:6.1f} ms a sign-in without the person, on a software TPM: {way}")
    if result["left_out"]:
        print(f"  fido2-assert was not measured: {result['left_out']}")
    print(f"  load of the machine: {result['load']}")


def _tell_sign_in(result: dict[str, Any]) -> dict[str, Any]:
    bar = BARS[result["database"]]
    reached = "" if result["flow"] != "lean" else f" ({_bar(result['in_v'] <= bar, f'at most {bar:.0f}')})"
    print(
        f"  {result['cpu_ms']:.3f} ms of CPU = {result['in_v']} V{reached}, best round {result['best_in_v']} V; "
        f"{result['per_second']} a second, p50 {result['p50_ms']} ms, p95 {result['p95_ms']} ms, "
        f"{result['memory_mib']} MiB"
        + (f"; the database's own CPU {result['database_cpu_ms']} ms" if result["database"] != "SQLite" else "")
    )
    return result


def _bar(reached: bool, bar: str) -> str:
    return f"{'reached' if reached else 'NOT reached'}: {bar}"


if __name__ == "__main__":
    main()
