package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Network is where a request comes from, to count by and to show to an account's owner:
// the /24 of an IPv4 address, the /64 of an IPv6 address. It is not logged.
func Network(r *http.Request) string {
	addr := clientAddr(r)
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil || !p.IsValid() {
		return "unknown"
	}
	return p.String()
}

// clientAddr is the peer's address or, where the peer is a trusted proxy, the last address
// in X-Forwarded-For that is none of ours. What stands before it anybody may have written.
func clientAddr(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, _ := netip.ParseAddr(host)
	addr = addr.Unmap().WithZone("")
	st := stateOf(r.Context())
	if st == nil {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && st.server.trusts(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap().WithZone("")
	}
	return addr
}

func (s *Server) trusts(addr netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Device names a browser and its system so that their owner recognises them: "Firefox,
// Android". What is not known is left out.
func Device(r *http.Request) string {
	ua := r.UserAgent()
	var parts []string
	for _, list := range [][][2]string{
		{{"Edg", "Edge"}, {"OPR", "Opera"}, {"coc_coc", "Cốc Cốc"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}},
		{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}},
	} {
		for _, known := range list {
			if strings.Contains(ua, known[0]) {
				parts = append(parts, known[1])
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}
