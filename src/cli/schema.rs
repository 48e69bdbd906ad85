//! `idvet schema`: the JSON Schema of each file format.

use super::args::{SchemaArgs, SchemaName};
use super::{Failure, World, exit};
use crate::contract::contract_schema;
use crate::control::control_schema;
use crate::coverage::ledger_schema;
use crate::judge::protocol::driver_schema;
use crate::judge::suite::sdk_suite_schema;
use crate::load_profile::profile_schema;
use crate::report::{event_schema, report_schema};
use crate::suite::suite_schema;
use crate::target::target_schema;

pub(super) fn run(args: &SchemaArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let schema = match args.name {
        SchemaName::Contract => contract_schema(),
        SchemaName::Suite => suite_schema(),
        SchemaName::Target => target_schema(),
        SchemaName::KnownFailures => ledger_schema(),
        SchemaName::Events => event_schema(),
        SchemaName::Report => report_schema(),
        SchemaName::Control => control_schema(),
        SchemaName::Driver => driver_schema(),
        SchemaName::LoadProfile => profile_schema(),
        SchemaName::SdkSuite => sdk_suite_schema(),
    };
    world.print(&format!("{schema:#}\n"))?;
    Ok(exit::SATISFIED)
}
