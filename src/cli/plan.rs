//! `idvet plan`: what a load profile will ask of a target, and whether its limits allow it. Sends nothing.

use clap::Args;
use serde_json::{Value, json};

use super::args::SuitesArg;
use super::profile::find_profile;
use super::settings::{TargetArgs, load, resolve};
use super::{Failure, World, exit};
use crate::load_profile::{Between, Demand, LimitDemand, LimitOrigin, Limits, LoadProfile, UsersADay};
use crate::target::model::Target;

/// What `idvet plan` is told.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Load profile: a name among those of the suites (`idvet list profiles`), or a file
    #[arg(value_name = "PROFILE")]
    pub profile: String,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub suites: SuitesArg,
    /// Say which limit binds first when so many users come a day, each for one transaction
    #[arg(long, value_name = "N")]
    pub users: Option<u64>,
    /// Calls of the step that asks for the result, on average
    #[arg(long, value_name = "N", default_value_t = 1.0, requires = "users")]
    pub polls: f64,
    /// Percent of a day's users that come in the busiest hour
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, requires = "users")]
    pub busiest_hour: f64,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &PlanArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    if !(args.polls >= 1.0 && args.busiest_hour > 0.0 && args.busiest_hour <= 100.0) {
        return Err(Failure::usage("use --polls and --busiest-hour: at least 1 call, and above 0 to 100 percent"));
    }
    let loaded = load(&args.suites, world)?;
    let profile = find_profile(&args.profile, &loaded, 1, world)?;
    let target = resolve(&args.target, &loaded.files, world)?.target;
    let limits = Limits::of(&profile.calls, &loaded.contracts, &target.budgets, profile.file.beyond_limits);
    let demand = Demand::of(&profile, &limits, &target.budgets);
    let users = args.users.map(|users| {
        let users_a_day = UsersADay::of(&profile, &limits, (users as f64, args.busiest_hour / 100.0, args.polls));
        (users, users_a_day)
    });
    let text = match args.json {
        true => format!("{:#}\n", as_json(&profile, &target, &demand, users.as_ref())),
        false => as_text(&profile, &target, &demand, users.as_ref(), args),
    };
    world.print(&text)?;
    Ok(if demand.problems.is_empty() { exit::SATISFIED } else { exit::BUDGET })
}

/// Writes a figure without a fraction that says nothing.
fn figure(number: f64) -> String {
    match number {
        number if number >= 100.0 || (number - number.round()).abs() < 0.005 => format!("{number:.0}"),
        number if number >= 1.0 => format!("{number:.1}"),
        number => format!("{number:.3}"),
    }
}

fn between(range: Between) -> String {
    match (figure(range.least), figure(range.most)) {
        (least, most) if least == most => least,
        (least, most) => format!("{least} to {most}"),
    }
}

fn as_text(
    profile: &LoadProfile,
    target: &Target,
    demand: &Demand,
    users: Option<&(u64, UsersADay)>,
    args: &PlanArgs,
) -> String {
    let mut text = format!(
        "{} on {}: {} arrivals in {} s, at most {} a second\n\n",
        profile.name,
        target.name,
        figure(demand.arrivals),
        figure(demand.seconds),
        figure(demand.peak_rate)
    );
    let rows = demand.steps.iter().map(|step| {
        let billed = if step.billable { "may be billed" } else { "" };
        [
            step.label.clone(),
            format!("{}.{}", step.api, step.operation),
            between(step.calls),
            between(step.peak),
            billed.to_owned(),
        ]
    });
    text.push_str(&table(["step", "operation", "calls", "a second at peak", ""], rows.collect()));
    if !demand.limits.is_empty() {
        text.push('\n');
        text.push_str(&table(
            ["limit", "calls a second", "at peak", "share", "from"],
            demand.limits.iter().map(limit_row).collect(),
        ));
    }
    let budget = demand.billable_limit.map_or("no budget is set".to_owned(), |most| format!("the budget is {most}"));
    text.push_str(&format!("\nbilled calls: {} ({budget})\n", between(demand.billable)));
    if let Some((users, forecast)) = users {
        text.push_str(&users_text(*users, forecast, args));
    }
    demand.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
    demand.problems.iter().for_each(|problem| text.push_str(&format!("impossible: {problem}\n")));
    text
}

fn limit_row(demanded: &LimitDemand) -> [String; 5] {
    let share = demanded.share();
    let share = Between { least: share.least * 100.0, most: share.most * 100.0 };
    [
        demanded.limit.name(),
        demanded.limit.per_second.to_string(),
        between(demanded.peak),
        format!("{} %", between(share)),
        match demanded.limit.origin {
            LimitOrigin::Documented => "documented".to_owned(),
            LimitOrigin::Budget => "budget".to_owned(),
        },
    ]
}

fn users_text(users: u64, forecast: &UsersADay, args: &PlanArgs) -> String {
    let mut text = format!(
        "\n{users} users a day, {} % of them in the busiest hour, {} calls for each result: {} transactions a second\n\n",
        figure(args.busiest_hour),
        figure(args.polls),
        figure(forecast.rate)
    );
    let rows: Vec<[String; 5]> = forecast
        .by_limit
        .iter()
        .map(|(demanded, most)| {
            let share = demanded.share().least * 100.0;
            [
                demanded.limit.name(),
                demanded.limit.per_second.to_string(),
                between(demanded.peak),
                format!("{} %", figure(share)),
                figure(most.floor()),
            ]
        })
        .collect();
    match rows.first() {
        None => text.push_str("no limit is known that could bind\n"),
        Some(first) => {
            let binds = format!("binds first: {}, at {} users a day\n", first[0], first[4]);
            text.push_str(&table(["limit", "calls a second", "asked", "share", "most users a day"], rows.clone()));
            text.push_str(&binds);
        }
    }
    text
}

fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut widths = head.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut text = line(head.to_vec());
    rows.iter().for_each(|row| text.push_str(&line(row.iter().map(String::as_str).collect())));
    text
}

fn as_json(profile: &LoadProfile, target: &Target, demand: &Demand, users: Option<&(u64, UsersADay)>) -> Value {
    let range = |range: Between| json!({ "least": range.least, "most": range.most });
    let limit = |demanded: &LimitDemand| {
        json!({
            "limit": demanded.limit.name(), "per_second": demanded.limit.per_second,
            "documented": demanded.limit.origin == LimitOrigin::Documented, "peak": range(demanded.peak),
        })
    };
    let users = users.map(|(users, forecast)| {
        let limits = forecast.by_limit.iter().map(|(demanded, most)| {
            let mut row = limit(demanded);
            row["most_users_a_day"] = json!(most.floor());
            row
        });
        json!({ "users_a_day": users, "transactions_per_second": forecast.rate, "limits": limits.collect::<Vec<_>>() })
    });
    json!({
        "profile": profile.name, "target": target.name,
        "arrivals": demand.arrivals, "seconds": demand.seconds, "peak_per_second": demand.peak_rate,
        "steps": demand.steps.iter().map(|step| json!({
            "step": step.label, "operation": format!("{}.{}", step.api, step.operation),
            "calls": range(step.calls), "peak_per_second": range(step.peak), "billable": step.billable,
        })).collect::<Vec<_>>(),
        "limits": demand.limits.iter().map(limit).collect::<Vec<_>>(),
        "billable_calls": range(demand.billable), "billable_budget": demand.billable_limit,
        "users": users, "notes": demand.notes, "problems": demand.problems,
    })
}
