//! One address for processes that come and go: connections lead to one of those that live, in turn.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub struct Front {
    address: SocketAddr,
    living: Arc<Mutex<BTreeMap<usize, SocketAddr>>>,
}

impl Front {
    /// Leads nowhere yet: connections are closed.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, living) = (listener.local_addr().unwrap(), Arc::<Mutex<BTreeMap<_, _>>>::default());
        let (front, turn) = (Self { address, living }, AtomicUsize::new(0));
        let leading = front.clone();
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let Some(to) = leading.next(&turn) else { continue };
                tokio::spawn(async move {
                    let Ok(mut there) = TcpStream::connect(to).await else { return };
                    let (_, _) = (here.set_nodelay(true), there.set_nodelay(true));
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
        });
        front
    }

    fn next(&self, turn: &AtomicUsize) -> Option<SocketAddr> {
        let living = self.living.lock().unwrap();
        let turn = turn.fetch_add(1, Ordering::Relaxed).checked_rem(living.len())?;
        living.values().nth(turn).copied()
    }

    /// This process lives here from now on; `None`: nowhere.
    pub fn lead(&self, process: usize, to: Option<SocketAddr>) {
        let mut living = self.living.lock().unwrap();
        match to {
            Some(address) => living.insert(process, address),
            None => living.remove(&process),
        };
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
