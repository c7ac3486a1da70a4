package identity

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddr is the address of who asks; the nearest proxy's where the proxies
// do not say.
func clientAddr(r *http.Request, hops int) netip.Addr {
	if client := provenAddr(r, hops); client.IsValid() {
		return client
	}
	return parseAddr(r.RemoteAddr)
}

// provenAddr is the address of who asks, the zero address if that is not known.
// hops is how many proxies of ours stand in front: each appends who asked it to
// X-Forwarded-For, so that the client is the hops-th entry from the right.
// Whatever stands left of that the client may have made up.
func provenAddr(r *http.Request, hops int) netip.Addr {
	peer := parseAddr(r.RemoteAddr)
	if hops <= 0 || !peer.IsValid() { // no proxy of ours asks at the hub's socket
		return peer
	}
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if len(entries) < hops {
		return netip.Addr{}
	}
	return parseAddr(strings.TrimSpace(entries[len(entries)-hops]))
}

// parseAddr reads an address with or without a port, the zero address if it is
// none.
func parseAddr(text string) netip.Addr {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// neighbourhood is what one client can easily have many addresses of.
func neighbourhood(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return prefix.Addr()
}
