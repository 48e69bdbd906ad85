//! Builds a request from case, sandbox, contract and signer.
