//! The one writer: a thread that takes commands from a queue, runs a group of them in one transaction, commits, answers.
//!
//! Each command has a savepoint: when it fails, only its own writes are undone. When the whole group fails (the disk is
//! full, the file is locked), every command of it is answered [`StoreError::Unavailable`] and nothing of it is kept; the
//! writer goes on with the next group.

use super::{
    db::{Answers, Script, store_error, unavailable},
    open::Opening,
};
use crate::vault::Seal;
use chatplug_core::ports::StoreError;
use rusqlite::Connection;
use std::{fs::File, io, panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::{Notify, mpsc, oneshot};

/// Commands that may wait in the queue before those who bring more must wait too.
const QUEUE: usize = 4096;
/// Files up to so many pages (64 MB) are rebuilt when a person was erased: where rows lay before pages were split may still
/// be legible in the gaps of other pages. It takes a second; a larger file would hold up everybody for too long.
const REBUILT_PAGES: i64 = 16_384;
/// Commands in one transaction at most: bounds how long the first of them waits for its answer.
const GROUP: usize = 128;

const BEGIN: &str = "BEGIN IMMEDIATE";
const SAVEPOINT: &str = "SAVEPOINT command";
const RELEASE: &str = "RELEASE command";
const UNDO: &str = "ROLLBACK TO command";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const REBUILD: &str = "VACUUM";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Something to write, as one step.
pub(super) trait Command: Send + 'static {
    type Output: Send + 'static;
    type Error: From<StoreError> + Send + 'static;

    /// What it seals with, when it does: keys that were read too long ago must not be written with any more.
    fn seal(&self) -> Option<&Seal> {
        None
    }

    /// Runs inside the group's transaction. After an error everything that it wrote is undone.
    fn run(self, tx: &mut Tx<'_>) -> Result<Self::Output, Self::Error>;
}

/// The transaction as a command sees it.
#[derive(Debug)]
pub(super) struct Tx<'c> {
    connection: &'c Connection,
    wakes: bool,
}

impl Tx<'_> {
    pub(super) fn run(&mut self, script: Script) -> Result<Answers, StoreError> {
        self.attempt(script).map_err(store_error)
    }

    /// The same, with SQLite's error, where an error is one of the answers.
    pub(super) fn attempt(&mut self, script: Script) -> rusqlite::Result<Answers> {
        script.run(self.connection)
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
    Scrub(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Writer {
    /// Starts the thread. `owner` is kept for as long as it runs.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(
        connection: Connection,
        opening: Opening,
        woken: Arc<Notify>,
        owner: Option<File>,
    ) -> io::Result<Self> {
        let (sender, inbox) = mpsc::channel(QUEUE);
        let work = move || {
            Task { connection: Some(connection), opening, woken }.work(inbox);
            drop(owner);
        };
        std::thread::Builder::new().name("chatplug-writer".to_owned()).spawn(work)?;
        Ok(Self(sender))
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

    /// Leaves no trace of what was deleted in the files, as far as that can be done at once.
    pub(super) async fn scrub(&self) -> Result<(), StoreError> {
        self.order(Message::Scrub).await
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
trait Work: Send {
    /// Whether it went well.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers; `lost` says why nothing of the group was kept.
    fn answer(&mut self, lost: Option<&str>);
}

struct Pending<C: Command> {
    command: Option<C>,
    result: Option<Result<C::Output, C::Error>>,
    reply: Option<oneshot::Sender<Result<C::Output, C::Error>>>,
}

impl<C: Command> Work for Pending<C> {
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(command) = self.command.take() else { return false };
        // A defect in one command must not end the writer, on which all others depend.
        let run = || match command.seal().map_or(Ok(()), Seal::check_age) {
            Ok(()) => command.run(tx),
            Err(stale) => Err(stale.into()),
        };
        let result = std::panic::catch_unwind(AssertUnwindSafe(run));
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
    connection: Option<Connection>,
    opening: Opening,
    woken: Arc<Notify>,
}

impl Task {
    fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(GROUP);
        while inbox.blocking_recv_many(&mut messages, GROUP) > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Work(work) => group.push(work),
                    Message::Checkpoint(reply) => {
                        self.group(&mut group);
                        let _gone = reply.send(self.checkpoint());
                    }
                    Message::Scrub(reply) => {
                        self.group(&mut group);
                        let _gone = reply.send(self.scrub());
                    }
                    Message::Close(reply) => {
                        self.group(&mut group);
                        inbox.close();
                        let checkpoint = self.checkpoint();
                        drop(self.connection.take());
                        let _gone = reply.send(checkpoint);
                        return;
                    }
                }
            }
            self.group(&mut group);
        }
    }

    /// Runs a group and answers it.
    fn group(&mut self, group: &mut Vec<Box<dyn Work>>) {
        if group.is_empty() {
            return;
        }
        let lost = match self.transact(group) {
            Ok(wakes) => {
                if wakes {
                    self.woken.notify_waiters();
                }
                None
            }
            Err(error) => {
                tracing::error!(%error, commands = group.len(), "the store could not write; nothing of it is kept");
                self.recover();
                Some(error.to_string())
            }
        };
        for mut work in group.drain(..) {
            work.answer(lost.as_deref());
        }
    }

    /// One transaction; answers whether somebody is to be woken.
    fn transact(&mut self, group: &mut [Box<dyn Work>]) -> rusqlite::Result<bool> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.opening.writer()?),
        };
        one(connection, BEGIN)?;
        let mut wakes = false;
        for work in group {
            one(connection, SAVEPOINT)?;
            let mut tx = Tx { connection, wakes: false };
            if work.run(&mut tx) {
                wakes |= tx.wakes;
            } else {
                // When the whole transaction is gone (a full disk), so is the savepoint, and this fails too.
                one(connection, UNDO)?;
            }
            one(connection, RELEASE)?;
        }
        one(connection, COMMIT)?;
        Ok(wakes)
    }

    fn recover(&mut self) {
        let undone = self.connection.as_ref().is_none_or(|connection| {
            // SQLite undoes the transaction by itself after some errors.
            connection.is_autocommit() || one(connection, ROLLBACK).is_ok()
        });
        if !undone {
            self.connection = None;
        }
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        one(connection, CHECKPOINT).map_err(store_error)
    }

    fn scrub(&mut self) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else { return Err(closed()) };
        let scrub = || {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            if pages <= REBUILT_PAGES {
                connection.execute_batch(REBUILD)?;
            }
            // Readers that began before are waited for.
            connection.query_row(CHECKPOINT, [], |row| row.get::<_, bool>(0))
        };
        match scrub().map_err(store_error)? {
            false => Ok(()),
            true => Err(unavailable("somebody is still reading what was deleted")),
        }
    }
}

fn one(connection: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}
