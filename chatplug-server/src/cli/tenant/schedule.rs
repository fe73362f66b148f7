//! `chatplug tenant schedule`: working hours and absences at Cal.com.

use super::{AwayReason, Failure, ScheduleArgs, ScheduleCommand, ask, calcom, read};
use crate::{booking::Bookings, config::Environment};
use chatplug_calcom::{
    AbsenceReason, CalcomAbsence, CalcomFinding, CalcomSchedule, CalcomSchedules, ScheduleError, ScheduleOwner,
};
use chatplug_core::ports::SystemClock;
use chrono::{NaiveDate, NaiveTime};
use std::sync::Arc;

/// Shows or changes.
pub(super) async fn run(args: &ScheduleArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenant = ask::listed(&config, &args.tenant)?;
    let Some(tenant) = config.tenants.iter().find(|known| known.id == tenant) else { return Ok(()) };
    let meant = calcom::meant(tenant, args.branch.as_slice())?;
    let [(branch, place)] = meant.as_slice() else {
        return Err(Failure::usage("error: several branches are at Cal.com: choose one with --branch"));
    };
    let owner = match (args.user, place.organization) {
        (None, _) => ScheduleOwner::Caller,
        (Some(user), Some(organization)) => ScheduleOwner::Member { organization, user },
        (Some(_), None) => {
            return Err(Failure::usage(format!(
                "error: --user: branch {} is in no organisation, and without one everybody sees their own schedules alone; \
                 in one, write organization = NUMBER under [tenant.branch.calcom]",
                branch.id
            )));
        }
    };
    let stores = ask::open(&config).await?;
    stores.register(&config, &tenant.id).await?;
    let bookings = Bookings::new(&config, &stores, Arc::new(SystemClock))?;
    let backend = bookings.calcom(tenant, &branch.id, place).await?;
    let schedules = CalcomSchedules::new(backend.client().clone(), owner);
    let done = carry_out(&schedules, args, owner).await;
    stores.close().await;
    done.map_err(|error| explain(&error))
}

async fn carry_out(
    schedules: &CalcomSchedules,
    args: &ScheduleArgs,
    owner: ScheduleOwner,
) -> Result<(), ScheduleError> {
    let id = args.schedule;
    match &args.command {
        ScheduleCommand::Show => {
            let all = match id {
                Some(id) => vec![schedules.one(Some(id)).await?],
                None => schedules.list().await?,
            };
            if all.is_empty() {
                return Err(ScheduleError::None);
            }
            all.iter().for_each(show);
            if owner != ScheduleOwner::Caller {
                let absences = schedules.absences().await?;
                absences.iter().for_each(|one| println!("{}", absence(one)));
            }
        }
        ScheduleCommand::Set { date, hours } => tell(&schedules.set(id, *date, hours).await?, *date),
        ScheduleCommand::Close { date } => tell(&schedules.close(id, *date).await?, *date),
        ScheduleCommand::Clear { date } => tell(&schedules.clear(id, *date).await?, *date),
        ScheduleCommand::Away { from, to, reason, instead } => {
            println!("{}", absence(&schedules.leave(*from, *to, reason.known(), *instead).await?));
        }
        ScheduleCommand::Back { id } => {
            schedules.come_back(*id).await?;
            println!("absence {id} is taken out");
        }
    }
    Ok(())
}

impl AwayReason {
    const fn known(self) -> AbsenceReason {
        match self {
            Self::Unspecified => AbsenceReason::Unspecified,
            Self::Vacation => AbsenceReason::Vacation,
            Self::Travel => AbsenceReason::Travel,
            Self::Sick => AbsenceReason::Sick,
            Self::PublicHoliday => AbsenceReason::PublicHoliday,
        }
    }
}

/// Hours as they are typed: `10:00-12:00`.
pub(super) fn hours(text: &str) -> Result<(NaiveTime, NaiveTime), String> {
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let read = text.split_once('-').and_then(|(from, to)| time(from).zip(time(to)));
    read.ok_or_else(|| "write hours such as 10:00-12:00".to_owned())
}

fn show(schedule: &CalcomSchedule) {
    let CalcomSchedule { id, name, zone, is_default, .. } = schedule;
    println!("schedule {id} \"{name}\", {zone}{}", if *is_default { ", the usual one" } else { "" });
    for hours in &schedule.week {
        println!("  {}  {}", stretch(hours.from, hours.to), hours.days.join(", "));
    }
    for day in &schedule.days {
        match day.is_closed() {
            true => println!("  {}  closed", day.date),
            false => println!("  {}  {}", day.date, stretch(day.from, day.to)),
        }
    }
}

/// How a date is now.
fn tell(schedule: &CalcomSchedule, date: NaiveDate) {
    let hours: Vec<String> = schedule
        .days
        .iter()
        .filter(|day| day.date == date)
        .map(|day| if day.is_closed() { "closed".to_owned() } else { stretch(day.from, day.to) })
        .collect();
    let hours = if hours.is_empty() { "the usual hours".to_owned() } else { hours.join(", ") };
    println!("{date}: {hours} (schedule {} \"{}\", {})", schedule.id, schedule.name, schedule.zone);
}

fn absence(one: &CalcomAbsence) -> String {
    let reason = if one.reason.is_empty() { String::new() } else { format!(" ({})", one.reason) };
    format!("absence {}: {} to {}{reason}", one.id, one.from, one.to)
}

fn stretch(from: NaiveTime, to: NaiveTime) -> String {
    format!("{}-{}", from.format("%H:%M"), to.format("%H:%M"))
}

fn explain(error: &ScheduleError) -> Failure {
    match error {
        ScheduleError::Call(error) => {
            let finding = CalcomFinding::of_call("the schedule", error);
            Failure::refused(format!("error: {finding}\n    → {}", finding.todo()))
        }
        error => Failure::refused(format!("error: {error}")),
    }
}
