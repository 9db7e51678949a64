"""Run commands where no socket may be opened or asked of: a program for the tests.

`no_network_driver.py RESULT < COMMANDS`: each line of stdin is a JSON list of arguments. What came of each, its
output, and every try to reach the network, goes to RESULT as JSON.
"""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

_NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}


def main() -> None:
    result = Path(sys.argv[1])
    tries: list[str] = []

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK:
            tries.append(f"{event} {arguments[1:]} " + "".join(traceback.format_stack(limit=4)))
            raise OSError("the network is forbidden here")

    sys.addaudithook(refuse)
    from surveycli.cli.main import main as run

    ended = []
    for line in sys.stdin.read().splitlines():
        sys.argv = ["surveycli", *json.loads(line)]
        try:
            with redirect_stdout(StringIO()) as printed:
                run()
            code: Any = 0
        except SystemExit as stop:
            code = stop.code or 0
        ended.append([line, code, printed.getvalue()])
    result.write_text(json.dumps({"ended": ended, "tries": tries}))


if __name__ == "__main__":
    main()
