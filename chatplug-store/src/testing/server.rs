//! A server from the machine's own PostgreSQL: found, started as somebody who is not root, and ended.

use super::TestError;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

const WATCH: &str = include_str!("watch.sh");
/// How long a shared server stays when nobody uses it, in seconds: longer than the pause between two test processes.
const GRACE: &str = "20";
/// What every server is started with: quick, quiet, and the same wherever it runs.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "max_connections=400",
    "shared_buffers=64MB",
    "max_locks_per_transaction=256",
    "authentication_timeout=10s",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
];
/// Nothing has to survive the power here, and no clean-up is to come in between.
const CARELESS: &[&str] =
    &["fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"];

/// Where a server listens, and how to get in as its superuser.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) port: u16,
    pub(super) password: String,
}

/// The server that all tests of a run share. It is held for as long as the process lives.
pub(super) struct Shared {
    pub(super) address: Address,
    _user: File,
}

impl Shared {
    /// Finds the running one, or starts it.
    pub(super) fn find() -> Result<Self, TestError> {
        let machine = Machine::look()?;
        let folder = machine.folder(&format!("chatplug-postgres-{}-{:08x}", machine.uid, place()))?;
        // Held until the server is there: one of all who come at once starts it.
        let turn = machine.file(&folder.join("turn"))?;
        turn.lock()?;
        let user = machine.file(&folder.join("users"))?;
        user.lock_shared()?;
        let watch = machine.file(&folder.join("watch"))?;
        let watched = watch.try_lock().is_err();
        drop(watch);
        let ready = fs::read_to_string(folder.join("ready")).ok().filter(|_| watched);
        if let Some(port) = ready.and_then(|text| text.trim().parse().ok()) {
            let password = fs::read_to_string(folder.join("password"))?;
            return Ok(Self { address: Address { port, password }, _user: user });
        }
        // What is left of one whose watcher was killed: its server is dead, too.
        fs::remove_dir_all(folder.join("data")).or_else(not_there)?;
        let password = machine.password(&folder)?;
        let settings: Vec<&str> = SETTINGS.iter().chain(CARELESS).copied().collect();
        let (port, _) = machine.start(&folder, "shared", None, &settings, None)?;
        Ok(Self { address: Address { port, password }, _user: user })
    }
}

/// A server of one's own, gone with the value.
pub(super) struct Own {
    pub(super) address: Address,
    machine: Machine,
    folder: PathBuf,
    settings: Vec<String>,
    /// No file may grow beyond so many bytes.
    largest: Option<u64>,
    running: Option<Running>,
}

struct Running {
    watch: Child,
    end: Option<ChildStdin>,
}

impl Own {
    /// Starts one. It keeps what it answered over a kill, as a real one does, but not over a loss of power.
    pub(super) fn start(settings: &[&str]) -> Result<Self, TestError> {
        let machine = Machine::look()?;
        let folder = machine.folder(&format!("chatplug-postgres-own-{:016x}", random()?))?;
        let password = machine.password(&folder)?;
        let settings = SETTINGS.iter().chain(&["fsync=off"]).chain(settings).map(ToString::to_string).collect();
        let address = Address { port: 0, password };
        let mut own = Self { address, machine, folder, settings, largest: None, running: None };
        own.run(None)?;
        Ok(own)
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// From the next start on, no file may grow beyond so many bytes.
    pub(super) const fn limit_files(&mut self, largest: Option<u64>) {
        self.largest = largest;
    }

    /// Starts it again, at the same address.
    pub(super) fn again(&mut self) -> Result<(), TestError> {
        let port = self.address.port;
        self.run(Some(port))
    }

    /// Ends it: by `INT` in good order, though without waiting for clients; by `QUIT` as a crash does.
    pub(super) fn end(&mut self, how: &str) {
        let Some(mut running) = self.running.take() else { return };
        if let Some(mut end) = running.end.take() {
            let _ = writeln!(end, "{how}");
        }
        let _ = running.watch.wait();
    }

    fn run(&mut self, port: Option<u16>) -> Result<(), TestError> {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let (port, mut watch) = self.machine.start(&self.folder, "own", port, &settings, self.largest)?;
        let end = watch.stdin.take();
        self.address.port = port;
        self.running = Some(Running { watch, end });
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.end("QUIT");
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What this machine has, and whom the server runs as.
struct Machine {
    bin: PathBuf,
    uid: u32,
    gid: u32,
    /// We are root, and the server refuses to be.
    drops: bool,
}

impl Machine {
    fn look() -> Result<Self, TestError> {
        let bin = binaries().ok_or(TestError::NoServer)?;
        let [uid, gid] = [id("-u", None)?, id("-g", None)?];
        if uid != 0 {
            return Ok(Self { bin, uid, gid, drops: false });
        }
        let user = ["postgres", "nobody"].into_iter().find(|user| id("-u", Some(user)).is_ok());
        let user = user.ok_or(TestError::OnlyRoot)?;
        Ok(Self { bin, uid: id("-u", Some(user))?, gid: id("-g", Some(user))?, drops: true })
    }

    /// A folder of the server's, closed to everybody else.
    fn folder(&self, name: &str) -> Result<PathBuf, TestError> {
        let folder = std::env::temp_dir().join(name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => self.own(&folder)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        let found = fs::symlink_metadata(&folder)?;
        // Between making it and giving it away it is root's.
        let ours = found.uid() == self.uid || (self.drops && found.uid() == 0);
        if !found.is_dir() || !ours || found.permissions().mode() & 0o077 != 0 {
            return Err(TestError::Folder { folder });
        }
        self.own(&folder)?;
        Ok(folder)
    }

    fn file(&self, path: &Path) -> Result<File, TestError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        self.own(path)?;
        Ok(file)
    }

    fn own(&self, path: &Path) -> Result<(), TestError> {
        if self.drops {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// A password for the superuser: others on this machine can reach the port, too.
    fn password(&self, folder: &Path) -> Result<String, TestError> {
        let password = format!("{:016x}{:016x}", random()?, random()?);
        let path = folder.join("password");
        fs::write(&path, &password)?;
        self.own(&path)?;
        Ok(password)
    }

    /// Starts a server and waits until it takes connections.
    fn start(
        &self,
        folder: &Path,
        mode: &str,
        port: Option<u16>,
        settings: &[&str],
        largest: Option<u64>,
    ) -> Result<(u16, Child), TestError> {
        let mut attempts = 0;
        loop {
            let free = match port {
                Some(port) => port,
                None => TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port(),
            };
            match self.attempt(folder, mode, free, settings, largest) {
                // Somebody else may have taken the port in the meantime; or a killed server still lets go of its memory.
                Err(TestError::Start { .. }) if attempts < 5 => attempts += 1,
                other => return other.map(|watch| (free, watch)),
            }
        }
    }

    fn attempt(
        &self,
        folder: &Path,
        mode: &str,
        port: u16,
        settings: &[&str],
        largest: Option<u64>,
    ) -> Result<Child, TestError> {
        let mut command = match self.drops {
            true if in_path("setpriv").is_some() => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={}", self.uid)).arg(format!("--regid={}", self.gid));
                command.args(["--clear-groups", "--", "sh"]);
                command
            }
            true => return Err(TestError::OnlyRoot),
            false => Command::new("sh"),
        };
        command.args(["-c", WATCH, "watch", mode]).arg(&self.bin).arg(port.to_string()).arg(GRACE);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        command.current_dir(folder).env_remove("PGDATA").env("LC_ALL", "C");
        // In blocks of 512 bytes, as `ulimit` counts.
        command.env("LARGEST", largest.map_or_else(|| "unlimited".to_owned(), |bytes| (bytes / 512).to_string()));
        // A group of its own: what ends the test from the keyboard, or for taking too long, is not meant for the server.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut watch = command.spawn()?;
        let mut said = String::new();
        if let Some(stdout) = watch.stdout.take() {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        if said.trim() == "ready" {
            return Ok(watch);
        }
        drop(watch.stdin.take());
        let _ = watch.wait();
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        Err(TestError::Start { log: lines[lines.len().saturating_sub(5)..].join("\n") })
    }
}

/// The newest PostgreSQL of the machine.
fn binaries() -> Option<PathBuf> {
    let complete = |bin: &PathBuf| bin.join("initdb").is_file() && bin.join("postgres").is_file();
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut debian: Vec<(u32, PathBuf)> =
        debian.filter_map(|folder| Some((version(&folder)?, folder.join("bin")))).collect();
    debian.sort();
    let told = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok();
    let told = told.map(|told| PathBuf::from(std::ffi::OsStr::from_bytes(told.stdout.trim_ascii())));
    let found = debian.into_iter().rev().map(|(_, bin)| bin).chain(told).chain(in_path("postgres"));
    found.into_iter().find(complete)
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(program).is_file())
}

fn id(what: &str, user: Option<&str>) -> Result<u32, TestError> {
    let output = Command::new("id").arg(what).args(user).stderr(Stdio::null()).output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| TestError::OnlyRoot)
}

/// A number for this copy of the sources: each has a server of its own.
fn place() -> u32 {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "\0", include_str!("watch.sh"));
    path.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(super) fn random() -> Result<u64, TestError> {
    getrandom::u64().map_err(|error| TestError::Io(error.into()))
}

fn not_there(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
