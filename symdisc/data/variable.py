"""A script: prints attributes of variable length of an HDF5 file, as JSON.

It runs in a process of its own with a limit of CPU time, because a damaged heap sends HDF5 into a loop without end.
Arguments: file, path of a dataset; then those attributes of it and of its root that every data set is asked for. Or:
file, "-", JSON object {path: [names of text attributes]}.
"""

import contextlib
import json
import sys

TEXT = ("kind", "axes", "spacing", "dt", "periodic", "DIMENSION_LABELS")
SCALES = "DIMENSION_LIST"
LIMIT = 64
# Many times what an import of h5py takes; wall time would refuse honest files where others keep the machine busy.
CPU_SECONDS = 5


def main(file: str, path: str, wanted: str = "") -> None:
    """Print {"dataset": {name: [words]}, "root": {...}}; with `wanted` {path: {name: [words]}}."""
    import h5py

    with h5py.File(file, "r", locking="best-effort") as opened:
        if wanted:
            places = json.loads(wanted).items()
            print(json.dumps({place: read(opened[place or "/"], h5py, names) for place, names in places}))
            return
        found = {"dataset": opened[path], "root": opened}
        print(json.dumps({key: read(place, h5py, (*TEXT, SCALES)) for key, place in found.items()}))


def read(place, h5py, names):  # type: ignore[no-untyped-def]
    """Words of the text attributes; names of the datasets that the dimension list refers to."""
    found = {}
    for name in names:
        if not h5py.h5a.exists(place.id, name.encode()):
            continue
        identifier = h5py.h5a.open(place.id, name.encode())
        kind, count = identifier.get_type(), int(h5py.h5s.SpaceID.get_simple_extent_npoints(identifier.get_space()))
        if count > LIMIT:
            continue
        if kind.get_class() == h5py.h5t.STRING and kind.is_variable_str():
            value = place.attrs[name]
            words = [value] if isinstance(value, (str, bytes)) else list(value.reshape(-1))
            found[name] = [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in words]
        elif (
            name == SCALES and kind.get_class() == h5py.h5t.VLEN and kind.get_super().get_class() == h5py.h5t.REFERENCE
        ):
            lists = place.attrs[name]
            found[name] = [place.file[next(iter(one))].name if len(one) else "" for one in lists]
    return found


if __name__ == "__main__":
    sys.path.pop(0)
    with contextlib.suppress(ImportError):  # no such limits on this system
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    main(*sys.argv[1:])
