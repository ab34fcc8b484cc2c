"""Prints, as JSON, what the installed toolbox client knows: each model's
members with whether the client insists on them, and each route it calls.

Run by the client's own interpreter.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re

import daytona_toolbox_api_client.api as api
import daytona_toolbox_api_client.models as models
from pydantic import BaseModel

ROUTE = re.compile(r"method='(\w+)',\s*resource_path='([^']+)'")


def wire_name(name, field):
    return field.serialization_alias or field.alias or name


def every_model():
    for found in pkgutil.iter_modules(models.__path__):
        module = importlib.import_module(f"{models.__name__}.{found.name}")
        for name, kind in vars(module).items():
            if (inspect.isclass(kind) and issubclass(kind, BaseModel)
                    and kind.__module__ == module.__name__):
                yield name, {
                    wire_name(member, field): field.is_required()
                    for member, field in kind.model_fields.items()
                    if member != "additional_properties"}


def every_route():
    folder = os.path.dirname(api.__file__)
    for file in sorted(os.listdir(folder)):
        if file.endswith(".py"):
            with open(os.path.join(folder, file), encoding="utf-8") as source:
                for method, path in ROUTE.findall(source.read()):
                    yield f"{method} {path}"


print(json.dumps({"models": dict(every_model()),
                  "routes": sorted(set(every_route()))}))
