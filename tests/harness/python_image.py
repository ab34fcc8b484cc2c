"""A layer with Python and pip, of the files that the distribution's packages
put on this host, and a wheel to install with it."""

import glob
import io
import os
import re
import subprocess
import zipfile

PROGRAM = "/usr/bin/python3"
WHEELS = "/usr/share/python-wheels"
LEFT_OUT = ("/test/", "/idlelib/", "/lib2to3/", "/tkinter/", "/config-3",
            "/turtledemo/", "/pydoc_data/", "/__pycache__/",
            "/EXTERNALLY-MANAGED")


def _libraries(programs):
    """{where it is looked for} of all that they are linked with."""
    found = set()
    for program in programs:
        said = subprocess.run(["ldd", program], capture_output=True, text=True,
                              check=False).stdout
        found.update(re.findall(r"(/\S+)\s+\(0x", said))
    return found


def add_python(layer):
    """To a layer with a shell; `python` and `pip` are on /usr/bin."""
    program = os.path.realpath(PROGRAM)
    library = "/usr/lib/" + os.path.basename(program)
    wheels = glob.glob(WHEELS + "/pip-*.whl")
    if not os.path.isdir(library) or not wheels:
        raise SystemExit("python3 and python3-pip-whl are not installed")
    names = [program]
    for folder, _, files in os.walk(library):
        names += [os.path.join(folder, name) for name in files]
    names = [name for name in names if os.path.isfile(name)
             and not any(part in name for part in LEFT_OUT)]
    names += _libraries([n for n in names if n.endswith(".so")] + [program])
    for name in sorted(set(names)):
        with open(name, "rb") as file:
            layer.file(name[1:], file.read(), os.stat(name).st_mode & 0o777)
    layer.link("usr/bin/python", os.path.basename(program))
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in wheel.namelist():
            layer.file("usr/lib/python3/dist-packages/" + name,
                       wheel.read(name))
    return layer


def put_wheel(folder, name, version, text):
    """A package of one module, and the index that leads to it."""
    module = name.replace("-", "_")
    file = f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as wheel:
        wheel.writestr(module + ".py", text)
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\n"
                       f"Name: {name}\nVersion: {version}\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\n"
                       "Root-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "/RECORD", "")
    where = os.path.join(folder, "simple", name)
    os.makedirs(where)
    with open(os.path.join(where, file), "wb") as out:
        out.write(data.getvalue())
    with open(os.path.join(where, "index.html"), "w", encoding="ascii") as out:
        out.write(f'<a href="{file}">{file}</a>\n')
