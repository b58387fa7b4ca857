//! A SYN flood on a TUN device: `syn-flood DEVICE PER-SECOND SECONDS`.
//!
//! The SYNs come from forged addresses of 192.0.2.0/24 that nobody has, each from another port and
//! with another number, so that none is ever answered. It ends by itself, and says how many it
//! sent.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use checksum::Sum;
use kernel_tests::injector::{Injector, Random};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [device, rate, seconds] = arguments.as_slice() else {
        return Err("usage: syn-flood DEVICE PER-SECOND SECONDS".into());
    };
    let (rate, seconds): (u64, u64) = (rate.parse()?, seconds.parse()?);
    let mut injector = Injector::open(device)?;
    let mut random = Random::new(7);
    let start = Instant::now();
    let end = Duration::from_secs(seconds);
    let mut sent = 0;
    while start.elapsed() < end && sent < rate * seconds {
        let due = u64::try_from(start.elapsed().as_micros())? * rate / 1_000_000;
        while sent < due {
            injector.inject(&syn(&mut random))?;
            sent += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    println!("{sent} SYNs in {} ms", start.elapsed().as_millis());
    Ok(())
}

/// A SYN to the echo service, with an MSS.
fn syn(random: &mut Random) -> Vec<u8> {
    let source = [192, 0, 2, 3 + random.byte() % 250];
    let destination = [192, 0, 2, 2];
    let mut header = vec![0x45, 0, 0, 44, 0, 1, 0x40, 0, 64, 6, 0, 0];
    header.extend(source);
    header.extend(destination);
    let checksum = Sum::new().add_bytes(&header).checksum();
    header.splice(10..12, checksum.to_be_bytes());

    let mut segment = random.bytes(2);
    segment.extend([0, 7]);
    segment.extend(random.bytes(4));
    segment.extend([0, 0, 0, 0, 0x60, 0x02, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 180]);
    let pseudo_header = Sum::new().add_bytes(&source).add_bytes(&destination).add_u16(6);
    let checksum = pseudo_header.add_u16(24).add_bytes(&segment).checksum();
    segment.splice(16..18, checksum.to_be_bytes());
    header.extend(segment);
    header
}
