//! The executable as a child process.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::bench::process::{self, Memory};
use crate::http::Http;

/// How long a server may take from start to its ready line. Generous: tests share the machine with builds.
const READY_DEADLINE: Duration = Duration::from_secs(60);
/// What the contract gives a server to stop.
pub const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// The line that the server prints when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Always `ready`.
    pub event: String,
    /// UI and API.
    pub ui: String,
    /// OTLP, gRPC first.
    pub otlp_grpc: String,
    /// OTLP, HTTP first.
    pub otlp_http: String,
    /// The data folder.
    pub data_dir: String,
    /// Version of the program.
    pub version: String,
}

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    program_args: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    data_dir: Option<PathBuf>,
    ports: bool,
    token: Option<String>,
}

impl Launch {
    /// Starts `program` on free loopback ports and an empty data folder, unless told otherwise.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            program_args: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            data_dir: None,
            ports: true,
            token: None,
        }
    }

    /// Adds an argument of a program that starts telltale, such as `chroot`.
    #[must_use]
    pub fn program_arg(mut self, arg: impl Into<OsString>) -> Self {
        self.program_args.push(arg.into());
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Uses this data folder, which outlives the server.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Leaves all addresses to the caller's arguments.
    #[must_use]
    pub fn own_ports(mut self) -> Self {
        self.ports = false;
        self
    }

    /// Sets the token of the server and of its client.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Returns the command with everything that was set; no variable of the tests' own environment leaks in.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("TELLTALE_") || key.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(key);
            }
        }
        command.args(&self.program_args).arg("serve");
        if self.ports {
            command.args(["--listen", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"]);
        }
        if let Some(token) = &self.token {
            command.args(["--token", token]);
        }
        command.args(&self.args).envs(self.env.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts the server and waits for its ready line.
    ///
    /// # Panics
    /// When it does not get ready; the message holds what it printed.
    #[must_use]
    pub fn start(self) -> Server {
        let (data_dir, temp) = match &self.data_dir {
            Some(path) => (path.clone(), None),
            None => {
                let temp = tempfile::tempdir().expect("create a data folder");
                (temp.path().join("data"), Some(temp))
            }
        };
        let started = Instant::now();
        let mut command = self.command();
        command.arg("--data-dir").arg(&data_dir);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("start {}: {error}", self.program.display()));
        let (stdout, lines) = follow(child.stdout.take().expect("a pipe"));
        let (stderr, _) = follow(child.stderr.take().expect("a pipe"));
        let ready = match await_ready(&lines, &mut child) {
            Ok(ready) => ready,
            Err(why) => {
                child.kill().ok();
                child.wait().ok();
                panic!("telltale did not get ready: {why}\nstdout:\n{}\nstderr:\n{}", stdout.text(), stderr.text())
            }
        };
        let http = Http::new(&ready.ui, &ready.otlp_http, self.token.as_deref());
        Server { child, ready, http, ready_after: started.elapsed(), stdout, stderr, data_dir, _temp: temp }
    }

    /// Runs a server that is expected to refuse, and returns its exit code and what it wrote to stderr.
    ///
    /// # Panics
    /// When it is still running after 30 s.
    #[must_use]
    pub fn refuse(self) -> (Option<i32>, String) {
        let temp = tempfile::tempdir().expect("create a data folder");
        let mut command = self.command();
        command.arg("--data-dir").arg(self.data_dir.clone().unwrap_or_else(|| temp.path().join("data")));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("start {}: {error}", self.program.display()));
        let (_stdout, _) = follow(child.stdout.take().expect("a pipe"));
        let (stderr, _) = follow(child.stderr.take().expect("a pipe"));
        let Some(status) = wait(&mut child, Duration::from_secs(30)) else {
            child.kill().ok();
            child.wait().ok();
            panic!("telltale started although it should have refused\nstderr:\n{}", stderr.text());
        };
        stderr.close();
        (status.code(), stderr.text())
    }
}

/// A running server. Dropping it kills it and fails the test when it ever printed a panic.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// What it said when it was ready.
    pub ready: Ready,
    /// A client of its HTTP addresses.
    pub http: Http,
    /// Time from the start of the process to the ready line.
    pub ready_after: Duration,
    stdout: Output,
    stderr: Output,
    data_dir: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

impl Server {
    /// Returns the process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the data folder.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns what it wrote to stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Returns what it wrote to stdout so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Returns what it has in memory, by kind.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn memory(&self) -> Memory {
        process::memory(self.pid())
    }

    /// Returns the resident memory in bytes.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn rss_bytes(&self) -> u64 {
        self.memory().resident
    }

    /// Returns the most memory that was resident since the start, or since [`Server::forget_rss_peak`].
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn rss_peak_bytes(&self) -> u64 {
        process::memory_bytes(self.pid(), "VmHWM")
    }

    /// Lets the peak begin anew.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn forget_rss_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.pid());
        std::fs::write(&path, "5").unwrap_or_else(|error| panic!("write {path}: {error}"));
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("signal telltale");
    }

    /// Kills the process as a power cut would, without a chance to write anything.
    ///
    /// # Panics
    /// When the process ended by itself, or panicked before.
    pub fn kill(mut self) {
        let early = self.child.try_wait().expect("ask for the state");
        assert!(early.is_none(), "telltale ended by itself ({early:?})\n{}", self.stderr());
        self.child.kill().expect("kill telltale");
        self.child.wait().expect("reap telltale");
    }

    /// Stops with SIGTERM.
    ///
    /// # Panics
    /// When it does not exit with 0 within ten seconds.
    pub fn stop(mut self) -> Duration {
        let started = Instant::now();
        self.signal(Signal::TERM);
        let status = wait(&mut self.child, STOP_DEADLINE);
        let Some(status) = status else { panic!("telltale still ran 10 s after SIGTERM\n{}", self.stderr()) };
        assert_eq!(status.code(), Some(0), "exit code after SIGTERM\n{}", self.stderr());
        started.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        self.stderr.close();
        let text = self.stderr();
        if std::thread::panicking() {
            eprintln!("--- stderr of telltale ---\n{}", tail(&text, 60));
        } else {
            assert!(!text.contains("panicked at"), "telltale panicked:\n{text}");
        }
    }
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// What a pipe gave so far, collected by a thread.
#[derive(Debug)]
struct Output {
    text: Arc<Mutex<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Output {
    fn text(&self) -> String {
        self.text.lock().expect("no panic while held").clone()
    }

    /// Waits until the pipe is closed, so that nothing is missing.
    fn close(&self) {
        if let Some(thread) = self.thread.lock().expect("no panic while held").take() {
            thread.join().ok();
        }
    }
}

fn follow(pipe: impl Read + Send + 'static) -> (Output, Receiver<String>) {
    let (sender, lines) = channel();
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    let thread = std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let part = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            shared.lock().expect("no panic while held").push_str(&part);
            sender.send(part).ok();
        }
    });
    (Output { text, thread: Mutex::new(Some(thread)) }, lines)
}

fn await_ready(lines: &Receiver<String>, child: &mut Child) -> Result<Ready, String> {
    let deadline = Instant::now() + READY_DEADLINE;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => match serde_json::from_str::<Ready>(&line) {
                Ok(ready) if ready.event == "ready" => return Ok(ready),
                _ => return Err(format!("the first line of stdout is not the ready line: {line:?}")),
            },
            Err(RecvTimeoutError::Disconnected) => return Err(format!("it ended with {:?}", child.wait())),
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                return Err(format!("{READY_DEADLINE:?} passed"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Waits for the end of a child; none when it still runs at the deadline.
pub fn wait(child: &mut Child, deadline: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + deadline;
    loop {
        if let Some(status) = child.try_wait().expect("ask for the state") {
            return Some(status);
        }
        if Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
