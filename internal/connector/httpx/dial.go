package httpx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// errPrivate refuses a dial; its text is for the integrator.
var errPrivate = errors.New("the host's address is private, loopback or reserved: set allow_private: true on the connection if that is meant")

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer judges the address that a name resolved to, not the name: a name may
// resolve differently from one moment to the next.
func dialer(allowPrivate bool) dialFunc {
	d := &net.Dialer{Timeout: dialTimeout}
	if !allowPrivate {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return d.DialContext
}

// reserved is what netip's own predicates do not know: shared and benchmark
// ranges, and IPv6 ranges that embed an IPv4 address.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/32"),
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
