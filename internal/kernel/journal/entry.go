package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// EntryID names an entry. Ids grow with time, but the order of the log is the order of commits.
type EntryID = id.Of[Entry]

// Subject is what an entry is about: {"dossier", 7031…}. Ids are unique over all types.
type Subject struct {
	Type string
	ID   int64
}

// Entry is one fact to be kept. Kind, Subject.Type, Unit and Request are codes of
// letters, digits and . _ : - ; a run of nine digits is refused in all but Request, so
// that no personal number can slip into a header that is never erased.
type Entry struct {
	Kind     string // "dossier.accepted"
	Subject  Subject
	Actor    int64     // account; 0 for the system
	Unit     string    // code of the unit acting; may be empty
	Request  string    // reference of the request, to join with the log; may be empty
	Occurred time.Time // when it happened, as claimed; zero means now
	Payload  []byte    // canonical JSON, at most MaxPayload; erasable
}

// MaxPayload bounds a payload. Files are blobs; a form has its own table.
const MaxPayload = 64 << 10

// Record is an entry as kept.
type Record struct {
	ID       EntryID
	Seq      int64     // place in the log; -1 where the reader did not ask for it
	At       time.Time // when it was recorded
	Occurred time.Time
	Kind     string
	Subject  Subject
	Actor    int64
	Unit     string
	Request  string
	Payload  []byte // nil where Erased
	Erased   bool
}

// KindErased is the kind of the entry that an erasure leaves; its subject is
// {"journal.entry", id of the erased}.
const KindErased = "journal.erased"

const (
	subjectEntry = "journal.entry"
	saltSize     = 16
	maxCode      = 64
)

// row is a journal_entry as stored.
type row struct {
	id, at, occurred, subjectID, actor int64
	kind, subjectType, unit, request   string
	digest, salt, payload              []byte
	xid                                int64 // PostgreSQL only
}

// erased: an entry always has a salt until it is erased.
func (r *row) erased() bool { return r.salt == nil }

func (e *Entry) check() error {
	bad := func(field string) error {
		return errs.E(errs.Internal, "journal.badHeader", errs.P("field", field), errs.Cause(fmt.Errorf("journal: header field %s of a %q entry is no code", field, e.Kind)))
	}
	switch {
	case e.Kind == "" || !code(e.Kind, true):
		return bad("kind")
	case e.Subject.Type == "" || !code(e.Subject.Type, true):
		return bad("subject")
	case !code(e.Unit, true):
		return bad("unit")
	case !code(e.Request, false):
		return bad("request")
	case len(e.Payload) > MaxPayload:
		return errs.E(errs.TooLarge, "journal.payload", errs.P("max", MaxPayload))
	}
	return nil
}

// code reports whether s is a header code; with strict also that it holds no long number.
func code(s string, strict bool) bool {
	if len(s) > maxCode {
		return false
	}
	run := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if run++; strict && run >= 9 {
				return false
			}
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '-', c == ':':
		default:
			return false
		}
		run = 0
	}
	return true
}

// hasher keeps what hashing one entry needs, so that Append allocates little.
type hasher struct {
	h   hash.Hash
	buf []byte
	sum [sha256.Size]byte
}

//nolint:gochecknoglobals // a pool holds no state
var hashers = sync.Pool{New: func() any {
	return &hasher{h: sha256.New(), buf: make([]byte, 0, 512)}
}}

// digest is SHA-256(salt ‖ payload).
func digest(salt, payload []byte) [sha256.Size]byte {
	s := hashers.Get().(*hasher)
	defer hashers.Put(s)
	s.h.Reset()
	s.h.Write(salt)
	s.h.Write(payload)
	s.h.Sum(s.sum[:0])
	return s.sum
}

// headerVersion is the first byte of a canonical header.
const headerVersion = 1

// leaf is the tree's hash of the row: tlog.RecordHash of its canonical header and
// digest. Numbers are big endian, texts carry their length in two bytes.
func (r *row) leaf() tlog.Hash {
	s := hashers.Get().(*hasher)
	defer hashers.Put(s)
	b := append(s.buf[:0], 0, headerVersion) // 0 marks a leaf (RFC 6962)
	for _, n := range [...]int64{r.id, r.at, r.occurred, r.subjectID, r.actor} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, t := range [...]string{r.kind, r.subjectType, r.unit, r.request} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(t)))
		b = append(b, t...)
	}
	b = append(b, r.digest...)
	s.buf = b
	return sha256.Sum256(b)
}

// fill makes the row of an entry.
func (e *Entry) fill(eid int64, at time.Time) *row {
	occurred := e.Occurred
	if occurred.IsZero() {
		occurred = at
	}
	r := &row{
		id: eid, at: at.UnixMilli(), occurred: occurred.UnixMilli(), kind: e.Kind,
		subjectType: e.Subject.Type, subjectID: e.Subject.ID, actor: e.Actor, unit: e.Unit, request: e.Request,
		payload: e.Payload,
	}
	// One allocation holds salt and digest.
	b := make([]byte, saltSize+sha256.Size)
	_, _ = rand.Read(b[:saltSize]) // never fails
	r.salt = b[:saltSize:saltSize]
	d := digest(r.salt, e.Payload)
	r.digest = b[saltSize:]
	copy(r.digest, d[:])
	if r.payload == nil {
		r.payload = []byte{}
	}
	return r
}
