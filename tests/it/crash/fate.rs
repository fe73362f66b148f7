//! Who decides when the process dies: everything that goes in or out of it passes through here, piece by piece, and at
//! pieces that a seed has chosen it is killed; then it is started again.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::watch,
};

/// How a process is started.
pub struct Program(Box<dyn Fn() -> Command + Send + Sync>);

impl Program {
    pub fn new(command: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self(Box::new(command))
    }
}

#[derive(Clone)]
pub struct Fate(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    /// Where the living process listens.
    lives: watch::Sender<Option<SocketAddr>>,
    /// Why it died without being killed.
    fell: watch::Sender<Option<String>>,
}

struct Inner {
    child: Option<Child>,
    seed: u64,
    /// Pieces that still pass before the next kill.
    left: u64,
    kills: u32,
    most: u32,
    over: bool,
}

impl Fate {
    pub fn new(seed: u64, most: u32) -> Self {
        let inner = Inner { child: None, seed, left: 60, kills: 0, most, over: false };
        Self(Arc::new(Shared {
            inner: Mutex::new(inner),
            lives: watch::Sender::new(None),
            fell: watch::Sender::new(None),
        }))
    }

    /// Starts the process, again whenever it has died, and answers where to reach it, dead or alive.
    pub async fn run(&self, program: Program) -> SocketAddr {
        let fate = self.clone();
        tokio::spawn(async move {
            while !fate.0.inner.lock().unwrap().over {
                fate.one_life(&program).await;
            }
        });
        let mut lives = self.0.lives.subscribe();
        self.over(lives.wait_for(Option::is_some)).await.unwrap();
        let lives = self.0.lives.subscribe();
        self.pass(move || *lives.borrow()).await
    }

    async fn one_life(&self, program: &Program) {
        let mut child = (program.0)().kill_on_drop(true).spawn().expect("the process starts");
        let output = child.stdout.take().map(|out| Box::new(out) as Box<dyn tokio::io::AsyncRead + Send + Unpin>);
        let output = output.or_else(|| child.stderr.take().map(|err| Box::new(err) as _)).expect("its words");
        self.0.inner.lock().unwrap().child = Some(child);
        let mut lines = BufReader::new(output).lines();
        let mut said = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, rest)) = line.split_once("server.address=") {
                let address = rest.split_whitespace().next().and_then(|word| word.parse().ok());
                self.0.lives.send_replace(address);
            }
            said.push(line);
        }
        // Its output has ended: it is dead, by our hand or by its own.
        self.0.lives.send_replace(None);
        let (child, ours) = {
            let mut inner = self.0.inner.lock().unwrap();
            (inner.child.take(), inner.over)
        };
        let status = match child {
            Some(mut child) => child.wait().await.unwrap(),
            None => return,
        };
        use std::os::unix::process::ExitStatusExt as _;
        if status.signal() != Some(9) && !ours {
            self.0.inner.lock().unwrap().over = true;
            self.0.fell.send_replace(Some(format!("it died by itself: {status}\n{}", said.join("\n"))));
        }
    }

    /// Lets something happen, for as long as the process dies by our hand only.
    pub async fn over<T>(&self, play: impl Future<Output = T>) -> T {
        let mut fell = self.0.fell.subscribe();
        tokio::select! {
            played = play => played,
            why = fell.wait_for(Option::is_some) => panic!("{}", why.unwrap().as_deref().unwrap_or_default()),
        }
    }

    /// Stops killing, kills a last time, and answers how often it has killed.
    pub async fn end(&self) -> u32 {
        let (child, kills) = {
            let mut inner = self.0.inner.lock().unwrap();
            inner.over = true;
            (inner.child.take(), inner.kills)
        };
        if let Some(mut child) = child {
            let _ = child.kill().await;
        }
        kills
    }

    /// An address whose connections lead to another one, under the eyes of fate.
    pub async fn pass_to(&self, to: SocketAddr) -> SocketAddr {
        self.pass(move || Some(to)).await
    }

    async fn pass(&self, to: impl Fn() -> Option<SocketAddr> + Send + Sync + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fate = self.clone();
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Some(to) = to() else { continue };
                let fate = fate.clone();
                tokio::spawn(async move {
                    let Ok(there) = TcpStream::connect(to).await else { return };
                    let (_, _) = (here.set_nodelay(true), there.set_nodelay(true));
                    let ((from_here, to_here), (from_there, to_there)) = (here.into_split(), there.into_split());
                    tokio::spawn(pump(from_here, to_there, fate.clone()));
                    tokio::spawn(pump(from_there, to_here, fate));
                });
            }
        });
        address
    }

    /// A piece passes.
    fn step(&self) {
        let mut inner = self.0.inner.lock().unwrap();
        if inner.kills >= inner.most || self.0.lives.borrow().is_none() {
            return;
        }
        inner.left = inner.left.saturating_sub(1);
        if inner.left > 0 {
            return;
        }
        // Between 30 and 157 pieces from now.
        inner.seed = inner.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        inner.left = 30 + (inner.seed >> 57);
        inner.kills += 1;
        self.0.lives.send_replace(None);
        if let Some(child) = &mut inner.child {
            child.start_kill().unwrap();
        }
    }
}

async fn pump(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, fate: Fate) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        fate.step();
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
