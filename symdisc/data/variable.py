"""A script: prints the attributes of variable length of an HDF5 dataset and of its root, as JSON.

It runs in a process of its own with a time limit, because a damaged heap sends HDF5 into a loop without end.
Arguments: file, path of the dataset.
"""

import json
import sys

TEXT = ("kind", "axes", "spacing", "dt", "periodic", "DIMENSION_LABELS")
SCALES = "DIMENSION_LIST"
LIMIT = 64


def main(file: str, path: str) -> None:
    """Print {"dataset": {name: [words]}, "root": {...}}."""
    import h5py

    with h5py.File(file, "r", locking="best-effort") as opened:
        places = {"dataset": opened[path], "root": opened}
        print(json.dumps({key: read(place, h5py) for key, place in places.items()}))


def read(place, h5py):  # type: ignore[no-untyped-def]
    """Words of the text attributes; names of the datasets that the dimension list refers to."""
    found = {}
    for name in (*TEXT, SCALES):
        if not h5py.h5a.exists(place.id, name.encode()):
            continue
        identifier = h5py.h5a.open(place.id, name.encode())
        kind, count = identifier.get_type(), int(h5py.h5s.SpaceID.get_simple_extent_npoints(identifier.get_space()))
        if count > LIMIT:
            continue
        if kind.get_class() == h5py.h5t.STRING and kind.is_variable_str() and name in TEXT:
            value = place.attrs[name]
            words = [value] if isinstance(value, (str, bytes)) else list(value)
            found[name] = [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in words]
        elif (
            name == SCALES and kind.get_class() == h5py.h5t.VLEN and kind.get_super().get_class() == h5py.h5t.REFERENCE
        ):
            lists = place.attrs[name]
            found[name] = [place.file[next(iter(one))].name if len(one) else "" for one in lists]
    return found


if __name__ == "__main__":
    sys.path.pop(0)
    main(*sys.argv[1:])
