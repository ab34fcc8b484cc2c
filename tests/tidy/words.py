"""What must not be written in this tree: places that exist on one machine
only, the addresses of package registries, and talk about how it was made."""

import re

from tree import Finding

# Each is written in two parts so that this file does not name it.
PLACES = ["/wo" r"rk/(main|w|shared|\.library)", r"\.\./sha" r"red/",
          "/home/(?!daytona)[a-z]+/", "/ro" r"ot/\.\w"]
REGISTRIES = [
    r"registry\.npm" r"js\.org", r"npm" r"mirror\.com", r"files\.python"
    r"hosted\.org", r"\bpyp" r"i\.org", r"deb\.deb" r"ian\.org", r"security\.deb"
    r"ian\.org", r"repo1?\.maven\b", r"maven\.apa" r"che\.org",
    r"proxy\.gol" r"ang\.org", r"crat" r"es\.io", r"\"resol" r"ved\": \"http",
]
TALK = [r"\bC" r"EO\b", r"\bwork" r"place\b", r"\bsub-?ag" r"ent\b",
        r"\bthe br" r"ief\b", r"\bClau" r"de\b", r"\bAnth" r"ropic\b"]

RULES = {
    "place": re.compile("|".join(PLACES)),
    "registry": re.compile("|".join(REGISTRIES)),
    "talk": re.compile("|".join(TALK)),
}


def check(files):
    for file in files:
        if file.is_binary():
            continue
        for number, line in enumerate(file.lines, 1):
            for rule, pattern in RULES.items():
                match = pattern.search(line)
                if match:
                    yield Finding(rule, file.path, number,
                                  f"must not name {match.group(0)!r}")
