//! Runs the fake of Altegio until it is stopped, for programs in any language:
//! `cargo run -p chatplug-altegio --features fake --example fake [address] [marketplace address]`.

use chatplug_altegio::fake::FakeAltegio;
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1).map(|address| address.parse::<SocketAddr>());
    let mut next = || given.next().unwrap_or_else(|| Ok(SocketAddr::from(([127, 0, 0, 1], 0))));
    let fake = FakeAltegio::start_at(next()?, next()?).await?;
    println!("business API   {}", fake.base_url());
    println!("marketplace    {}", fake.marketplace_url());
    println!("partner token  {}", FakeAltegio::PARTNER_TOKEN);
    println!("user token     {}", FakeAltegio::USER_TOKEN);
    println!("location       {}", FakeAltegio::SALON);
    tokio::signal::ctrl_c().await?;
    Ok(())
}
