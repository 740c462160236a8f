package id

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"sync"
	"time"

	"khue/internal/kernel/clock"
)

// Layout of an id, from the top: 41 bits of milliseconds since epoch (to 2089),
// 10 bits of node, 12 bits of sequence within the millisecond.
const (
	nodeBits = 10
	seqBits  = 12
	// MaxNode is the highest node number.
	MaxNode = 1<<nodeBits - 1
	maxSeq  = 1<<seqBits - 1
)

// epoch lies before the earliest day that the city is opened on.
var epoch = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// Gen makes ids for one node. It is safe for concurrent use.
type Gen struct {
	node int64
	clk  clock.Clock

	mu   sync.Mutex
	last int64
	seq  int64
}

// NewGen returns a generator for a node number up to MaxNode.
func NewGen(node uint16, clk clock.Clock) *Gen {
	return &Gen{node: int64(node) & MaxNode, clk: clk}
}

// Next returns the next id. Within one generator ids only grow, also where the
// clock stands still or steps back: then the sequence borrows from the future.
func (g *Gen) Next() int64 {
	now := g.clk.Now().UnixMilli() - epoch
	g.mu.Lock()
	defer g.mu.Unlock()
	if now > g.last {
		g.last, g.seq = now, 0
	} else if g.seq++; g.seq > maxSeq {
		g.last, g.seq = g.last+1, 0
	}
	return g.last<<(nodeBits+seqBits) | g.node<<seqBits | g.seq
}

// Time returns the instant that is written in an id.
func Time(v int64) time.Time {
	return time.UnixMilli(v>>(nodeBits+seqBits) + epoch).In(clock.Zone)
}

// At returns the smallest id of an instant, for ranges by time.
func At(t time.Time) int64 { return (t.UnixMilli() - epoch) << (nodeBits + seqBits) }

// Of is the id of a T. T is only a mark: `type TaskID = id.Of[Task]`.
type Of[T any] int64

// New makes an id of a T.
func New[T any](g *Gen) Of[T] { return Of[T](g.Next()) }

// Parse reads the decimal form. It refuses what String would not write.
func Parse[T any](s string) (Of[T], error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v <= 0 || s[0] == '+' || s[0] == '0' {
		return 0, fmt.Errorf("id: %q is not an id", s)
	}
	return Of[T](v), nil
}

// String is the decimal form.
func (v Of[T]) String() string { return strconv.FormatInt(int64(v), 10) }

// MarshalText writes the decimal form.
func (v Of[T]) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(v), 10), nil }

// UnmarshalText reads the decimal form.
func (v *Of[T]) UnmarshalText(b []byte) error {
	p, err := Parse[T](string(b))
	if err == nil {
		*v = p
	}
	return err
}

// Value hands the number to a database.
func (v Of[T]) Value() (driver.Value, error) { return int64(v), nil }

// Scan takes the number from a database; NULL is the zero id.
func (v *Of[T]) Scan(src any) error {
	switch s := src.(type) {
	case int64:
		*v = Of[T](s)
	case nil:
		*v = 0
	default:
		return fmt.Errorf("id: cannot read %T", src)
	}
	return nil
}
