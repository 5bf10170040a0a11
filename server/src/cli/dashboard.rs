//! `telltale dashboard`: lists dashboards, opens TOML or Grafana's JSON, and writes one out as TOML.

use std::io::{self, Read as _, Write};
use std::process::ExitCode;

use telltale_api::dashboard::{DashboardAnswer, DashboardList, Origin};
use telltale_api::routes;
use telltale_dashboards::limits::FILE_BYTES_MAX;
use telltale_story::format::number::counted;

use super::client::{self, Failure, Request, Server, visible};

/// Dashboards of a running server
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, and files with mistakes
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Open a file: TOML, or Grafana's JSON; what of it is not shown is named
    Open {
        /// The file; `-` reads stdin
        file: String,
        /// Say what is wrong or not shown, and save nothing
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Write one out as TOML
    Export {
        /// Its name, as `list` says it
        name: String,
        #[command(flatten)]
        server: Server,
    },
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(ask(args, &mut io::stdout().lock()))
}

/// Asks and says what came of it.
pub(crate) async fn ask(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    match &args.command {
        Command::List { server } => list(server, out).await,
        Command::Open { file, check, server } => open(server, file, *check, out).await,
        Command::Export { name, server } => {
            let mut url = server.at(routes::DASHBOARDS)?;
            if let Ok(mut path) = url.path_segments_mut() {
                path.push(name).push("toml");
            }
            let response = server.ask(Request::get(url)).await?;
            let text = response.text().await.map_err(|error| Failure::Failed(error.to_string()))?;
            Ok(out.write_all(text.as_bytes())?)
        }
    }
}

async fn list(server: &Server, out: &mut impl Write) -> Result<(), Failure> {
    let url = server.at(routes::DASHBOARDS)?;
    let list: DashboardList = client::json(server.ask(Request::get(url)).await?).await?;
    let width = list.dashboards.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    for line in &list.dashboards {
        let origin = match line.origin {
            Origin::Saved => "saved",
            Origin::File => "file",
            Origin::BuiltIn => "built in",
        };
        writeln!(out, "{:<width$}  {origin:<8}  {}", visible(&line.name, false), visible(&line.title, false))?;
    }
    for problem in &list.problems {
        let (path, message) = (visible(&problem.path, false), visible(&problem.message, false));
        super::complain(&format!("{path}:{}:{}: {message}", problem.line, problem.column));
    }
    match list.problems.len() {
        0 => Ok(()),
        count => Err(Failure::Failed(format!("{} with mistakes", counted(count as u64, "file")))),
    }
}

async fn open(server: &Server, file: &str, check: bool, out: &mut impl Write) -> Result<(), Failure> {
    let text =
        read(file).map_err(|error| Failure::Usage(format!("{}: cannot read it: {error}", visible(file, false))))?;
    let mut url = server.at(routes::DASHBOARDS)?;
    url.query_pairs_mut().append_pair("name", file).append_pair("save", if check { "false" } else { "true" });
    let answer: DashboardAnswer = client::json(server.ask(Request::post(url, text)).await?).await?;
    for note in &answer.notes {
        let panel = if note.panel.is_empty() { String::new() } else { format!("{}: ", visible(&note.panel, false)) };
        super::complain(&format!("not shown: {panel}{}", visible(&note.reason, false)));
    }
    let panels = counted(answer.dashboard.panels.len() as u64, "panel");
    let title = visible(&answer.dashboard.title, false);
    match answer.path {
        None => writeln!(out, "{title}: {panels}; nothing was saved")?,
        Some(path) => {
            let page = server.at(&format!("/dashboards/{}", answer.name))?;
            writeln!(out, "{title}: {panels}, saved as {}\n{page}", visible(&path, false))?;
        }
    }
    Ok(())
}

fn read(file: &str) -> io::Result<String> {
    let limit = FILE_BYTES_MAX as u64 + 1;
    let mut text = String::new();
    match file {
        "-" => io::stdin().take(limit).read_to_string(&mut text)?,
        path => std::fs::File::open(path)?.take(limit).read_to_string(&mut text)?,
    };
    Ok(text)
}
