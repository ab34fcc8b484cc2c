"""Takes the examples out of README.md and runs them against a server.

The example in each language is the first block of that language; what both
must print is the first block marked `text` after them.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import clients
from api_server import server_for

ROOT = os.path.dirname(os.path.dirname(clients.HERE))
LIMIT = 120  # seconds


def blocks():
    """(language, text) of each fenced block of the README."""
    with open(os.path.join(ROOT, "README.md")) as stream:
        text = stream.read()
    return re.findall(r"^```(\w+)\n(.*?)^```$", text,
                      re.MULTILINE | re.DOTALL)


def first(language):
    for found, text in blocks():
        if found == language:
            return text
    raise SystemExit(f"README.md has no example in {language}")


def run_typescript(code, environment):
    folder = clients.typescript(clients.README_TYPESCRIPT)
    with tempfile.TemporaryDirectory(prefix="varve-readme-") as scratch:
        os.symlink(os.path.join(folder, "node_modules"),
                   os.path.join(scratch, "node_modules"))
        return run(["node", "example.mjs"], scratch, code, environment)


def run_python(code, environment):
    interpreter = clients.python(clients.README_PYTHON)
    with tempfile.TemporaryDirectory(prefix="varve-readme-") as scratch:
        return run([interpreter, "example.py"], scratch, code, environment)


def run(command, folder, code, environment):
    with open(os.path.join(folder, command[-1]), "w") as stream:
        stream.write(code)
    return subprocess.run(command, cwd=folder, env=environment, text=True,
                          capture_output=True, timeout=LIMIT, check=False)


def prints_what_it_says(language, answer, expected):
    if answer.returncode == 0 and answer.stdout.strip() == expected.strip():
        print(f"ok the {language} example")
        return True
    print(f"FAILED the {language} example: exit {answer.returncode}\n"
          f"{answer.stdout}{answer.stderr}")
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--server-from-env", action="store_true")
    chosen = parser.parse_args()
    runners = {"typescript": run_typescript, "python": run_python}
    expected = first("text")
    with server_for(chosen) as server:
        environment = server.environment
        good = [prints_what_it_says(language,
                                    runner(first(language), environment),
                                    expected)
                for language, runner in runners.items()]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
