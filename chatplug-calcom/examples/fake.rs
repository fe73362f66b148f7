//! Runs the fake of Cal.com until it is stopped, for programs in any language:
//! `cargo run -p chatplug-calcom --features fake --example fake [address] [cloud|2025|2026]`.

use chatplug_calcom::fake::{FakeCalcom, Server};
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1);
    let address = given.next().map_or_else(|| Ok(SocketAddr::from(([127, 0, 0, 1], 0))), |address| address.parse())?;
    let server = match given.next().as_deref() {
        None | Some("2025") => Server::SelfHosted2025,
        Some("2026") => Server::Community2026,
        Some("cloud") => Server::Cloud,
        Some(other) => return Err(format!("there is no server {other}: cloud, 2025 or 2026").into()),
    };
    let fake = FakeCalcom::start_at(address).await?;
    fake.be(server);
    println!("API            {}/v2", fake.base_url());
    println!("API key        {}", FakeCalcom::KEY);
    println!("another's key  {}", FakeCalcom::STRANGERS_KEY);
    println!("platform       {} {}", FakeCalcom::CLIENT_ID, FakeCalcom::CLIENT_SECRET);
    println!("event types    GET /v2/event-types?username=anna and GET /v2/teams/1/event-types");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
