#!/usr/bin/env python3
"""Compiles files into a C array.

    embed.py OUTPUT ARRAY=FILE...

OUTPUT is a C file that defines, for every ARRAY in the order of its first file, `const struct embedded_file ARRAY[]` as
src/base/embedded.h declares it. A header of the user's declares the array.
"""

import pathlib
import sys

# C compilers need not take string literals longer than 4,095 characters; the two that we use do.
HEAD = '#include "base/embedded.h"\n\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n'


def c_text(data: bytes) -> str:
    lines = []
    for line in data.split(b"\n"):
        lines.append("".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in line))
    return "\n".join(f'    "{line}\\n"' for line in lines[:-1]) + f'\n    "{lines[-1]}"'


def c_array(array: str, paths: list[pathlib.Path]) -> str:
    texts, entries = [], []
    for number, path in enumerate(paths):
        data = path.read_bytes()
        texts.append(f"static const char {array}_{number}[] =\n{c_text(data)};\n")
        entries.append(f'    {{"{path.name}", {array}_{number}, {len(data)}}},\n')
    declaration = f"extern const struct embedded_file {array}[];\nconst struct embedded_file {array}[]"
    return "\n".join(texts) + f"\n{declaration} = {{\n{''.join(entries)}    {{NULL, NULL, 0}},\n}};\n"


def main(arguments: list[str]) -> int:
    if len(arguments) < 2 or any("=" not in argument for argument in arguments[1:]):
        print(__doc__, file=sys.stderr)
        return 2
    arrays: dict[str, list[pathlib.Path]] = {}
    for argument in arguments[1:]:
        array, _, path = argument.partition("=")
        arrays.setdefault(array, []).append(pathlib.Path(path))
    parts = [HEAD] + [c_array(array, paths) for array, paths in arrays.items()]
    pathlib.Path(arguments[0]).write_text("\n".join(parts), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
