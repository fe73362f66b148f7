//! Processes of the server that die and are started again, behind one address that outlives them.

use super::{
    front::Front,
    server::{ORDERS, Orders, Role},
};
use std::{
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    sync::watch,
};

/// One or several processes on one database.
pub struct Fleet {
    members: Vec<Arc<Member>>,
    /// Where the living one that serves is to be found.
    pub front: Front,
}

/// A process, life after life.
pub struct Member {
    number: usize,
    pub role: Role,
    orders: Orders,
    test: &'static str,
    life: Mutex<Life>,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct Life {
    child: Option<Child>,
    input: Option<ChildStdin>,
    over: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    ready: bool,
    heard: u64,
    deaths: u32,
    ended: bool,
}

impl Fleet {
    /// Starts processes of these roles and waits until they are ready. `test` is the test that runs one when it is told to.
    pub async fn start(test: &'static str, orders: &Orders, roles: &[Role]) -> Self {
        let front = Front::open().await;
        let mut members = Vec::new();
        for (number, role) in roles.iter().enumerate() {
            let orders = Orders { role: *role, ..orders.clone() };
            let state = watch::Sender::new(State::default());
            let member = Arc::new(Member { number, role: *role, orders, test, life: Mutex::default(), state });
            tokio::spawn(member.clone().live(front.clone()));
            // One after the other: the first makes the database.
            member.ready().await;
            members.push(member);
        }
        Self { members, front }
    }

    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// One that works, and one that serves; often the same.
    pub fn worker(&self) -> &Arc<Member> {
        self.members.iter().find(|member| member.role.works()).unwrap()
    }

    pub fn server(&self) -> &Arc<Member> {
        self.members.iter().find(|member| member.role.serves()).unwrap()
    }

    /// Every process dies at this point, the n-th time it comes there from now on.
    pub async fn arm(&self, point: &str, n: u32) {
        for member in &self.members {
            member.tell(&format!("arm {point} {n}")).await;
        }
    }

    pub async fn disarm(&self) {
        for member in &self.members {
            member.tell("disarm").await;
        }
    }

    /// How often one of them has died.
    pub fn deaths(&self) -> u32 {
        self.members.iter().map(|member| member.state.borrow().deaths).sum()
    }

    /// Waits until they have died so often in all.
    pub async fn died(&self, times: u32) {
        let mut states: Vec<_> = self.members.iter().map(|member| member.state.subscribe()).collect();
        while self.deaths() < times {
            let changes = states.iter_mut().map(|state| Box::pin(state.changed()));
            futures_util::future::select_all(changes).await.0.unwrap();
        }
    }

    /// Lets them finish what is under way, and end.
    pub async fn finish(&self) {
        for member in &self.members {
            member.ready().await;
        }
        for member in &self.members {
            let input = {
                let mut life = member.life.lock().unwrap();
                life.over = true;
                life.input.take()
            };
            if let Some(mut input) = input {
                let _ = input.write_all(b"finish\n").await;
            }
            member.state.subscribe().wait_for(|state| state.ended).await.unwrap();
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for member in &self.members {
            member.life.lock().unwrap().over = true;
            member.kill();
        }
    }
}

impl Member {
    /// Kills it now, at whatever it is.
    pub fn kill(&self) {
        if let Some(child) = &mut self.life.lock().unwrap().child {
            let _ = child.start_kill();
        }
    }

    /// Waits until it is alive and ready.
    pub async fn ready(&self) {
        self.state.subscribe().wait_for(|state| state.ready).await.unwrap();
    }

    /// Says something to it and waits until it has heard; a process that dies meanwhile is told again in its next life.
    async fn tell(&self, line: &str) {
        loop {
            self.ready().await;
            let before = *self.state.borrow();
            let input = self.life.lock().unwrap().input.take();
            let Some(mut input) = input else {
                tokio::task::yield_now().await;
                continue;
            };
            let written = input.write_all(format!("{line}\n").as_bytes()).await;
            self.life.lock().unwrap().input.get_or_insert(input);
            let mut state = self.state.subscribe();
            let news = |state: &State| state.heard > before.heard || state.deaths > before.deaths;
            let now = *state.wait_for(news).await.unwrap();
            if written.is_ok() && now.heard > before.heard {
                return;
            }
        }
    }

    async fn live(self: Arc<Self>, front: Front) {
        loop {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--ignored", "--exact", self.test, "--nocapture"]);
            command.env(ORDERS, serde_json::to_string(&self.orders).unwrap());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn().expect("the process starts");
            let output = child.stdout.take().unwrap();
            {
                let mut life = self.life.lock().unwrap();
                life.input = child.stdin.take();
                life.child = Some(child);
            }
            let finished = self.listen(BufReader::new(output).lines(), &front).await;
            // Its output has ended: it is dead, by our hand, by its own, or because it was told to finish.
            let child = {
                let mut life = self.life.lock().unwrap();
                life.input = None;
                life.child.take()
            };
            let status = child.unwrap().wait().await.unwrap();
            use std::os::unix::process::ExitStatusExt as _;
            assert!(status.signal() == Some(9) || finished, "a process died by itself: {status}");
            let over = self.life.lock().unwrap().over;
            self.state.send_modify(|state| {
                state.deaths += u32::from(!finished);
                state.ended = over;
            });
            if over {
                return;
            }
        }
    }

    /// Hears what it says until it says no more; whether it finished as it was told.
    async fn listen(&self, mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>, front: &Front) -> bool {
        let mut finished = false;
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, address)) = line.split_once("ready ") {
                if let Ok(address) = address.parse::<SocketAddr>() {
                    front.lead(self.number, Some(address));
                }
                self.state.send_modify(|state| state.ready = true);
            } else if line == "heard" {
                self.state.send_modify(|state| state.heard += 1);
            }
            finished |= line == "finished";
        }
        front.lead(self.number, None);
        self.state.send_modify(|state| state.ready = false);
        finished
    }
}
