package sms_test

import (
	"bytes"
	"testing"

	"khue/internal/kernel/sms"
)

// FuzzPDU: what a carrier sends is read whole or refused, and never more than it announced.
func FuzzPDU(f *testing.F) {
	f.Add(sms.PDU{Command: sms.EnquireLink, Sequence: 1}.Bytes())
	f.Add(sms.PDU{Command: sms.DeliverSM, Sequence: 2, Body: []byte("\x00\x01\x0184912345678\x00id:7 stat:DELIVRD err:000")}.Bytes())
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := sms.ReadPDU(bytes.NewReader(data))
		if err == nil && !bytes.Equal(p.Bytes(), data[:len(p.Bytes())]) {
			t.Errorf("%x read as %+v", data, p)
		}
	})
}
