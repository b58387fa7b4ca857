//! What a command has counted, at its end.

use stack::Stack;

use crate::say::say;

/// One counter: its name, its value, and what it means.
pub(crate) type Counted = (String, u64, &'static str);

/// Prints each counter that is not zero.
pub(crate) fn print_counted(counters: impl Iterator<Item = Counted>) {
    let counted: Vec<_> = counters.filter(|(_, value, _)| *value != 0).collect();
    say(if counted.is_empty() { "counters: all zero" } else { "counters:" });
    for (name, value, meaning) in counted {
        say(format_args!("  {value:>10}  {name:<26}  {meaning}"));
    }
}

/// Prints what a stack and its device have counted.
pub(crate) fn print_counters(stack: &Stack, device: &event_loop::Counters) {
    print_counted(of_stack(stack).chain(of_device(device)));
}

/// What a stack has counted.
pub(crate) fn of_stack(stack: &Stack) -> impl Iterator<Item = Counted> {
    let counters = stack.counters().iter();
    counters.map(|(counter, value)| (counter.name().to_owned(), value, counter.meaning()))
}

/// What the event loop has counted at a device.
pub(crate) fn of_device(counters: &event_loop::Counters) -> impl Iterator<Item = Counted> {
    [
        ("device_waited", counters.waited, "frames that waited because the device was full"),
        ("device_link_down", counters.lost_link_down, "frames lost, the link was down"),
        ("device_refused", counters.lost_refused, "frames lost, the device refused them"),
    ]
    .into_iter()
    .map(|(name, value, meaning)| (name.to_owned(), value, meaning))
}
