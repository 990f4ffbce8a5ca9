#!/usr/bin/env python3
"""Drives the built binary as a person does, by the transcripts beside this file.

A transcript (*.t) is prose at the left margin and, indented by two spaces, commands with all that
they print (standard output and error together) and the exit code when it is not 0:

      $ tenon list tagz
      error: there is no entity 'tagz'; did you mean tags?
      [6]
      $ cat > note.txt <<'END'
      > continued lines
      > END

Each transcript runs in one bash, in a folder of its own with `tenon` on the PATH and helpers.sh
read, without a terminal and without any TENON_ variable. What differs from run to run (ids, times,
ports, keys, durations) is replaced by <uuid>, <time> and so on before it is compared. In what is
expected, <*> stands for anything within a line, and a line of ... for any lines.

    run.py BINARY [--report FILE] [NAME...]     with UPDATE_GOLDEN=1 wrong expectations are rewritten
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MARK = "=====8<=== tenon transcript"
SKIP = 80  # the exit code of the helper `skip`
SECONDS_MAX = 400  # a net for what hangs, under sanitizers too; not a measure

PLACEHOLDERS = [
    (r"tnn_[A-Za-z0-9]{8}_[A-Za-z0-9]{43,}", "<key>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "<ulid>"),
    (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>"),
    (r"\b[0-9a-f]{64}\b", "<sha256>"),
    (r"\btnn_[A-Za-z0-9]{8}\.\.\.", "tnn_<prefix>..."),
    (r"(\"(?:next_)?position\":\")[\w-]{22}\"", r'\1<position>"'),
    (r"--after [\w-]{22}\b", "--after <position>"),
    (r"--page-token \S{20,}", "--page-token <token>"),
    (r"\b(127\.0\.0\.1|localhost):\d{2,5}\b", r"\1:<port>"),
    (r"\bin (?:[\d.,]+ ?(?:us|ms|s|min|h)\b ?)+", "in <took>"),
    (r"\bprocess \d+", "process <pid>"),
    (r"\b[\d,.]+ (?:bytes|kB|MB|GB)\b", "<size>"),
    (r"\btrace id: [0-9a-f]{32}", "trace id: <trace>"),
    (r"  [\d,.]+/s\b", "  <rate>"),
    (r"(?m)(<rate>.*)  [\d.,]+ (?:us|ms|s|min)$", r"\1  <took>"),
]


class Step:
    """One command: the lines that make it, what it should print, where it begins."""

    def __init__(self, command, line):
        self.command, self.line, self.expected = [command], line, []
        self.actual, self.right = [], False


def parse(text):
    """Cuts a transcript into prose (str) and steps."""
    parts = []
    for number, line in enumerate(text.split("\n"), 1):
        step = parts[-1] if parts and isinstance(parts[-1], Step) else None
        if line.startswith("  $ "):
            parts.append(Step(line[4:], number))
        elif line.startswith("  > ") or line == "  >":
            step.command.append(line[4:])
        elif line.startswith("  ") and step:
            step.expected.append(line[2:])
        else:
            parts.append(line)
    return parts


def normalise(text, work):
    text = text.replace(str(work), "$WORK")
    for pattern, name in PLACEHOLDERS:
        text = re.sub(pattern, name, text)
    # How often progress is told depends on the machine; the last word of each part stays.
    text = re.sub(r"(?m)^.*  <rate>  .* left\n", "", text)
    # Colours are seen as what they are, and a line keeps no spaces that nobody sees.
    text = text.replace("\x1b", "\\e").replace("\r", "\\r")
    return [line.rstrip() for line in text.split("\n")]


def agrees(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(agrees(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    if not actual:
        return False
    pattern = ".*".join(re.escape(piece) for piece in expected[0].split("<*>"))
    return re.fullmatch(pattern, actual[0]) is not None and agrees(expected[1:], actual[1:])


def script(steps):
    lines = [". " + str(HERE / "helpers.sh")]
    for number, step in enumerate(steps):
        lines += step.command
        lines.append(f'printf "%s %d %d\\n" "{MARK}" {number} $?')
    return "\n".join(lines) + "\n"


def environment(binary, work):
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.endswith("SAN_OPTIONS") or name in ("PATH", "TMPDIR", "TENON_TEST_POSTGRES")
    }
    (work / "bin").mkdir()
    (work / "bin" / "tenon").symlink_to(binary)
    kept.update(
        PATH=f"{work}/bin:{kept['PATH']}", HOME=f"{work}/home", WORK=str(work), LC_ALL="C.UTF-8",
        TZ="UTC", TERM="xterm-256color", TENON_BINARY=str(binary), SOURCES=str(HERE.parent.parent))
    (work / "home").mkdir()
    return kept


def execute(path, binary):
    """Runs one transcript; gives (name, state, text), state one of passed, failed, skipped."""
    parts = parse(path.read_text())
    steps = [part for part in parts if isinstance(part, Step)]
    work = pathlib.Path(tempfile.mkdtemp(prefix="tenon-cli-"))
    work.chmod(0o755)  # so that a step may become another user
    (work / "run").mkdir()
    (work / "script").write_text(script(steps))
    process = subprocess.Popen(
        ["bash", str(work / "script")], cwd=work / "run", env=environment(binary, work),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True)
    late = ""
    try:
        output = process.communicate(timeout=SECONDS_MAX)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0]
        late = f"not finished after {SECONDS_MAX} s\n"
    try:
        os.killpg(process.pid, signal.SIGKILL)  # servers that a failed transcript left
    except ProcessLookupError:
        pass
    text = output.decode("utf-8", "backslashreplace")
    rest = text
    for number, step in enumerate(steps):
        found = re.search(rf"{re.escape(MARK)} {number} (\d+)\n", rest)
        if not found:
            break
        step.actual = normalise(rest[: found.start()], work)
        if step.actual[-1] == "":
            step.actual.pop()
        else:
            step.actual[-1] += " (no newline)"
        if found[1] != "0":
            step.actual.append(f"[{found[1]}]")
        step.right = agrees(step.expected, step.actual)
        rest = rest[found.end() :]
    shutil.rmtree(work, ignore_errors=True)
    if process.returncode == SKIP:
        return path.stem, "skipped", rest.strip().removeprefix("skipped: ")
    if os.environ.get("UPDATE_GOLDEN") and not late:
        update(path, parts)
    report = late + rest if late or process.returncode != 0 and rest else ""
    for step in steps:
        if not step.right:
            report += f"{path.name}:{step.line}: $ {step.command[0]}\n"
            for line in difflib.unified_diff(step.expected, step.actual, "expected", "printed", lineterm=""):
                report += f"    {line}\n"
    return path.stem, "failed" if report else "passed", report or f"{len(steps)} commands"


def update(path, parts):
    lines = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
            continue
        lines.append("  $ " + part.command[0])
        lines += [("  > " + line).rstrip() for line in part.command[1:]]
        lines += ["  " + line for line in (part.expected if part.right else part.actual)]
    path.write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description="Runs the transcripts of the command line.")
    parser.add_argument("binary")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--report", help="write 'passed failed skipped' and the reasons there")
    options = parser.parse_args()
    # A copy: a build beside a run takes the binary away for a moment.
    folder = tempfile.TemporaryDirectory(prefix="tenon-cli-")
    binary = pathlib.Path(shutil.copy(pathlib.Path(options.binary).resolve(), folder.name))
    paths = sorted(path for path in HERE.glob("*.t") if not options.names or path.stem in options.names)
    counts, reasons = {"passed": 0, "failed": 0, "skipped": 0}, []
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        for name, state, text in pool.map(lambda path: execute(path, binary), paths):
            counts[state] += 1
            if state == "failed":
                print(f"FAILED  cli/{name}\n{text}")
            elif state == "skipped":
                reasons.append(f"cli/{name}: {text}")
    if options.report:
        pathlib.Path(options.report).write_text(
            "\n".join([" ".join(str(count) for count in counts.values())] + reasons) + "\n")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts), *reasons, sep="\n")
    return 1 if counts["failed"] or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
