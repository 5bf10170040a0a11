//! Where dashboards come from, and what stands before what.

use super::*;

const TOML: &str = "title = \"One\"\n[[panel]]\ntitle = \"p\"\n[[panel.query]]\nexpr = \"up\"\n";
const GRAFANA: &str = r#"{"title":"Two","panels":[{"type":"stat","title":"s","targets":[{"refId":"A","expr":"up"}]},{"type":"geomap","title":"g"}]}"#;

fn boards(folder: &Path) -> Boards {
    let files = folder.join("files");
    std::fs::create_dir_all(&files).unwrap();
    Boards::new(Some(&files), folder, false)
}

fn arrived() -> Arrived {
    Arrived { names: BTreeSet::from(["jvm_thread_count".to_owned()]), has_spans: true }
}

/// Scenario: a TOML file, a Grafana file, a broken file, a saved one of the same name as a file and as a built-in one.
#[test]
fn saved_ones_stand_before_files_and_files_before_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let boards = boards(folder.path());
    let files = folder.path().join("files");
    std::fs::write(files.join("one.toml"), TOML).unwrap();
    std::fs::write(files.join("My two.json"), GRAFANA).unwrap();
    std::fs::write(files.join("broken.toml"), "title = \"x\"\ntitel = 1\n").unwrap();
    std::fs::write(files.join("read me.md"), "no dashboard").unwrap();
    let list = boards.list(&arrived());
    let names: Vec<_> =
        list.dashboards.iter().map(|line| (line.name.as_str(), line.origin, line.panels, line.notes)).collect();
    let expected = [
        ("one", Origin::File, 1, 0),
        ("My-two", Origin::File, 1, 1),
        ("jvm", Origin::BuiltIn, 1, 0),
        ("service-red", Origin::BuiltIn, 12, 0),
    ];
    assert_eq!(names, expected);
    let problem = &list.problems[0];
    assert!(problem.path.ends_with("broken.toml") && (problem.line, problem.column) == (2, 1), "{problem:?}");
    assert!(boards.find("broken", &arrived()).unwrap().is_err() && boards.find("none", &arrived()).is_none());

    let mut changed = boards.find("one", &arrived()).unwrap().unwrap().dashboard;
    "Mine".clone_into(&mut changed.title);
    let path = boards.save("one", &changed).unwrap();
    assert!(path.starts_with(folder.path().join("dashboards")));
    let found = boards.find("one", &arrived()).unwrap().unwrap();
    assert_eq!((found.origin, found.dashboard), (Origin::Saved, changed));
    assert!(boards.remove("one").unwrap() && !boards.remove("one").unwrap());
    assert_eq!(boards.find("one", &arrived()).unwrap().unwrap().origin, Origin::File);
}

/// Scenario: names that lead elsewhere, a name that is taken, more dashboards than may be, an artifact.
#[test]
fn names_and_bounds_hold() {
    let folder = tempfile::tempdir().unwrap();
    let boards = boards(folder.path());
    let dashboard = understand(TOML).unwrap().0;
    for name in ["", "../x", "a/b", ".hidden", "a b", &"x".repeat(DASHBOARD_NAME_BYTES + 1)] {
        assert!(matches!(boards.save(name, &dashboard), Err(SaveError::Name(_))), "{name}");
    }
    assert_eq!(boards.free_name("Orders: today!"), "Orders-today");
    boards.save("Orders-today", &dashboard).unwrap();
    assert_eq!(boards.free_name("Orders: today!"), "Orders-today-2");
    assert_eq!(boards.free_name("…"), "dashboard");
    for number in 1..DASHBOARDS {
        std::fs::write(folder.path().join(format!("dashboards/n{number}.toml")), "").unwrap();
    }
    assert!(matches!(boards.save("one-more", &dashboard), Err(SaveError::Full)));
    boards.save("Orders-today", &dashboard).unwrap();
    let artifact = Boards::new(None, folder.path(), true);
    assert!(matches!(artifact.save("a", &dashboard), Err(SaveError::ReadOnly)) && artifact.list(&arrived()).read_only);
}
