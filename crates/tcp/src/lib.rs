//! TCP: a reliable stream of bytes in each direction, over a network that loses, reorders and
//! repeats (RFC 9293).

#![forbid(unsafe_code)]
