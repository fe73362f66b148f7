//! Holds a conversation in the terminal, everything in memory: what you type is a client's message.
//!
//! ```text
//! > Hi! Women's haircut with Ana on Thursday at 3pm?
//! < Let me check I have it right: … Shall I book it?
//!   1. Yes, book it
//! > 1
//! < You're booked! ✅
//! ```
//!
//! `cargo run --example console_chat`; an empty line or Ctrl-D ends it. The same few lines are a test of your own.

use chatplug::{
    calendar::{Calendar, demo},
    model::{BranchId, ChannelLimits, InstallId, TenantId},
    ports::{CalendarStore, Clock, SystemClock},
    reply::preview,
    testkit::{Chat, MemoryCalendarStore, VirtualClock},
};
use std::{
    io::{BufRead, Write},
    sync::Arc,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = VirtualClock::new(SystemClock.now());
    let (branch, install) = (BranchId::new("main")?, InstallId::new("own")?);
    let kept = MemoryCalendarStore::new().calendar(&TenantId::new("salon")?, &branch);
    let plan = demo::salon().validate().map_err(|problems| format!("{problems:?}"))?;
    let salon = Calendar::new(branch, install, plan, kept, Arc::new(clock.clone()));
    // A terminal has no buttons: choices come as a numbered text.
    let mut chat = Chat::with(Arc::new(salon), "main", clock).limits(ChannelLimits::text_only()).start().await;

    print!("> ");
    std::io::stdout().flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            break;
        }
        chat.says(&line).await;
        println!("{}\n", preview(chat.last()));
        print!("> ");
        std::io::stdout().flush()?;
    }
    Ok(())
}
