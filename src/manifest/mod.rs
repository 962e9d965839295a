//! The manifest engine: YAML bytes in, YAML bytes out; what is not edited is passed through byte for byte.
