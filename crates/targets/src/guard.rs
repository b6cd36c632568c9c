//! Decides which addresses a target may reach, so that a tenant's URL cannot look inside the operator's network.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Only those of the public internet.
    Public,
    /// All.
    Any,
}

/// An address that is not of the public internet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is {what}, not a public address")]
pub struct Refused {
    /// The host as the URL has it.
    pub host: Arc<str>,
    /// What kind of address it is, with its article: `a loopback address`.
    pub what: &'static str,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(first: u16, second: u16, third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry for IPv4, and one public address that a cloud answers on locally.
const REFUSED_V4: [(Ipv4Net, &str); 18] = [
    (v4(0, 0, 0, 0, 8), "an unspecified address"),
    (v4(10, 0, 0, 0, 8), "a private address"),
    (v4(100, 64, 0, 0, 10), "a carrier's private address"),
    (v4(127, 0, 0, 0, 8), "a loopback address"),
    (v4(169, 254, 0, 0, 16), "a link-local or metadata address"),
    (v4(172, 16, 0, 0, 12), "a private address"),
    (v4(192, 0, 0, 0, 24), "a protocol's reserved address"),
    (v4(192, 0, 2, 0, 24), "a documentation address"),
    (v4(192, 31, 196, 0, 24), "an anycast sink"),
    (v4(192, 52, 193, 0, 24), "a relay's address"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "a private address"),
    (v4(198, 18, 0, 0, 15), "a benchmark address"),
    (v4(198, 51, 100, 0, 24), "a documentation address"),
    (v4(203, 0, 113, 0, 24), "a documentation address"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    (v4(240, 0, 0, 0, 4), "a reserved address"),
    (v4(168, 63, 129, 16, 32), "a metadata address"),
];

/// Within 2000::/3, the only range with public addresses: IANA's special-purpose registry for IPv6.
const REFUSED_V6: [(Ipv6Net, &str); 5] = [
    (v6(0x2001, 0, 0, 32), "a Teredo tunnel"),
    (v6(0x2001, 0, 0, 23), "a protocol's reserved address"),
    (v6(0x2001, 0x0db8, 0, 32), "a documentation address"),
    (v6(0x2002, 0, 0, 16), "a 6to4 tunnel"),
    (v6(0x3fff, 0, 0, 20), "a documentation address"),
];

const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
/// Networks without IPv4 reach it through these; the last four bytes are the IPv4 address meant.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

/// What kind of not-public address `ip` is; `None` for a public one. Forms of IPv6 that carry an IPv4 address are
/// judged by that address where routers translate them, and refused where they are tunnels.
pub fn not_public(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => REFUSED_V4.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what),
        IpAddr::V6(ip) => not_public_v6(ip),
    }
}

fn not_public_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return not_public(IpAddr::V4(mapped));
    }
    if NAT64.contains(&ip) {
        let [.., a, b, c, d] = ip.octets();
        return not_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
    }
    if !PUBLIC_V6.contains(&ip) {
        return Some(match ip {
            Ipv6Addr::LOCALHOST => "a loopback address",
            _ if ip.is_multicast() => "a multicast address",
            _ if ip.is_unique_local() => "a private address",
            _ if ip.is_unicast_link_local() => "a link-local address",
            _ => "a reserved address",
        });
    }
    REFUSED_V6.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what)
}

impl AddressPolicy {
    /// Checks a URL whose host is an address: no resolver is asked for those. Hosts with a name pass.
    pub fn check_literal(self, url: &reqwest::Url) -> Result<(), Refused> {
        let ip = match url.host() {
            Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(url::Host::Domain(_)) | None => return Ok(()),
        };
        self.check(&ip.to_string(), ip)
    }

    fn check(self, host: &str, ip: IpAddr) -> Result<(), Refused> {
        match not_public(ip) {
            Some(what) if self == Self::Public => Err(Refused { host: host.into(), what }),
            _ => Ok(()),
        }
    }
}

/// Resolves names and hands out only permitted addresses. What it answers is what gets connected to: a name that
/// resolves differently the next time gains nothing.
#[derive(Debug)]
pub(crate) struct GuardedResolver(pub(crate) AddressPolicy);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted = permitted(policy, name.as_str(), found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn permitted(
    policy: AddressPolicy,
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Refused> {
    let mut refusal = None;
    let mut permitted = Vec::new();
    for address in found {
        match policy.check(host, address.ip()) {
            Ok(()) => permitted.push(address),
            Err(refused) => refusal = Some(refused),
        }
    }
    match refusal {
        Some(refused) if permitted.is_empty() => Err(refused),
        _ => Ok(permitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_refused_in_every_disguise() {
        for refused in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(not_public(refused.parse().unwrap()).is_some(), "{refused}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert_eq!(not_public(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn a_url_s_literal_address_is_recognised_in_every_notation() {
        for url in [
            "http://127.1/",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://0177.0.0.1",
            "http://[::1]:80/",
        ] {
            let url = url.parse().unwrap();
            assert!(AddressPolicy::Public.check_literal(&url).is_err(), "{url}");
            assert!(AddressPolicy::Any.check_literal(&url).is_ok(), "{url}");
        }
        assert!(AddressPolicy::Public.check_literal(&"http://example.com".parse().unwrap()).is_ok());
    }

    #[test]
    fn of_a_mixed_answer_only_the_public_addresses_are_used() {
        let addresses = |list: &[&str]| {
            let parsed: Vec<SocketAddr> =
                list.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
            permitted(AddressPolicy::Public, "x.example", parsed.into_iter())
        };
        assert_eq!(addresses(&["10.0.0.1", "1.1.1.1"]).unwrap().len(), 1);
        let refused = addresses(&["10.0.0.1", "::1"]).unwrap_err();
        assert_eq!(refused.to_string(), "x.example is a loopback address, not a public address");
    }
}
