//! What senders did wrong or oddly, with the fix.

use leptos::prelude::*;
use telltale_api::issue::IssueView;

use crate::components::bits::ClockTime;
use crate::{format, strings};

/// The list; nothing when there are no issues.
#[component]
pub(crate) fn Issues(
    /// The issues, newest first.
    issues: RwSignal<Vec<IssueView>>,
) -> impl IntoView {
    view! {
        <Show when=move || !issues.with(Vec::is_empty)>
            <section class="issues">
                <h2>{strings::ISSUES_TITLE}</h2>
                <ul class="issue-rows">
                    <For each=move || issues.get() key=|issue| (key_of(issue), issue.count)
                        children=|issue| view! { <Issue issue/> }/>
                </ul>
            </section>
        </Show>
    }
}

/// Takes an issue in: one that is known is replaced, a new one comes on top.
pub(crate) fn merge(list: &mut Vec<IssueView>, issue: IssueView) {
    let key = key_of(&issue);
    list.retain(|known| key_of(known) != key);
    list.insert(0, issue);
    list.truncate(strings::ISSUES_SHOWN);
}

fn key_of(issue: &IssueView) -> (String, String, String, Option<String>) {
    (issue.code.clone(), issue.peer.clone(), issue.protocol.clone(), issue.service_name.clone())
}

/// One issue.
#[component]
fn Issue(
    /// The issue.
    issue: IssueView,
) -> impl IntoView {
    let (class, sign, word) = match issue.outcome.as_str() {
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
    view! {
        <li class=class>
            <p class="issue-what">
                <span class="issue-word"><span aria-hidden="true">{sign}</span>" "{word}</span>
                " "
                {issue.message.clone()}
            </p>
            <p class="issue-fix"><span class="muted">{strings::ISSUE_FIX}" "</span>{issue.hint.clone()}</p>
            <p class="issue-who muted">
                {sender} " · " {signal} {issue.protocol.clone()} " · "
                {(issue.count > 1).then(|| format!("{}× · ", format::count(issue.count)))}
                <ClockTime nanos=issue.last_unix_nano.0/>
            </p>
        </li>
    }
}
