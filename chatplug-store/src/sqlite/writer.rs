//! The one writer: a task that takes commands from a queue, runs a group of them in one transaction, commits, answers.
//!
//! Each command has a savepoint: when it fails, only its own writes are undone. When the whole group fails (the disk is
//! full, the file is locked), every command of it is answered [`StoreError::Unavailable`] and nothing of it is kept; the
//! writer goes on with the next group.

use super::db::{Answers, Script, store_error, unavailable};
use async_trait::async_trait;
use chatplug_core::ports::StoreError;
use futures_util::FutureExt;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs::File, panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::{Notify, mpsc, oneshot};

/// Commands that may wait in the queue before those who bring more must wait too.
const QUEUE: usize = 4096;
/// Commands in one transaction at most: bounds how long the first of them waits for its answer.
const GROUP: usize = 128;
/// Statements in one trip at most, where their number depends on the input: bounds the number of texts to keep.
const TRIP: usize = 16;

const BEGIN: &str = "BEGIN IMMEDIATE";
const SAVEPOINT: &str = "SAVEPOINT command";
const RELEASE: &str = "RELEASE command";
const UNDO: &str = "ROLLBACK TO command";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Something to write, as one step.
#[async_trait]
pub(super) trait Command: Send + 'static {
    type Output: Send + 'static;
    type Error: From<StoreError> + Send + 'static;

    /// Runs inside the group's transaction. After an error everything that it wrote is undone.
    async fn run(self, tx: &mut Tx<'_>) -> Result<Self::Output, Self::Error>;
}

/// The transaction as a command sees it.
#[derive(Debug)]
pub(super) struct Tx<'c> {
    connection: &'c mut SqliteConnection,
    /// The command has not sent anything yet: its first trip opens its savepoint.
    fresh: bool,
    wakes: bool,
}

impl Tx<'_> {
    /// A new script of this command. Run it before asking for another one.
    pub(super) fn script(&mut self) -> Script {
        let mut script = Script::new();
        if self.fresh {
            // One trip for both: end the savepoint of the command before, begin ours.
            script.add(RELEASE);
            script.add(SAVEPOINT);
        }
        script
    }

    pub(super) async fn run(&mut self, script: Script) -> Result<Answers, StoreError> {
        self.attempt(script).await.map_err(|error| store_error(&error))
    }

    /// The same, with the driver's error, where an error is one of the answers.
    pub(super) async fn attempt(&mut self, script: Script) -> Result<Answers, sqlx::Error> {
        self.fresh = false;
        script.run(self.connection).await
    }

    /// Sends a script that is long enough and begins another one.
    pub(super) async fn make_room(&mut self, script: &mut Script) -> Result<(), StoreError> {
        if script.len() >= TRIP {
            self.run(std::mem::take(script)).await?;
        }
        Ok(())
    }

    /// Something became due: whoever waits for work is woken after the commit.
    pub(super) const fn wake(&mut self) {
        self.wakes = true;
    }
}

/// Brings commands to the writer. Clones share it; the writer ends with the last one.
#[derive(Debug, Clone)]
pub(super) struct Writer(mpsc::Sender<Message>);

enum Message {
    Work(Box<dyn Work>),
    Checkpoint(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Writer {
    /// Starts the task on the current runtime. `owner` is kept for as long as it runs.
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        woken: Arc<Notify>,
        owner: Option<File>,
    ) -> Self {
        let (sender, inbox) = mpsc::channel(QUEUE);
        let task = Task { connection: Some(connection), options, woken };
        tokio::spawn(async move {
            task.work(inbox).await;
            drop(owner);
        });
        Self(sender)
    }

    /// Runs a command; answers after it is on the disk.
    pub(super) async fn submit<C: Command>(&self, command: C) -> Result<C::Output, C::Error> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Pending { command: Some(command), result: None, reply: Some(reply) });
        self.0.send(Message::Work(work)).await.map_err(|_| C::Error::from(closed()))?;
        answer.await.map_err(|_| C::Error::from(closed()))?
    }

    /// Moves the write-ahead log into the database file.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        self.order(Message::Checkpoint).await
    }

    /// Ends the writer after everything that lies in its queue.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        self.order(Message::Close).await
    }

    async fn order(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Message,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.send(message(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn closed() -> StoreError {
    unavailable("the store is closed")
}

/// A command with the place for its answer, whatever its types.
#[async_trait]
trait Work: Send {
    /// Whether it went well.
    async fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers; `lost` says why nothing of the group was kept.
    fn answer(&mut self, lost: Option<&str>);
}

struct Pending<C: Command> {
    command: Option<C>,
    result: Option<Result<C::Output, C::Error>>,
    reply: Option<oneshot::Sender<Result<C::Output, C::Error>>>,
}

#[async_trait]
impl<C: Command> Work for Pending<C> {
    async fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(command) = self.command.take() else { return false };
        // A defect in one command must not end the writer, on which all others depend.
        let result = AssertUnwindSafe(command.run(tx)).catch_unwind().await;
        let result = result.unwrap_or_else(|_| Err(unavailable("a write panicked").into()));
        let went_well = result.is_ok();
        self.result = Some(result);
        went_well
    }

    fn answer(&mut self, lost: Option<&str>) {
        let result = match (lost, self.result.take()) {
            (None, Some(result)) => result,
            (None, None) => Err(closed().into()),
            (Some(why), _) => Err(unavailable(why).into()),
        };
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone; what was written stays written.
            let _gone = reply.send(result);
        }
    }
}

struct Task {
    /// `None` after it broke, until it could be opened again.
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    woken: Arc<Notify>,
}

impl Task {
    async fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP);
        while inbox.recv_many(&mut messages, GROUP).await > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Work(work) => group.push(work),
                    Message::Checkpoint(reply) => {
                        self.group(&mut group).await;
                        let _gone = reply.send(self.checkpoint().await);
                    }
                    Message::Close(reply) => {
                        self.group(&mut group).await;
                        inbox.close();
                        let checkpoint = self.checkpoint().await;
                        if let Some(connection) = self.connection.take() {
                            let _closed = connection.close().await;
                        }
                        let _gone = reply.send(checkpoint);
                        return;
                    }
                }
            }
            self.group(&mut group).await;
        }
    }

    /// Runs a group and answers it.
    async fn group(&mut self, group: &mut Vec<Box<dyn Work>>) {
        if group.is_empty() {
            return;
        }
        let lost = match self.transact(group).await {
            Ok(wakes) => {
                if wakes {
                    self.woken.notify_waiters();
                }
                None
            }
            Err(error) => {
                tracing::error!(%error, commands = group.len(), "the store could not write; nothing of it is kept");
                self.recover(&error).await;
                Some(error.to_string())
            }
        };
        for mut work in group.drain(..) {
            work.answer(lost.as_deref());
        }
    }

    /// One transaction; answers whether somebody is to be woken.
    async fn transact(&mut self, group: &mut [Box<dyn Work>]) -> Result<bool, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.options.connect().await?),
        };
        let mut begin = Script::default();
        begin.add(BEGIN);
        begin.add(SAVEPOINT);
        begin.run(connection).await?;
        let mut wakes = false;
        for work in group {
            let mut tx = Tx { connection, fresh: true, wakes: false };
            let went_well = work.run(&mut tx).await;
            let sent_something = !tx.fresh;
            wakes |= tx.wakes && went_well;
            if !went_well && sent_something {
                // When the whole transaction is gone (a full disk), so is the savepoint, and this fails too.
                one(connection, UNDO).await?;
            }
        }
        one(connection, COMMIT).await?;
        Ok(wakes)
    }

    async fn recover(&mut self, error: &sqlx::Error) {
        let Some(connection) = &mut self.connection else { return };
        // Fails when the database already undid the transaction by itself, which is as good.
        let _undone = one(connection, ROLLBACK).await;
        if matches!(error, sqlx::Error::WorkerCrashed) {
            self.connection = None;
        }
    }

    async fn checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        one(connection, CHECKPOINT).await.map_err(|error| store_error(&error))
    }
}

async fn one(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    let mut script = Script::default();
    script.add(sql);
    script.run(connection).await.map(drop)
}
