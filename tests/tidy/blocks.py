"""Finds function bodies in C++ without a compiler: by braces and by what
stands before them. Good enough for code that clang-format has laid out."""

import re

TOKEN = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"([^()\\\s]{0,16})\((?:.|\n)*?\)\1"
      | "(?:\\.|[^"\\\n])*"
      | '(?:\\.|[^'\\\n])*'
      | ^\s*\#(?:\\\n|[^\n])*
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
TYPE_HEAD = re.compile(r"\b(namespace|class|struct|union|enum)\b")
CONTROL_HEAD = re.compile(
    r"^\s*(if|for|while|switch|do|else|try|catch|return|co_return|case|default)\b")


def blanked(text):
    """Comments, literals and directives as blanks; lines keep their numbers.
    Digit separators (1'000) are not character literals."""
    text = re.sub(r"(?<=\d)'(?=\d)", "_", text)

    def blank(match):
        token = match.group(0)
        kept = '""' if token[0] in "\"'R" else ""
        return kept + re.sub(r"[^\n]", " ", token)[len(kept):]

    return TOKEN.sub(blank, text)


def is_function_head(head):
    if "(" not in head or CONTROL_HEAD.match(head):
        return False
    before = head.split("(")[0]
    if TYPE_HEAD.search(before) or "=" in before.replace("operator=", ""):
        return False
    return bool(re.search(r"[\w>\])}]\s*$|\b(const|noexcept|override|final)\s*$",
                          head))


def name_of(head):
    match = re.search(r"(operator\s*\S+?|~?[\w:]+)\s*\(", head)
    return match.group(1) if match else "function"


def functions(text):
    """(name, head, first line, last line) of each outermost function."""
    code = blanked(text)
    inside, start = None, 0
    line, head_line = 1, 1
    is_block = []  # of each open brace: a block, or an initializer `a_{1}`
    for index, char in enumerate(code):
        if char == "\n":
            line += 1
        if inside is None and not code[start:index].strip():
            head_line = line
        if char == "{":
            is_block.append(code[index - 1].isspace())
            head = code[start:index]
            if inside is None and is_block[-1] and is_function_head(head):
                inside = (name_of(head), head, head_line, len(is_block))
            start = index + 1 if is_block[-1] else start
        elif char == "}":
            if inside is not None and len(is_block) == inside[3]:
                yield inside[0], inside[1], inside[2], line
                inside = None
            start = index + 1 if is_block and is_block.pop() else start
        elif char == ";" and inside is None:
            start = index + 1
