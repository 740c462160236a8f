// Package sms hands short messages to a carrier.
//
// A message is one text to one telephone number. Vietnamese letters need UCS-2, of which
// 70 fit one segment and 67 each of several; Segments says what a text costs. SMPP
// (version 3.4, smpp.go) is spoken over one connection bound as transceiver, by which
// receipts come back; a gateway with JSON over HTTP is smsweb. Recorder keeps messages in
// memory, for tests.
//
// Owns no table and no event. What must not come here: whom to write to, what people
// chose, retries (onestop/notify).
package sms
