//! A TCP proxy that speaks just enough HTTP to know where a request begins: what goes wrong with one is said beforehand.
//! It never waits for a time of its own: what is late comes when it is released, or when the caller has given up.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It never arrives, and the connection is reset.
    Reset,
    /// It arrives up to so many bytes, and the connection is reset on both sides.
    CutRequest(usize),
    /// It arrives, and of the answer only so many bytes come back before the connection is reset.
    CutAnswer(usize),
    /// It arrives, and the answer comes late: when it is released, or never, if the caller has gone by then.
    Late,
    /// It is kept back until it is released; if the caller has gone by then, it arrives all the same.
    Delayed,
}

/// An address whose connections lead to another one.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: watch::Sender<Option<SocketAddr>>,
    troubles: Mutex<Vec<(String, Trouble)>>,
    /// How many troubles have been met.
    met: watch::Sender<usize>,
    /// Counts releases.
    released: watch::Sender<u64>,
}

impl Proxy {
    /// Leads to this address.
    pub async fn to(target: SocketAddr) -> Self {
        let proxy = Self::nowhere().await;
        proxy.aim(Some(target));
        proxy
    }

    /// Leads nowhere, until it is told where.
    pub async fn nowhere() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target: watch::Sender::new(None),
            troubles: Mutex::default(),
            met: watch::Sender::new(0),
            released: watch::Sender::new(0),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Some(to) = *serving.target.borrow() else { continue };
                let shared = serving.clone();
                tokio::spawn(async move {
                    let Ok(there) = TcpStream::connect(to).await else { return };
                    let (_, _) = (here.set_nodelay(true), there.set_nodelay(true));
                    let _ = shared.carry(here, there).await;
                });
            }
        });
        Self { address, shared }
    }

    /// New connections lead here from now on; `None`: they are closed.
    pub fn aim(&self, target: Option<SocketAddr>) {
        self.shared.target.send_replace(target);
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request whose head holds these words meets this. Asked in the order in which they were said.
    pub fn next(&self, words: &str, trouble: Trouble) {
        self.shared.troubles.lock().unwrap().push((words.to_owned(), trouble));
    }

    /// Waits until so many troubles in all have been met.
    pub async fn met(&self, troubles: usize) {
        self.shared.met.subscribe().wait_for(|met| *met >= troubles).await.unwrap();
    }

    /// Lets go of what is kept back now.
    pub fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }
}

impl Shared {
    /// Carries one connection to its end.
    async fn carry(&self, mut here: TcpStream, mut there: TcpStream) -> std::io::Result<()> {
        let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let (mut fresh, mut trouble) = (true, None);
        loop {
            tokio::select! {
                read = here.read(&mut up) => {
                    let length = read?;
                    if length == 0 {
                        return there.shutdown().await;
                    }
                    let piece = &up[..length];
                    if std::mem::replace(&mut fresh, false) {
                        trouble = self.meet(piece);
                    }
                    match trouble {
                        Some(Trouble::Reset) => return reset(&here),
                        Some(Trouble::CutRequest(bytes)) => {
                            there.write_all(&piece[..bytes.min(length)]).await?;
                            return reset(&here).and(reset(&there));
                        }
                        Some(Trouble::Delayed) => {
                            trouble = None;
                            self.released().await;
                            there.write_all(piece).await?;
                        }
                        _ => there.write_all(piece).await?,
                    }
                }
                read = there.read(&mut down) => {
                    let length = read?;
                    if length == 0 {
                        return here.shutdown().await;
                    }
                    let piece = &down[..length];
                    fresh = true;
                    match trouble.take() {
                        Some(Trouble::CutAnswer(bytes)) => {
                            here.write_all(&piece[..bytes.min(length)]).await?;
                            return reset(&here);
                        }
                        Some(Trouble::Late) => {
                            let gone = tokio::select! {
                                () = self.released() => false,
                                gone = here.read(&mut up) => matches!(gone, Ok(0) | Err(_)),
                            };
                            if gone {
                                return Ok(());
                            }
                            here.write_all(piece).await?;
                        }
                        _ => here.write_all(piece).await?,
                    }
                }
            }
        }
    }

    /// What goes wrong with the request that begins like this.
    fn meet(&self, piece: &[u8]) -> Option<Trouble> {
        let head = String::from_utf8_lossy(piece);
        let mut troubles = self.troubles.lock().unwrap();
        let at = troubles.iter().position(|(words, _)| head.contains(words))?;
        let (_, trouble) = troubles.remove(at);
        self.met.send_modify(|met| *met += 1);
        Some(trouble)
    }

    async fn released(&self) {
        let mut releases = self.released.subscribe();
        let _ = releases.changed().await;
    }
}

/// The other side learns that the connection is broken, not that it has ended.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_zero_linger()
}
