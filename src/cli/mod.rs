//! Arguments → settings → one file per command.
