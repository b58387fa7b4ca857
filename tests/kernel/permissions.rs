//! Who may do what: an ordinary user, a device of theirs and one of somebody else's. Each
//! remedy that strata names is typed, and mends it.

use kernel_tests::Lab;

/// An ordinary user: nobody.
const USER: u32 = 65534;

#[test]
fn the_owner_of_a_device_serves_without_being_root() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up --user nobody");
    let serve = lab.spawn_as(USER, "strata serve -v");
    lab.run("wait-for-link tun0 && ping -c 1 192.0.2.2");
    assert_eq!(serve.stop().status, 0);
}

#[test]
fn a_device_of_another_user_is_refused_until_it_is_handed_over() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up --user root");
    let refused = refused(&lab, "only user root may attach to tun0");
    lab.run(&remedy(&refused));
    lab.run("tun-up --user nobody");
    serves(&lab);
}

#[test]
fn a_device_that_is_not_there_is_refused_until_root_makes_it() {
    let Some(lab) = Lab::with_other_users() else { return };
    let refused = refused(&lab, "creating tun0 needs CAP_NET_ADMIN");
    lab.run(&remedy(&refused));
    serves(&lab);
}

#[test]
fn a_node_that_may_not_be_opened_is_refused_until_its_mode_is_changed() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up --user nobody && chmod 0600 /dev/net/tun");
    let refused = refused(&lab, "may not open /dev/net/tun");
    lab.run(&remedy(&refused));
    serves(&lab);
}

#[test]
fn a_node_that_is_not_there_is_refused_until_it_is_made() {
    let Some(lab) = Lab::with_other_users() else { return };
    lab.run("tun-up --user nobody && rm /dev/net/tun");
    let refused = refused(&lab, "/dev/net/tun does not exist");
    lab.run(&remedy(&refused));
    serves(&lab);
}

/// What strata says to an ordinary user.
fn refused(lab: &Lab, cause: &str) -> String {
    let output = lab.try_run_as(USER, "strata serve");
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(output.stderr.contains(cause), "{}", output.stderr);
    output.stderr
}

/// The command that strata names, to be typed by root, who needs no sudo.
fn remedy(stderr: &str) -> String {
    let line = stderr.lines().find_map(|line| line.trim_start().strip_prefix("remedy: "));
    assert!(line.is_some(), "no remedy in: {stderr}");
    line.unwrap_or_default().replace("sudo ", "")
}

fn serves(lab: &Lab) {
    let serve = lab.spawn_as(USER, "strata serve");
    serve.wait_for_line("attached to tun0");
    assert_eq!(serve.stop().status, 0);
}
