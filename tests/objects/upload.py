"""Uploads the context of an image as the SDK does before it asks for a
snapshot, and prints the contexts' hashes.

usage: upload.py FOLDER
"""

import os
import sys

from daytona import Daytona, Image

folder = sys.argv[1]
image = (Image.base("debian:12.8")
         .add_local_file(os.path.join(folder, "small.txt"), "/small.txt")
         .add_local_dir(os.path.join(folder, "large"), "/large"))
snapshots = Daytona().snapshot
storage = getattr(snapshots, "_SnapshotService__object_storage_api")
print("\n".join(type(snapshots).process_image_context(storage, image)))
