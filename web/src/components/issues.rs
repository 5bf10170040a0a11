//! What senders did wrong or oddly, with the fix.

use leptos::prelude::*;
use telltale_api::issue::IssueView;

use crate::components::bits::clock_time;
use crate::dom::{El, distinct, el, sign, text_el};
use crate::{format, strings};

/// The list, newest first; nothing when there are no issues.
pub(crate) fn issues(issues: RwSignal<Vec<IssueView>>) -> El {
    let key = |issue: &IssueView| format::hash(&format!("{:?} {}", key_of(issue), issue.count));
    let rows = move || {
        let list = el("ul").class("issue-rows").each(
            move || issues.with(|issues| distinct(issues.iter().map(key))),
            move |wanted| {
                issues.with_untracked(|issues| issues.iter().find(|i| key(i) == wanted).map_or_else(|| el("li"), line))
            },
        );
        el("section").class("issues").add(text_el("h2", "", strings::ISSUES_TITLE)).add(list)
    };
    let some = Memo::new(move |_| !issues.with(Vec::is_empty));
    el("div").children(move || some.get().then(rows))
}

/// Takes an issue in: one that is known is replaced, a new one comes on top.
pub(crate) fn merge(list: &mut Vec<IssueView>, issue: IssueView) {
    let key = key_of(&issue);
    list.retain(|known| key_of(known) != key);
    list.insert(0, issue);
    list.truncate(strings::ISSUES_SHOWN);
}

fn key_of(issue: &IssueView) -> [String; 5] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [issue.code.clone(), issue.peer.clone(), issue.protocol.clone(), text(&issue.service_name), text(&issue.user_agent)]
}

/// One issue.
pub(crate) fn line(issue: &IssueView) -> El {
    let (class, mark, word) = match issue.outcome.as_str() {
        "rejected" => ("issue issue-rejected", "✖", strings::ISSUE_REJECTED),
        "repaired" => ("issue issue-repaired", "▲", strings::ISSUE_REPAIRED),
        _ => ("issue", "●", strings::ISSUE_ODD),
    };
    let sender = match (&issue.service_name, &issue.user_agent) {
        (Some(service), _) => format!("{service} · {}", issue.peer),
        (None, Some(agent)) => format!("{agent} · {}", issue.peer),
        (None, None) => issue.peer.clone(),
    };
    let signal = issue.signal.as_ref().map(|signal| format!("{signal} · ")).unwrap_or_default();
    let count = if issue.count > 1 { format!("{}× · ", format::count(issue.count)) } else { String::new() };
    el("li").class(class).add([
        el("p")
            .class("issue-what")
            .add(el("span").class("issue-word").add(sign(mark)).text(&format!(" {word}")))
            .text(&format!(" {}", issue.message)),
        el("p").class("issue-fix").add(text_el("span", "muted", &format!("{} ", strings::ISSUE_FIX))).text(&issue.hint),
        el("p")
            .class("issue-who muted")
            .text(&format!("{sender} · {signal}{} · {count}", issue.protocol))
            .add(clock_time(issue.last_unix_nano.0)),
    ])
}
