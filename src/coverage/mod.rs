//! Figures over the contracts: requirements × events → covered, wrong.
