//! Milestone 3, ping: an echo request is answered, and a person can see how.

use kernel_tests::Lab;

#[test]
fn the_kernel_gets_five_of_five() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.run("ping-test");
    assert!(output.stdout.contains("5 of 5 echo requests were answered"), "{}", output.stdout);
    assert!(output.stderr.contains("5 packets transmitted, 5 received"), "{}", output.stderr);
    // A line a packet as it passes, both ways.
    let lines = |way: &str| output.stdout.lines().filter(|line| line.contains(way)).count();
    assert!(lines("<- kernel") >= 5 && lines("-> kernel") >= 5, "{}", output.stdout);
}
