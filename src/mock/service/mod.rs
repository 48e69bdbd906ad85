//! The services behind the gateway: one file per operation or family, and what they share.
//!
//! Order (DESIGN, mock): version and action → account state → throttle → parameters → the service's own judgement,
//! whose order each family documents.

mod account_state;
mod begin;
mod cloudauth_init;
mod cloudauth_material;
mod cloudauth_query;
mod context;
mod intl_check;
mod intl_init;
mod intl_result;
mod link;
mod meta_info;
mod page;
mod picture;
mod saf;
mod serve;
mod submit;
mod throttle;
mod verify_material;
mod verify_result;
mod verify_token;

pub(super) use context::Reply;
pub(super) use link::link;
pub(super) use serve::{operation_name, put_breach_first, serve};
pub(super) use submit::submit;
