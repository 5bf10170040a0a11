//! README, changelog, licence, image and gate.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use telltale_tests::http::Signal;
use telltale_tests::otlp;
use telltale_tests::server::Launch;

use crate::support::{PROGRAM, launch, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Code blocks of the README, with their language.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut parts = markdown.split("```");
    parts.next();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap();
        out.push((language.to_owned(), text.to_owned()));
    }
    out
}

#[test]
fn the_documents_are_there() {
    for path in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "server/ARCHITECTURE.md",
        "storage/ARCHITECTURE.md",
        "storage/FORMAT.md",
    ] {
        assert!(read(path).len() > 200, "{path} says nothing");
    }
    assert!(read("LICENSE").contains("Apache License"));
    let readme = read("README.md");
    let picture = readme.split("![").nth(1).and_then(|rest| rest.split("](").nth(1)?.split(')').next()).unwrap();
    assert!(root().join(picture).exists(), "the README's picture {picture} is missing");
    for line in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let local = !line.starts_with("http") && !line.starts_with('#');
        assert!(
            !local || root().join(line.split('#').next().unwrap()).exists(),
            "the README links to {line}, which is not there"
        );
    }
}

/// The gate is exactly the README's test command, in a target folder outside the checkout, with the real web application.
#[test]
fn the_gate_runs_the_command_of_the_readme() {
    let gate = read(".ci/run");
    let command = "cargo test --workspace --locked";
    assert!(
        blocks(&read("README.md")).iter().any(|(_, text)| text.trim() == command),
        "the README does not say {command}"
    );
    assert_eq!(gate.lines().filter(|line| line.trim() == command).count(), 1, "{gate}");
    for needle in ["set -euo pipefail", "CARGO_TARGET_DIR=\"${CARGO_TARGET_DIR:-$HOME/.cache/", "TELLTALE_WEB=require"]
    {
        assert!(gate.contains(needle), "{needle} is missing in .ci/run");
    }
}

/// Every `telltale …` line in the README's blocks is understood: its command and its flags exist.
#[test]
fn the_readme_names_only_commands_and_flags_that_exist() {
    let mut checked = 0;
    for (_, text) in blocks(&read("README.md")) {
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("telltale ")) {
            let words: Vec<&str> = line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
            let command = words.first().filter(|word| !word.starts_with('-')).copied().unwrap_or("serve");
            let help = Command::new(PROGRAM).args([command, "--help"]).output().unwrap();
            assert!(help.status.success(), "telltale {command} --help: {}", String::from_utf8_lossy(&help.stderr));
            let help = String::from_utf8_lossy(&help.stdout).into_owned();
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                assert!(help.contains(flag), "telltale {command} has no {flag}");
            }
            checked += 1;
        }
    }
    println!("{checked} command lines of the README checked");
}

/// A curl example of the README that posts OTLP/JSON does what it says.
#[tokio::test]
async fn the_curl_example_of_the_readme_works() {
    let mut posted = 0;
    for (_, text) in blocks(&read("README.md")) {
        for part in text.split("curl ").skip(1).filter(|part| part.contains("/v1/")) {
            let server = launch().start();
            let script = format!("curl {part}")
                .replace("http://localhost:4318", server.http.otlp())
                .replace("http://127.0.0.1:4318", server.http.otlp());
            let output = Command::new("bash").args(["-ec", &script]).env("no_proxy", "*").output().unwrap();
            assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
            let total = server.http.get_json("/api/recent").await["totals"].clone();
            assert!(
                total["spans"].as_u64() > Some(0) || total["logs"].as_u64() > Some(0),
                "{script} stored nothing: {total}"
            );
            posted += 1;
        }
    }
    println!("{posted} curl examples of the README run");
}

#[test]
fn the_changelog_has_the_versions_on_top() {
    let changelog = read("CHANGELOG.md");
    let prefixes = ["[FEATURE]", "[PERF]", "[BUGFIX]", "[CHANGE]", "[SECURITY]"];
    let lines: Vec<&str> = changelog.lines().filter(|line| line.starts_with("- ") || line.starts_with("* ")).collect();
    assert!(!lines.is_empty(), "no entry");
    for line in lines {
        assert!(prefixes.iter().any(|prefix| line[2..].starts_with(prefix)), "{line}: begin with one of {prefixes:?}");
    }
}

/// The image: pinned bases, an unprivileged user, a volume, all addresses only with a token.
#[test]
fn the_image_is_pinned_and_unprivileged() {
    let dockerfile = read("Dockerfile");
    let bases: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(bases.len(), 2, "{bases:?}");
    for base in &bases {
        let image = base.split_whitespace().next().unwrap();
        let tag = image.split_once(':').map(|(_, tag)| tag);
        let pinned = image == "scratch" || tag.is_some_and(|tag| tag != "latest" && tag.contains('.'));
        assert!(pinned, "{image} is not pinned");
    }
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.split("channel = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(bases[0].contains(channel), "the image builds with {}, the checkout with {channel}", bases[0]);
    let last = dockerfile.rsplit("FROM ").next().unwrap();
    let user = last.lines().find_map(|line| line.strip_prefix("USER ")).expect("a USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "USER {user}");
    assert!(last.contains("VOLUME /data") && last.contains("TELLTALE_DATA_DIR=/data"), "{last}");
    assert!(
        last.contains("0.0.0.0:4317") && !last.contains("insecure"),
        "all addresses, and no --insecure by default: {last}"
    );
    assert!(dockerfile.contains("TELLTALE_WEB=require") && dockerfile.contains("--locked"), "{dockerfile}");
    assert!(!last.contains("COPY --from=build /src") && !last.contains("ADD "), "{last}");
}

/// Links the program as the image does, with the C library inside: the same `main.rs` and the libraries that cargo has
/// just built, so that it costs one link and no second build.
fn link_statically(to: &Path) {
    let libraries = Path::new(PROGRAM).parent().unwrap().join("deps");
    let newest = |name: &str| {
        let files = std::fs::read_dir(&libraries).unwrap().map(|entry| entry.unwrap());
        let named = files.filter(|file| {
            let file = file.file_name().into_string().unwrap();
            file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib")
        });
        named.max_by_key(|file| file.metadata().unwrap().modified().unwrap()).unwrap().path()
    };
    let mut rustc = Command::new("rustc");
    rustc.current_dir(root()).args(["--edition", "2024", "--crate-name", "telltale", "--crate-type", "bin"]);
    rustc.args(["-C", "target-feature=+crt-static"]).arg("server/src/main.rs").arg("-o").arg(to);
    rustc.arg("-L").arg(format!("dependency={}", libraries.display()));
    for name in ["telltale", "tikv_jemallocator"] {
        rustc.arg("--extern").arg(format!("{name}={}", newest(name).display()));
    }
    let output = rustc.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The program needs nothing but itself: no library, no shell, no /etc, no /tmp, no /proc, not root, one writable folder.
/// The two sources of random bytes are there, as in every container.
#[tokio::test]
async fn the_static_program_answers_in_an_empty_root_as_nobody() {
    assert!(read("Dockerfile").contains("target-feature=+crt-static"), "the image links another way than this test");
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may change the root folder");
        return;
    }
    let jail = tempfile::tempdir().unwrap();
    link_statically(&jail.path().join("telltale"));
    std::fs::create_dir(jail.path().join("dev")).unwrap();
    for (name, minor) in [("random", 8), ("urandom", 9)] {
        let (kind, device) = (rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, minor));
        let mode = rustix::fs::Mode::from_raw_mode(0o444);
        rustix::fs::mknodat(rustix::fs::CWD, jail.path().join("dev").join(name), kind, mode, device).unwrap();
    }
    let data = jail.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::os::unix::fs::chown(&data, Some(65532), Some(65532)).unwrap();
    std::fs::set_permissions(jail.path(), std::os::unix::fs::PermissionsExt::from_mode(0o555)).unwrap();
    let server = Launch::new("/usr/sbin/chroot")
        .program_arg("--userspec=65532:65532")
        .program_arg(jail.path())
        .program_arg("/telltale");
    let server = server.data_dir("/data").start();
    let _ =
        server.http.export(Signal::Traces, &otlp::traces("jail", vec![otlp::span([1; 16], [1; 8], "s")])).await.ok();
    server.http.flush_durable().await;
    assert_eq!(server.http.count("SELECT count(*) FROM spans").await, 1);
    assert!(server.http.get("/").await.ok().text().contains("telltale"));
    server.stop();
    assert!(std::fs::read_dir(data).unwrap().count() > 0, "the data went elsewhere");
}

/// With the image's environment the program refuses without a token and answers with one.
#[tokio::test]
async fn the_environment_of_the_image_needs_a_token() {
    let dockerfile = read("Dockerfile");
    let settings = || {
        let names = ["TELLTALE_LISTEN", "TELLTALE_OTLP_GRPC", "TELLTALE_OTLP_HTTP"];
        names.iter().fold(launch().own_ports(), |launch, name| {
            assert!(dockerfile.contains(&format!("{name}=0.0.0.0:")), "{name}");
            launch.env(name, "0.0.0.0:0")
        })
    };
    let (code, stderr) = settings().refuse();
    assert_eq!(code, Some(2), "{stderr}");
    let server = settings().token("tt_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI").start();
    let port = server.ready.ui.rsplit_once(':').unwrap().1;
    let http = telltale_tests::http::Http::new(
        &format!("http://127.0.0.1:{port}"),
        &format!("http://127.0.0.1:{}", server.ready.otlp_http.rsplit_once(':').unwrap().1),
        Some("tt_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI"),
    );
    let _ = http.export(Signal::Traces, &otlp::traces("image", vec![otlp::span([1; 16], [1; 8], "s")])).await.ok();
    let health: Value = http.get_json("/api/health").await;
    assert_eq!(health["status"], "ok");
}
