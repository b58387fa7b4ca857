//! A shared library through which Google's packetdrill drives this stack.
//!
//! packetdrill plays a script: system calls on one side, packets on the other, each with its
//! time. Told `--so_filename=libstrata_packetdrill.so` it makes its calls here instead of in the
//! kernel, and takes and gives packets here instead of at a device. Time is ours too, so a script
//! of an hour takes no time and every timer is exact to the microsecond.
//!
//! ```text
//!   packetdrill                        libstrata_packetdrill.so
//!   ───────────                        ────────────────────────
//!   main thread    ─┐  c_interface ─┐
//!                   ├─ (C pointers) ├─ library ──► scheduler ──► world
//!   second thread  ─┘               ┘  (a call)    who waits,    the stack, its frames,
//!   (calls that wait)                              what time it  the descriptors
//!                                                  is
//! ```
//!
//! | to read | file |
//! | --- | --- |
//! | the one exported symbol, the table of functions, all C pointers | `c_interface.rs`, `c_interface/` |
//! | what `--so_flags` can say | `settings.rs` |
//! | how a call of any thread gets to the stack and waits | `library.rs`, `scheduler.rs` |
//! | the stack, its one interface and the clock | `world.rs` |
//! | the file descriptors | `descriptors.rs`, `tcp_socket.rs`, `udp_socket.rs` |
//! | what each system call does | `calls/` |
//!
//! `unsafe` stands in the files of the C interface and nowhere else. Behind them there is one
//! thread that owns everything, so that there is nothing to lock and nothing to share.

#![deny(unsafe_code)]

#[allow(
    unsafe_code,
    reason = "packetdrill hands in C pointers, and is handed a table of functions"
)]
mod c_interface;
mod calls;
mod descriptors;
mod errno;
mod library;
mod scheduler;
mod settings;
mod tcp_socket;
mod udp_socket;
mod world;

pub use c_interface::{Interface, packetdrill_interface_init};
