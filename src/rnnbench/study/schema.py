"""The configuration held against its schema, with errors that say what to do.

YAML 1.1 takes ``1e-3`` for a word, and Snakemake all that stands inside of a value on its command
line (``--config 'runs={num_epochs: 2}'``). So a word that is no setting where it stands, but would
be one as a number, is read as that number.
"""

import copy
import difflib
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from rnnbench.base.errors import StudyError

SCHEMA = Path(__file__).parent / "study.schema.yaml"
DEEPEST = 10  # mappings and lists within each other; the schema has 5
MOST_VALUES = 20_000  # of a configuration, written out; those that come along have 600
QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as quick where it is there
WHOLE = re.compile(r"[-+]?[0-9]{1,40}")
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)")


def read(paths: Sequence[Path]) -> dict[str, Any]:
    """All files in one; a later file overrides single keys, as ``snakemake --configfile`` does.

    Raises:
        StudyError: a file cannot be read, or is no mapping: its name and the line.
    """
    config: dict[str, Any] = {}
    for path in paths:
        try:
            part = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except FileNotFoundError:
            raise StudyError(
                f"{path}: expected a configuration file, found none. Correct the path."
            ) from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark and f", line {error.problem_mark.line + 1}"
            raise StudyError(
                f"{path}{line or ''}: expected YAML, found: {error.problem}. Correct it."
            ) from None
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            found = " ".join(str(error).split())
            raise StudyError(f"{path}: expected a YAML file, found: {found}. Correct it.") from None
        if not isinstance(part, dict):
            raise StudyError(f"{path}: expected keys and values, found {part!r:.60}. Correct it.")
        bound(part)
        config = _merged(config, part)
    return config


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Hold ``config`` against study.schema.yaml; return it with its numbers read.

    Raises:
        StudyError: one line per fault: the key, what was expected, what was found, what to do.
    """
    bound(config)
    read, errors = _read_numbers(dict(config))
    errors.sort(key=lambda error: list(map(str, error.path)))
    lines = [_fault(whole(), error) for error in errors] + [
        f"{key}: expected a number, found .nan." for key in _nans(read)
    ]
    if lines:
        raise StudyError(
            "the configuration cannot be run:\n  "
            + "\n  ".join(lines)
            + "\nconfig/README.md explains every key."
        )
    return read


def known(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` without the sections of stages that this release does not have."""
    return {name: part for name, part in config.items() if name in whole()["properties"]}


def off() -> dict[str, dict[str, Any]]:
    """Every section with its stage switched off: empty lists where there may be, else defaults."""
    parts = whole()["properties"].items()
    required = ((name, part) for name, part in parts if name not in whole()["optional"])
    return {name: _off(part) for name, part in required if "properties" in part}


def _off(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: []
        if key.get("type") == "array" and not key.get("minItems")
        else copy.deepcopy(key["default"])
        if "default" in key
        else _off(key)
        for name, key in part["properties"].items()
    }


def bound(config: Any) -> None:
    """Refuse what a few lines of YAML can say and no machine can walk through.

    Raises:
        StudyError: it names itself, or has too many values once every reference is written out.
    """
    values, left = 0, [(0, config)]
    while left:
        depth, value = left.pop()
        values += 1
        if depth > DEEPEST or values > MOST_VALUES:
            raise StudyError(
                f"the configuration: expected at most {MOST_VALUES:,} values, at most {DEEPEST} "
                "deep, found more. Shorten its lists, and let no anchor name what it is in."
            )
        inner = value.values() if isinstance(value, Mapping) else value
        if not isinstance(value, str | bytes) and isinstance(inner, Iterable):
            left += ((depth + 1, item) for item in itertools.islice(inner, MOST_VALUES))


def keys(part: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each key that the schema describes, with what it says: ``runs``, ``runs.seeds``, ..."""
    for name, key in part.get("properties", {}).items():
        if "description" in key:
            yield f"{where}{name}", key
            yield from keys(key, f"{where}{name}.")
            yield from keys(key.get("additionalProperties") or {}, f"{where}{name}.<name>.")


@cache
def whole() -> dict[str, Any]:
    """study.schema.yaml, by which no key of the default study may be missing.

    The file itself does not say so: a study of one's own, on top of the default, names a few.
    """
    schema: dict[str, Any] = yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=QUICK)
    sections = [part for part in schema["properties"].values() if "default" not in part]
    for part in [schema, *sections]:
        part["required"] = [name for name in part["properties"] if name not in schema["optional"]]
    return schema


def _validator(schema: dict[str, Any]) -> Any:
    """What holds values against a part of the schema. No float is a whole number: 3.0 is read."""
    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return jsonschema.validators.extend(draft, type_checker=types)(schema)


def _read_numbers(config: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The configuration with numbers for words that spell them, and what is wrong even so."""
    validator = _validator(whole())
    errors, read = list(validator.iter_errors(config)), config
    for error in errors:
        if error.validator in ("type", "anyOf"):
            fits = filter(_validator(error.schema).is_valid, _spelled(error.instance))
            for number in itertools.islice(fits, 1):
                read = _replaced(read, list(error.absolute_path), number)
    return read, errors if read is config else list(validator.iter_errors(read))


def _spelled(value: Any) -> Iterator[Any]:
    """The number that a word spells, and as a whole one; a list of words is one of numbers."""
    if isinstance(value, list):
        yield [next(_spelled(item), item) for item in value]
    elif isinstance(value, float):
        yield value
        if value.is_integer():
            yield int(value)
    elif isinstance(value, str) and WHOLE.fullmatch(value):
        yield int(value)
    elif isinstance(value, str) and NUMBER.fullmatch(value):
        yield from _spelled(float(value.lower().replace(".inf", "inf")))


def _replaced(inside: Any, path: list[Any], value: Any) -> Any:
    """A copy with one value changed; what it was copied from stays."""
    if not path:
        return value
    changed = copy.copy(inside)
    changed[path[0]] = _replaced(inside[path[0]], path[1:], value)
    return changed


def _fault(schema: dict[str, Any], error: jsonschema.ValidationError) -> str:
    where = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        return _unknown_keys(where, error)
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return (
            f"{where or 'top level'}: expected the keys {', '.join(missing)}, found none. Add them."
        )
    of_a_name = "propertyNames" in error.absolute_schema_path  # which is no part of the path
    expected = error.schema["title"] if of_a_name else _expected(schema, error.absolute_path)
    if error.validator == "uniqueItems":
        found = next(v for i, v in enumerate(error.instance) if v in error.instance[:i])
        return f"{where}: expected {expected}, each once, found {found!r} more than once."
    return f"{where}: expected {expected}, found {error.instance!r}."


def _unknown_keys(where: str, error: jsonschema.ValidationError) -> str:
    known = sorted(error.schema["properties"])
    unknown = sorted(set(map(str, error.instance)) - set(known))
    close = [f"Did you mean {name}?" for name in difflib.get_close_matches(unknown[0], known, n=1)]
    gone = error.schema.get("gone", {})  # key of an earlier release -> what to do instead
    hint = gone.get(unknown[0]) or next(iter(close), "Take it out.")
    return (
        f"{where or 'top level'}: unknown key {', '.join(unknown)}; "
        f"there are {', '.join(known)}. {hint}"
    )


def _expected(node: dict[str, Any], path: Iterable[Any]) -> str:
    """Return the title of what is at ``path``, or of the list or mapping that it is in."""
    found = "a mapping"
    for part in path:
        node = node.get("properties", {}).get(part, node.get("additionalProperties", node))
        if not isinstance(node, dict):
            break
        with_keys = f"a mapping with {', '.join(node.get('properties', {}))}"
        found = node.get("title") or ("properties" in node and with_keys) or found
    return found


def _nans(value: Any, where: str = "") -> Iterator[str]:
    """Yield the keys of NaNs, which pass every comparison of a schema."""
    if isinstance(value, float) and math.isnan(value):
        yield where
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from _nans(inner, f"{where}.{key}".lstrip("."))


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}
