//! Debian's Prometheus as a child process, ended by its process id.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::RequestBuilder;
use telltale_tests::poll::until;
use tempfile::TempDir;

use super::{Answer, understand};

/// A running Prometheus with an empty folder, which is removed with it.
pub(super) struct Prometheus {
    child: Child,
    url: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Prometheus {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, "global: {}\n").unwrap();
        // It takes no port 0: one that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--web.enable-remote-write-receiver", "--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("this test needs Debian's prometheus (apt-get install prometheus): {error}")
            });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let prometheus = Self { child, url, client, _folder: folder };
        until("Prometheus to be ready", Duration::from_secs(60), async || {
            let answer = prometheus.client.get(format!("{}/-/ready", prometheus.url)).send().await;
            answer.ok().filter(|answer| answer.status().is_success()).map(|_| ())
        })
        .await;
        prometheus
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    pub(super) async fn ask(&self, path: &str) -> Answer {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        understand(&serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
