use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn spec(files: &[(&str, &str)]) -> SpecDocument {
    let files = files.iter().map(|(name, text)| SpecFile {
        name: (*name).into(),
        text: (*text).into(),
        changed_at: at("2026-11-01T10:00:00Z"),
    });
    let folder = SpecFolder {
        slug: "checkout".into(),
        root: "docs/specs".into(),
        files: files.collect(),
    };
    SpecDocument::of(&folder).unwrap()
}

fn is_candidate(spec: &SpecDocument, merged: &[u64]) -> bool {
    let settings = SpecSettings {
        merged: merged.iter().copied().collect(),
        dismissed: BTreeSet::new(),
    };
    candidate(spec, &settings, at("2026-11-10T10:00:00Z")).is_some()
}

#[test]
fn the_status_of_the_preferred_file_counts() {
    let spec = spec(&[
        ("requirements.md", "# Checkout\nstatus: draft\n"),
        (
            "decisions.md",
            "---\n**Status:** `Approved`\n---\nsee #12 and PR 7",
        ),
        ("tasks.md", "- [x] one\n* [X] two\n  - [ ] three\n"),
    ]);
    assert_eq!(spec.status.as_deref(), Some("approved"));
    assert_eq!(spec.title, "Checkout");
    assert_eq!((spec.open_tasks, spec.done_tasks), (1, 2));
    let numbers: Vec<u64> = spec.pull_requests.iter().copied().collect();
    assert_eq!(numbers, [7, 12]);
    assert_eq!(spec.stage(), Stage::Executing);
    assert_eq!(
        spec.lifecycle(at("2026-11-02T00:00:00Z")),
        Lifecycle::Active
    );
    assert_eq!(spec.lifecycle(at("2026-12-30T00:00:00Z")), Lifecycle::Stale);
}

#[test]
fn only_what_is_shown_to_be_done_is_a_candidate() {
    let approved = ("decisions.md", "Status: approved\n");
    let done = ("tasks.md", "- [x] one\n");
    assert!(is_candidate(&spec(&[approved, done]), &[]));
    // A plan that nobody has begun, however old.
    assert!(!is_candidate(&spec(&[approved]), &[]));
    assert!(!is_candidate(
        &spec(&[approved, ("tasks.md", "nothing yet")]),
        &[]
    ));
    assert!(!is_candidate(
        &spec(&[approved, ("tasks.md", "- [x] a\n- [ ] b")]),
        &[]
    ));
    assert!(!is_candidate(
        &spec(&[("decisions.md", "Status: draft"), done]),
        &[]
    ));
    let named = spec(&[("decisions.md", "Status: approved\nsee #12"), done]);
    assert!(!is_candidate(&named, &[]) && is_candidate(&named, &[12]));
    let fresh = at("2026-11-01T20:00:00Z");
    assert!(candidate(&spec(&[approved, done]), &SpecSettings::default(), fresh).is_none());
}

proptest! {
    #[test]
    fn any_text_is_read(text in ".{0,300}", name in "(tasks|decisions|x).md") {
        let spec = spec(&[(&name, &text)]);
        let lines = text.lines().count() as u64;
        prop_assert!(spec.open_tasks + spec.done_tasks <= lines);
        let _: String = spec.title;
    }
}
