//! Attaches to a TUN or TAP device and answers each ping, wrong in one way:
//! `answer-wrongly DEVICE FAULT`. For the tests of what becomes of such answers.

#![forbid(unsafe_code)]
#![allow(clippy::indexing_slicing, reason = "a slice that is too short ends the test")]

use std::error::Error;
use std::time::Duration;
use std::{env, thread};

use checksum::Sum;
use packet::{Device, DeviceError, Instant, TransmitOffload};
use tun_device::{Kind, Settings};

const MAC: [u8; 6] = [0x02, 0x00, 0x5e, 0x00, 0x02, 0x02];
const ARP: [u8; 2] = [0x08, 0x06];
const IPV4: [u8; 2] = [0x08, 0x00];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [device, fault] = arguments.as_slice() else {
        return Err("usage: answer-wrongly DEVICE FAULT".into());
    };
    let kind = if device.starts_with("tap") { Kind::Tap } else { Kind::Tun };
    let mut device = Settings::new(kind)
        .existing(device.parse()?)
        .offload(false)
        .packet_information(fault == "packet-information")
        .attach()?;
    println!("attached");
    loop {
        let Some(frame) = device.receive(Instant::START)?.map(|frame| frame.bytes.to_vec()) else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let answer = match kind {
            Kind::Tun => answer_packet(&frame, fault),
            Kind::Tap => answer_frame(&frame, fault),
        };
        match answer
            .map(|answer| device.transmit(Instant::START, &answer, TransmitOffload::default()))
        {
            None | Some(Ok(()) | Err(DeviceError::Refused)) => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
}

fn answer_frame(frame: &[u8], fault: &str) -> Option<Vec<u8>> {
    let (header, payload) = frame.split_first_chunk::<14>()?;
    let kernel = header.get(6..12)?;
    let (to, kind, answer) = match [header[12], header[13]] {
        ARP => (kernel.to_vec(), ARP, answer_arp(payload)?),
        IPV4 => {
            let nobody = vec![0x02, 0, 0, 0, 0, 0x99];
            let to = if fault == "destination-mac" { nobody } else { kernel.to_vec() };
            (to, IPV4, answer_packet(payload, fault)?)
        }
        _ => return None,
    };
    Some([to, MAC.to_vec(), kind.to_vec(), answer].concat())
}

/// To a request (operation 1), the same with both ends exchanged and our MAC (operation 2).
fn answer_arp(request: &[u8]) -> Option<Vec<u8>> {
    if request.get(6..8)? != [0, 1] {
        return None;
    }
    let [start, sender, target] = [request.get(..6)?, request.get(8..18)?, request.get(24..28)?];
    Some([start, &[0, 2], &MAC, target, sender].concat())
}

/// The echo reply to an echo request, with its fault.
fn answer_packet(packet: &[u8], fault: &str) -> Option<Vec<u8>> {
    // With packet information there are four bytes before each packet. This is the mistake of
    // somebody who knows that for reading and forgets it for writing.
    let packet = if fault == "packet-information" { packet.get(4..)? } else { packet };
    let (header, message) = packet.split_first_chunk::<20>()?;
    if header[0] != 0x45 || header[9] != 1 || message.first() != Some(&8) {
        return None;
    }
    let (mut header, mut message) = (*header, message.to_vec());
    header.copy_within(12..16, 16);
    header[12..16].copy_from_slice(packet.get(16..20)?);
    message[0] = 0;
    match fault {
        "destination" => header[16..20].copy_from_slice(&[198, 51, 100, 9]),
        "loopback" => header[16..20].copy_from_slice(&[127, 0, 0, 1]),
        "source" => header[12..16].copy_from_slice(&packet[12..16]),
        "protocol" => header[9] = 253,
        "version" => header[0] = 0x43,
        "identifier" => message[4] ^= 0xff,
        _ => {}
    }
    set_checksum(&mut message, 2, fault == "icmp-checksum");
    set_checksum(&mut header, 10, fault == "header-checksum");
    let mut answer = [header.as_slice(), &message].concat();
    if fault == "too-short" {
        answer.truncate(answer.len() - 8);
    }
    Some(answer)
}

fn set_checksum(bytes: &mut [u8], at: usize, wrong: bool) {
    bytes[at..at + 2].fill(0);
    let right = Sum::new().add_bytes(bytes).checksum();
    bytes[at..at + 2].copy_from_slice(&(right ^ u16::from(wrong)).to_be_bytes());
}
