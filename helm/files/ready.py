"""Asks /readyz of every worker of every Service named (HOST:PORT); ends with 1 where one is not ready in time."""

import socket
import sys
from http.client import HTTPConnection, HTTPException
from time import monotonic, sleep


def not_ready(service: str) -> list[str]:
    """What is wrong with it, a line a worker; empty where all are ready."""
    host, _, port = service.rpartition(":")
    try:
        found = sorted({str(row[4][0]) for row in socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)})
    except OSError as error:
        return [f"{service}: {error}: no worker has an address"]
    return [wrong for address in found if (wrong := fault(service, address, int(port)))]


def fault(service: str, address: str, port: int) -> str:
    connection = HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"{service} at {address}: {error}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{service} at {address}: {answer.status} {body.strip()}"


def main(patience: float, services: list[str]) -> int:
    deadline = monotonic() + patience
    while wrong := [line for service in services for line in not_ready(service)]:
        if monotonic() > deadline:
            print("\n".join(wrong), file=sys.stderr)
            return 1
        sleep(1)
    print(f"ready: {', '.join(services)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]), sys.argv[2:]))
