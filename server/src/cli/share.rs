//! `telltale share ID`: a read-only link to one trace, what redaction would change in it, and the links that hold.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use reqwest::Method;
use telltale_api::routes;
use telltale_api::share::{RedactionPreview, ShareCreated, ShareLink, ShareList, ShareRequest};
use telltale_story::format::number::counted;
use telltale_story::format::time::date_time;

use super::client::{self, Failure, Request, Server, visible};
use super::story::find;

/// Make a read-only link to one trace that ends by itself; what it shows is redacted
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A trace id in any spelling, or anything that holds one
    #[arg(required_unless_present_any = ["list", "revoke"], conflicts_with_all = ["list", "revoke"])]
    paste: Option<String>,
    /// How long the link holds: 30m, 12h, 7d, at most 90d
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = seconds)]
    expires: u64,
    /// Redaction rules to leave off, with commas; --preview names them
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    without: Vec<String>,
    /// Say what redaction would change, and make no link
    #[arg(long)]
    preview: bool,
    /// List the links that hold
    #[arg(long, conflicts_with_all = ["revoke", "preview"])]
    list: bool,
    /// End a link
    #[arg(long, value_name = "LINK", conflicts_with = "preview")]
    revoke: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// Reads a length of time with its unit.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no length of time such as 30m, 12h or 7d");
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let factor = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args) -> ExitCode {
    client::run(share(args, &mut io::stdout().lock()))
}

/// Does what the arguments say.
pub(crate) async fn share(args: &Args, out: &mut impl Write) -> Result<(), Failure> {
    let server = &args.server;
    if args.list {
        let list: ShareList = client::json(server.ask(Request::get(server.at(routes::SHARES)?)).await?).await?;
        return tell_list(&list, out);
    }
    if let Some(id) = &args.revoke {
        let mut url = server.at(routes::SHARES)?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(id);
        }
        let link: ShareLink =
            client::json(server.ask(Request { method: Method::DELETE, url, body: None, accept: None }).await?).await?;
        return Ok(writeln!(out, "ended: {} to trace {}", link.id, link.trace_id)?);
    }
    let trace_id = find(server, args.paste.as_deref().unwrap_or_default()).await?;
    if args.preview {
        let mut url = server.at(&format!("{}{trace_id}/preview", routes::SHARE))?;
        url.query_pairs_mut().append_pair("without", &args.without.join(","));
        let preview: RedactionPreview = client::json(server.ask(Request::get(url)).await?).await?;
        return tell_preview(&preview, out);
    }
    let request = ShareRequest { expires_in_seconds: Some(args.expires), without: args.without.clone() };
    let body = serde_json::to_string(&request).map_err(io::Error::from)?;
    let url = server.at(&format!("{}{trace_id}", routes::SHARE))?;
    let created: ShareCreated = client::json(server.ask(Request::post(url, body)).await?).await?;
    let until = date_time(created.link.expires_unix_nano.0, 0);
    writeln!(out, "{}", server.at(&created.path)?)?;
    writeln!(out, "holds until {until}; telltale share --revoke {} ends it", created.link.id)?;
    Ok(())
}

fn tell_list(list: &ShareList, out: &mut impl Write) -> Result<(), Failure> {
    if list.links.is_empty() {
        return Ok(writeln!(out, "no link holds")?);
    }
    for link in &list.links {
        let until = date_time(link.expires_unix_nano.0, 0);
        writeln!(out, "{}  trace {}  until {until}", link.id, link.trace_id)?;
    }
    Ok(())
}

fn tell_preview(preview: &RedactionPreview, out: &mut impl Write) -> Result<(), Failure> {
    let mut text = String::new();
    if preview.rules.is_empty() {
        text.push_str("nothing would be redacted\n");
    }
    for rule in &preview.rules {
        let _infallible = writeln!(text, "{}: {} ({})", rule.rule, counted(rule.count, "value"), rule.what);
        for place in &rule.places {
            let key = if place.key.is_empty() { String::new() } else { format!(" {}", visible(&place.key, false)) };
            let (before, after) = (visible(&place.before, false), visible(&place.after, false));
            let _infallible = writeln!(text, "  {}{key} ×{}: {before} → {after}", place.place, place.count);
        }
        if rule.places_left_out > 0 {
            let _infallible = writeln!(text, "  and {}", counted(rule.places_left_out, "more place"));
        }
    }
    if !preview.idle.is_empty() {
        let _infallible = writeln!(text, "found nothing: {}", preview.idle.join(", "));
    }
    Ok(out.write_all(text.as_bytes())?)
}
