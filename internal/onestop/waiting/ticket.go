package waiting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"khue/internal/kernel/db"
)

// Ticket is somebody's place in the line, as their browser keeps it. It says who, and when
// they came; where they stand follows from it when the order is drawn, so a ticket from
// before the opening gives nothing away.
type Ticket struct {
	ID      int64
	Account int64
	Arrived time.Time
}

const (
	ticketBody = 24
	ticketMAC  = 16
)

// sign writes a ticket down.
func sign(secret []byte, opening int64, t Ticket) string {
	b := make([]byte, ticketBody, ticketBody+ticketMAC)
	binary.BigEndian.PutUint64(b, uint64(t.ID))                      //nolint:gosec // bits, not a number
	binary.BigEndian.PutUint64(b[8:], uint64(t.Account))             //nolint:gosec // likewise
	binary.BigEndian.PutUint64(b[16:], uint64(db.Millis(t.Arrived))) //nolint:gosec // likewise
	return base64.RawURLEncoding.EncodeToString(append(b, mac(secret, opening, b)...))
}

// verify reads a ticket; false where this city did not write it, or for another opening.
func verify(secret []byte, opening int64, text string) (t Ticket, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != ticketBody+ticketMAC || !hmac.Equal(b[ticketBody:], mac(secret, opening, b[:ticketBody])) {
		return Ticket{}, false
	}
	num := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) } //nolint:gosec // bits
	return Ticket{ID: num(0), Account: num(8), Arrived: db.Time(num(16))}, true
}

func mac(secret []byte, opening int64, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("waiting.ticket\x00"))
	_ = binary.Write(m, binary.BigEndian, opening)
	m.Write(body)
	return m.Sum(nil)[:ticketMAC]
}

// Who came before the opening has the upper bit clear; later comers have it set, then the
// milliseconds since the opening, then a draw that decides between those of one millisecond.
const (
	lateBit  = int64(1) << 62
	drawBits = 22
)

// Order is where a ticket stands, smallest first. Anybody who knows the seed may recompute it.
func Order(seed []byte, from time.Time, t Ticket) int64 {
	m := hmac.New(sha256.New, seed)
	_ = binary.Write(m, binary.BigEndian, t.ID)
	draw := int64(binary.BigEndian.Uint64(m.Sum(nil)) >> 2) //nolint:gosec // 62 bits
	since := db.Millis(t.Arrived) - db.Millis(from)
	if since < 0 {
		return draw
	}
	return lateBit | min(since, 1<<(62-drawBits)-1)<<drawBits | draw>>(62-drawBits)
}

// Commitment is what is published of a seed beforehand.
func Commitment(seed []byte) [32]byte {
	return sha256.Sum256(append([]byte("waiting.seed\x00"), seed...))
}
