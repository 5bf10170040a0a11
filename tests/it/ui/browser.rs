//! One browser with its own profile, and the few things that tests do with it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use telltale_tests::poll::until;
use tokio::sync::{Mutex, MutexGuard};

use crate::support::install::node_modules;
use crate::support::target_tmp;

/// How long a page may take to show what it should. Generous: the machine may be building beside.
const DEADLINE: Duration = Duration::from_secs(60);

/// How often Tab is pressed to get anywhere: pages have fewer stops.
pub(crate) const TABS_MAX: usize = 500;

/// One browser at a time: each takes a core and hundreds of megabytes.
static ONE: Mutex<()> = Mutex::const_new(());

pub(crate) struct Browser {
    driver: Child,
    client: Client,
    session: String,
    base: String,
    _profile: tempfile::TempDir,
    _one: MutexGuard<'static, ()>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser too: chromedriver is its process group's leader.
        let pid = rustix::process::Pid::from_child(&self.driver);
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
        self.driver.wait().ok();
    }
}

impl Browser {
    /// Starts chromedriver and Chromium; `base` is the address of the web application.
    pub(crate) async fn open(base: &str) -> Self {
        let one = ONE.lock().await;
        let profile = tempfile::tempdir().unwrap();
        let (driver, url) = start_driver();
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
                "--no-first-run", "--window-size=1440,1000", "--force-color-profile=srgb", "--lang=en-GB", "--no-proxy-server",
                format!("--user-data-dir={}", profile.path().display()),
            ],
        });
        let capabilities = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"} });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = builder.connect(&url).await.unwrap_or_else(|error| panic!("start Chromium: {error}"));
        let session = format!("{url}/session/{}", client.session_id().await.unwrap().unwrap());
        Self { driver, client, session, base: base.to_owned(), _profile: profile, _one: one }
    }

    /// Opens a path of the web application.
    pub(crate) async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap_or_else(|error| panic!("open {path}: {error}"));
    }

    /// Runs a script and returns its value.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script whose last argument is a function that takes its value.
    pub(crate) async fn script_async(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script in every document before its own scripts.
    pub(crate) async fn before_load(&self, script: &str) {
        let body = json!({"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": script}});
        self.driver_call("goog/cdp/execute", &body).await;
    }

    /// Returns the memory of all of the browser's processes; what they share is counted once.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.proportional_bytes(&["Pss:"])
    }

    /// Returns what of it is no mapped file: pages of the executable come and go as the kernel pleases.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.proportional_bytes(&["Pss_Anon:", "Pss_Shmem:"])
    }

    fn proportional_bytes(&self, kinds: &[&str]) -> u64 {
        let group = self.driver.id().to_string();
        let folders = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let ours = folders.filter(|folder| {
            let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
            // After the name in parentheses: state, parent, process group.
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(2)) == Some(&group)
        });
        let kilobytes = ours.map(|folder| {
            // A process may end meanwhile.
            let rollup = std::fs::read_to_string(folder.join("smaps_rollup")).unwrap_or_default();
            let lines = rollup.lines().filter_map(|line| kinds.iter().find_map(|kind| line.strip_prefix(kind)));
            lines.filter_map(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).sum::<u64>()
        });
        kilobytes.sum::<u64>() * 1_024
    }

    /// Returns the text that a reader sees, form values included.
    pub(crate) async fn text(&self) -> String {
        let script = "return document.body.innerText + ' ' + [...document.querySelectorAll('input,textarea')].map(i => i.value).join(' ')";
        self.script(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page shows a text; letter case does not matter, since style sheets change it.
    pub(crate) async fn until_text(&self, needle: &str) {
        let wanted = needle.to_lowercase();
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            if self.text().await.to_lowercase().replace('\u{a0}', " ").contains(&wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.gave_up(&format!("{needle:?}")).await;
    }

    /// Fails with what the page shows.
    async fn gave_up(&self, what: &str) -> ! {
        self.screenshot("failed").await;
        panic!(
            "waited {DEADLINE:?} for {what} on {}; the page says:\n{}\nconsole: {:#?}",
            self.path().await,
            self.text().await,
            self.console().await
        );
    }

    /// Waits until a script returns true.
    pub(crate) async fn until_true(&self, what: &str, script: &str) {
        let started = Instant::now();
        while self.script(script).await != true {
            if started.elapsed() >= DEADLINE {
                self.gave_up(what).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the path of the address bar.
    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Waits until the address bar has a path.
    pub(crate) async fn until_path(&self, path: &str) {
        until(&format!("the address {path}"), DEADLINE, || async { (self.path().await == path).then_some(()) }).await;
    }

    /// Clicks the first element of a selector, once it is there.
    pub(crate) async fn click(&self, selector: &str) {
        let wait = self.client.wait().at_most(DEADLINE).for_element(Locator::Css(selector)).await;
        wait.unwrap_or_else(|error| panic!("find {selector}: {error}"))
            .click()
            .await
            .unwrap_or_else(|error| panic!("click {selector}: {error}"));
    }

    /// Clicks the first element of a selector that holds a text.
    pub(crate) async fn click_text(&self, selector: &str, text: &str) {
        let what = format!("{selector} with {text}");
        let found = until(&what, DEADLINE, || async {
            for element in self.client.find_all(Locator::Css(selector)).await.ok()? {
                if element.text().await.ok()?.contains(text) {
                    return Some(element);
                }
            }
            None
        });
        found.await.click().await.unwrap_or_else(|error| panic!("click {selector} with {text}: {error}"));
    }

    /// Types into the first visible element of a selector.
    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        let wait = self.client.wait().at_most(DEADLINE).for_element(Locator::Css(selector)).await;
        let element = wait.unwrap_or_else(|error| panic!("find {selector}: {error}"));
        element.click().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    /// Drags over an element, between two places along its width: 0 is its left edge, 1 its right one.
    pub(crate) async fn drag(&self, selector: &str, from: f64, to: f64) {
        let wait = self.client.wait().at_most(DEADLINE).for_element(Locator::Css(selector)).await;
        let element = wait.unwrap_or_else(|error| panic!("find {selector}: {error}"));
        let (_, _, width, _) = element.rectangle().await.unwrap();
        let duration = None;
        let start = PointerAction::MoveToElement { element, duration, x: (from - 0.5) * width, y: 0.0 };
        let way = PointerAction::MoveBy { duration, x: (to - from) * width, y: 0.0 };
        let mouse = MouseActions::new("mouse".to_owned())
            .then(start)
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(way)
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.unwrap_or_else(|error| panic!("drag over {selector}: {error}"));
    }

    /// Takes hold of an element with the mouse and carries it along steps in pixels; it is held until [`Self::let_go`].
    pub(crate) async fn carry(&self, selector: &str, steps: &[(f64, f64)]) {
        let wait = self.client.wait().at_most(DEADLINE).for_element(Locator::Css(selector)).await;
        let element = wait.unwrap_or_else(|error| panic!("find {selector}: {error}"));
        let duration = None;
        let start = PointerAction::MoveToElement { element, duration, x: 0.0, y: 0.0 };
        let hold = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let way = steps.iter().map(|(x, y)| PointerAction::MoveBy { duration, x: *x, y: *y });
        let mouse = MouseActions::new("mouse".to_owned()).then(start).then(hold);
        let mouse = way.fold(mouse, MouseActions::then);
        self.client.perform_actions(mouse).await.unwrap_or_else(|error| panic!("carry {selector}: {error}"));
    }

    /// Lets go of what is carried.
    pub(crate) async fn let_go(&self) {
        let mouse = MouseActions::new("mouse".to_owned()).then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.unwrap_or_else(|error| panic!("let go: {error}"));
    }

    /// Presses Tab until the focus is on an element of a selector, as a reader without a mouse does.
    pub(crate) async fn tab_to(&self, selector: &str) {
        let is_there = format!("return document.activeElement.matches({})", Value::from(selector));
        for _ in 0..300 {
            if self.script(&is_there).await == true {
                return;
            }
            // As keys of the keyboard: an element that takes the focus need not take texts.
            let tab = KeyActions::new("keyboard".to_owned())
                .then(KeyAction::Down { value: '\u{e004}' })
                .then(KeyAction::Up { value: '\u{e004}' });
            self.client.perform_actions(tab).await.unwrap();
        }
        self.screenshot("failed").await;
        panic!("Tab does not reach {selector}");
    }

    /// Goes back in the history.
    pub(crate) async fn back(&self) {
        self.client.back().await.unwrap();
    }

    /// Returns the query of the address bar, decoded.
    pub(crate) async fn parameter(&self, name: &str) -> Option<String> {
        let url = self.client.current_url().await.unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Presses keys on whatever has the focus.
    pub(crate) async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses a key; unlike [`Self::press`] also where a part of a drawing has the focus.
    pub(crate) async fn key(&self, key: char) {
        let press = KeyActions::new("keyboard".to_owned());
        let press = press.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.client.perform_actions(press).await.unwrap_or_else(|error| panic!("press {key:?}: {error}"));
    }

    /// Lets the page believe that the reader prefers this scheme.
    pub(crate) async fn colour_scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let body = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.driver_call("goog/cdp/execute", &body).await;
    }

    /// Lets the page believe that the reader lives in this time zone.
    pub(crate) async fn time_zone(&self, name: &str) {
        let body = json!({"cmd": "Emulation.setTimezoneOverride", "params": {"timezoneId": name}});
        self.driver_call("goog/cdp/execute", &body).await;
    }

    /// Fails when axe finds a violation of WCAG A or AA.
    pub(crate) async fn accessible(&self, page: &str) {
        let axe = std::fs::read_to_string(node_modules().join("axe-core/axe.min.js")).unwrap();
        self.script(&axe).await;
        let run = "const done = arguments[arguments.length - 1]; \
                   axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}) \
                   .then(r => done(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html + ' ' + n.failureSummary)}))), \
                   e => done(String(e)))";
        let violations = self.client.execute_async(run, Vec::new()).await.unwrap();
        if violations != json!([]) {
            self.screenshot(&format!("axe-{page}")).await;
        }
        assert_eq!(violations, json!([]), "axe on {page}");
    }

    /// Looks at a state of the page in both colours, light at the end: axe finds nothing, and a picture of each is kept.
    pub(crate) async fn looked_at(&self, state: &str) {
        for scheme in ["light", "dark"] {
            self.colour_scheme(scheme).await;
            self.accessible(&format!("{state}-{scheme}")).await;
            self.screenshot(&format!("{state}-{scheme}")).await;
        }
        self.colour_scheme("light").await;
    }

    /// The same for a page that must not scroll sideways.
    pub(crate) async fn looked_at_in_its_width(&self, state: &str) {
        self.looked_at(state).await;
        let wide =
            self.script("return document.documentElement.scrollWidth > document.documentElement.clientWidth").await;
        assert_eq!(wide, false, "{state}: the page itself scrolls sideways");
    }

    /// Saves what is visible and returns the file.
    pub(crate) async fn screenshot(&self, name: &str) -> PathBuf {
        let path = target_tmp("screenshots").join(format!("{name}.png"));
        std::fs::write(&path, self.client.screenshot().await.unwrap()).unwrap();
        path
    }

    /// Returns what the console said since the last call.
    pub(crate) async fn console(&self) -> Vec<Value> {
        self.driver_call("se/log", &json!({"type": "browser"})).await["value"].as_array().cloned().unwrap_or_default()
    }

    /// Ends the session; fails when the console ever showed an error.
    pub(crate) async fn close(self) {
        let errors: Vec<Value> = self.console().await.into_iter().filter(|line| line["level"] == "SEVERE").collect();
        assert!(errors.is_empty(), "console: {errors:#?}");
        self.client.clone().close().await.unwrap();
    }

    /// Ends the session of a page that asks for what is not there: 404s of the API, and of a page that no route names,
    /// are expected on the console.
    pub(crate) async fn close_with_404s(self) {
        self.close_with("404").await;
    }

    /// Ends the session of a page that sends what the API refuses.
    pub(crate) async fn close_with_400s(self) {
        self.close_with("400").await;
    }

    async fn close_with(self, status: &str) {
        let expected =
            |line: &Value| line["message"].as_str().is_some_and(|text| is_absent(text) && text.contains(status));
        let errors: Vec<Value> =
            self.console().await.into_iter().filter(|line| line["level"] == "SEVERE" && !expected(line)).collect();
        assert!(errors.is_empty(), "console: {errors:#?}");
        self.client.clone().close().await.unwrap();
    }

    /// Ends the session of a page that asks the API for what it refuses: answers of 400 are expected on the console.
    pub(crate) async fn close_with_refusals(self) {
        let expected =
            |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("/api/") && text.contains("400"));
        let errors: Vec<Value> =
            self.console().await.into_iter().filter(|line| line["level"] == "SEVERE" && !expected(line)).collect();
        assert!(errors.is_empty(), "console: {errors:#?}");
        self.client.clone().close().await.unwrap();
    }

    async fn driver_call(&self, path: &str, body: &Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(format!("{}/{path}", self.session)).json(body).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

/// How often a free port is sought: chromedriver takes a free one of IPv4 and ends when IPv6 has the same one taken.
const DRIVER_TRIES: usize = 10;

/// Starts chromedriver on a free port and reads which one.
fn start_driver() -> (Child, String) {
    use std::os::unix::process::CommandExt as _;
    let needs = "this test needs Chromium and chromedriver (Debian: apt-get install chromium chromium-driver)";
    for _ in 0..DRIVER_TRIES {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut driver = command.spawn().unwrap_or_else(|error| panic!("{needs}: {error}"));
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        if let Some(port) = port {
            // Keeps the pipe open and empty.
            std::thread::spawn(move || lines.for_each(drop));
            return (driver, format!("http://127.0.0.1:{port}"));
        }
        driver.wait().unwrap();
    }
    panic!("{needs}: chromedriver named no port, {DRIVER_TRIES} times")
}

/// Whether a console line is about something that a test asks for knowing that it is not there.
fn is_absent(message: &str) -> bool {
    message.contains("/api/") || message.contains("/no/such/")
}
