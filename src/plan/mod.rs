//! What will happen: cases with their accounts, twins and order, bounded by the target.
