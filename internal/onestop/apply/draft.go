package apply

import (
	"time"

	"khue/internal/kernel/id"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
)

// DraftID names a draft.
type DraftID = id.Of[Draft]

// Life is how long an untouched draft is kept.
const Life = 30 * 24 * time.Hour

// Draft is an application that is being filled in. Its answers may be wrong: they are
// kept as typed, under the version of the service that asked for them.
type Draft struct {
	ID      DraftID
	Key     string // how it is opened: its capability, or ~ and its id for its owner
	Owner   int64  // account, 0 for a visitor
	Service string
	Package string // digest of the version that its answers answer
	Case    string
	Answers form.Answers
	Papers  []form.File
	Filing  dossier.Filing
	Code    string // of the dossier that it became; empty before
	Access  string // access key of that dossier
	Updated time.Time
	Version int64
	browser string // hash of the browser's token
}

// Submitted reports whether the draft has become a dossier.
func (d Draft) Submitted() bool { return d.Code != "" }

// Expires is when the draft is forgotten unless somebody goes on with it.
func (d Draft) Expires() time.Time { return d.Updated.Add(Life) }

// Bytes is what the draft's papers weigh.
func (d Draft) Bytes() (n int64) {
	for _, f := range d.Papers {
		n += f.Size
	}
	return n
}

// Ticket is what somebody shows to open a draft.
type Ticket struct {
	Key     string // from the address
	Browser string // token of the browser; may be empty
}
