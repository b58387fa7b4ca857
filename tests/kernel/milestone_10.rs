//! Milestone 10, retransmission: what is lost is sent again, and who does not answer is given up.

use kernel_tests::Lab;

#[test]
fn an_echo_over_a_link_that_loses_one_in_ten_comes_back_as_it_went() {
    for seed in [1, 5] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(&format!("-v --loss 10% --seed {seed}"));
        lab.run("head -c 100000 /dev/urandom >sent");
        lab.run("timeout 60 nc -N 192.0.2.2 7 <sent >received; cmp sent received");
        let shown = serve.stop().stdout;
        assert!(shown.contains(": the link loses it"), "{shown}");
        let again = shown.lines().filter(|line| line.contains(": again: ")).count();
        assert!(again > 0, "nothing was sent again:\n{shown}");
    }
}

#[test]
fn a_lost_segment_goes_again_by_the_timer_which_doubles() {
    let Some(lab) = Lab::new() else { return };
    // Of what strata sends: SYN-ACK, then the answer, twice.
    let serve = lab.serve("-v --loss frames:2,3 --faults-on out");
    let answer = lab.run("(echo hello; sleep 2) | timeout 9 nc -N 192.0.2.2 7").stdout;
    assert_eq!(answer, "hello\n");
    let shown = serve.stop().stdout;
    let again: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains("data 6, 58 bytes: ") || line.contains("retransmission timer"))
        .filter_map(|line| line.rsplit_once(": ").map(|(_, end)| end))
        .collect();
    let [first, fired, doubled, second, ..] = again.as_slice() else { panic!("{shown}") };
    assert_eq!((*first, *second), ("new data", "timeout"), "{shown}");
    assert_eq!(*fired, "retransmission timer fired", "{shown}");
    assert!(doubled.starts_with("retransmission timer set to fire in 4"), "{doubled}");
}

#[test]
fn who_does_not_answer_is_given_up_at_last() {
    let Some(lab) = Lab::new() else { return };
    // In virtual time, since it takes a quarter of an hour.
    let shown = lab.run("strata sim tcp --loss gemodel:100%,0% --seed 1 -v").stdout;
    assert!(shown.contains("900.040000  alice"), "{shown}");
    assert!(shown.contains("then: the peer did not answer for too long"), "{shown}");
}
