//! The kernel's traceroute: the stack is one hop away, whichever way it looks.

use kernel_tests::Lab;

#[test]
fn it_sees_one_hop_which_is_us() {
    for medium in ["", "--tap"] {
        let Some(lab) = Lab::new() else { return };
        let serve = lab.serve(medium);
        for how in ["", "-I", "-T -p 7", "-T -p 99"] {
            // Without -w it waits for the second answer three times as long as for the first.
            let traced = lab.run(&format!("traceroute -n -w 5 {how} 192.0.2.2")).stdout;
            let hops: Vec<&str> = traced.lines().skip(1).collect();
            let [hop] = *hops else { panic!("not one hop: {traced}") };
            // Three probes were sent, and each was answered.
            assert!(hop.starts_with(" 1  192.0.2.2  "), "{traced}");
            assert_eq!(hop.matches(" ms").count(), 3, "{traced}");
        }
        assert_eq!(serve.stop().status, 0);
    }
}

#[test]
fn a_packet_on_its_last_hop_has_arrived() {
    let Some(lab) = Lab::new() else { return };
    let _serve = lab.serve("");
    // A router would say "time exceeded", a host takes what is for it.
    let ping = lab.run("ping -c 1 -t 1 192.0.2.2").stdout;
    assert!(ping.contains("1 received"), "{ping}");
}
