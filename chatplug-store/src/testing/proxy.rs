//! A wire that can be troubled on purpose: a TCP proxy in front of a database, or of a vendor's fake.
//!
//! Trouble that aims at one exchange is aimed by bytes of the request, so that a test needs no clock to hit it, and can
//! [wait](TroubledWire::struck) until it has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// A TCP proxy on a port of its own, gone with the value.
#[derive(Debug)]
pub struct TroubledWire {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What is wrong with the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Nothing.
    None,
    /// Connections are reset, those that are there and those that come.
    Reset,
    /// Nothing passes any more, either way; nobody is told. What was held passes when the trouble is over.
    BlackHole,
    /// Each piece takes so much longer, either way.
    Delay(Duration),
    /// So many more bytes of answers pass, of all connections together; then each is reset in the middle of one.
    Truncate(usize),
    /// A request with these bytes in it does not arrive: the connection is reset instead.
    LoseRequest(Vec<u8>),
    /// A request with these bytes in it arrives and is answered; in place of the answer the connection is reset.
    LoseAnswer(Vec<u8>),
    /// The answer to a request with these bytes in it comes late: when the trouble is over. Others on the same connection
    /// wait behind it.
    HoldAnswer(Vec<u8>),
}

#[derive(Debug)]
struct Shared {
    target: String,
    trouble: watch::Sender<Trouble>,
    cuts: watch::Sender<u64>,
    struck: watch::Sender<u64>,
    /// Bytes that may pass before [`Trouble::Truncate`] strikes.
    left: AtomicUsize,
    taken: AtomicU64,
}

impl TroubledWire {
    /// A wire to `HOST:PORT`, without trouble yet.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn to(target: impl Into<String>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            target: target.into(),
            trouble: watch::Sender::new(Trouble::None),
            cuts: watch::Sender::new(0),
            struck: watch::Sender::new(0),
            left: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(Arc::clone(&shared).accept(listener));
        Ok(Self { port, shared, accepting })
    }

    /// Where it listens on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Troubles it from now on, in this way only.
    pub fn trouble(&self, trouble: Trouble) {
        if let Trouble::Truncate(bytes) = trouble {
            self.shared.left.store(bytes, Ordering::SeqCst);
        }
        let reset = trouble == Trouble::Reset;
        self.shared.trouble.send_replace(trouble);
        if reset {
            self.cut();
        }
    }

    /// Ends the trouble.
    pub fn calm(&self) {
        self.trouble(Trouble::None);
    }

    /// Resets the connections that are there; new ones pass.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How often trouble has struck: a connection was reset, an answer or a piece was held.
    #[must_use]
    pub fn strikes(&self) -> u64 {
        *self.shared.struck.borrow()
    }

    /// Waits until trouble has struck more often than `before`.
    pub async fn struck(&self, before: u64) {
        // The sender lives as long as `self`.
        let _ = self.shared.struck.subscribe().wait_for(|strikes| *strikes > before).await;
    }

    /// How many connections it has taken so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::SeqCst)
    }
}

impl Drop for TroubledWire {
    fn drop(&mut self) {
        self.accepting.abort();
        // Those that are there go, too.
        self.trouble(Trouble::Reset);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Answer,
}

/// What becomes of a connection after a piece.
enum Fate {
    Goes,
    Reset,
}

impl Shared {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            self.taken.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(Arc::clone(&self).connect(client));
        }
    }

    async fn connect(self: Arc<Self>, mut client: TcpStream) {
        let mut cuts = self.cuts.subscribe();
        let refused = *self.trouble.borrow() == Trouble::Reset;
        let fate = tokio::select! {
            fate = self.carry(&mut client), if !refused => fate,
            _ = cuts.changed(), if !refused => Fate::Reset,
            else => Fate::Reset,
        };
        if matches!(fate, Fate::Reset) {
            let _ = client.set_zero_linger();
            self.struck.send_modify(|strikes| *strikes += 1);
        }
    }

    async fn carry(&self, client: &mut TcpStream) -> Fate {
        self.hole().await;
        let Ok(mut server) = TcpStream::connect(&self.target).await else { return Fate::Reset };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let aimed_at = AtomicBool::new(false);
        let (mut client, mut server) = (client.split(), server.split());
        tokio::select! {
            fate = self.pump(Way::Request, &mut client.0, &mut server.1, &aimed_at) => fate,
            fate = self.pump(Way::Answer, &mut server.0, &mut client.1, &aimed_at) => fate,
        }
    }

    async fn pump(
        &self,
        way: Way,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        aimed_at: &AtomicBool,
    ) -> Fate {
        let mut buffer = vec![0; 16 * 1024];
        let mut before = Vec::new();
        loop {
            let Ok(length @ 1..) = from.read(&mut buffer).await else { return Fate::Goes };
            let piece = buffer.get(..length).unwrap_or_default();
            before.extend_from_slice(piece);
            let (passes, fate) = self.judge(way, piece, &before, aimed_at).await;
            if to.write_all(piece.get(..passes).unwrap_or(piece)).await.is_err() {
                return Fate::Goes;
            }
            if matches!(fate, Fate::Reset) {
                return fate;
            }
            // Enough of the end to recognise bytes that come in two pieces.
            let keep = before.len().saturating_sub(256);
            before.drain(..keep);
        }
    }

    /// How much of a piece passes, and what then.
    async fn judge(&self, way: Way, piece: &[u8], seen: &[u8], aimed_at: &AtomicBool) -> (usize, Fate) {
        let trouble = self.trouble.borrow().clone();
        let hits = |aim: &[u8]| way == Way::Request && !aim.is_empty() && seen.windows(aim.len()).any(|at| at == aim);
        match trouble {
            Trouble::None | Trouble::Reset => {}
            Trouble::BlackHole => self.hole().await,
            Trouble::Delay(time) => sleep(time).await,
            Trouble::Truncate(_) if way == Way::Answer => {
                let took = |left: usize| Some(left.saturating_sub(piece.len()));
                let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, took).unwrap_or(0);
                if left < piece.len() {
                    return (left, Fate::Reset);
                }
            }
            Trouble::Truncate(_) => {}
            Trouble::LoseRequest(aim) if hits(&aim) => return (0, Fate::Reset),
            Trouble::LoseRequest(_) => {}
            Trouble::LoseAnswer(aim) | Trouble::HoldAnswer(aim) if hits(&aim) => aimed_at.store(true, Ordering::SeqCst),
            Trouble::LoseAnswer(_) if way == Way::Answer && aimed_at.load(Ordering::SeqCst) => return (0, Fate::Reset),
            Trouble::HoldAnswer(_) if way == Way::Answer && aimed_at.load(Ordering::SeqCst) => {
                self.held(|trouble| !matches!(trouble, Trouble::HoldAnswer(_))).await;
                aimed_at.store(false, Ordering::SeqCst);
            }
            Trouble::LoseAnswer(_) | Trouble::HoldAnswer(_) => {}
        }
        (piece.len(), Fate::Goes)
    }

    /// Waits as long as nothing passes.
    async fn hole(&self) {
        if *self.trouble.borrow() == Trouble::BlackHole {
            self.held(|trouble| *trouble != Trouble::BlackHole).await;
        }
    }

    async fn held(&self, over: impl FnMut(&Trouble) -> bool) {
        self.struck.send_modify(|strikes| *strikes += 1);
        let _ = self.trouble.subscribe().wait_for(over).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers each piece with "<piece>!", and counts them.
    async fn echo() -> (String, Arc<AtomicU64>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let target = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let mut buffer = [0; 64];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        count.fetch_add(1, Ordering::SeqCst);
                        let answer = [&buffer[..length], b"!"].concat();
                        if stream.write_all(&answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (target, heard)
    }

    async fn ask(stream: &mut TcpStream, what: &str) -> std::io::Result<String> {
        stream.write_all(what.as_bytes()).await?;
        let mut answer = vec![0; what.len() + 1];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn wire() -> (TroubledWire, TcpStream, Arc<AtomicU64>) {
        let (target, heard) = echo().await;
        let wire = TroubledWire::to(target).await.unwrap();
        let stream = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
        (wire, stream, heard)
    }

    #[tokio::test]
    async fn without_trouble_everything_passes() {
        let (wire, mut stream, _) = wire().await;
        assert_eq!(ask(&mut stream, "hello").await.unwrap(), "hello!");
        wire.trouble(Trouble::Delay(Duration::from_millis(1)));
        assert_eq!(ask(&mut stream, "again").await.unwrap(), "again!");
        assert_eq!((wire.taken(), wire.strikes()), (1, 0));
    }

    #[tokio::test]
    async fn a_lost_answer_was_given_and_a_lost_request_never_asked() {
        let (wire, mut stream, heard) = wire().await;
        wire.trouble(Trouble::LoseAnswer(b"second".to_vec()));
        assert_eq!(ask(&mut stream, "first").await.unwrap(), "first!");
        ask(&mut stream, "second").await.unwrap_err();
        assert_eq!(heard.load(Ordering::SeqCst), 2);
        let mut stream = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
        wire.trouble(Trouble::LoseRequest(b"third".to_vec()));
        ask(&mut stream, "third").await.unwrap_err();
        assert_eq!(heard.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_late_answer_comes_when_the_trouble_is_over() {
        let (wire, mut stream, heard) = wire().await;
        wire.trouble(Trouble::HoldAnswer(b"late".to_vec()));
        let asking = tokio::spawn(async move { ask(&mut stream, "late").await });
        wire.struck(0).await;
        assert_eq!(heard.load(Ordering::SeqCst), 1, "it was answered");
        wire.calm();
        assert_eq!(asking.await.unwrap().unwrap(), "late!");
    }

    #[tokio::test]
    async fn a_cut_wire_can_be_used_again_and_a_black_hole_ends() {
        let (wire, mut stream, _) = wire().await;
        ask(&mut stream, "before").await.unwrap();
        wire.cut();
        ask(&mut stream, "after").await.unwrap_err();
        let mut stream = TcpStream::connect(("127.0.0.1", wire.port())).await.unwrap();
        wire.trouble(Trouble::BlackHole);
        let strikes = wire.strikes();
        let asking = tokio::spawn(async move { ask(&mut stream, "anybody?").await });
        wire.struck(strikes).await;
        wire.calm();
        assert_eq!(asking.await.unwrap().unwrap(), "anybody?!");
    }

    #[tokio::test]
    async fn an_answer_can_end_in_the_middle() {
        let (wire, mut stream, _) = wire().await;
        wire.trouble(Trouble::Truncate(7));
        assert_eq!(ask(&mut stream, "four").await.unwrap(), "four!");
        stream.write_all(b"four").await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.len() <= 2 && b"four!".starts_with(&answer), "{answer:?}");
    }
}
