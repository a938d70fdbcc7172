"""Finds the program `criteo`, starts it, and reads what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import ConfigurationError, CriteoError, FailedError, MissingProgramError

Event = Mapping[str, Any]

#: Most of what the program wrote for people that is kept, from its end.
_KEPT_CHARACTERS = 64 * 1024


def program() -> Path:
    """The `criteo` that came with this package; in a checkout that carries none, the one on the path.

    Raises:
        MissingProgramError: there is neither.
    """
    # Beside the package, where the wheel has it, so that it is found whatever PATH says.
    carried = Path(__file__).resolve().parent.parent / "criteo_connector.scripts" / "criteo"
    if carried.is_file():
        return carried
    found = shutil.which("criteo")
    if found is None:
        raise MissingProgramError(
            "There is no program criteo: this package carries none, and PATH has none",
            exit_code=None,
            hint="Install the wheel for your platform: pip install criteo-connector",
        )
    return Path(found)


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    #: What it wrote for people.
    output: str

    def error(self) -> CriteoError:
        """This end as an exception, with the words of the program."""
        message, hint = _words(self.output)
        if self.code < 0:
            message = f"criteo was ended by signal {-self.code}" + (f": {message}" if message else "")
        message = message or f"criteo ended with {self.code} and said nothing"
        kind = ConfigurationError if self.code == 2 else FailedError
        return kind(message, exit_code=self.code, hint=hint, output=self.output)


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None,
    on_line: Callable[[str], None],
) -> Ended:
    """Runs the program with these arguments, and gives each line of its standard output to `on_line` as it comes.

    `environment` is added to that of this process. What raises in `on_line`, and Ctrl-C, asks the program to finish what
    it has begun and waits for that, so that nothing goes on behind the caller's back.
    """
    with subprocess.Popen(
        [str(program()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        text=True,
        encoding="utf-8",
        errors="replace",
        # Ctrl-C reaches this process alone, which passes it on as one signal: a second one would stop at once.
        process_group=0 if os.name == "posix" else None,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        said: list[str] = []
        # Read beside standard output: a program whose pipe is full would wait for ever.
        listener = threading.Thread(target=_keep, args=(process.stderr, said), daemon=True)
        listener.start()
        try:
            for line in process.stdout:
                on_line(line)
        except BaseException:
            _finish(process)
            raise
        finally:
            process.wait()
            listener.join()
    return Ended(process.returncode, "".join(said))


def answer(arguments: Sequence[str], *, environment: Mapping[str, str] | None) -> Any:
    """What the program answers with `--json`, as one object.

    Raises:
        CriteoError: it did not end with 0.
    """
    lines: list[str] = []
    ended = run(["--json", *arguments], environment=environment, on_line=lines.append)
    if ended.code != 0:
        raise ended.error()
    return json.loads("".join(lines))


def main() -> int:
    """The command `criteo`: becomes the program, so that signals and terminal are the program's own."""
    path = str(program())
    arguments = [path, *sys.argv[1:]]
    if os.name == "posix":
        os.execv(path, arguments)
    return subprocess.run(arguments, check=False).returncode


def _finish(process: subprocess.Popen[str]) -> None:
    """Asks the program to finish what it has begun, and waits; when this is interrupted again, to stop at once."""
    for _ in range(2):
        process.terminate()
        try:
            # It goes on writing until it ends.
            for _line in process.stdout or ():
                pass
            return
        except KeyboardInterrupt:
            continue


def _keep(stream: IO[str], said: list[str]) -> None:
    kept = 0
    for line in stream:
        said.append(line)
        kept += len(line)
        while kept > _KEPT_CHARACTERS and len(said) > 1:
            kept -= len(said.pop(0))


def _words(output: str) -> tuple[str, str | None]:
    """The error and the hint that the program wrote last, each possibly of several lines."""
    error: list[str] = []
    hint: list[str] = []
    current: list[str] | None = None
    for line in output.splitlines():
        if line.startswith("error: "):
            error, hint = [line.removeprefix("error: ")], []
            current = error
        elif line.startswith("hint: "):
            hint = [line.removeprefix("hint: ")]
            current = hint
        elif line.startswith("warning: "):
            current = None
        elif current is not None and line.strip():
            current.append(line)
    if not error:
        return output.strip(), None
    return "\n".join(error), "\n".join(hint) if hint else None
