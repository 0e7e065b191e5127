"""The contract's output and input types, one module a subject; `Type.of(row)` makes one from a row."""
