//! Which run this is: revision, branch and pipeline, from the CI system's variables or from git, by the names of
//! OpenTelemetry's conventions.

use std::process::{Command, Stdio};

use crate::config::Environment;
use crate::observe::RUN_ID;

/// A run's names and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// For people.
    pub name: String,
    /// Unique: 16 hex digits.
    pub run_id: String,
    /// The run's own trace, hex.
    pub trace_id: String,
    /// The run's own span, hex.
    pub span_id: String,
    /// What every resource of the run carries.
    pub attributes: Vec<(String, String)>,
}

/// Where a CI system keeps what: its own name, the variable that tells it, and one a fact in the order of [`FACTS`].
type Provider = (&'static str, &'static str, [&'static str; 7]);

/// Attributes of a run.
const FACTS: [&str; 7] = [
    "vcs.ref.head.revision",
    "vcs.ref.head.name",
    "vcs.repository.url.full",
    "cicd.pipeline.name",
    "cicd.pipeline.run.id",
    "cicd.pipeline.task.name",
    "cicd.pipeline.run.url.full",
];

const PROVIDERS: [Provider; 5] = [
    (
        "github",
        "GITHUB_ACTIONS",
        ["GITHUB_SHA", "GITHUB_HEAD_REF GITHUB_REF_NAME", "", "GITHUB_WORKFLOW", "GITHUB_RUN_ID", "GITHUB_JOB", ""],
    ),
    (
        "gitlab",
        "GITLAB_CI",
        [
            "CI_COMMIT_SHA",
            "CI_COMMIT_REF_NAME",
            "CI_PROJECT_URL",
            "CI_PIPELINE_NAME CI_PROJECT_PATH",
            "CI_PIPELINE_ID",
            "CI_JOB_NAME",
            "CI_JOB_URL",
        ],
    ),
    (
        "buildkite",
        "BUILDKITE",
        [
            "BUILDKITE_COMMIT",
            "BUILDKITE_BRANCH",
            "BUILDKITE_REPO",
            "BUILDKITE_PIPELINE_SLUG",
            "BUILDKITE_BUILD_NUMBER",
            "BUILDKITE_LABEL",
            "BUILDKITE_BUILD_URL",
        ],
    ),
    (
        "jenkins",
        "JENKINS_URL",
        ["GIT_COMMIT", "BRANCH_NAME GIT_BRANCH", "GIT_URL", "JOB_NAME", "BUILD_NUMBER", "STAGE_NAME", "BUILD_URL"],
    ),
    (
        "circleci",
        "CIRCLECI",
        [
            "CIRCLE_SHA1",
            "CIRCLE_BRANCH",
            "CIRCLE_REPOSITORY_URL",
            "CIRCLE_PROJECT_REPONAME",
            "CIRCLE_BUILD_NUM",
            "CIRCLE_JOB",
            "CIRCLE_BUILD_URL",
        ],
    ),
];

impl Identity {
    /// Finds out which run this is; `git` answers the arguments of a git command.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn find(
        name: Option<String>,
        environment: Environment<'_>,
        git: &dyn Fn(&[&str]) -> Option<String>,
    ) -> Result<Self, getrandom::Error> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let provider = PROVIDERS.iter().find(|(_, sign, _)| set(sign).is_some());
        let mut facts: Vec<(String, String)> = Vec::new();
        if let Some((_, _, variables)) = provider {
            let of = |names: &&str| names.split(' ').find_map(set);
            let found = FACTS.iter().zip(variables).filter_map(|(fact, names)| Some(((*fact).to_owned(), of(names)?)));
            facts.extend(found);
        }
        github_addresses(&set, &mut facts);
        let has = |facts: &[(String, String)], key: &str| facts.iter().any(|(known, _)| known == key);
        for (key, arguments) in
            [("vcs.ref.head.revision", ["rev-parse", "HEAD"]), ("vcs.ref.head.name", ["branch", "--show-current"])]
        {
            if !has(&facts, key) {
                facts.extend(git(&arguments).map(|value| (key.to_owned(), value)));
            }
        }
        let [run_id, trace_id, span_id] = [hex(8)?, hex(16)?, hex(8)?];
        let name = name.unwrap_or_else(|| named(provider.map(|(name, ..)| *name), &facts, &run_id));
        let mut attributes = vec![(RUN_ID.to_owned(), run_id.clone()), ("telltale.run.name".to_owned(), name.clone())];
        attributes.extend(facts);
        Ok(Self { name, run_id, trace_id, span_id, attributes })
    }
}

/// GitHub has no variable for these two.
fn github_addresses(set: &dyn Fn(&str) -> Option<String>, facts: &mut Vec<(String, String)>) {
    if let (Some(server), Some(repository)) = (set("GITHUB_SERVER_URL"), set("GITHUB_REPOSITORY")) {
        let repository = format!("{server}/{repository}");
        if let Some(run) = set("GITHUB_RUN_ID") {
            facts.push(("cicd.pipeline.run.url.full".to_owned(), format!("{repository}/actions/runs/{run}")));
        }
        facts.push(("vcs.repository.url.full".to_owned(), repository));
    }
}

/// `github-1234-test` in CI, `main@1a2b3c4` on a desk.
fn named(provider: Option<&str>, facts: &[(String, String)], run_id: &str) -> String {
    let fact = |key: &str| facts.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    if let Some(provider) = provider {
        let parts = [Some(provider), fact("cicd.pipeline.run.id"), fact("cicd.pipeline.task.name")];
        return parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    }
    let revision: Option<String> = fact("vcs.ref.head.revision").map(|text| text.chars().take(7).collect());
    match (fact("vcs.ref.head.name"), revision) {
        (Some(branch), Some(revision)) => format!("{branch}@{revision}"),
        (None, Some(revision)) => revision,
        _ => format!("run-{run_id}"),
    }
}

fn hex(bytes: usize) -> Result<String, getrandom::Error> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)?;
    let mut out = String::with_capacity(bytes * 2);
    telltale_model::id::push_hex(&mut out, &buffer);
    Ok(out)
}

/// Asks git; `None` where there is none, or no repository.
#[must_use]
pub fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(environment: &[(&str, &str)], git: &[(&str, &str)]) -> Identity {
        let read =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let ask = |arguments: &[&str]| {
            git.iter().find(|(known, _)| *known == arguments[0]).map(|(_, value)| (*value).to_owned())
        };
        Identity::find(None, &read, &ask).unwrap()
    }

    fn fact<'a>(identity: &'a Identity, key: &str) -> Option<&'a str> {
        let found: Vec<_> = identity.attributes.iter().filter(|(known, _)| known == key).collect();
        assert!(found.len() <= 1, "{key} twice");
        found.first().map(|(_, value)| value.as_str())
    }

    /// Scenario: the variables of each CI system. Guarantees: revision, branch, pipeline and address are found in each.
    #[test]
    fn every_ci_system_is_understood() {
        let github = find(
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SHA", "abc"),
                ("GITHUB_HEAD_REF", ""),
                ("GITHUB_REF_NAME", "main"),
                ("GITHUB_WORKFLOW", "ci"),
                ("GITHUB_RUN_ID", "12"),
                ("GITHUB_JOB", "test"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", "a/b"),
            ],
            &[("rev-parse", "other"), ("branch", "other")],
        );
        assert_eq!(github.name, "github-12-test");
        assert_eq!(fact(&github, "vcs.ref.head.revision"), Some("abc"));
        assert_eq!(fact(&github, "vcs.ref.head.name"), Some("main"));
        assert_eq!(fact(&github, "cicd.pipeline.run.url.full"), Some("https://github.com/a/b/actions/runs/12"));
        assert_eq!(fact(&github, "vcs.repository.url.full"), Some("https://github.com/a/b"));
        for (provider, sign, variables) in PROVIDERS {
            let mut environment = vec![(sign, "true")];
            environment.extend(
                variables.iter().filter(|names| !names.is_empty()).map(|names| (names.split(' ').next().unwrap(), "x")),
            );
            let found = find(&environment, &[]);
            assert_eq!(found.name, format!("{provider}-x-x"));
            let known = FACTS.iter().filter(|key| fact(&found, key) == Some("x")).count();
            assert_eq!(known, variables.iter().filter(|names| !names.is_empty()).count(), "{provider}");
        }
    }

    #[test]
    fn on_a_desk_git_is_asked_and_without_git_the_id_is_the_name() {
        let desk = find(&[], &[("rev-parse", "0123456789"), ("branch", "main")]);
        assert_eq!(desk.name, "main@0123456");
        assert_eq!(fact(&desk, "vcs.ref.head.revision"), Some("0123456789"));
        let nowhere = find(&[], &[]);
        assert_eq!(nowhere.name, format!("run-{}", nowhere.run_id));
        assert_eq!((nowhere.trace_id.len(), nowhere.span_id.len()), (32, 16));
        assert_ne!(nowhere.run_id, find(&[], &[]).run_id);
    }
}
