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
// kept as typed. It moves to the version of the service in force when it is opened.
type Draft struct {
	ID      DraftID
	Key     string // capability; known only where the draft was opened by it
	Owner   int64
	Service string
	Package string
	Case    string
	Answers form.Answers
	Papers  []form.File
	Filing  dossier.Filing
	Code    string // of the dossier that it became; empty before
	Access  string // access key of that dossier
	Updated time.Time
	Version int64
	// Dropped are the paths of answers that the version in force does not ask any more.
	Dropped []string
}

// Submitted reports whether the draft has become a dossier.
func (d Draft) Submitted() bool { return d.Code != "" }
