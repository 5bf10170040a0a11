//! The tests of two runs compared: which fail now, which are mended, which are gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::join::TestTrace;
use crate::junit::Outcome;
use crate::results::Test;

/// A test whose outcome differs in a way that matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestChange {
    /// Class and name.
    pub name: String,
    /// How it ended in the older run; none when it was not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Outcome>,
    /// How it ended in the newer run; none when it is not in it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Outcome>,
    /// Of a test that fails now, why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Of a test that fails now, its trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TestTrace>,
}

impl TestChange {
    /// Says whether it fails now and did not before.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.after.is_some_and(Outcome::is_bad)
    }

    /// Returns what happened, as a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.before, self.after) {
            (_, Some(after)) if after.is_bad() => "fails now",
            (_, Some(_)) => "mended",
            (_, None) => "gone",
        }
    }
}

/// Compares the tests of two runs: those that fail anew first, then what is mended, then what is gone.
///
/// Of a name that is there several times (parameters that a writer leaves out) the worst outcome counts.
#[must_use]
pub fn tests_changed(before: &[Test], after: &[Test]) -> Vec<TestChange> {
    let (old, new) = (worst(before), worst(after));
    let is_bad = |test: Option<&&Test>| test.is_some_and(|test| test.case.outcome.is_bad());
    let ran = |test: Option<&&Test>| test.is_some_and(|test| test.case.outcome != Outcome::Skipped);
    let outcome = |test: Option<&&Test>| test.map(|test| test.case.outcome);
    let mut changes: Vec<TestChange> = Vec::new();
    for (name, test) in &new {
        let known = old.get(name);
        if test.case.outcome.is_bad() && !is_bad(known) {
            let message = test.case.message.lines().next().unwrap_or_default().to_owned();
            let (before, after) = (outcome(known), Some(test.case.outcome));
            changes.push(TestChange { name: name.clone(), before, after, message, trace: test.trace.clone() });
        } else if is_bad(known) && !test.case.outcome.is_bad() {
            let (before, after) = (outcome(known), Some(test.case.outcome));
            changes.push(TestChange { name: name.clone(), before, after, ..TestChange::default() });
        }
    }
    let gone = old.iter().filter(|(name, test)| ran(Some(test)) && !new.contains_key(*name));
    // A run that reports no tests at all has lost none.
    changes.extend(gone.filter(|_| !new.is_empty()).map(|(name, test)| TestChange {
        name: name.clone(),
        before: Some(test.case.outcome),
        ..TestChange::default()
    }));
    changes.sort_by_key(|change| (!change.is_worse(), change.after.is_none()));
    changes
}

fn worst(tests: &[Test]) -> BTreeMap<String, &Test> {
    let mut by_name: BTreeMap<String, &Test> = BTreeMap::new();
    for test in tests {
        let known = by_name.entry(test.name()).or_insert(test);
        if test.case.outcome.is_bad() && !known.case.outcome.is_bad() {
            *known = test;
        }
    }
    by_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::junit::TestCase;
    use proptest::prelude::*;

    fn test(name: &str, outcome: Outcome) -> Test {
        Test { case: TestCase { name: name.to_owned(), outcome, ..TestCase::default() }, trace: None }
    }

    #[test]
    fn what_fails_now_leads() {
        use Outcome::{Error, Failed, Passed, Skipped};
        let before = [test("a", Passed), test("b", Failed), test("c", Passed), test("d", Failed), test("e", Skipped)];
        let after = [
            test("a", Passed),
            test("a", Error),
            test("b", Passed),
            test("d", Failed),
            test("n", Failed),
            test("p", Passed),
        ];
        let changes = tests_changed(&before, &after);
        let told: Vec<_> = changes.iter().map(|change| (change.name.as_str(), change.word())).collect();
        assert_eq!(told, [("a", "fails now"), ("n", "fails now"), ("b", "mended"), ("c", "gone")]);
        assert!(tests_changed(&before, &[]).is_empty());
    }

    proptest! {
        /// Guarantees: a run does not differ from itself; what fails anew in one direction is mended or gone in the other.
        #[test]
        fn directions_mirror_each_other(
            before in proptest::collection::vec(("[a-e]", 0_usize..4), 1..8),
            after in proptest::collection::vec(("[a-e]", 0_usize..4), 1..8),
        ) {
            let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::Error, Outcome::Skipped];
            let tests = |list: &[(String, usize)]| list.iter().map(|(name, at)| test(name, outcomes[*at])).collect::<Vec<_>>();
            let (before, after) = (tests(&before), tests(&after));
            prop_assert!(tests_changed(&before, &before).is_empty());
            let back = tests_changed(&after, &before);
            for change in tests_changed(&before, &after).iter().filter(|change| change.is_worse()) {
                prop_assert!(back.iter().any(|other| other.name == change.name && !other.is_worse()), "{change:?}");
            }
        }
    }
}
