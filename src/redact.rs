//! Removes secrets and personal data from what is written.
