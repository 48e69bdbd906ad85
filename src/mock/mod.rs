//! The only server side: gateway, services, lifecycle, faults, journal.
