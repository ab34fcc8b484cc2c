"""Language servers of the image."""

from daytona import DaytonaError
from daytona.common.lsp_server import LspCompletionPosition

from stage import fails, holds, of, same

PYTHON = b"""class Greeter:
    def greet(self):
        return "hi"

Greeter().
"""


def names(symbols):
    return [symbol.name for symbol in symbols]


def contains(needle, found):
    holds(needle in found, f"no {needle} in {found}")


async def understands_python(sandbox, _):
    await of(sandbox.fs.upload_file(PYTHON, "snake/main.py"))
    lsp = sandbox.create_lsp_server("python", "snake")
    await of(lsp.start())
    await of(lsp.did_open("snake/main.py"))
    symbols = await of(lsp.document_symbols("snake/main.py"))
    contains("greet", names(symbols))
    greeter = [each for each in symbols if each.name == "Greeter"][0]
    holds(greeter.location.uri.endswith("snake/main.py"), greeter.location.uri)
    same(greeter.location.range.start.line, 0)
    found = await of(lsp.completions(
        "snake/main.py", LspCompletionPosition(line=4, character=10)))
    holds(any(item.label.startswith("greet") for item in found.items),
          str(found))
    contains("Greeter", names(await of(lsp.sandbox_symbols("Greeter"))))
    await of(lsp.did_close("snake/main.py"))
    await of(lsp.stop())


async def refuses_what_is_not_started(sandbox, _):
    lsp = sandbox.create_lsp_server("python", "never-started")
    refused = await fails(DaytonaError, lsp.document_symbols,
                          "never-started/main.py")
    same(refused.status_code, 400)


STEPS = [
    ("understands Python", understands_python),
    ("refuses what is not started", refuses_what_is_not_started),
]
