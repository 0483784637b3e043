#!/usr/bin/env python3
"""Fails if a source file has more than 600 lines, a function more than 70, or clang-format would change a line;
if a merge has left its marks anywhere; and if the engine rethrows an exception object that several threads may hold.

Run as: check_style.py SOURCE_DIR. A function is taken to be what clang-format leaves: a line that ends in "{" and is not
a type, namespace or table, up to the "}" of the same indentation.
"""
import pathlib
import re
import shutil
import subprocess
import sys

MOST_LINES = 600
MOST_FUNCTION_LINES = 70
# Errors are completed where they are caught: threads that wait for one failure need a copy each.
NO_SHARED_EXCEPTIONS = ("os", "pager", "wal", "structures", "engine")
DIRECTORIES = ("include", "base", "os", "pager", "wal", "structures", "engine", "facades", "formats", "testing", "torture",
               "tools", "tests", "examples", "fuzz", "bench")
NOT_A_FUNCTION = re.compile(r"^\s*(namespace|extern|class|struct|enum|union|inline constexpr|constexpr|static constexpr"
                            r"|const|static const)\b[^()]*$")


def sources(root):
    for directory in DIRECTORIES:
        for path in sorted((root / directory).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path


def functions(lines):
    """Pairs of first line and length of what looks like a function at namespace or class level."""
    for number, line in enumerate(lines):
        if not line.endswith("{") or ")" not in line or NOT_A_FUNCTION.match(line) or number + 1 == len(lines):
            continue
        body = lines[number + 1]  # the head may go over several lines, each with an indentation of its own
        indentation = len(body) - len(body.lstrip()) - 2
        if not 0 <= indentation <= 2:
            continue
        end = " " * indentation + "}"
        for length, later in enumerate(lines[number + 1:], 2):
            if later.startswith(end) and later.strip().startswith("}"):
                yield number + 1, length
                break


def marked_by_a_merge(root):
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if name.parts[0] in ("build", ".git") or path.suffix not in (".h", ".cc", ".py", ".txt", ".cmake", ".json", ".md"):
            continue
        if path.is_file() and re.search(r"^(<<<<<<<|>>>>>>>) ", path.read_text(encoding="utf-8"), re.M):
            yield name


def main():
    root = pathlib.Path(sys.argv[1])
    problems, files = [], list(sources(root))
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        name = path.relative_to(root)
        if len(lines) > MOST_LINES:
            problems.append(f"{name}: {len(lines)} lines; at most {MOST_LINES}")
        if name.parts[0] in NO_SHARED_EXCEPTIONS and any("exception_ptr" in line for line in lines):
            problems.append(f"{name}: std::exception_ptr; Failure gives each thread a copy")
        for number, length in functions(lines):
            if length > MOST_FUNCTION_LINES:
                problems.append(f"{name}:{number}: a function of {length} lines; at most {MOST_FUNCTION_LINES}")
    problems += [f"{name}: marks of an unfinished merge" for name in marked_by_a_merge(root)]
    formatter = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not formatter:
        problems.append("clang-format is missing; run scripts/install-packages")
    else:
        check = subprocess.run([formatter, "--dry-run", "--ferror-limit=1", *map(str, files)],
                               capture_output=True, text=True, check=False)
        problems += sorted({line.replace(f"{root}/", "") for line in check.stderr.splitlines() if "warning:" in line})
    for problem in problems:
        print(problem)
    print(f"style: {len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
