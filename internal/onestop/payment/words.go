package payment

import "strings"

// InWords is an amount in Vietnamese words as receipts carry it: "Một triệu đồng".
func InWords(dong int64) string {
	if dong == 0 {
		return "Không đồng"
	}
	neg := dong < 0
	n := uint64(dong)
	if neg {
		n = -n
	}
	s := number(n, false) + " đồng"
	if neg {
		s = "âm " + s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

const billion = 1_000_000_000

// number says n; full says also the hundreds that are not there, as after a higher group.
// Above a thousand million the groups repeat: "hai nghìn tỷ".
func number(n uint64, full bool) string {
	if n >= billion {
		out := number(n/billion, full) + " tỷ"
		if rest := n % billion; rest > 0 {
			out += " " + number(rest, true)
		}
		return out
	}
	var parts []string
	for _, g := range [...]struct {
		by   uint64
		name string
	}{{1_000_000, " triệu"}, {1_000, " nghìn"}, {1, ""}} {
		v := n / g.by % 1000
		if v == 0 {
			continue
		}
		parts = append(parts, hundreds(v, full || len(parts) > 0)+g.name)
	}
	return strings.Join(parts, " ")
}

func hundreds(v uint64, full bool) string {
	digits := [...]string{"không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"}
	h, t, u := v/100, v/10%10, v%10
	var w []string
	if h > 0 || full {
		w = append(w, digits[h], "trăm")
	}
	switch {
	case t == 0 && u > 0 && len(w) > 0:
		w = append(w, "linh")
	case t == 1:
		w = append(w, "mười")
	case t > 1:
		w = append(w, digits[t], "mươi")
	}
	switch {
	case u == 0:
	case u == 1 && t > 1:
		w = append(w, "mốt")
	case u == 5 && t > 0:
		w = append(w, "lăm")
	case u == 4 && t > 1:
		w = append(w, "tư")
	default:
		w = append(w, digits[u])
	}
	return strings.Join(w, " ")
}
