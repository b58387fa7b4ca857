use super::*;

#[test]
#[ignore = "the runner finds it, and must not run it"]
fn an_ignored_test() {}

#[test]
fn a_binary_tells_its_tests_and_runs_the_one_that_is_named() {
    // Those of this very binary, which cargo built just now.
    let executable = Executable {
        path: std::env::current_exe().unwrap(),
        folder: env!("CARGO_MANIFEST_DIR").into(),
    };
    let all = executable.list(&[]).unwrap();
    let ignored = executable.list(&["--ignored"]).unwrap();
    assert!(all.contains("runner::tests::what_cargo_says_of_a_test_binary"));
    assert_eq!(ignored, BTreeSet::from(["runner::tests::an_ignored_test".to_owned()]));
    assert!(all.is_superset(&ignored));

    let passes = executable.run("runner::tests::what_cargo_says_of_a_test_binary");
    assert_eq!(passes, Ok(Outcome::Passed));
}

#[test]
fn what_ends_badly_or_not_at_all_has_not_passed() {
    for (command, limit, expected) in [
        ("exit 0", TIME_LIMIT, Outcome::Passed),
        ("exit 101", TIME_LIMIT, Outcome::Failed),
        ("kill -ABRT $$", TIME_LIMIT, Outcome::Failed),
        ("exec sleep 600", Duration::ZERO, Outcome::TimedOut),
    ] {
        let mut child = Command::new("sh").args(["-c", command]).spawn().unwrap();
        assert_eq!(wait(&mut child, limit).unwrap(), expected, "{command}");
    }
}

#[test]
fn what_cargo_says_of_a_test_binary() {
    let line = |id: &str, kind: &str, name: &str, test: bool| {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"{id}","manifest_path":"/p/Cargo.toml",
            "target":{{"kind":["{kind}"],"name":"{name}"}},"profile":{{"test":{test}}},
            "executable":"/target/{name}"}}"#
        )
    };
    let folder_s = "path+file:///p/crates/ipv4#0.1.0";
    let its_own = "path+file:///p/tests/kernel#kernel-tests@0.1.0";
    for (id, kind, name, expected) in [
        (folder_s, "lib", "ipv4", "ipv4"),
        (folder_s, "test", "reassembly", "ipv4::reassembly"),
        (its_own, "test", "ping", "kernel-tests::ping"),
        (its_own, "bin", "inject", "kernel-tests::bin/inject"),
    ] {
        let (binary, executable) = test_binary(&line(id, kind, name, true)).unwrap();
        assert_eq!(binary, expected);
        assert_eq!(executable.folder, Path::new("/p"));
        assert_eq!(executable.path, Path::new("/target").join(name));
    }
    assert!(test_binary(&line(its_own, "bin", "inject", false)).is_none());
    assert!(test_binary(r#"{"reason":"build-finished","success":true}"#).is_none());
}
