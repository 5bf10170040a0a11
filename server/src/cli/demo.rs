//! `telltale demo`: sends a realistic sample to a running server, for a bounded time.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use telltale_api::routes;
use telltale_model::SignalKind;
use telltale_search::value::{self, Unit};

use super::client::{self, Failure, Server};
use crate::demo::{Payload, Random, shop, worker};

/// Send a sample: a shop with its faults, and a worker that wakes every 10 s
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --for: the shop's last ten minutes and one wake-up of the worker, then the command ends.\n\
                        The worker does CPU work, I/O work in the temporary folder (1 MiB) and a calculation.\n\
                        Everything is sent by services gateway, checkout, payments, inventory and demo-worker."
)]
pub struct Args {
    /// How long the worker goes on, such as 5m; once without
    #[arg(long = "for", value_name = "TIME")]
    time: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// How often the worker wakes.
const EVERY: Duration = Duration::from_secs(10);

/// Longest run, so that a forgotten demo ends.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(play(args, &mut io::stdout().lock()))
}

/// Sends the shop once and the worker until the time is over.
pub(crate) async fn play(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let time = args.time.as_deref().map(length).transpose()?.unwrap_or_default();
    let seed = getrandom::u64().map_err(|error| Failure::Failed(format!("no random numbers: {error}")))?;
    let mut random = Random::new(seed);
    let now = telltale_storage::clock::Clock::now(&telltale_storage::clock::SystemClock::new()).0;
    let shop = shop::history(&mut random, now);
    let requests = shop.len();
    send(&args.server, shop).await?;
    writeln!(out, "sent the shop's last ten minutes in {requests} export requests")?;
    let began = tokio::time::Instant::now();
    for (number, wakes_after) in (1..).zip(wakes(time)) {
        tokio::time::sleep_until(began + wakes_after).await;
        let mut worker_random = Random::new(random.next());
        let wake =
            tokio::task::spawn_blocking(move || worker::wake(&mut worker_random, number, &std::env::temp_dir())).await;
        let wake = wake.map_err(|error| Failure::Failed(format!("the worker stopped: {error}")))?;
        let wake =
            wake.map_err(|error| Failure::Failed(format!("the worker cannot use the temporary folder: {error}")))?;
        send(&args.server, wake.payloads).await?;
        writeln!(out, "{}", wake.told)?;
        out.flush()?;
    }
    writeln!(out, "see it at {}", args.server.url)?;
    Ok(())
}

/// When the worker wakes, from the beginning: at once, and every ten seconds until the time is over.
fn wakes(time: Duration) -> impl Iterator<Item = Duration> {
    (0..).map(|number| EVERY.saturating_mul(number)).take_while(move |after| *after <= time)
}

async fn send(server: &Server, payloads: Vec<Payload>) -> Result<(), Failure> {
    for (signal, payload) in payloads {
        server.send_otlp(server.at(path(signal))?, payload).await?;
    }
    Ok(())
}

pub(super) const fn path(signal: SignalKind) -> &'static str {
    match signal {
        SignalKind::Traces => routes::OTLP_TRACES,
        SignalKind::Metrics => routes::OTLP_METRICS,
        SignalKind::Logs => routes::OTLP_LOGS,
    }
}

/// Reads a length of time with its unit.
fn length(text: &str) -> Result<Duration, Failure> {
    let number = value::number(text).filter(|number| number.unit == Unit::Duration);
    let nanos = number.and_then(|number| u64::try_from(number.int?).ok()).map(Duration::from_nanos);
    nanos.filter(|time| *time <= LONGEST).ok_or_else(|| {
        Failure::Usage(format!("{text:?} is no length of time up to a day\nhint: write --for 30s, 5m or 2h"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_wakes_at_once_and_every_ten_seconds_until_the_time_is_over() {
        let seconds = |time: &str| wakes(length(time).unwrap()).map(|after| after.as_secs()).collect::<Vec<u64>>();
        assert_eq!(wakes(Duration::ZERO).collect::<Vec<_>>(), [Duration::ZERO], "once without --for");
        assert_eq!(seconds("9s"), [0]);
        assert_eq!(seconds("30s"), [0, 10, 20, 30]);
        assert_eq!(seconds("1d").len(), 8_641);
        for wrong in ["soon", "10", "25h", ""] {
            assert!(matches!(length(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
