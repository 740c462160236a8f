package payment

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Transfer is what a VietQR code asks for (EMVCo merchant presented, NAPAS 247).
type Transfer struct {
	Bank    string // BIN, six digits
	Account string // at most 19 letters and digits
	Card    bool   // Account is a card's number
	Amount  int64  // 0: the payer types it
	Purpose string // at most 25 characters; Vietnamese letters are folded
}

const (
	maxPurpose = 25
	napas      = "A000000727"
)

var errQR = errors.New("payment: no VietQR code")

// QR is the text of the code. An error where bank, account or amount cannot stand in one.
func (t Transfer) QR() (string, error) {
	if len(t.Bank) != 6 || !only(t.Bank, false) || t.Account == "" || len(t.Account) > 19 || !only(t.Account, true) || t.Amount < 0 || t.Amount > maxDong {
		return "", fmt.Errorf("%w: bank %q, account of %d characters, amount %d", errQR, t.Bank, len(t.Account), t.Amount)
	}
	method, service := "11", "QRIBFTTA"
	if t.Amount > 0 {
		method = "12"
	}
	if t.Card {
		service = "QRIBFTTC"
	}
	out := tlv("00", "01") + tlv("01", method) +
		tlv("38", tlv("00", napas)+tlv("01", tlv("00", t.Bank)+tlv("01", t.Account))+tlv("02", service)) + tlv("53", "704")
	if t.Amount > 0 {
		out += tlv("54", strconv.FormatInt(t.Amount, 10))
	}
	out += tlv("58", "VN")
	if p := Purpose(t.Purpose); p != "" {
		out += tlv("62", tlv("08", p))
	}
	out += "6304"
	return out + fmt.Sprintf("%04X", crc16(out)), nil
}

// Purpose folds a text to what banks carry: ASCII letters, digits, space, dot and hyphen, at
// most 25.
func Purpose(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch r { // no decomposition
		case 'đ':
			r = 'd'
		case 'Đ':
			r = 'D'
		}
		switch {
		case b.Len() == maxPurpose:
			return strings.TrimSpace(b.String())
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '.', r == '-', r == ' ':
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// ParseQR reads a code back. It refuses a wrong checksum, and what is no VietQR code.
func ParseQR(s string) (t Transfer, err error) {
	if len(s) < 8 || len(s) > 512 || s[len(s)-8:len(s)-4] != "6304" || fmt.Sprintf("%04X", crc16(s[:len(s)-4])) != s[len(s)-4:] {
		return t, fmt.Errorf("%w: checksum", errQR)
	}
	top, err := untlv(s)
	if err != nil {
		return t, err
	}
	merchant, err := untlv(top["38"])
	if err != nil {
		return t, err
	}
	who, err := untlv(merchant["01"])
	if err != nil {
		return t, err
	}
	more, err := untlv(top["62"])
	if err != nil {
		return t, err
	}
	if top["00"] != "01" || merchant["00"] != napas || top["53"] != "704" || top["58"] != "VN" {
		return t, errQR
	}
	t = Transfer{Bank: who["00"], Account: who["01"], Card: merchant["02"] == "QRIBFTTC", Purpose: more["08"]}
	if a := top["54"]; a != "" {
		if t.Amount, err = strconv.ParseInt(a, 10, 64); err != nil || t.Amount <= 0 || t.Amount > maxDong {
			return t, fmt.Errorf("%w: amount", errQR)
		}
	}
	return t, nil
}

func tlv(tag, value string) string { return fmt.Sprintf("%s%02d%s", tag, len(value), value) }

func untlv(s string) (map[string]string, error) {
	out := map[string]string{}
	for len(s) > 0 {
		if len(s) < 4 {
			return nil, fmt.Errorf("%w: cut short", errQR)
		}
		n, err := strconv.Atoi(s[2:4])
		if err != nil || n < 0 || len(s) < 4+n {
			return nil, fmt.Errorf("%w: length", errQR)
		}
		out[s[:2]], s = s[4:4+n], s[4+n:]
	}
	return out, nil
}

// crc16 is CRC-16/CCITT-FALSE: "123456789" gives 29B1.
func crc16(s string) uint16 {
	crc := uint16(0xFFFF)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

func only(s string, letters bool) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (!letters || (c|0x20) < 'a' || (c|0x20) > 'z') {
			return false
		}
	}
	return true
}
