use super::*;

const HEADER: &str = "id\tsection\tlevel\tsummary\tcode\ttests\tnote\n";
const EXCEPTIONS_HEADER: &str = "id\treason\n";

/// A project with these files in notes/requirements, which vanishes after the test.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("conformance-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join(FOLDER)).unwrap();
        fs::write(folder.join("code.rs"), "fn there() {}").unwrap();
        for (file, text) in files {
            fs::write(folder.join(FOLDER).join(file), text).unwrap();
        }
        Self(folder)
    }

    fn faults(&self) -> Vec<String> {
        Requirements::read(&self.0).unwrap_err().iter().map(ToString::to_string).collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn table(lines: &[&str]) -> String {
    format!("{HEADER}{}\n", lines.join("\n"))
}

#[test]
fn every_table_is_read_and_one_can_be_asked_for() {
    let first = table(&["A-1\t1\tMUST\tthis\tcode.rs#there\tp/a\t", "A-2\t2\tMAY\tthat\t\t\t"]);
    let second = table(&["B-1\t1\tSHOULD\tthis\t\t\t"]);
    let exceptions = format!("{EXCEPTIONS_HEADER}B-1\tfor a reason\n");
    let project = Project::new(
        "read",
        &[
            ("rfc1.tsv", &first),
            ("rfc2.tsv", &second),
            ("exceptions.tsv", &exceptions),
            ("README.md", "no table"),
        ],
    );
    let requirements = Requirements::read(&project.0).unwrap();
    let ids = |names: &[&str]| -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let tables = requirements.choose(&names)?;
        Ok(tables.iter().flat_map(|table| &table.rows).map(|row| row.id.clone()).collect())
    };
    assert_eq!(ids(&[]).unwrap(), ["A-1", "A-2", "B-1"]);
    assert_eq!(ids(&["rfc2"]).unwrap(), ["B-1"]);
    let error = "'rfc3' is no table of notes/requirements; there is rfc1, rfc2";
    assert_eq!(ids(&["rfc1", "rfc3"]), Err(error.to_owned()));
    assert_eq!(requirements.exception("B-1"), Some("for a reason"));
    assert_eq!(requirements.exception("A-1"), None);
}

#[test]
fn each_malformed_line_is_told_with_its_place() {
    let wrong = table(&[
        "A-1\t1\tMUST\tthis\tcode.rs#nowhere\t\t",
        "A-2\t1\tMUST\tthis\tnofile.rs\t\t",
        "A-3\t1\tMIGHT\tthis\t\t\t",
        "A-2\t1\tMUST\tthis\t\t\t",
        "",
    ]);
    let other = table(&["A-1\t1\tMUST\tthis\t\t\t"]);
    let exceptions =
        format!("{EXCEPTIONS_HEADER}A-1\treason\nZ-9\treason\nA-2\t \nA-1\tagain\nA-2\n");
    let project = Project::new(
        "malformed",
        &[("rfc1.tsv", &wrong), ("rfc2.tsv", &other), ("exceptions.tsv", &exceptions)],
    );
    let expected = [
        "rfc1.tsv:2: code.rs has no nowhere",
        "rfc1.tsv:3: nofile.rs: No such file",
        "rfc1.tsv:4: 'MIGHT' is no level",
        "rfc1.tsv:5: the id A-2 is taken",
        "rfc1.tsv:6: 1 instead of 7 cells",
        "rfc2.tsv:2: the id A-1 is taken",
        "exceptions.tsv:3: no table has a row 'Z-9'",
        "exceptions.tsv:4: the reason is empty",
        "exceptions.tsv:5: A-1 stands here twice",
        "exceptions.tsv:6: 1 instead of 2 cells",
    ];
    let faults = project.faults();
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(&format!("{FOLDER}/{expected}")), "{fault}");
    }
}

#[test]
fn a_table_that_is_not_there_or_has_other_columns_is_told() {
    let project = Project::new("columns", &[("rfc1.tsv", "id\tlevel\n")]);
    let faults = project.faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].contains("rfc1.tsv:1: the first line must name the columns: id, section"));
    assert!(faults[1].contains("exceptions.tsv: No such file"), "{}", faults[1]);
}

/// What `make conformance` would refuse is refused here already, before it takes anybody's time.
#[test]
fn the_tables_of_this_project_are_well_formed() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements = Requirements::read(package.ancestors().nth(2).unwrap());
    let faults = requirements.err().unwrap_or_default();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
