//! Webhook in, durable, 200: without workers, so that it is measured alone.

use crate::{
    business::{Place, SALONS, request, text},
    figures::{Times, cpu_seconds, resident},
};
use anyhow::Result;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const OFFERED: u32 = 500;
const INGEST_SECONDS: u32 = 8;

pub(crate) async fn ingest() -> Result<()> {
    let place = Arc::new(Place::open().await?);
    let requests: Vec<_> = (0..u64::from(OFFERED * INGEST_SECONDS))
        .map(|n| request(n, n, text("Olá! Queria marcar um corte para sexta às 15h")))
        .collect::<Result<_>>()?;
    for n in 0..2 * SALONS {
        // Routes are known and the file has grown a little before it counts.
        place.receive(&request(50_000_000 + n, 50_000_000 + n, text("Olá!"))?).await?;
    }
    let (count, cpu) = (requests.len(), cpu_seconds());
    let began = tokio::time::Instant::now() + Duration::from_millis(20);
    let mut tasks = Vec::with_capacity(count);
    for (n, request) in (0..).zip(requests) {
        let planned = began + Duration::from_secs(1) * n / OFFERED;
        tokio::time::sleep_until(planned).await;
        let place = place.clone();
        tasks.push(tokio::spawn(async move {
            // What it waited before it was begun counts: the sender does not care why.
            let begun = Instant::now();
            place.receive(&request).await?;
            anyhow::Ok((planned.elapsed(), begun.elapsed()))
        }));
    }
    let (mut from_plan, mut inside) = (Times::default(), Times::default());
    for task in tasks {
        let (planned, begun) = task.await??;
        from_plan.0.push(planned);
        inside.0.push(begun);
    }
    let seconds = began.elapsed().as_secs_f64();
    let each = (cpu_seconds() - cpu) * 1e3 / count as f64;
    println!("{OFFERED}/s offered, {:.0}/s taken, one new contact each", count as f64 / seconds);
    println!("from its planned moment to 200: {}", from_plan.told("ms"));
    println!("from the call to 200: {}", inside.told("ms"));
    println!("CPU {each:.3} ms each; resident {:.0} MiB", resident());
    Ok(())
}
