//! Which addresses a component may not reach unless its user says so: everything that is not the public internet.
//!
//! The ranges are those of the IANA special-purpose registries (RFC 6890 and its successors), plus the metadata services
//! of clouds. An IPv6 address that carries an IPv4 address is judged by the address it carries.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Why an address is not a public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// This host, or "any address".
    Unspecified,
    /// This machine.
    Loopback,
    /// A private network, unique local addresses included.
    Private,
    /// Shared address space behind a carrier's NAT.
    Shared,
    /// This link only.
    LinkLocal,
    /// The metadata service of a cloud.
    Metadata,
    /// Reserved for examples in texts.
    Documentation,
    /// Reserved for benchmarks.
    Benchmarking,
    /// A group of machines.
    Multicast,
    /// Tunnels, translation and whatever else is no unicast address of the public internet.
    Reserved,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata service",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

/// Says why an address is special; none for a public address.
pub fn special(address: IpAddr) -> Option<Special> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    Some(match address.octets() {
        // The link-local one is common to nearly all clouds; the others are Alibaba's, Oracle's and Azure's.
        [169, 254, 169, 254] | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => Special::Metadata,
        [0, ..] => Special::Unspecified,
        [127, ..] => Special::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Special::Private,
        [100, 64..=127, ..] => Special::Shared,
        [169, 254, ..] => Special::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Special::Documentation,
        [198, 18..=19, ..] => Special::Benchmarking,
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => Special::Reserved,
        [224..=239, ..] => Special::Multicast,
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return special_v4(mapped);
    }
    let embedded = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Special::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Special::Loopback,
        // IPv4-compatible addresses are out of use; nothing public has one.
        [0, 0, 0, 0, 0, 0, high, low] => special_v4(embedded(high, low)).unwrap_or(Special::Reserved),
        // NAT64 is how an IPv6-only network reaches public IPv4 addresses; the other one is 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => return special_v4(embedded(high, low)),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Special::Metadata,
        // Unique local addresses, and the site-local ones that had the same purpose before.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Special::Private,
        [0xfe80..=0xfebf, ..] => Special::LinkLocal,
        [0xff00..=0xffff, ..] => Special::Multicast,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Special::Documentation,
        [0x2001, 2, 0, ..] => Special::Benchmarking,
        // Teredo, ORCHID and other assignments of the IETF: tunnels and identifiers, no servers.
        [0x2001, 0..=0x01ff, ..] => Special::Reserved,
        [0x2000..=0x3fff, ..] => return None,
        _ => Special::Reserved,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(address: &str, expect: Option<Special>) {
        assert_eq!(special(address.parse().unwrap()), expect, "{address}");
    }

    #[test]
    fn public_addresses_are_not_special() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.1",
            "169.253.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.1.1",
            "198.20.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:0808:0808::1",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn special_addresses_are_told_apart() {
        for (address, expect) in [
            ("0.0.0.0", Special::Unspecified),
            ("0.1.2.3", Special::Unspecified),
            ("127.0.0.1", Special::Loopback),
            ("127.255.255.254", Special::Loopback),
            ("10.0.0.1", Special::Private),
            ("172.16.0.1", Special::Private),
            ("172.31.255.255", Special::Private),
            ("192.168.1.1", Special::Private),
            ("100.64.0.1", Special::Shared),
            ("100.127.255.255", Special::Shared),
            ("100.100.100.200", Special::Metadata),
            ("168.63.129.16", Special::Metadata),
            ("169.254.169.254", Special::Metadata),
            ("169.254.1.1", Special::LinkLocal),
            ("192.0.0.8", Special::Reserved),
            ("192.0.0.192", Special::Metadata),
            ("192.0.2.1", Special::Documentation),
            ("198.51.100.1", Special::Documentation),
            ("203.0.113.1", Special::Documentation),
            ("192.88.99.1", Special::Reserved),
            ("198.18.0.1", Special::Benchmarking),
            ("198.19.255.255", Special::Benchmarking),
            ("224.0.0.1", Special::Multicast),
            ("239.255.255.255", Special::Multicast),
            ("240.0.0.1", Special::Reserved),
            ("255.255.255.255", Special::Reserved),
            ("::", Special::Unspecified),
            ("::1", Special::Loopback),
            ("::7f00:1", Special::Loopback),
            ("::8.8.8.8", Special::Reserved),
            ("::ffff:127.0.0.1", Special::Loopback),
            ("::ffff:10.0.0.1", Special::Private),
            ("::ffff:169.254.169.254", Special::Metadata),
            ("64:ff9b::10.0.0.1", Special::Private),
            ("64:ff9b::169.254.169.254", Special::Metadata),
            ("64:ff9b:1::8.8.8.8", Special::Reserved),
            ("2002:7f00:1::1", Special::Loopback),
            ("2002:a00:1::1", Special::Private),
            ("2001::1", Special::Reserved),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Special::Reserved),
            ("2001:2::1", Special::Benchmarking),
            ("2001:20::1", Special::Reserved),
            ("2001:db8::1", Special::Documentation),
            ("3fff:1::1", Special::Documentation),
            ("fd00:ec2::254", Special::Metadata),
            ("fd12:3456::1", Special::Private),
            ("fc00::1", Special::Private),
            ("fe80::1", Special::LinkLocal),
            ("fec0::1", Special::Private),
            ("ff02::1", Special::Multicast),
            ("100::1", Special::Reserved),
            ("5f00::1", Special::Reserved),
            ("4000::1", Special::Reserved),
        ] {
            check(address, Some(expect));
        }
    }

    proptest! {
        /// An IPv4 address that is refused is refused in every IPv6 spelling, too.
        #[test]
        fn embedding_hides_nothing(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let (high, low) = ((bits >> 16) as u16, (bits & 0xffff) as u16);
            if special_v4(v4).is_some() {
                for v6 in [
                    v4.to_ipv6_mapped(),
                    Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                    Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                    Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                ] {
                    prop_assert!(special(v6.into()).is_some(), "{v6}");
                }
            }
        }
    }
}
