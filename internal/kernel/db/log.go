package db

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// Log is the stream of what a database commits, as a backup takes it: once a base, which may be
// blurred by what is written meanwhile, and from then on pieces that make it sharp. One
// goroutine takes; a base may be read beside it.
type Log interface {
	// Base hands every file of the database to put, in an order in which folders come first.
	// The pieces taken from its begin to its end belong to it.
	Base(ctx context.Context, put func(BaseFile, io.Reader) error) error
	// Take returns what was committed and synced since the last call; no data where nothing
	// was. ErrLogBroken where something was missed: only a new base helps.
	Take(ctx context.Context) (Piece, error)
	// Reach waits until everything committed before the call can be taken; false where so much
	// waits that it must be taken first.
	Reach(ctx context.Context) (bool, error)
	Close() error
}

// ErrLogBroken says that the log went on without its reader.
var ErrLogBroken = errors.New("db: the log went on without the backup; a new base is needed")

// ErrLogTaken says that another node reads the log for the backup.
var ErrLogTaken = errors.New("db: another node takes the backup")

// BaseFile is one file of a base.
type BaseFile struct {
	Name string // relative, with slashes
	Dir  bool
	Size int64
}

// Piece is a stretch of the log. Data are its runs, one after the other.
type Piece struct {
	Runs []Run
	Data []byte
}

// Run is bytes of the log that follow each other. Of SQLite they are whole frames, the last one
// ends a transaction; Salt, Seed and Big are what their checksums stand on. Of PostgreSQL they
// are WAL from LSN on.
type Run struct {
	N    int64     `json:"n"`
	Salt []byte    `json:"salt,omitempty"`
	Seed [2]uint32 `json:"seed,omitzero"`
	Big  bool      `json:"big,omitempty"`
	Page int       `json:"page,omitempty"`

	LSN      uint64 `json:"lsn,omitempty"`
	Timeline int32  `json:"timeline,omitempty"`
	Segment  int64  `json:"segment,omitempty"` // size of a WAL file
}

// maxTaken is what a log keeps in memory for its taker; beyond it the rest waits where it is.
const maxTaken = 64 << 20

// OpenLog begins to hold the log back for a backup. One at a time; ErrLogTaken where another
// node has it.
func (d *DB) OpenLog(ctx context.Context) (Log, error) { return d.eng.openLog(ctx) }

// Engine names the engine in files that outlive the program: "sqlite", "postgres".
func (d *DB) Engine() string { return d.eng.name() }

// Owner names what a restore of a whole PostgreSQL cluster opens again.
type Owner struct {
	Database string `json:"database"`
	Role     string `json:"role"`
}

// Owner is the database and the role of a PostgreSQL URL; empty on SQLite.
func (d *DB) Owner() Owner {
	if d.SingleWriter() {
		return Owner{}
	}
	cfg, err := pgconn.ParseConfig(d.cfg.URL)
	if err != nil {
		return Owner{} // Open has parsed it
	}
	return Owner{cfg.Database, cfg.User}
}
