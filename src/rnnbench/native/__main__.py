"""Build the native training step, and say in one line what was done.

Usage: ``python -m rnnbench.native``. A machine without a compiler is no error: the variants that
need one say so in their rows.
"""

from rnnbench import native

try:
    built = native.build()
    names = ", ".join(native.isas())
    print(f"rnnbench: native training step {'built' if built else 'is there'} ({names})")
except native.NativeError as error:
    print(f"rnnbench: no native training step: {error}; its variants will say so")
