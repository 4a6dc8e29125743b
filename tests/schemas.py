"""A small check of JSON against the part of JSON Schema that summary.schema.json uses."""

from __future__ import annotations

import re

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}
KNOWN = {
    *("$schema", "title", "description", "type", "const", "enum", "anyOf", "required", "properties", "pattern"),
    *("additionalProperties", "items", "minItems", "maxItems", "minimum", "exclusiveMinimum", "exclusiveMaximum"),
}


def problems(value, schema, place="$"):
    """What is wrong with a value, one line each."""
    assert set(schema) <= KNOWN, f"{place}: this check does not know {set(schema) - KNOWN}"
    if "anyOf" in schema and all(problems(value, choice, place) for choice in schema["anyOf"]):
        return [f"{place}: none of the choices"]
    if "const" in schema and value != schema["const"]:
        return [f"{place}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place}: {value!r} is not one of {schema['enum']}"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{place}: {value!r} is no {kinds}"]
    found = []
    if isinstance(value, dict):
        found += [f"{place}: no {name}" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            rest = schema.get("additionalProperties", True)
            if name in schema.get("properties", {}):
                found += problems(item, schema["properties"][name], f"{place}.{name}")
            elif rest is False:
                found.append(f"{place}: {name} is not expected")
            elif isinstance(rest, dict):
                found += problems(item, rest, f"{place}.{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{place}: {len(value)} items")
        for index, item in enumerate(value):
            found += problems(item, schema.get("items", {}), f"{place}[{index}]")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{place}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, above, below = (schema.get(key) for key in ("minimum", "exclusiveMinimum", "exclusiveMaximum"))
        if (low is not None and value < low) or (above is not None and value <= above):
            found.append(f"{place}: {value} is too small")
        if below is not None and value >= below:
            found.append(f"{place}: {value} is too large")
    return found


def _is(value, kind):
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
