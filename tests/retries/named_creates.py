"""Creates sandboxes by name through an official SDK, as a careful program
does on a bad line: what fails is looked for by its name, and made again only
when it is not there. Prints {name: id}. Arguments: the names."""

import json
import sys

import daytona

ATTEMPTS = 8


def made(client, name):
    for _ in range(ATTEMPTS):
        try:
            return client.create(
                daytona.CreateSandboxFromSnapshotParams(name=name))
        except Exception:  # whatever an SDK makes of a broken connection
            pass
        try:
            return client.get(name)
        except daytona.DaytonaNotFoundError:
            pass
    raise SystemExit(f"{name} could not be made in {ATTEMPTS} attempts")


def main():
    client = daytona.Daytona()
    print(json.dumps({name: made(client, name).id for name in sys.argv[1:]}))


if __name__ == "__main__":
    main()
