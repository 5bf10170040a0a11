//! The command: started in a process group of its own, its output passed through, signals forwarded to it.
//!
//! With a terminal as input the command stays in our group: it is then the terminal that sends signals to both, and
//! programs that read from it go on working.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::NamedTempFile;
use tokio::process::Command;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

use super::environment::Change;
use crate::limits::{CHILD_GRACE, OUTPUT_DRAIN};

/// A running command.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    pid: Option<Pid>,
    own_group: bool,
    signals: Signals,
    /// Copies of its two outputs, when they are kept.
    tees: Option<[JoinHandle<io::Result<Kept>>; 2]>,
}

/// What a command wrote, in temporary files.
#[derive(Debug)]
pub struct Kept {
    /// The file.
    pub file: NamedTempFile,
    /// Bytes beyond the limit, which are not in it.
    pub left_out: u64,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
    /// What did not go as it should.
    pub notes: Vec<String>,
    /// Standard output and standard error, when they are kept.
    pub output: Option<[Kept; 2]>,
}

/// The signals that are forwarded.
#[derive(Debug)]
struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hang_up: Listener,
    quit: Listener,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _signal = self.terminate.recv() => Signal::TERM,
            _signal = self.interrupt.recv() => Signal::INT,
            _signal = self.hang_up.recv() => Signal::HUP,
            _signal = self.quit.recv() => Signal::QUIT,
        }
    }
}

impl Child {
    /// Starts a command. With `keep`, so many bytes of each output are kept beside passing them through.
    ///
    /// # Errors
    /// The command cannot be started.
    pub fn start(command: &[String], environment: &[Change], keep: Option<u64>) -> io::Result<Self> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no command"));
        };
        // Before the command starts: a signal that comes in between must not be lost.
        let signals = Signals::listen()?;
        let own_group = !io::stdin().is_terminal();
        let mut build = Command::new(program);
        build.args(arguments);
        for (name, value) in environment {
            match value {
                Some(value) => build.env(name, value),
                None => build.env_remove(name),
            };
        }
        if own_group {
            build.process_group(0);
        }
        // Programs draw differently into a pipe: what a person watches is passed on untouched and not kept.
        let keep = keep.filter(|_| !io::stdout().is_terminal());
        if keep.is_some() {
            build.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let mut process = build.spawn()?;
        let pid = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pipes = process.stdout.take().zip(process.stderr.take()).zip(keep);
        let tees = match pipes {
            Some(((out, err), keep)) => {
                let (out, err) = (File::from(out.into_owned_fd()?), File::from(err.into_owned_fd()?));
                Some([
                    spawn_blocking(move || tee(out, io::stdout(), keep)),
                    spawn_blocking(move || tee(err, io::stderr(), keep)),
                ])
            }
            None => None,
        };
        Ok(Self { process, pid, own_group, signals, tees })
    }

    /// Waits for the end. A command that was told to end and does not is killed after a grace, and at once by a second
    /// signal.
    pub async fn wait(mut self, time_limit: Option<Duration>) -> Ended {
        let mut notes = Vec::new();
        let far = Duration::from_secs(365 * 24 * 60 * 60);
        let mut limit = Instant::now() + time_limit.unwrap_or(far);
        let mut kill_at = Instant::now() + far;
        let mut was_told = false;
        let status = loop {
            let told = tokio::select! {
                status = self.process.wait() => break status,
                signal = self.signals.next() => Some(signal),
                () = tokio::time::sleep_until(limit) => {
                    limit += far;
                    notes.push(format!("it ran for longer than {} s and was told to end", time_limit.unwrap_or(far).as_secs()));
                    Some(Signal::TERM)
                }
                () = tokio::time::sleep_until(kill_at) => {
                    kill_at += far;
                    notes.push(format!("it did not end within {} s of being told to, and was killed", CHILD_GRACE.as_secs()));
                    self.send(Signal::KILL, &mut notes);
                    None
                }
            };
            let Some(signal) = told else { continue };
            if was_told {
                notes.push("it was killed by a second signal".to_owned());
                self.send(Signal::KILL, &mut notes);
                continue;
            }
            was_told = true;
            kill_at = Instant::now() + CHILD_GRACE;
            self.send(signal, &mut notes);
        };
        let exit_code = match status {
            Ok(status) => code(status),
            Err(error) => {
                notes.push(format!("its exit code is not known: {error}"));
                1
            }
        };
        let output = drain(self.tees.take(), &mut notes).await;
        Ended { exit_code, notes, output }
    }

    /// Sends a signal to the command and, when it has a group of its own, to all that it started.
    fn send(&self, signal: Signal, notes: &mut Vec<String>) {
        let Some(pid) = self.pid else { return };
        // A terminal has sent these to the whole group already.
        if !self.own_group && matches!(signal, Signal::INT | Signal::QUIT) {
            return;
        }
        let sent = if self.own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        if let Err(error) = sent {
            notes.push(format!("a signal could not be forwarded: {error}"));
        }
    }
}

/// As shells count: 128 and the signal's number.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Passes an output through and keeps its beginning. Blocks: it has a thread of its own.
fn tee(mut from: impl Read, mut to: impl Write, keep: u64) -> io::Result<Kept> {
    let mut file = NamedTempFile::new()?;
    let (mut left, mut left_out) = (keep, 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        // A reader that went away must not stop the command's other output or what is kept.
        drop(to.write_all(bytes).and_then(|()| to.flush()));
        let kept = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        file.write_all(bytes.get(..kept).unwrap_or_default())?;
        left -= kept as u64;
        left_out += (bytes.len() - kept) as u64;
    }
    file.flush()?;
    Ok(Kept { file, left_out })
}

/// Waits for the end of both outputs, which something that the command left behind may hold open.
async fn drain(tees: Option<[JoinHandle<io::Result<Kept>>; 2]>, notes: &mut Vec<String>) -> Option<[Kept; 2]> {
    let [out, err] = tees?;
    let mut one = async |task: JoinHandle<io::Result<Kept>>, name: &str| match timeout(OUTPUT_DRAIN, task).await {
        Ok(Ok(Ok(kept))) => {
            if kept.left_out > 0 {
                notes.push(format!("the last {} bytes of its {name} are not kept", kept.left_out));
            }
            Some(kept)
        }
        Ok(Ok(Err(error))) => {
            notes.push(format!("its {name} is not kept: {error}"));
            None
        }
        Ok(Err(_panic)) => None,
        Err(_elapsed) => {
            notes.push(format!("its {name} is still open and is not kept: something that it started still runs"));
            None
        }
    };
    let (out, err) = (one(out, "standard output").await, one(err, "standard error").await);
    Some([out?, err?])
}
