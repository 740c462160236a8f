package sms_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/sms"
	"khue/internal/kernel/sms/smstest"
)

func carrier(t *testing.T, f smstest.Faults) (*smstest.Server, *sms.SMPP) {
	t.Helper()
	s, err := smstest.Start("127.0.0.1:0", f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := sms.NewSMPP("smpp://khue:matkhau@" + s.Addr() + "?from=HANOI")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s, c
}

func TestSegmentsAreCountedAsCarriersDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("a", 306): 2, strings.Repeat("a", 307): 3,
		strings.Repeat("ồ", 70): 1, strings.Repeat("ồ", 71): 2, strings.Repeat("ồ", 134): 2, strings.Repeat("ồ", 135): 3,
		"H26.16-250623-0001: https://khue.example/d?k=a_b@c": 1, strings.Repeat("😀", 35): 1, strings.Repeat("😀", 36): 2,
	} {
		if got := sms.Segments(text); got != want {
			t.Errorf("%.20q (%d letters) is %d messages, want %d", text, len([]rune(text)), got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0912 345 678": "84912345678", "+84 912-345-678": "84912345678", "02438253536": "842438253536",
		"112": "", "999190000001": "", "0012345678": "", "09123": "", "+12025550123": "", "091234567a": "",
	} {
		if got := sms.Number(in); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}

// The bytes of a message are those of the protocol's book (SMPP 3.4, 4.4.1), written out by hand.
func TestBytesOfAMessage(t *testing.T) {
	t.Parallel()
	p := sms.PDU{Command: sms.SubmitSM, Sequence: 7, Body: sms.Short{From: "HN", FromTON: 5, To: "84912345678", ToTON: 1, Registered: 1, Coding: 8, Text: []byte{0x1E, 0xD3}}.Body()}
	const want = "00000030" + "00000004" + "00000000" + "00000007" +
		"00" + "0500" + "484e00" + "0101" + "383439313233343536373800" + "000000" + "00" + "00" + "0100" + "0800" + "02" + "1ed3"
	if got := hex.EncodeToString(p.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestALongVietnameseMessageArrivesWholeAndItsReceiptComesBack(t *testing.T) {
	t.Parallel()
	s, c := carrier(t, smstest.Faults{Password: "matkhau"})
	ctx, stop := context.WithCancel(context.Background())
	receipts := make(chan sms.Receipt, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- c.Run(ctx, func(_ context.Context, r sms.Receipt) error { receipts <- r; return nil })
	}()
	text := "Hồ sơ H26.16-250623-0001 cần bổ sung giấy tờ trước 17 giờ ngày 23/07/2025. Xem: https://khue.example/dossiers/H26.16-250623-0001"
	ref, err := c.Send(ctx, sms.Message{To: "0912 345 678", Text: text})
	if err != nil || ref == "" {
		t.Fatal(ref, err)
	}
	got := s.Got()
	if len(got) != 1 || got[0] != (smstest.Got{From: "HANOI", To: "84912345678", Text: text, Parts: 2, UCS2: true}) {
		t.Errorf("%+v", got)
	}
	for { // each part has its receipt; the message's name is the last part's
		if r := <-receipts; r.Ref == ref {
			if !r.Delivered || r.Code != "DELIVRD" {
				t.Errorf("%+v", r)
			}
			break
		}
	}
	s.Drop() // a carrier that hangs up is called again
	if _, err = c.Send(ctx, sms.Message{To: "0912345678", Text: "Xin chao"}); err != nil {
		_, err = c.Send(ctx, sms.Message{To: "0912345678", Text: "Xin chao"})
	}
	if err != nil || s.Got()[1].UCS2 {
		t.Errorf("after a broken line: %v %+v", err, s.Got())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRefusalsAreForeverOrForNow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	good := sms.Message{To: "0912345678", Text: "Xin chao"}
	for _, x := range []struct {
		name string
		f    smstest.Faults
		m    sms.Message
		want errs.Kind
	}{
		{"bad number", smstest.Faults{Refuse: 0x0B}, good, errs.Invalid},
		{"too many", smstest.Faults{Refuse: 0x58}, good, errs.Unavailable},
		{"wrong password", smstest.Faults{Password: "khac"}, good, errs.Unavailable},
		{"no number", smstest.Faults{}, sms.Message{To: "112", Text: "a"}, errs.Invalid},
		{"too long", smstest.Faults{}, sms.Message{To: "0912345678", Text: strings.Repeat("ồ", 400)}, errs.Invalid},
		{"control sign", smstest.Faults{}, sms.Message{To: "0912345678", Text: "a\x00b"}, errs.Invalid},
	} {
		_, c := carrier(t, x.f)
		if _, err := c.Send(ctx, x.m); err == nil || errs.KindOf(err) != x.want {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	s, c := carrier(t, smstest.Faults{})
	s.Close()
	if _, err := c.Send(ctx, good); !errs.Is(err, errs.Unavailable) {
		t.Errorf("no carrier: %v", err)
	}
}
