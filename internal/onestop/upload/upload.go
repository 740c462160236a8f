package upload

import (
	"strconv"
	"time"

	"khue/internal/kernel/id"
	"khue/internal/onestop/form"
)

// ID names an upload.
type ID = id.Of[Upload]

// Scope is what an upload belongs to: "draft:123", "dossier:456".
type Scope string

// ScopeOf makes a scope of a kind of thing and its id.
func ScopeOf(kind string, v int64) Scope { return Scope(kind + ":" + strconv.FormatInt(v, 10)) }

// Upload is a file that is arriving, or that has arrived and waits for the act it is for.
type Upload struct {
	ID       ID
	Scope    Scope
	Owner    string
	Paper    string
	Name     string // clean
	Declared string
	Mark     string
	Size     int64 // bytes announced; of a finished one, bytes kept
	Received int64
	Kind     string // "" while it arrives
	SHA256   string
	Updated  time.Time
}

// Finished reports whether the file is stored.
func (u Upload) Finished() bool { return u.SHA256 != "" }

// Percent is how much of it is here.
func (u Upload) Percent() int {
	if u.Size <= 0 {
		return 0
	}
	return int(u.Received * 100 / u.Size)
}

// File is the finished upload as a paper.
func (u Upload) File() form.File {
	return form.File{Paper: u.Paper, Name: u.Name, Type: u.Kind, Size: u.Size, SHA256: u.SHA256, Copies: 1}
}

// Limits of one scope and of one owner. They hold back a script, not a person.
const (
	MaxChunk       = 8 << 20   // bytes of one piece
	maxScopeBytes  = 200 << 20 // kept and announced
	maxScopeOpen   = 10        // arriving
	maxOwnerBytes  = 500 << 20 // arriving, over all scopes
	maxOwnerOpen   = 30        // arriving, over all scopes
	maxAtOnce      = 4         // pieces of one owner being written
	maxChecks      = 2         // files being checked, in the program
	openLife       = 24 * time.Hour
	finishedLife   = 30 * 24 * time.Hour
	defaultPerStep = 200 // rows a purge takes at once
)
